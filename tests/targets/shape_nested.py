"""Calls in one interpreter, and in another that the same thread goes into and comes out of: what is
called there stands on the line that entered it, and on no other. The first thread goes into an
interpreter that another thread made.
"""

if __name__ != "inside":
    import interpreters
    import shape_rules

BODIES = ("<string>", "<script>")  # what the file of a string that is run is called; 3.14 on


def a3():
    return 3


def a2():
    return a3()  # -> a3


def a1():
    return a2()  # -> a2


def b4():
    return 4


def b3():
    return b4()  # -> b4


def b2():
    return b3()  # -> b3


def b1():
    return b2()  # -> b2


def inside():
    for _ in range(2000):
        b1()  # -> b1


def enter(interpreter):
    interpreters.run(interpreter, "inside()")  # -> inside


def work(pace):
    interpreter = made if pace.number == 0 else interpreters.make(__file__)
    while pace.goes_on():  # -> goes_on
        for _ in range(2000):
            a1()  # -> a1
        enter(interpreter)  # -> enter


def verdict(frames):
    names = [shape_rules.plain(frame[0]) for frame in frames]
    if "make" in names or "enter" not in names + ["inside"]:
        return rules.verdict(frames) if "make" not in names else shape_rules.OUTSIDE
    # The body of the string that is run there parts the two interpreters.
    bodies = [at for at, frame in enumerate(frames) if frame[1] in BODIES]
    if any(names[at - 1] != "enter" for at in bodies):
        return shape_rules.IMPOSSIBLE
    if any(name == "inside" and at - 1 not in bodies for at, name in enumerate(names)):
        return shape_rules.IMPOSSIBLE
    return rules.verdict([frame for frame in frames if frame[1] not in BODIES])


if __name__ != "inside":
    rules = shape_rules.Rules(__file__)

if __name__ == "__main__":
    made = interpreters.make(__file__)
    shape_rules.run_shape(work)
