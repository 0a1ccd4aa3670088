# Code that runs in mappings of other sorts; in them, hidden locals, a free name, a class.
a = V(1)
for namespace in (Odd({"b": V(2)}), Sub(b=V(3)), {}):
    run(
        """
c = [(a, stop(sys._getframe())) for a in (V(4), V(5))]
def f(a=a, *b):
    stop(sys._getframe(), locals())
    return lambda: (a, b)
call(call(f, V(6), c))
class C(metaclass=Meta):
    d = V(7)
    e = [(lambda: d, stop(sys._getframe())) for d in (d, V(8))]
    del d
    stop(sys._getframe(), locals())
class D(metaclass=SubMeta):
    d = [stop(sys._getframe()) for e in (V(9), V(10))]
    stop(sys._getframe(), locals())
del c
stop(sys._getframe(), locals())
""",
        globals(),
        namespace,
    )


def g(b):
    run("stop(sys._getframe(), locals())\nb = [b for b in (b, a)]\nstop(sys._getframe(), locals())")
    stop(sys._getframe(), locals())


call(g, V(11))
