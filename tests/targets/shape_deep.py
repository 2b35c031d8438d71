"""Recursion 40 deep, in two ways in turn: only at its bottom is the leaf called."""

import shape_rules

DEPTH = 40


def leaf():
    return 0


def other_leaf():
    return 1


def down(depth):
    if depth > 1:
        return down(depth - 1)  # -> down
    return leaf()  # -> leaf


def slope(depth):
    if depth > 1:
        return slope(depth - 1)  # -> slope
    return other_leaf()  # -> other_leaf


def work(pace):
    while pace.goes_on():  # -> goes_on
        for _ in range(100):
            down(DEPTH)  # -> down
            slope(DEPTH)  # -> slope


def whole(functions):
    recursive = sum(name in ("down", "slope") for name in functions)
    if functions[-1] in ("leaf", "other_leaf"):
        return recursive == DEPTH
    return recursive <= DEPTH


verdict = shape_rules.Rules(__file__, whole).verdict

if __name__ == "__main__":
    shape_rules.run_shape(work)
