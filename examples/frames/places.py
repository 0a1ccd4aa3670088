"""Where the frames of calls lie that come one after another."""

from pyframe_shim import frames


def place():
    return frames.stack().frames[0].place


def below():
    return place()


print("called once  ", place())
print("called again ", place())
print("one deeper   ", below())
