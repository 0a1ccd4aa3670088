"""Closures, three deep: functions that share variables share cells."""


def account(balance):
    def move(amount):
        nonlocal balance

        def tell():
            return f"{amount:+} makes {balance}"

        balance += amount
        return tell()

    return move(5)


print(account(10))
