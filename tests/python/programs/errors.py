# Names that except and with blocks bind and unbind; frames that an exception leaves, and that are kept.
def f(a, *b):
    keep(sys._getframe())
    try:
        with Manager(a) as c:
            stop(sys._getframe(), locals())
            raise Error(c)
    except Error as a:
        d = lambda: a
        stop(sys._getframe(), locals())
        call(d)
    finally:
        stop(sys._getframe(), locals())
        call(d)
    with Manager(V(1), True) as (c):
        return [undefined for a in (c, V(2)) if (lambda: a)]
    keep(sys._getframe())
    raise Error(c)


def g(a):
    b = V(3)
    f(a, b)
    [a for a in (a, b)]
    return [1 / 0 for a in (a, b) if (lambda: (a, b))]


call(f, V(4))
call(f, V(5), Cell(V(6)))
call(g, V(7))
call(g)
