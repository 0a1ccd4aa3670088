"""Simulate small stock markets, day by day, with a seeded random source. Traders
of several kinds send orders to a book that matches buyers with sellers, and no
cent or share may appear or vanish. The program prints prices and holdings.
"""

import abc
import contextlib
import hashlib
import heapq
import random
from dataclasses import dataclass

COMPANIES = {"Acorn Mills": 4_000, "Birch & Sons": 12_500, "Cedar Rail": 990}
DAYS, ROUNDS, TRADERS_PER_KIND = 10, 300, 12


@dataclass(frozen=True, order=True, slots=True)
class Money:
    cents: int = 0

    def __add__(self, other):
        return Money(self.cents + other.cents)

    def __sub__(self, other):
        return Money(self.cents - other.cents)

    def __mul__(self, factor):
        return Money(round(self.cents * factor))

    def __truediv__(self, other):
        return self.cents / other.cents

    def __str__(self):
        return f"{self.cents / 100:,.2f}"


class NotNegative:
    """A descriptor for a quantity that refuses to fall below zero."""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner):
        return vars(instance)[self.name]

    def __set__(self, instance, value):
        if value < type(value)():
            raise ValueError(f"{self.name} would fall to {value}")
        vars(instance)[self.name] = value


class Trader(abc.ABC):
    """An account, and an opinion of what a share is worth."""

    kinds = []
    cash, shares = NotNegative(), NotNegative()

    def __init_subclass__(cls):
        Trader.kinds.append(cls)

    def __init__(self, rng, price):
        self.rng, self.fair, self.cash, self.shares = rng, price, price * 60, 60

    @abc.abstractmethod
    def opinion(self, price):
        """Return the price at which this trader neither buys nor sells."""


class Guesser(Trader):
    def opinion(self, price):
        self.fair *= self.rng.gauss(1, 0.004)
        return self.fair


class TrendFollower(Trader):
    def __init__(self, rng, price):
        super().__init__(rng, price)
        self.average = moving_average(price, rng.uniform(0.02, 0.3))

    def opinion(self, price):
        return (self.fair + price * (price / self.average(price))) * 0.5


class Contrarian(TrendFollower):
    def opinion(self, price):
        return price * (price / super().opinion(price))


def moving_average(average, weight):
    def update(price):
        nonlocal average
        average += (price - average) * weight
        return average

    return update


class OrderBook:
    """The open orders of one day, each a tuple of rank, ticket, trader and limit."""

    def __init__(self, price):
        self.prices, self.bounced, self.bids, self.asks = [price], [], [], []

    @property
    def price(self):
        return self.prices[-1]

    def place(self, ticket, trader):
        limit = trader.opinion(self.price)
        side, sign = (self.bids, -1) if limit > self.price else (self.asks, 1)
        heapq.heappush(side, (sign * limit.cents, ticket, trader, limit))
        while self.bids and self.asks and self.bids[0][-1] >= self.asks[0][-1]:
            (_, bid_ticket, buyer, bid), (_, ask_ticket, seller, ask) = map(heapq.heappop, (self.bids, self.asks))
            with self.all_or_nothing(buyer, seller):
                price = bid if bid_ticket < ask_ticket else ask
                buyer.shares += 1
                buyer.cash -= price
                seller.cash += price
                seller.shares -= 1
                self.prices.append(price)

    @contextlib.contextmanager
    def all_or_nothing(self, *accounts):
        """Put the accounts back as they were if one of them cannot do its part."""
        before = [vars(account).copy() for account in accounts]
        try:
            yield
        except ValueError as error:
            self.bounced.append(str(error))
            for account, saved in zip(accounts, before):
                vars(account).update(saved)


def main():
    for name, cents in COMPANIES.items():
        rng, price = random.Random(name), Money(cents)
        traders = [kind(rng, price) for kind in Trader.kinds for _ in range(TRADERS_PER_KIND)]
        print(f"{name}: {len(traders)} traders, first price {price}")
        for day in range(1, DAYS + 1):
            book = OrderBook(price)
            for ticket in range(ROUNDS * len(traders)):
                book.place(ticket, rng.choice(traders))
            price = book.price
            cash, shares = sum((t.cash for t in traders), Money()), sum(t.shares for t in traders)
            digest = hashlib.sha256(repr((book.prices, book.bounced)).encode()).hexdigest()
            print(
                f"  day {day}: low {min(book.prices)}, high {max(book.prices)}, trades {len(book.prices) - 1}, "
                f"bounced {len(book.bounced)}, cash {cash}, shares {shares}, digest {digest[:12]}"
            )
        for kind in Trader.kinds:
            poorest, *_, richest = sorted(t.cash + price * t.shares for t in traders if type(t) is kind)
            print(f"  {kind.__name__}: poorest {poorest}, richest {richest}")


if __name__ == "__main__":
    main()
