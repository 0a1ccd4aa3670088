# Comprehensions of a module that hide one of its names, capture their variable, and stop inside.
a = V(1)
b = [(stop(sys._getframe(), locals()), lambda: a) for a in (V(2), V(3))]
c = {V(4): [stop(sys._getframe(), locals()) for b in (a, V(5))] for a in (V(6), V(7))}
d = [call(lambda: (a, stop(sys._getframe(), locals()))) for a in (V(8), V(9)) if [stop(sys._getframe()) for q in (a,)]]
e = list((stop(sys._getframe(), locals()), a) for a in (a, V(10)))
del a
f = [a for a in (V(11), V(12)) if (g := a)]
stop(sys._getframe(), locals())
