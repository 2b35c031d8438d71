"""Two ways, one of them longer, to the same leaf: nothing but the callers tells them apart."""

import shape_rules


def leaf(value):
    return value + 1


def long3(value):
    return leaf(value)  # -> leaf


def long2(value):
    return long3(value)  # -> long3


def long1(value):
    return long2(value)  # -> long2


def short1(value):
    return leaf(value)  # -> leaf


def work(pace):
    while pace.goes_on():  # -> goes_on
        for value in range(1000):
            long1(value)  # -> long1
            short1(value)  # -> short1
            leaf(value)  # -> leaf


verdict = shape_rules.Rules(__file__).verdict

if __name__ == "__main__":
    shape_rules.run_shape(work)
