import pyframe_shim
from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "first_locals",
            ["first_locals.c"],
            include_dirs=[pyframe_shim.get_include()],
            extra_objects=[pyframe_shim.get_library()],
            # The library's symbols are for this extension alone.
            extra_link_args=["-Wl,--exclude-libs,ALL"],
        )
    ]
)
