"""A plain call: arguments, local variables, and one that is not bound yet."""


def total(prices, *, discount=0):
    reduced = sum(prices) - discount
    label = f"{len(prices)} items"
    return f"{label}: {reduced}"


print(total([3, 4], discount=1))
