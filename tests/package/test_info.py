"""`python -m pyframe_shim info`: what is told, and its exit code."""

import json

from support import COUNT, MINOR, PYTHON, RELEASE, SITE, PackageTest, clean_environment, names, process, succeed


class Info(PackageTest):
    def info(self, environment, *words, code=0):
        done = process([PYTHON, "-m", "pyframe_shim", "info", *words], env=environment)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return json.loads(done.stdout) if "--json" in words else done.stdout

    def test_it_fits(self):
        environment = self.torch()
        about = self.info(environment, "--json")
        functions, data = names()
        self.assertEqual(about["torch"]["symbols"], sorted([*functions, *data]))
        self.assertEqual(about["torch"]["version"], RELEASE)
        self.assertEqual((about["fits"], about["problem"], about["installed"], about["bound"]), (True, None, False, None))
        self.assertTrue(about["library"].startswith(str(SITE)))
        version = succeed([PYTHON, "-c", "import platform; print(platform.python_version())"]).strip()
        self.assertEqual((about["python"], about["built_for"]), (version, version))
        text = self.info(environment)
        for line in (
            f"built for CPython {version}\n",
            f"\nPyTorch {RELEASE}\n",
            "\nit fits\n",
            "--load",
            "  _PyFunction_CopyWithNewCode\n",
        ):
            self.assertIn(line, text)

    def test_loaded(self):
        environment = self.torch()
        about = self.info(environment, "--json", "--load")
        self.assertEqual((about["fits"], about["installed"]), (True, True))
        functions, data = names()
        self.assertEqual(about["bound"], dict.fromkeys([*functions, *data], about["library"]))
        self.assertEqual(self.info(environment, "--load").count(" bound to us\n"), len(functions) + len(data))

    def test_it_does_not_fit(self):
        environment = self.torch(version="2.99.0")
        about = self.info(environment, "--json", code=1)
        self.assertEqual((about["fits"], about["torch"]["version"]), (False, "2.99.0"))
        self.assertIn("it does not fit: UnknownTorch: PyTorch 2.99.0", self.info(environment, code=1))
        loaded = self.info(environment, "--load", code=1)
        self.assertEqual(loaded.count(f"bound to {self.folder}/found/torch/lib/libtorch_python.so\n"), COUNT)
        self.assertIn("it does not fit: UnknownTorch: PyTorch 2.99.0", loaded)

    def test_no_torch(self):
        """Who builds an extension needs none."""
        about = self.info(clean_environment(), "--json")
        self.assertEqual((about["torch"], about["problem"], about["fits"], about["bound"]), (None, None, None, None))
        self.assertTrue(about["sdk"].startswith(str(SITE)))
        text = self.info(clean_environment())
        self.assertIn("PyTorch: none found\n", text)
        self.assertTrue(text.endswith("no PyTorch; the SDK is usable\n"))

    def test_no_torch_to_load(self):
        about = self.info(clean_environment(), "--json", "--load", code=1)
        self.assertIn("NoTorch: no PyTorch found", about["problem"])
        self.assertEqual((about["torch"], about["fits"]), (None, False))

    def test_an_sdk_that_is_not_complete(self):
        code = (
            f"import sys, pathlib; from pyframe_shim import info, paths; paths.ROOT = pathlib.Path({str(self.folder)!r}); "
            "sys.exit(info.main())"
        )
        done = process([PYTHON, "-c", code])
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(
            done.stdout, "no PyTorch; the SDK is not complete, there is no .*libpyframe_shim-.*\\.a.*: install pyframe-shim again"
        )

    def test_a_torch_that_cannot_be_imported(self):
        """Whatever it raises is told, and no traceback."""
        for error in ("RuntimeError", "OSError", "ImportError", "AttributeError", "SyntaxError", "SystemExit"):
            self.folder = self.folder / "one"
            environment = self.torch(init=f"print('a word of torch')\nraise {error}('not here')\n")
            with self.subTest(error=error):
                about = self.info(environment, "--json", "--load", code=1)
                self.assertEqual((about["fits"], about["problem"]), (False, f"import torch: {error}: not here"))
                self.assertIn("it does not fit: import torch: ", self.info(environment, "--load", code=1))

    def test_usage(self):
        self.assertEqual(process([PYTHON, "-m", "pyframe_shim"]).returncode, 2)
        self.assertIn(MINOR, succeed([PYTHON, "-m", "pyframe_shim", "--includes"]))
