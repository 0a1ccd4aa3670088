# from 3.12
# A type alias in a class body: the compiler keeps the namespace in a cell, which is no name of the class.
class C:
    type A = V(1)

    def m[T](self):
        pass

    b = [a for a in (A, V(2)) if (stop(sys._getframe(), locals()),)]
    stop(sys._getframe(), locals())


stop(sys._getframe(), locals())
