"""Two chains of calls in turn: a stack with parts of both never was."""

import shape_rules


def a4():
    return 4


def a3():
    return a4()  # -> a4


def a2():
    return a3()  # -> a3


def a1():
    return a2()  # -> a2


def b5():
    return 5


def b4():
    return b5()  # -> b5


def b3():
    return b4()  # -> b4


def b2():
    return b3()  # -> b3


def b1():
    return b2()  # -> b2


def work(pace):
    while pace.goes_on():  # -> goes_on
        for _ in range(1000):
            a1()  # -> a1
            b1()  # -> b1


verdict = shape_rules.Rules(__file__).verdict

if __name__ == "__main__":
    shape_rules.run_shape(work)
