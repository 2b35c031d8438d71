# SPDX-License-Identifier: Apache-2.0
"""What threads wait for: every interpreter runs a program whose functions say it by their names."""

import json
import sqlite3
import subprocess

import pytest
from executable import EXECUTABLE, PROJECT, plain_environment
from hostile import interpreters

ENTRIES = interpreters()
REASONS = {
    "gil": "gil_wait",
    "lock": "wait_lock",
    "io": "wait_io",
    "net": "wait_net",
    "sleep": "wait_sleep",
    "other": "wait_other",
}


def name_of(entry):
    return f"{entry['version']}-{entry['kind']}"


@pytest.fixture(params=ENTRIES, ids=name_of)
def entry(request):
    return request.param


def record(entry, folder, *arguments):
    """The capture, opened, and what the program says of itself."""
    path = folder / "waits.pyro"
    done = subprocess.run(
        [str(EXECUTABLE), "run", "-q", "--no-children", "-o", str(path), "--"]
        + [*entry["argv"], str(PROJECT / "tests" / "targets" / "known_waits.py"), *arguments],
        env=plain_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True), json.loads(done.stdout)


def waits_by_function(capture, truth):
    """The waiting of each stack counts to the innermost function that the program knows."""
    stacks = {
        stack: (parent, name)
        for stack, parent, name in capture.execute(
            "SELECT stacks.id, parent, name FROM stacks"
            " JOIN frame_names ON frame_names.frame = stacks.frame"
        )
    }

    def known(stack):
        while stack is not None:
            stack, name = stacks[stack]
            name = name.split(".")[-1]
            if name in truth:
                return name
        return None

    found = {}
    columns = ", ".join(f"coalesce({column}, 0)" for column in REASONS.values())
    for stack, *waits in capture.execute(f"SELECT stack, {columns} FROM totals"):
        sums = found.setdefault(known(stack), dict.fromkeys(REASONS, 0))
        for reason, value in zip(REASONS, waits):
            sums[reason] += value
    return found


def check_sums(capture):
    """Time is running, waiting for a processor, or waiting for a reason: to the nanosecond."""
    parts = " + ".join(f"coalesce({column}, 0)" for column in ["cpu", "ready", *REASONS.values()])
    (wrong,) = capture.execute(
        f"SELECT count(*) FROM totals WHERE coalesce(wall, 0) <> {parts}"
    ).fetchone()
    assert wrong == 0
    (over,) = capture.execute(
        "SELECT count(*) FROM (SELECT waits.track, waits.stack, sum(ns) AS ns,"
        " total.wall - coalesce(total.cpu, 0) AS off FROM waits JOIN totals AS total"
        " ON total.track = waits.track AND total.stack IS waits.stack"
        " GROUP BY waits.track, waits.stack) WHERE ns > off"
    ).fetchone()
    assert over == 0


def test_every_wait_has_its_reason(entry, tmp_path):
    capture, truth = record(entry, tmp_path)
    check_sums(capture)
    found = waits_by_function(capture, truth)
    for function, said in truth.items():
        sums = dict(found[function])
        # After every wait a thread needs the GIL, and may have to wait for that as well.
        del sums["gil"]
        whole = sum(sums.values())
        assert whole > 1e8, (function, sums)
        assert sums[said["reason"]] >= 0.99 * whole, (function, sums)


def test_what_is_waited_for_has_a_name(entry, tmp_path):
    capture, truth = record(entry, tmp_path)
    named = capture.execute(
        "SELECT tracks.name, strings.text, objects.name, sum(ns) FROM waits"
        " JOIN objects ON objects.id = waits.object JOIN tracks ON tracks.id = waits.track"
        " JOIN strings ON strings.id = tracks.name GROUP BY 1, 3"
    ).fetchall()
    texts = dict(capture.execute("SELECT id, text FROM strings"))
    for function, said in truth.items():
        # Where each wait takes some milliseconds, all may be over before the socket is looked up.
        if not said["object"] or said["count"] > 100:
            continue
        longest = max(
            (row[3], texts[row[2]]) for row in named if row[1] in (function, function[:15])
        )
        assert longest[0] > 1e8, (function, longest)
        # A file is where it is for us: within the root of the program.
        name = longest[1]
        assert name.startswith(said["object"]) or name.endswith(said["object"]), function


def test_report_tells_the_same(entry, tmp_path):
    capture, truth = record(entry, tmp_path, "all", "0.6")
    done = subprocess.run(
        [str(EXECUTABLE), "report", "--json", "--mode", "wait", str(tmp_path / "waits.pyro")],
        env=plain_environment(),
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    report = json.loads(done.stdout)
    whole = report["whole"]
    for reason, column in {**REASONS, "ready": "ready", "off": "wait"}.items():
        (stored,) = capture.execute(f"SELECT coalesce(sum({column}), 0) FROM totals").fetchone()
        assert whole[column] == stored, reason
    assert whole["wait"] == whole["ready"] + sum(whole[column] for column in REASONS.values())
    for thread, total in enumerate(entry["total"] for entry in report["threads"]):
        for column in REASONS.values():
            named = sum(
                wait["ns"]
                for wait in report["waits"]
                if wait["thread"] == thread and wait["metric"] == column
            )
            assert named <= total[column]


def test_who_had_the_gil(entry, tmp_path):
    capture, truth = record(entry, tmp_path, "gil")
    check_sums(capture)
    sums = waits_by_function(capture, truth)["wait_gil_spin"]
    whole = sum(sums.values())
    assert whole > 1e9
    assert sums["gil"] >= 0.99 * whole, sums
    pairs = capture.execute(
        "SELECT waits.track, objects.track, frame_names.name, sum(ns) FROM waits"
        " JOIN objects ON objects.id = waits.object"
        " JOIN metrics ON metrics.id = objects.metric AND metrics.name = 'gil_wait'"
        " LEFT JOIN frame_names ON frame_names.frame = objects.frame GROUP BY 1, 2, 3"
    ).fetchall()
    known = sum(row[3] for row in pairs)
    assert known > 0.9 * sums["gil"]
    # Nobody waits for himself, and those who spin are who has it.
    assert all(waiter != holder for waiter, holder, _, _ in pairs)
    assert sum(row[3] for row in pairs if row[2] == "wait_gil_spin") > 0.5 * known
