# Cells from several levels, rebound and deleted by functions further in.
def outer(a, b=V(1), *, c=V(2)):
    d = V(3)

    def middle(b):
        nonlocal a

        def inner():
            nonlocal a, d
            stop(sys._getframe(), locals())
            del d
            stop(sys._getframe(), locals())
            a = (b, c)

        call(inner)
        stop(sys._getframe(), locals())
        del a
        call(inner)

    call(middle, V(4))
    stop(sys._getframe(), locals())
    d = V(5)
    stop(sys._getframe(), locals())


call(outer, V(6))
call(outer, Cell(V(7)), c=Cell(V(8)))
