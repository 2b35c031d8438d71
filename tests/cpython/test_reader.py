# SPDX-License-Identifier: Apache-2.0
"""What the reader sees from outside against what the interpreter says of itself, on each one."""

import json
import re

LIMIT = 4096  # PYRO_MAX_STACK_DEPTH
NAME_LIMIT = 1024  # PYRO_MAX_NAME


def same_frame(seen, true):
    name, qualname, file, first, line = true
    # Where CPython has no line the reader says none, or that of the definition.
    lines = [line] if line is not None else [0, first]
    return seen[:4] == [name, qualname[:NAME_LIMIT], file, first] and seen[4] in lines


def test_shapes(target, look):
    one = target("reader_shapes.py")
    truth = json.loads(one.line)
    # Whatever stands still is the same again: from caches now, and with the GIL's state.
    for _ in range(2):
        seen = {thread["pthread"]: thread for thread in look(one)["threads"]}
        assert len(truth["threads"]) >= 20
        for thread in truth["threads"]:
            other = seen[thread["pthread"]]
            assert other["name"] == thread["name"]
            assert other["main"] == thread["main"]
            assert other["native_id"] == thread["native_id"]
            assert other["interp"] == 0
            assert not other["partial"] and not other["attached"]
            assert len(other["frames"]) == len(thread["frames"]), thread["name"]
            for mine, true in zip(other["frames"], thread["frames"]):
                assert same_frame(mine, true), (thread["name"], mine, true)


def test_many_threads(target, look):
    one = target("reader_threads.py", 150)
    threads = look(one)["threads"]
    assert len(threads) == 151
    assert [thread["main"] for thread in threads].count(True) == 1
    assert len({thread["native_id"] for thread in threads}) == 151
    by_name = {thread["name"]: thread for thread in threads}
    for i in range(150):
        names = [frame[0] for frame in by_name["worker-%d" % i]["frames"]]
        assert names.count("down") == i % 40 + 1
        assert names[-1] == "_bootstrap"


def test_deeper_than_is_kept(target, look):
    one = target("reader_deep.py", 100000)
    deep = [t for t in look(one)["threads"] if not t["main"]][0]
    assert deep["truncated"] and not deep["partial"]
    assert len(deep["frames"]) == LIMIT
    # The leaf is kept.
    assert "leaf" in [frame[0] for frame in deep["frames"][:6]]
    assert deep["frames"][-1][0] == "down"


def test_interpreters(target, look):
    one = target("reader_interpreters.py")
    threads = look(one)["threads"]
    assert len(threads) == 3
    found = {}
    for thread in threads:
        if thread["interp"] != 0:
            found[thread["frames"][0][0]] = thread
    assert sorted(found) == ["inside_1", "inside_2"]
    for name in sorted(found):
        frames = found[name]["frames"]
        assert [frame[0] for frame in frames[:4]] == [name, "<module>", "run", "run"]
        assert [f[4] for f in frames[:2]] in ([6, 7], [5, 7])
    assert any(t["main"] and t["interp"] == 0 for t in threads)


def test_nested_interpreters(target, look):
    one = target("reader_nested.py")
    truth = json.loads(one.line)
    seen = {thread["name"]: thread for thread in look(one)["threads"]}
    assert sorted(seen) == sorted(truth)
    for name, functions in truth.items():
        names = [frame[0] for frame in seen[name]["frames"]]
        assert names[: len(functions)] == functions, name
        assert (seen[name]["interp"] != 0) == (functions[0] != "<module>"), name
        assert not seen[name]["partial"], name
        # Nothing but what begins a thread is below.
        rest = names[len(functions) :]
        assert name == "MainThread" or rest == ["run", "_bootstrap_inner", "_bootstrap"], names


def test_dropped_code_objects(target, look):
    one = target("reader_dropped.py")
    seen = set()
    for line in look(one, "--stopped", "400").splitlines():
        if line == " (partial)":
            continue  # it was entering the interpreter's loop: no frame is linked yet
        frames = [frame.split(":") for frame in line.replace(" (partial)", "").split(";")]
        numbers = []
        for name, file, number in frames:
            found = re.fullmatch(r"(inner|outer)_(\d{5})", name)
            if found:
                # Name, file and line are of the same code object.
                assert file == "gen_%s.py" % found.group(2), line
                assert int(number) in ((2, 3, 4, 5) if name[0] == "i" else (6, 7)), line
                numbers.append(found.group(2))
        # Caller and callee were made together.
        assert len(set(numbers)) <= 1, line
        seen.update(numbers)
    assert len(seen) > 15
