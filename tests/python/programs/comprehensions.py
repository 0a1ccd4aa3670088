# In a function: comprehensions over names that are local, cells and free, unbound before, or bound by := inside.
def f(a, b):
    c = [lambda: a for a in (a, b) if (stop(sys._getframe(), locals()),)]
    d = {b: [stop(sys._getframe(), locals()) for a in (b, c)] for b in (V(1), V(2))}

    def g():
        nonlocal b
        stop(sys._getframe(), locals())
        e = [(b, b := c, stop(sys._getframe(), locals())) for c in (a, V(3))]
        del b
        e = [d for d in (V(4), V(5)) if (stop(sys._getframe(), locals()),)]
        return e

    call(g)
    stop(sys._getframe(), locals())
    h = [(p := q, lambda: (p, q)) for q in (V(6), V(7))]
    del p
    i = list(drive(stop(sys._getframe(), locals()) or (p := j) for k in (q, j)) for q in (h, d) for j in (q, V(8)))
    stop(sys._getframe(), locals())
    return lambda: (p, a)


call(call(f, V(9), V(10)))
