"""Two generators resumed in turn, each through another generator and each calling a leaf."""

import shape_rules


def odd_leaf(value):
    return value | 1


def even_leaf(value):
    return value & -2


def odd_inner():
    value = 0
    while True:
        value += 1
        yield odd_leaf(value)  # -> odd_leaf


def even_inner():
    value = 0
    while True:
        value += 1
        yield even_leaf(value)  # -> even_leaf


def odd_outer():
    inner = odd_inner()  # -> odd_inner
    for value in inner:  # -> odd_inner
        yield value


def even_outer():
    yield from even_inner()  # -> even_inner


def work(pace):
    odd = odd_outer()  # -> odd_outer
    even = even_outer()  # -> even_outer
    while pace.goes_on():  # -> goes_on
        for _ in range(1000):
            next(odd)  # -> odd_outer
            next(even)  # -> even_outer
    # Left to themselves they would end as children of whoever called this function.
    odd.close()  # -> odd_outer, odd_inner
    even.close()  # -> even_outer, even_inner


verdict = shape_rules.Rules(__file__).verdict

if __name__ == "__main__":
    shape_rules.run_shape(work)
