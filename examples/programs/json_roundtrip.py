"""Send a large nested document through the pure-Python half of the json
package. The document is the stock and order book of a made-up music shop; it
holds plain JSON values as well as dates, decimals, sets and dataclasses, which
travel as small tagged objects. The program encodes the document in several
layouts, decodes each text again, checks that nothing was lost and that the C
accelerator writes the same text, and prints sizes, digests and error messages.
"""

import contextlib
import datetime
import hashlib
import json
import random
from collections import Counter
from dataclasses import asdict, dataclass
from decimal import Decimal

TAG = "$type"
PRODUCTS, ORDERS = 1100, 1600
LAYOUTS = {
    "compact": {"separators": (",", ":")},
    "sorted": {"sort_keys": True},
    "indented": {"indent": 2},
    "tabbed": {"indent": "\t", "sort_keys": True},
    "unicode": {"ensure_ascii": False, "indent": 1},
}
BROKEN_TEXTS = [
    "",
    "[1, 2",
    "[1, 2,]",
    '{"a" 1}',
    '{"a": 1,}',
    '{"a": 1, "a": 2}',
    "tru",
    '"no end',
    '"bad \\x escape"',
    '"\\u12"',
    '"tab\there"',
    "{} {}",
    '{"$type": "ghost"}',
]


@dataclass(frozen=True)
class Address:
    street: str
    city: str
    postcode: str


def encode_extra(value):
    """The default= hook: turn a value json does not know into a tagged object."""
    match value:
        case datetime.date():
            return {TAG: "date", "iso": value.isoformat()}
        case Decimal():
            return {TAG: "decimal", "digits": str(value)}
        case frozenset():
            return {TAG: "set", "items": sorted(value)}
        case Address():
            return {TAG: "address", **asdict(value)}
    raise TypeError(f"cannot encode a {type(value).__name__}")


REVIVERS = {
    "date": lambda fields: datetime.date.fromisoformat(fields["iso"]),
    "decimal": lambda fields: Decimal(fields["digits"]),
    "set": lambda fields: frozenset(fields["items"]),
    "address": lambda fields: Address(**fields),
}


def decode_pairs(pairs):
    """The object_pairs_hook: reject repeated keys and revive tagged objects."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        repeated = sorted(key for key, count in Counter(k for k, _ in pairs).items() if count > 1)
        raise ValueError(f"repeated keys: {', '.join(repeated)}")
    kind = fields.pop(TAG, None)
    return fields if kind is None else REVIVERS[kind](fields)


class PythonDecoder(json.JSONDecoder):
    """A decoder that scans strings and values with the Python functions."""

    def __init__(self, **options):
        super().__init__(**options)
        self.parse_string = json.decoder.py_scanstring
        self.scan_once = json.scanner.py_make_scanner(self)


@contextlib.contextmanager
def python_encoder():
    """Make json.encoder use its Python functions for the length of the block."""
    names = vars(json.encoder)
    saved = {name: names[name] for name in ("encode_basestring", "encode_basestring_ascii", "c_make_encoder")}
    names.update({name: names.get(f"py_{name}") for name in saved})
    try:
        yield
    finally:
        names.update(saved)


def make_product(rng, number):
    words = ["violin", "flügel", "trompete", "太鼓", "bāṃsurī", "𝄞 clef", 'the "best"', "a\\b\n"]
    return {
        "sku": f"P{number:04d}",
        "name": " ".join(rng.sample(words, 3)),
        "price": Decimal(rng.randrange(100, 99999)) / 100,
        "tags": frozenset(rng.sample(words, rng.randrange(4))),
        "weights": [rng.uniform(-10, 10), rng.uniform(-10, 10), 1e300, -0.0, 5e-324],
        "status": {"id": rng.getrandbits(80), "sold_out": rng.choice([True, False, None])},
    }


def make_order(rng, number):
    city = rng.choice(["Cremona", "Köln", "東京", "Łódź"])
    return {
        "placed": datetime.date(2020, 1, 1) + datetime.timedelta(days=rng.randrange(1500)),
        "ship_to": Address(f"Main St {rng.randrange(99)}", city, f"{number:05d}"),
        "lines": [[f"P{rng.randrange(PRODUCTS):04d}", rng.randrange(1, 9)] for _ in range(rng.randrange(6))],
        "notes": {"gift": rng.random() < 0.2, "history": [{}, [], "", [[[{"deep": number}]]]]},
    }


def main():
    rng = random.Random(1685)
    document = {
        "stock": [make_product(rng, number) for number in range(PRODUCTS)],
        "orders": [make_order(rng, number) for number in range(ORDERS)],
    }
    decoder = PythonDecoder(object_pairs_hook=decode_pairs)

    print(f"{'layout':<10}{'characters':>11}{'lines':>8}  {'same':<6}{'as C':<6}sha256")
    for name, options in LAYOUTS.items():
        with python_encoder():
            text = json.dumps(document, default=encode_extra, **options)
        decoded = decoder.decode(text)
        as_c = json.dumps(document, default=encode_extra, **options) == text
        digest = hashlib.sha256(text.encode()).hexdigest()[:24]
        print(f"{name:<10}{len(text):>11}{text.count(chr(10)) + 1:>8}  {decoded == document!s:<6}{as_c!s:<6}{digest}")

    with python_encoder():
        print("\nfirst product:", json.dumps(decoded["stock"][0], default=encode_extra, indent=2))

    cities = Counter(order["ship_to"].city for order in decoded["orders"])
    print("\norders by city:", ascii(sorted(cities.items())))

    print("\ntexts that must be refused:")
    for broken in BROKEN_TEXTS:
        try:
            decoder.decode(broken)
        except (ValueError, KeyError) as error:
            print(f"  {broken!r:<22} {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
