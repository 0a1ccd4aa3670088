# Every kind of parameter, captured and not; a cell object as an argument.
def f(a, /, b, c=V(1), *d, p, q=V(2), **r):
    stop(sys._getframe(), locals())
    g = lambda: (a, d, q, r)
    del b
    stop(sys._getframe(), locals())
    del a, d, r
    stop(sys._getframe(), locals())
    return g


call(f, V(3), V(4), p=V(5))
call(f, Cell(V(6)), V(7), Cell(V(8)), V(9), Cell(V(10)), p=Cell(V(11)), q=V(12), a=V(13))
call(lambda *a, **b: lambda: (a, b), V(14), b=V(15))
