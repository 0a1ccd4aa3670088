# from 3.12
# Scopes that the compiler makes for type parameters.
def f[T](a: T, b=V(1), *, c=V(2)) -> T:
    stop(sys._getframe(), locals())
    return T


call(f, V(3))
type A[T] = (f, T)
A.__value__


def g(a):
    class C[T]:
        b = [a for a in (a, V(4))]

        def m[U](self, c=b) -> (T, U):
            stop(sys._getframe(), locals())
            return lambda: (T, U, a, __class__)

    call(call(C().m))
    return C


call(g, V(5))
