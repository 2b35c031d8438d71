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


def parts_of(capture, where):
    """Of the processor time: all of it, and Python's, native and the system's."""
    ((cpu, *parts),) = rows(
        capture,
        "SELECT sum(cpu), coalesce(sum(cpu_python), 0), coalesce(sum(cpu_native), 0),"
        " coalesce(sum(cpu_system), 0) FROM totals"
        " JOIN stack_frames ON stack_frames.stack = totals.stack"
        f" JOIN frame_names ON frame_names.frame = stack_frames.frame WHERE {where}",
    )
    return cpu, dict(zip(("python", "native", "system"), parts))


# What --native tells, what root gets, and an ordinary user with and without perf events: options,
# what is counted then, and how many points less it may see.
WAYS = {
    "stack": (["--native"], "parts_stack", 0),
    "interrupt": ([], "proof_interrupt", 0),
    "pointer": (["--proof", "switch"], "parts_pointer", 3),
    "proc": (["--proof", "proc"], "parts_proc", 15),
}


@EVERY
@pytest.mark.parametrize("part", MIXES)
@pytest.mark.parametrize("way", WAYS)
def test_parts_of_running(pyrometer, tmp_path, entry, part, way):
    code, least = MIXES[part]
    options, evidence, less = WAYS[way]
    options = ["-q", "-r", "500", "-o", "x.pyro", *options]
    done = pyrometer("run", *options, "--", *entry["argv"], "-c", code + RUN)
    assert (done.returncode, done.stderr) == (0, "")
    # The program itself: starting the interpreter is a mix of its own.
    cpu, parts = parts_of(tmp_path / "x.pyro", "name = 'work'")
    quality = dict(rows(tmp_path / "x.pyro", "SELECT name, value FROM quality"))
    if way == "interrupt" and not quality["proof_interrupt"]:
        pytest.skip("interrupts are not allowed here")
    assert quality[evidence] > 0
    assert sum(parts.values()) == cpu
    assert 100 * parts[part] >= (least - less) * cpu, parts


BLEND = """
import os, time, zlib
zero, data, block = os.open("/dev/zero", os.O_RDONLY), bytearray(1 << 18), bytes(1 << 20)
table = {i: i for i in range(100)}
def adds():
    total = 0
    for i in range(6000): total += i * i % 7 + table[i % 100]
def sums():
    for _ in range(4): zlib.crc32(block)
def reads():
    for _ in range(30): os.readv(zero, [data])
spent = {adds: 0, sums: 0, reads: 0}
end = time.process_time() + 1.5
while time.process_time() < end:
    for part in spent:
        begin = time.thread_time_ns()
        part()
        spent[part] += time.thread_time_ns() - begin
print(*(ns / sum(spent.values()) for ns in spent.values()))
"""


# In points of percent: what chance leaves of a thousand looks, and some for interrupts, which are
# the system's wherever they come.
WITHIN = 7


@EVERY
@pytest.mark.alone
@pytest.mark.parametrize("way", ["pointer", "proc"])
def test_a_blend_has_its_parts(pyrometer, tmp_path, entry, way):
    options = ["-q", "-r", "900", "-o", "x.pyro", *WAYS[way][0]]
    done = pyrometer("run", *options, "--", *entry["argv"], "-c", BLEND)
    assert (done.returncode, done.stderr) == (0, "")
    truth = [float(share) for share in done.stdout.split()]
    cpu, parts = parts_of(tmp_path / "x.pyro", "name IN ('adds', 'sums', 'reads')")
    shares = [ns / cpu for ns in parts.values()]
    assert [abs(a - b) * 100 < WITHIN for a, b in zip(shares, truth)] == [True] * 3, (shares, truth)
    # By line: each of the three is what it is.
    for name, part in {"adds": "python", "sums": "native", "reads": "system"}.items():
        cpu, parts = parts_of(tmp_path / "x.pyro", f"name = '{name}'")
        if way == "pointer" or part == "python":
            assert parts[part] > 0.6 * cpu, (name, parts)


def test_an_estimate_is_called_one(pyrometer, tmp_path):
    done = pyrometer("run", "--proof", "proc", "-o", "x.pyro", str(TARGET), "0.5")
    assert "(about " in done.stderr
    done = pyrometer("report", "x.pyro")
    assert "python/native/system estimated from /proc" in " ".join(done.stdout.split())


def test_without_it_there_is_none(pyrometer, tmp_path):
    done = pyrometer("run", "-q", "-o", "x.pyro", str(TARGET), "0.3")
    assert (done.returncode, done.stderr) == (0, "")
    assert rows(tmp_path / "x.pyro", "SELECT count(*) FROM function_kinds") == [(0,)]
