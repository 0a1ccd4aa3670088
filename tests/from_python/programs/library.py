"""CPython's own modules at work: what they answer is printed."""

import bisect
import collections
import colorsys
import configparser
import csv
import datetime
import decimal
import difflib
import fractions
import graphlib
import heapq
import html.parser
import io
import json
import random
import re
import shlex
import statistics
import string
import textwrap
import urllib.parse

TEXT = "The quick brown fox jumps over the lazy dog, and 7 times (or 8.5) the dog says nothing. " * 4


class Titles(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.found.append(data)


def answers():
    rng = random.Random(7)
    numbers = [rng.randrange(1000) for _ in range(200)]
    yield textwrap.wrap(TEXT, 40), textwrap.fill(textwrap.dedent("   a\n   b " + TEXT), 30, initial_indent="* ")
    yield list(difflib.unified_diff("one two three".split(), "one three four".split(), lineterm=""))
    yield difflib.get_close_matches("appel", ["ape", "apple", "peach", "puppy"])
    yield statistics.mean(numbers), statistics.quantiles(numbers, n=7), round(statistics.stdev(numbers), 6)
    yield sum((fractions.Fraction(1, n) for n in range(1, 20)), fractions.Fraction()), fractions.Fraction("3.75").limit_denominator(3)
    yield list(graphlib.TopologicalSorter({"d": {"b", "c"}, "b": {"a"}, "c": {"a"}}).static_order())[::3]
    yield shlex.split("a 'b c' \"d\" e\\ f # g", comments=True), shlex.join(["x y", "z"])
    yield json.loads(json.dumps({"a": [1, {"b": None}], "c": TEXT[:20]}, indent=1, sort_keys=True))
    yield [heapq.nsmallest(5, numbers), list(heapq.merge(sorted(numbers[:5]), sorted(numbers[5:10])))]
    yield bisect.bisect(sorted(numbers), 500), collections.Counter(TEXT).most_common(4), collections.OrderedDict(b=1, a=2)
    yield [tuple(round(part, 3) for part in colorsys.rgb_to_hsv(*color)) for color in ((0.1, 0.9, 0.4), (1, 0, 0))]
    yield (
        urllib.parse.urlsplit("https://user@host:80/path/a?q=1&r=%20#end"),
        urllib.parse.urlencode({"a b": "ü"}),
        urllib.parse.urljoin("http://a/b/c", "../d"),
    )
    yield string.Template("$who likes ${what}").substitute(who="tim", what="kung pao"), string.capwords("a bc d")
    yield list(csv.DictReader(io.StringIO("a,b\n1,'x'\n2,\"y,z\"\n")))
    yield re.sub(r"(?P<word>[a-z]+)(?=\s)", lambda match: match["word"].title(), TEXT)[:60], re.findall(r"\d+(?:\.\d+)?", TEXT)[:4]
    yield datetime.date(2024, 2, 29) + datetime.timedelta(days=366), datetime.datetime(2020, 1, 1).isocalendar(), decimal.Decimal(2).sqrt()
    parser = configparser.ConfigParser()
    parser.read_string("[one]\na = 1\nb = %(a)s two\n[two]\nc: yes\n")
    yield {name: dict(parser[name]) for name in parser.sections()}, parser.getboolean("two", "c"), parser.getint("one", "a")
    titles = Titles()
    titles.feed("<p class='x'>Hi <b>there</b> &amp; all</p>")
    yield titles.found
    for wrong in (
        lambda: json.loads("{"),
        lambda: configparser.ConfigParser().read_string("a"),
        lambda: fractions.Fraction(1, 0),
        lambda: shlex.split("'a"),
    ):
        try:
            wrong()
        except Exception as error:
            yield type(error).__name__, str(error)


for answer in answers():
    print(answer)
