import pyframe_shim
from setuptools import Extension, setup

setup(
    ext_modules=[
        # Nothing of pyframe-shim is linked: what it needs is handed over when it is imported.
        Extension("swap_code", ["swap_code.c"], include_dirs=[pyframe_shim.get_include()], py_limited_api=True)
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
