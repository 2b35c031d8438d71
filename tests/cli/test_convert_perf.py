# SPDX-License-Identifier: Apache-2.0
"""convert of perf's text: to a capture that all commands read, and to other formats."""

import glob
import json
import os
import shutil
import sqlite3
import subprocess

import pytest
from executable import EXECUTABLE, PROJECT, plain_environment
from hostile import interpreters

GOLDEN = PROJECT / "tests" / "golden" / "format"
JIT = GOLDEN / "perf-jit.txt"
VARIANTS = GOLDEN / "perf-variants.txt"


def rows(path, sql):
    database = sqlite3.connect(str(path))
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def test_a_capture_of_it(pyrometer, tmp_path):
    done = pyrometer("convert", JIT, "-o", "x.pyro")
    assert (done.returncode, done.stdout) == (0, "")
    assert "cpu-clock" in done.stderr and "cannot tell" in done.stderr
    assert "cannot hold" not in done.stderr
    # One whole file of its owner's alone.
    assert os.listdir(str(tmp_path)) == ["x.pyro"]
    assert (tmp_path / "x.pyro").stat().st_mode & 0o777 == 0o600
    facts = dict(rows(tmp_path / "x.pyro", "SELECT key, value FROM meta"))
    assert facts["complete"] == "1"
    assert facts["imported_from"] == "perf-script"
    assert facts["weights"] == "period"
    # Eleven samples of 199 a second, as they stand in the file.
    ((wall, cpu, samples),) = rows(
        tmp_path / "x.pyro", "SELECT sum(wall), sum(cpu), sum(samples) FROM totals"
    )
    assert samples == 11 and wall == cpu == sum(periods(JIT))
    assert rows(tmp_path / "x.pyro", "SELECT sum(samples) FROM chunks") == [(11,)]


def periods(path):
    return [int(line.split()[3]) for line in path.read_text().splitlines() if " cpu-clock" in line]


def test_other_commands_read_it(pyrometer, tmp_path):
    assert pyrometer("convert", "-q", JIT, "-o", "x.pyro").stderr == ""
    report = pyrometer("report", "x.pyro")
    assert report.returncode == 0
    assert "Order.text" in report.stdout and "python3.13" in report.stdout
    tree = pyrometer("report", "--tree", "--all", "x.pyro", env={"COLUMNS": "200"}).stdout
    assert "builtin_sorted" in tree and "_PyEval_EvalFrameDefault" not in tree
    assert pyrometer("view", "-q", "--no-open", "x.pyro").returncode == 0
    assert "Order.text" not in (tmp_path / "x.html").read_text()[:100]
    direct = pyrometer("convert", "-q", JIT, "-o", "-", "--to", "folded").stdout
    assert pyrometer("convert", "-q", "x.pyro", "-o", "-", "--to", "folded").stdout == direct
    assert direct.count("\n") > 5


def test_time_is_kept(pyrometer, tmp_path):
    assert pyrometer("convert", "-q", JIT, "-o", "x.speedscope.json").returncode == 0
    result = json.loads((tmp_path / "x.speedscope.json").read_text())
    assert len(result["profiles"]) == 2
    for profile in result["profiles"]:
        assert profile["endValue"] - profile["startValue"] == sum(profile["weights"])


def test_a_pipe(pyrometer, tmp_path):
    with open(str(JIT)) as stdin:
        done = pyrometer("convert", "-q", "-", "-o", "x.pyro", stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "")
    pipe = subprocess.run(
        ["sh", "-c", 'cat "$1" | "$2" convert -q - -o - --to folded', "sh", JIT, EXECUTABLE],
        stdout=subprocess.PIPE,
        env=plain_environment(),
        universal_newlines=True,
    )
    assert pipe.stdout == pyrometer("convert", "-q", "x.pyro", "-o", "-", "--to", "folded").stdout


def test_what_it_says(pyrometer):
    done = pyrometer("convert", VARIANTS, "-o", "-", "--to", "folded", env={"COLUMNS": "300"})
    assert done.returncode == 0
    for words in ("1 of instructions", "line 52", "idle processors", "perf-script cannot tell"):
        assert words in done.stderr
    assert "perf-script" in pyrometer("convert", "--to", "list").stdout


def test_the_name_does_not_matter(pyrometer, refused, capture, tmp_path):
    shutil.copy(str(JIT), str(tmp_path / "looks-like.pyro"))
    assert pyrometer("convert", "-q", "looks-like.pyro", "-o", "x.folded").returncode == 0
    (tmp_path / "perf.txt").write_text("main;work 12\n" * 100)
    refused(125, ["perf.txt", "main;work 12"], "convert", "perf.txt", "-o", "y.pyro")
    (tmp_path / "perf.txt").write_text("bad line\npy 1 1.0: PERF_RECORD_EXIT(1:1)\n")
    refused(125, ["perf.txt", "line 1", "bad line"], "convert", "perf.txt", "-o", "y.pyro")
    (tmp_path / "perf.data").write_bytes(b"PERFILE2h\0\0\0")
    refused(125, ["perf.data", "perf script"], "convert", "perf.data", "-o", "y.pyro")
    with open(str(capture), "rb") as stdin:
        refused(125, ["pipe"], "convert", "-", "-o", "y.folded", stdin=stdin)
    refused(125, ["standard input", "nothing"], "convert", "-", "-o", "y.pyro")
    assert not (tmp_path / "y.pyro").exists()


