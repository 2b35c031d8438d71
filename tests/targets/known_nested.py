"""Busy loops of known ratio, about 6 to 4, the second in an interpreter of its own."""

if __name__ != "inside":
    import interpreters
    import known_rules


def outside(size):
    total = 0
    for number in range(int(size)):
        total += number * number


def inside(size):
    total = 0
    for number in range(int(size)):
        total += number * number


def enter(size):
    interpreters.run(interpreter, "inside(%d)" % size)


if __name__ == "__main__":
    options = known_rules.arguments()
    truth = known_rules.Truth()
    interpreter = interpreters.make(__file__)
    enter.__name__ = "inside"  # what it measures
    known_rules.repeat(truth, [(outside, 60000), (enter, 40000)], options.seconds)
    truth.tell(1)
