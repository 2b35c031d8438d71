"""Wanders through a hundred functions in some thousands of stacks, for as long as asked: what a
long recording must hold. Runs and tells its pace as the shape programs do (shape_rules)."""

import random

import shape_rules

FUNCTIONS = 100
DEPTH = 25

SOURCE = """
def step_{n}(path):
    total = 0
    for number in range(20):
        total += number
    if path:
        total += STEPS[path[0]](path[1:])
    for number in range(20):
        total += number
    return total
"""


def make():
    names = {}
    for number in range(FUNCTIONS):
        exec(compile(SOURCE.format(n=number), "step_%d.py" % (number // 10), "exec"), names)
    names["STEPS"] = [names["step_%d" % number] for number in range(FUNCTIONS)]
    return names["STEPS"]


def work(pace):
    steps = make()
    chance = random.Random(1)
    paths = [
        [chance.randrange(FUNCTIONS) for _ in range(chance.randrange(2, DEPTH))] for _ in range(300)
    ]
    while pace.goes_on():
        for path in paths:
            steps[path[0]](path[1:])


if __name__ == "__main__":
    shape_rules.run_shape(work)
