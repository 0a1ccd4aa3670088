"""One process at a time."""

import contextlib


@contextlib.contextmanager
def alone(path):
    """Hold a lock, which is a file that stays."""
    import fcntl  # not on every system that may ask for a source distribution

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
