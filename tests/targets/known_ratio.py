"""Busy loops of known ratio, about 6 to 3 to 1."""

import known_rules


def sixty(size):
    total = 0
    for number in range(int(size)):
        total += number * number


def thirty(size):
    total = 0
    for number in range(int(size)):
        total += number * number


def ten(size):
    total = 0
    for number in range(int(size)):
        total += number * number


if __name__ == "__main__":
    options = known_rules.arguments()
    truth = known_rules.Truth()
    parts = [(sixty, 60000), (thirty, 30000), (ten, 10000)]
    known_rules.repeat(truth, parts, options.seconds)
    truth.tell(1)
