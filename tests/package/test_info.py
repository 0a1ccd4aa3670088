"""`python -m pyframe_shim info`: what is told, and its exit code."""

import json

from support import DATA, MINOR, PYTHON, SITE, PackageTest, clean_environment, names, process, succeed


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
        self.assertEqual(about["torch"]["version"], "2.6.0")
        self.assertEqual((about["fits"], about["problem"], about["installed"], about["bound"]), (True, None, False, None))
        self.assertTrue(about["library"].startswith(str(SITE)))
        version = succeed([PYTHON, "-c", "import platform; print(platform.python_version())"]).strip()
        self.assertEqual((about["python"], about["built_for"]), (version, version))
        text = self.info(environment)
        for line in (f"built for CPython {version}\n", "\nPyTorch 2.6.0\n", "\nit fits\n", "--load", "  get_framelocals_mapping\n"):
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
        self.assertEqual(loaded.count(f"bound to {self.folder}/found/torch/lib/libtorch_python.so\n"), 9 + len(DATA))
        self.assertIn("it does not fit: UnknownTorch: PyTorch 2.99.0", loaded)

    def test_no_torch(self):
        about = self.info(clean_environment(), "--json", code=1)
        self.assertIsNone(about["torch"])
        self.assertIn("NoTorch: no PyTorch found", about["problem"])
        self.assertIn("PyTorch: none found\n", self.info(clean_environment(), code=1))

    def test_usage(self):
        self.assertEqual(process([PYTHON, "-m", "pyframe_shim"]).returncode, 2)
        self.assertIn(MINOR, succeed([PYTHON, "-m", "pyframe_shim", "--includes"]))