def test_files_are_handled_with_care(pyrometer, refused, capture, tmp_path):
    (tmp_path / "x.pyro").write_text("mine")
    refused(125, ["x.pyro", "exists", "--force"], "convert", JIT, "-o", "x.pyro")
    assert (tmp_path / "x.pyro").read_text() == "mine"
    refused(64, ["-o"], "convert", JIT, "-o", "-", "--to", "pyro")
    refused(64, ["/dev/null"], "convert", JIT, "-o", "/dev/null", "--to", "pyro")
    refused(64, ["already"], "convert", capture, "-o", "y.pyro")
    refused(125, ["no/such"], "convert", JIT, "-o", "no/such/y.pyro")
    assert os.listdir(str(tmp_path)) == ["x.pyro"]
    assert pyrometer("convert", "-q", "--force", JIT, "-o", "x.pyro").returncode == 0
    assert os.listdir(str(tmp_path)) == ["x.pyro"]
    assert pyrometer("report", "x.pyro").returncode == 0


def test_a_full_disk_leaves_nothing(pyrometer, tmp_path):
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 40; trap "" XFSZ; exec "$1" convert "$2" -o x.pyro']
        + ["sh", str(EXECUTABLE), str(JIT)],
        cwd=str(tmp_path),
        env=plain_environment(),
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    assert done.returncode == 125, done.stderr
    assert os.listdir(str(tmp_path)) == []


BUSY = """
import time
class Order:
    def price(self):
        return sorted([str(i) for i in range(300)], key=lambda text: text[::-1])
def work():
    while time.process_time() < 0.5:
        Order().price()
work()
"""


def perf(folder, *arguments):
    done = subprocess.run(
        ["perf", *map(str, arguments)],
        cwd=str(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        errors="replace",
        timeout=120,
    )
    if done.returncode:
        pytest.skip(f"perf {arguments[0]} does not work here: {done.stderr.strip()[-200:]}")
    return done.stdout


def named_for_perf():
    """Interpreters that name their functions for perf, and can be unwound through them."""
    return [
        entry
        for entry in interpreters()
        if tuple(map(int, entry["version"].split("."))) >= (3, 13) and not entry["root"]
    ]


@pytest.fixture
def tidy_tmp():
    """Interpreters and perf leave what they made for each other where the other looks for it."""
    before = set(glob.glob("/tmp/jit*-*"))
    pids = []
    yield pids
    for path in set(glob.glob("/tmp/jit*-*")) - before:
        if any(os.path.basename(path).startswith((f"jit-{p}.", f"jitted-{p}-")) for p in pids):
            os.unlink(path)


@pytest.mark.parametrize("entry", named_for_perf(), ids=lambda entry: entry["full"])
def test_perf_itself(pyrometer, tmp_path, tidy_tmp, entry):
    if not shutil.which("perf"):
        pytest.skip("perf is not installed")
    (tmp_path / "busy.py").write_text(BUSY)
    record = ["record", "-q", "-e", "cpu-clock", "-F", "499", "-k", "mono", "-o", "perf.data"]
    program = [*entry["argv"], "-X", "perf_jit", "busy.py"]
    perf(tmp_path, *record, "--call-graph", "dwarf,16384", "--", *program)
    tids = perf(tmp_path, "script", "-F", "tid", "-G", "-i", "perf.data").split()
    tidy_tmp.extend(set(tids))
    cache = ["--buildid-dir", tmp_path / "cache"]
    perf(tmp_path, *cache, "inject", "--jit", "-i", "perf.data", "-o", "jit.data")
    text = perf(tmp_path, "script", "--no-inline", "-F", "+pid", "-i", "jit.data")
    (tmp_path / "perf.txt").write_text(text)
    assert pyrometer("convert", "-q", "perf.txt", "-o", "x.pyro").returncode == 0
    stacks = [
        (stack, wall)
        for stack, wall in rows(tmp_path / "x.pyro", "SELECT stack, wall_ms FROM folded")
    ]
    assert sum(wall for stack, wall in stacks) > 300
    inside = sum(wall for stack, wall in stacks if stack.startswith("<module>;work;Order.price"))
    assert inside > 0.6 * sum(wall for stack, wall in stacks if "work" in stack)
    assert any("list_sort" in stack and stack.count("<lambda>") for stack, wall in stacks)
    assert not any("trampoline" in stack or ";cfunction" in stack for stack, wall in stacks)
