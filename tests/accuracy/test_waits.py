# SPDX-License-Identifier: Apache-2.0
"""What threads wait for: every interpreter runs a program whose functions say it by their names."""

import json
import sqlite3
import subprocess

from beside import environment, waiting
from beside.waiting import REASONS


def record(interpreter, folder, *arguments):
    """The capture, opened, and what the program says of itself."""
    path = folder / "waits.pyro"
    truth = waiting.record(interpreter, path, *arguments)
    return sqlite3.connect("file:%s?mode=ro" % path, uri=True), truth


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


def test_every_wait_has_its_reason(interpreter, recorder, tmp_path):
    capture, truth = record(interpreter, tmp_path)
    check_sums(capture)
    found = waiting.by_function(capture, truth)
    for function, said in truth.items():
        sums = dict(found[function])
        # After every wait a thread needs the GIL, and may have to wait for that as well.
        del sums["gil"]
        whole = sum(sums.values())
        assert whole > 1e8, (function, sums)
        assert sums[said["reason"]] >= 0.99 * whole, (function, sums)


def test_what_is_waited_for_has_a_name(interpreter, recorder, tmp_path):
    capture, truth = record(interpreter, tmp_path)
    named = capture.execute(
        "SELECT tracks.name, strings.text, objects.name, sum(ns) FROM waits"
        " JOIN objects ON objects.id = waits.object JOIN tracks ON tracks.id = waits.track"
        " JOIN strings ON strings.id = tracks.name GROUP BY 1, 3"
    ).fetchall()
    texts = dict(capture.execute("SELECT id, text FROM strings"))
    for function, said in truth.items():
        if not said["object"]:
            continue
        longest = max(
            (row[3], texts[row[2]]) for row in named if row[1] in (function, function[:15])
        )
        assert longest[0] > 1e8, (function, longest)
        # A file is where it is for us: within the root of the program.
        name = longest[1]
        assert name.startswith(said["object"]) or name.endswith(said["object"]), function


def test_report_tells_the_same(interpreter, recorder, tmp_path):
    capture, truth = record(interpreter, tmp_path, "all", "0.6")
    done = subprocess.run(
        [
            environment.pyrometer("report"),
            "report",
            "--json",
            "--mode",
            "wait",
            str(tmp_path / "waits.pyro"),
        ],
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


def test_who_had_the_gil(interpreter, recorder, tmp_path):
    capture, truth = record(interpreter, tmp_path, "gil")
    check_sums(capture)
    sums = waiting.by_function(capture, truth)["wait_gil_spin"]
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
