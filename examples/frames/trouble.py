"""A program that fails: a traceback keeps the frames that its exception has passed."""


def parse(text):
    number, unit = text.split()
    return float(number), unit


def read(lines):
    return [parse(line) for line in lines]


read(["20 km", "12.5"])
