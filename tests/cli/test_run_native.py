# SPDX-License-Identifier: Apache-2.0
"""--native: machine code on the stacks, in its place among Python's frames."""

import pytest
from executable import PROJECT
from hostile import interpreter_id, interpreters, rows

EVERY = pytest.mark.parametrize("entry", interpreters(), ids=interpreter_id)
TARGET = PROJECT / "tests" / "targets" / "known_native.py"

STACKS = """
WITH RECURSIVE up(stack, at, depth) AS (
  SELECT id, id, 0 FROM stacks
  UNION ALL
  SELECT up.stack, stacks.parent, up.depth + 1 FROM up JOIN stacks ON stacks.id = up.at
  WHERE stacks.parent IS NOT NULL)
SELECT totals.stack, totals.cpu, up.depth, name.text, coalesce(function_kinds.kind, 0)
FROM totals JOIN up ON up.stack = totals.stack JOIN stacks ON stacks.id = up.at
JOIN frames ON frames.id = stacks.frame JOIN functions ON functions.id = frames.function
JOIN strings AS name ON name.id = functions.name
LEFT JOIN function_kinds ON function_kinds.id = functions.id
WHERE totals.cpu > 0
ORDER BY totals.stack, up.depth
"""


def stacks(capture):
    """Of what ran: processor time, names leaf first with * before those of machine code."""
    found = {}
    for stack, cpu, _, name, kind in rows(capture, STACKS):
        found.setdefault(stack, (cpu, []))[1].append("*" * kind + name.rpartition(".")[2])
    return list(found.values())


@EVERY
@pytest.mark.parametrize("proof", ["auto", "switch", "stop", "proc"])
def test_frames_are_in_their_places(pyrometer, tmp_path, entry, proof):
    options = ["-q", "--native", "-r", "300", "--proof", proof, "-o", "x.pyro"]
    done = pyrometer("run", *options, "--", *entry["argv"], str(TARGET), "1.5")
    if "perf_event_paranoid" in done.stderr and proof == "switch":
        pytest.skip("switch records are not allowed here")
    assert (done.returncode, done.stderr) == (0, "")
    quality = dict(rows(tmp_path / "x.pyro", "SELECT name, value FROM quality"))
    assert quality["native_merged"] > 0
    seen = stacks(tmp_path / "x.pyro")
    whole = sum(cpu for cpu, _ in seen)
    wrong = 0
    compressing = calling_back = 0
    for cpu, names in seen:
        # What Python calls is leafward of it, what calls it rootward.
        if "compress" in names:
            native = names[: names.index("compress")]
            compressing += cpu if len(native) > 1 else 0
            wrong += cpu if any(not name.startswith("*") for name in native) else 0
        if "called_back" in names:
            at = names.index("called_back")
            assert "sorting" in names
            between = names[at + 1 : names.index("sorting")]
            calling_back += cpu if between else 0
            wrong += cpu if any(not name.startswith("*") for name in between) else 0
    assert wrong == 0
    assert compressing > 0.05 * whole
    assert calling_back > 0.05 * whole


MIXES = {
    # What nearly all of the time of each is, in percent.
    "python": (
        "def work():\n"
        "    total, table = 0, {i: i for i in range(100)}\n"
        "    for i in range(20000): total += i * i % 7 + table[i % 100]\n",
        94,
    ),
    "native": ("import zlib\ndata = bytes(1 << 22)\ndef work(): zlib.compress(data, 9)\n", 94),
    "system": (
        "import os\nzero = os.open('/dev/zero', os.O_RDONLY)\n"
        "data = bytearray(1 << 22)\ndef work(): os.readv(zero, [data])\n",
        90,
    ),
}
RUN = "import time\nend = time.process_time() + 0.7\nwhile time.process_time() < end: work()\n"


@EVERY
@pytest.mark.parametrize("part", MIXES)
@pytest.mark.parametrize("native", [True, False], ids=["exact", "by-pc"])
def test_parts_of_running(pyrometer, tmp_path, entry, part, native):
    code, least = MIXES[part]
    options = ["-q", "-r", "500", "-o", "x.pyro"] + ["--native"] * native
    done = pyrometer("run", *options, "--", *entry["argv"], "-c", code + RUN)
    assert (done.returncode, done.stderr) == (0, "")
    ((python, native_ns, system),) = rows(
        tmp_path / "x.pyro",
        "SELECT coalesce(sum(cpu_python), 0), coalesce(sum(cpu_native), 0),"
        " coalesce(sum(cpu_system), 0) FROM totals"
        # The program itself: starting the interpreter is a mix of its own.
        " JOIN stack_frames ON stack_frames.stack = totals.stack"
        " JOIN frame_names ON frame_names.frame = stack_frames.frame WHERE name = 'work'",
    )
    parts = {"python": python, "native": native_ns, "system": system}
    quality = dict(rows(tmp_path / "x.pyro", "SELECT name, value FROM quality"))
    if not native and not quality["proof_interrupt"]:
        pytest.skip("without interrupts it is not known what runs")
    assert sum(parts.values()) > 0
    assert 100 * parts[part] >= least * sum(parts.values()), parts


def test_without_it_there_is_none(pyrometer, tmp_path):
    done = pyrometer("run", "-q", "-o", "x.pyro", str(TARGET), "0.3")
    assert (done.returncode, done.stderr) == (0, "")
    assert rows(tmp_path / "x.pyro", "SELECT count(*) FROM function_kinds") == [(0,)]
