"""Code objects made, called and dropped, so that their addresses are used again by others.

Generation G makes the functions outer_G and inner_G of the file <made-G>, and work calls them
through call_0 to call_3, by G modulo 4.
"""

import re

import shape_rules

GENERATIONS = 64

SOURCE = """
def inner_%(number)d():
    return %(number)d
def outer_%(number)d():
    return inner_%(number)d()
"""


def make(number):
    names = {}
    exec(compile(SOURCE % {"number": number}, "<made-%d>" % number, "exec"), names)
    return names["outer_%d" % number]


def call_0(made):
    for _ in range(200):
        made()  # -> outer_by_0


def call_1(made):
    for _ in range(200):
        made()  # -> outer_by_1


def call_2(made):
    for _ in range(200):
        made()  # -> outer_by_2


def call_3(made):
    for _ in range(200):
        made()  # -> outer_by_3


def work(pace):
    number = 0
    while pace.goes_on():  # -> goes_on
        for _ in range(10):
            number = (number + 1) % GENERATIONS
            made = make(number)  # -> make
            if number % 4 == 0:
                call_0(made)  # -> call_0
            elif number % 4 == 1:
                call_1(made)  # -> call_1
            elif number % 4 == 2:
                call_2(made)  # -> call_2
            else:
                call_3(made)  # -> call_3


MADE_NAME = re.compile(r"(outer|inner)_(\d+)$")
MADE_FILE = re.compile(r"<made-(\d+)>$")


def made_by(frame):
    """Which generation made the frame's function, None if none did, -1 if several."""
    name = MADE_NAME.match(frame[0])
    file = MADE_FILE.match(frame[1])
    if not name and not file:
        return None
    if file and (frame[0] == "<module>" or name and name.group(2) == file.group(1)):
        return int(file.group(1))
    return -1


def verdict(frames):
    """Judges the made functions at the stack's end here, and the rest by the rules."""
    frames = [frame for frame in frames if frame[0] not in shape_rules.MARKERS]
    rest = list(frames)
    while rest and made_by(rest[-1]) is not None:
        rest.pop()
    made = frames[len(rest) :]
    judged = rules.verdict(rest)
    if not made:
        return judged
    numbers = {made_by(frame) for frame in made}
    if judged != shape_rules.POSSIBLE or len(numbers) > 1 or -1 in numbers:
        return shape_rules.IMPOSSIBLE
    caller, _, line = rest[-1]
    chain = [(frame[0].split("_")[0], frame[2]) for frame in made]
    if caller == "make":
        return possible_if(len(chain) == 1 and chain[0][0] == "<module>")
    by = "outer_by_%d" % (numbers.pop() % 4)
    lines = rules.calls.get((caller, by))
    return possible_if(lines and (not line or line in lines) and chain_fits(chain))


def chain_fits(chain):
    """The lines are those of SOURCE."""
    if [name for name, _ in chain] == ["outer"]:
        return chain[0][1] in (0, 4, 5)
    if [name for name, _ in chain] == ["outer", "inner"]:
        return chain[0][1] in (0, 5) and chain[1][1] in (0, 2, 3)
    return False


def possible_if(condition):
    return shape_rules.POSSIBLE if condition else shape_rules.IMPOSSIBLE


rules = shape_rules.Rules(__file__)

if __name__ == "__main__":
    shape_rules.run_shape(work)
