# A comprehension of a function over a name that is also a free variable of it: two slots of one name.
def f(a):
    def g():
        stop(sys._getframe(), locals())
        b = [stop(sys._getframe(), locals()) for a in (a, V(1))]
        stop(sys._getframe(), locals())

    call(g)
    del a
    call(g)


call(f, V(2))
