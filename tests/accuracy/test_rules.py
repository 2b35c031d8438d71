"""The shape programs' own rules: every stack that really occurs is possible, and those that a
torn read would make are not. Without this, "no impossible stack" could mean that the rules see
nothing."""

import importlib
import json
import subprocess

import pytest
from shape_rules import IMPOSSIBLE, OUTSIDE, POSSIBLE

SHAPES = ["alternate", "leaf", "generators", "deep", "dropped"]

# Runs one round of the shape with a trace function and prints the set of its stacks at every line.
WATCH = r"""
import json, os, sys, threading
sys.path.insert(0, sys.argv[1])
import importlib, shape_rules
shape = importlib.import_module(sys.argv[2])
threaded = sys.argv[3] == "threaded"
seen = set()
events = 0

class Once:
    rounds = 0
    def goes_on(self):
        self.rounds += 1
        return self.rounds == 1

def look(frame, event, argument):
    global events
    events += 1
    if events > 20000:
        return None
    if event in ("call", "line"):
        stack = []
        while frame:
            code = frame.f_code
            stack.append((code.co_name, os.path.basename(code.co_filename), frame.f_lineno))
            frame = frame.f_back
        seen.add(tuple(reversed(stack)))
    return look

def run_shape(work):
    sys.settrace(look)
    work(Once())
    sys.settrace(None)

if threaded:
    threading.settrace(look)
    thread = threading.Thread(target=shape.work, args=(Once(),))
    thread.start()
    thread.join()
else:
    run_shape(shape.work)
print(json.dumps(sorted(seen)))
"""


def stacks_of(interpreter, shape, how):
    from beside.environment import TARGETS

    done = subprocess.run(
        interpreter["argv"] + ["-c", WATCH, str(TARGETS), "shape_" + shape, how],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=True,
    )
    return [[tuple(frame) for frame in stack] for stack in json.loads(done.stdout.decode())]


def verdict_of(shape):
    return importlib.import_module("shape_" + shape).verdict


def inside(stack):
    return [frame[0] for frame in stack].index("work")


@pytest.mark.parametrize("how", ["main", "threaded"])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_happens_is_possible(interpreter, shape, how):
    verdict = verdict_of(shape)
    stacks = stacks_of(interpreter, shape, how)
    judged = {}
    for stack in stacks:
        judged.setdefault(verdict(stack), []).append(stack)
    assert not judged.get(IMPOSSIBLE), judged[IMPOSSIBLE][0]
    assert len(judged[POSSIBLE]) >= 8


@pytest.mark.parametrize("shape", SHAPES)
def test_a_lost_frame_is_impossible(interpreter, shape):
    verdict = verdict_of(shape)
    tried = 0
    for stack in stacks_of(interpreter, shape, "main"):
        if verdict(stack) != POSSIBLE:
            continue
        # Recursion does not tell its frames apart, but its bottom is only at full depth.
        if shape == "deep" and "leaf" not in stack[-1][0]:
            continue
        for at in range(inside(stack), len(stack) - 1):
            tried += 1
            assert verdict(stack[:at] + stack[at + 1 :]) == IMPOSSIBLE, (at, stack)
    assert tried >= 8


@pytest.mark.parametrize("shape", SHAPES)
def test_two_stacks_joined_are_impossible(interpreter, shape):
    """The lower part of one stack under the upper part of another: possible only where the joined
    whole is a stack that happens."""
    verdict = verdict_of(shape)
    happens = [s for s in stacks_of(interpreter, shape, "main") if verdict(s) == POSSIBLE]
    if shape == "dropped":
        happens = happens[:120]
    lower_parts = {tuple(stack[: inside(stack) + cut]) for stack in happens for cut in (1, 2)}
    known = {tuple(stack) for stack in happens}
    wrong = 0
    for lower in lower_parts:
        for stack in happens:
            for at in (inside(stack) + 1, inside(stack) + 2):
                joined = lower + tuple(stack[at:])
                if joined not in known and verdict(list(joined)) == IMPOSSIBLE:
                    wrong += 1
    assert wrong >= 10


def test_outside():
    verdict = verdict_of("leaf")
    assert verdict([("<module>", "shape_leaf.py", 40)]) == OUTSIDE
    assert verdict([("main", "x.py", 1), ("work", "shape_leaf.py", 30)]) == IMPOSSIBLE
    assert verdict([("run", "threading.py", 1), ("leaf", "shape_leaf.py", 7)]) == IMPOSSIBLE
