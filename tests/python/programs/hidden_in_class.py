# A class body whose comprehensions use a name that is free there too, and one that hides a name of the class.
def f(a, b):
    class C:
        c = V(1)
        stop(sys._getframe(), locals())
        d = [(a, stop(sys._getframe(), locals())) for a in (a, V(2))]
        e = [lambda: (b, c) for c in (c, V(3)) if (stop(sys._getframe(), locals()),)]
        del c
        b = [[stop(sys._getframe(), locals()) for c in (b, V(4))] for b in (V(5), V(6))]

        def m(self):
            stop(sys._getframe(), locals())
            return __class__, a

        stop(sys._getframe(), locals())

    call(C().m)
    stop(sys._getframe(), locals())


call(f, V(7), V(8))
