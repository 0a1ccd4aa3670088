"""What stands for something that Python has no object for."""


class Unbound:
    """The type of UNBOUND."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNBOUND"

    def __reduce__(self) -> str:
        return "UNBOUND"


#: Stands where a variable has no value.
UNBOUND = Unbound()


class Return:
    """An answer of a callback: the call ends with this value, and the frame does not run."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Return({self.value!r})"
