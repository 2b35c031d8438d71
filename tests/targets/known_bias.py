"""Half of the time in calls too short to be read twice, half in calls into C that linger.

A sampler that gives up on what changes while it looks finds too little of the first.
"""

import known_rules


def tiny(value):
    return value + 1


def dense(size):
    for number in range(int(size)):
        tiny(number)


def lingers(size):
    sum(range(int(size)))


if __name__ == "__main__":
    options = known_rules.arguments()
    truth = known_rules.Truth()
    parts = [(dense, 30000), (lingers, 120000)]
    known_rules.repeat(truth, parts, options.seconds)
    truth.tell(1)
