# SPDX-License-Identifier: Apache-2.0
"""convert: what comes out is valid and adds up, and files are handled with care."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import tarfile

import pytest
from executable import PROJECT

SPEEDSCOPE = "1.25.0"


@pytest.fixture(scope="session")
def speedscope_schema():
    """The schema that the npm package of speedscope comes with."""
    folder = PROJECT / ".cache" / f"speedscope-{SPEEDSCOPE}"
    schema = folder / "schema.json"
    if not schema.exists():
        if not shutil.which("npm"):
            pytest.skip(
                "npm is not installed: the output is not checked against speedscope's schema"
            )
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["npm", "pack", "--silent", f"speedscope@{SPEEDSCOPE}"], cwd=str(folder)
        )
        if done.returncode:
            pytest.skip("speedscope's schema cannot be fetched")
        with tarfile.open(str(folder / f"speedscope-{SPEEDSCOPE}.tgz")) as package:
            schema.write_bytes(
                package.extractfile("package/dist/release/file-format-schema.json").read()
            )
    return json.loads(schema.read_text())


TYPES = {"object": dict, "array": list, "string": str, "number": (int, float)}


def violations(value, rule, schema, place="$"):
    """The part of JSON Schema that speedscope's uses."""
    if "$ref" in rule:
        rule = schema["definitions"][rule["$ref"].rpartition("/")[2]]
    if "anyOf" in rule:
        found = [list(violations(value, choice, schema, place)) for choice in rule["anyOf"]]
        if all(found):
            yield min(found, key=len)[0]
        return
    unknown = set(rule) - {
        "type",
        "properties",
        "required",
        "items",
        "enum",
        "const",
        "title",
        "$ref",
    }
    assert not unknown, f"the schema uses {unknown}"
    if "type" in rule and (not isinstance(value, TYPES[rule["type"]]) or isinstance(value, bool)):
        yield f"{place} is no {rule['type']}"
        return
    if ("const" in rule and value != rule["const"]) or (
        "enum" in rule and value not in rule["enum"]
    ):
        yield f"{place} is {value!r}"
    for name in rule.get("required", ()):
        if name not in value:
            yield f"{place} lacks {name}"
    for name, inner in rule.get("properties", {}).items():
        if isinstance(value, dict) and name in value:
            yield from violations(value[name], inner, schema, f"{place}.{name}")
    if "items" in rule:
        for index, item in enumerate(value):
            yield from violations(item, rule["items"], schema, f"{place}[{index}]")


def test_the_checker_sees_violations(speedscope_schema):
    rule = {"$ref": speedscope_schema["$ref"]}
    assert list(violations({"profiles": []}, rule, speedscope_schema))
    profile = {"type": "sampled", "name": "x", "unit": "parsecs", "startValue": 0, "endValue": 0}
    whole = {"$schema": "https://www.speedscope.app/file-format-schema.json", "profiles": [profile]}
    whole["shared"] = {"frames": []}
    assert list(violations(whole, rule, speedscope_schema))


@pytest.mark.parametrize("more", [[], ["--by", "line"], ["--mode", "cpu"]], ids=" ".join)
def test_speedscope(pyrometer, capture, tmp_path, speedscope_schema, more):
    done = pyrometer("convert", capture, "-o", "x.speedscope.json", *more)
    assert (done.returncode, done.stdout) == (0, "")
    assert "cannot hold" in done.stderr
    result = json.loads((tmp_path / "x.speedscope.json").read_text())
    assert list(violations(result, {"$ref": speedscope_schema["$ref"]}, speedscope_schema)) == []
    frames = result["shared"]["frames"]
    assert {"work", "main"} <= {frame["name"] for frame in frames}
    assert len(result["profiles"]) >= 2
    for profile in result["profiles"]:
        assert len(profile["samples"]) == len(profile["weights"]) > 0
        assert all(0 <= frame < len(frames) for stack in profile["samples"] for frame in stack)
        assert profile["endValue"] - profile["startValue"] == sum(profile["weights"])
    if not more:
        # The second thread began when the first had long run.
        assert len({profile["startValue"] for profile in result["profiles"]}) > 1


def folded(text):
    lines = [re.fullmatch(r"(.+) (\d+)", line) for line in text.splitlines()]
    assert all(lines)
    return {line[1]: int(line[2]) for line in lines}


def test_folded_adds_up(pyrometer, capture):
    with sqlite3.connect(str(capture)) as database:
        (wall,) = database.execute("SELECT sum(wall) FROM totals").fetchone()
    plain = folded(pyrometer("convert", capture, "-o", "-", "--to", "folded").stdout)
    lines = folded(
        pyrometer("convert", capture, "-o", "-", "--to", "folded", "--by", "line").stdout
    )
    threads = folded(pyrometer("convert", capture, "-o", "-", "--to", "folded", "--threads").stdout)
    assert any(
        stack.startswith("<module> (work.py);main (work.py);work (work.py)") for stack in plain
    )
    assert any(re.search(r";work \(work\.py:\d+\)", stack) for stack in lines)
    assert any(";other (thread " in stack for stack in threads)
    assert sum(plain.values()) == sum(lines.values()) == sum(threads.values())
    # Two threads for half a second and a little.
    assert sum(plain.values()) > 800_000
    assert abs(sum(plain.values()) - wall / 1000) <= 1


def test_modes_are_parts_of_the_wall(pyrometer, capture):
    """Running and waiting are all of it, and what is waited for is all of the waiting."""
    sums = {}
    for mode in ("wall", "cpu", "wait", "gil", "gil_wait", "lock", "io", "net", "sleep"):
        done = pyrometer("convert", capture, "-o", "-", "--to", "folded", "--mode", mode)
        assert done.returncode == 0
        sums[mode] = sum(folded(done.stdout).values())
        speedscope = pyrometer("convert", capture, "-o", "-", "--to", "speedscope", "--mode", mode)
        weights = [sum(track["weights"]) for track in json.loads(speedscope.stdout)["profiles"]]
        assert abs(sum(weights) / 1000 - sums[mode]) <= 0.02 * sums["wall"], mode
    assert abs(sums["cpu"] + sums["wait"] - sums["wall"]) <= 3
    waits = sums["gil_wait"] + sums["lock"] + sums["io"] + sums["net"] + sums["sleep"]
    assert 0 < waits <= sums["wait"] + 3
    # Two threads that want it all the time.
    assert sums["gil"] > 0.2 * sums["wall"]


def test_list_of_formats(pyrometer):
    done = pyrometer("convert", "--to", "list")
    assert done.returncode == 0
    assert "folded" in done.stdout and "*.speedscope.json" in done.stdout


def test_files_are_handled_with_care(pyrometer, refused, capture, tmp_path):
    (tmp_path / "x.folded").write_text("mine")
    refused(125, ["x.folded", "exists", "--force"], "convert", capture, "-o", "x.folded")
    assert (tmp_path / "x.folded").read_text() == "mine"
    done = pyrometer("convert", "-q", "--force", capture, "-o", "x.folded")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert folded((tmp_path / "x.folded").read_text())
    assert pyrometer("convert", "-q", capture, "-o", "/dev/stdout", "--to", "folded").stdout
    refused(125, ["no/such"], "convert", capture, "-o", "no/such/x.folded")
    refused(64, ["folder"], "convert", capture, "-o", tmp_path, "--to", "folded")
    # Nothing else was left behind, the capture was not changed.
    assert os.listdir(str(tmp_path)) == ["x.folded"]


def test_a_capture_that_is_none(refused, capture, tmp_path):
    (tmp_path / "empty.pyro").touch()
    (tmp_path / "text.pyro").write_text("this is no capture\n" * 100)
    (tmp_path / "cut.pyro").write_bytes(capture.read_bytes()[:5000])
    with sqlite3.connect(str(tmp_path / "other.pyro")) as database:
        database.execute("CREATE TABLE recipes (name)")
    for command in (["report"], ["view", "--no-open"], ["convert", "-o", "y.folded"], ["query"]):
        sql = ["SELECT 1"] if command == ["query"] else []
        for name in ("missing.pyro", "empty.pyro", "text.pyro", "cut.pyro", "other.pyro", "."):
            refused(125, [name], *command, name, *sql)
    assert not (tmp_path / "y.folded").exists()


def test_a_capture_of_a_newer_pyrometer(refused, capture, tmp_path):
    shutil.copy(str(capture), str(tmp_path / "newer.pyro"))
    with sqlite3.connect(str(tmp_path / "newer.pyro")) as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    for command in (["report"], ["view", "--no-open"], ["convert", "-o", "y.folded"]):
        refused(125, ["newer.pyro", "999"], *command, "newer.pyro")


def test_hostile_names(pyrometer, tmp_path):
    """Names with what terminals and formats give a meaning to, all the way from a program."""
    name = "a;b\\n<script>\\x1b[31m"
    code = (
        "import time\nexec(compile('def f():\\n end = time.time() + 0.3\\n while time.time() < end: pass\\nf()', '"
        + name
        + "', 'exec'))"
    )
    assert pyrometer("run", "-q", "-o", "x.pyro", "-c", code).returncode == 0
    done = pyrometer("convert", "-q", "x.pyro", "-o", "-", "--to", "folded")
    (line,) = [line for line in done.stdout.splitlines() if re.search(r"f \(a", line)]
    assert "\x1b" not in done.stdout
    assert line.count("a,b\\n<script>") == 2  # <module> and f, each one frame
    assert int(line.rpartition(" ")[2]) > 100_000
    pyrometer("convert", "-q", "x.pyro", "-o", "x.speedscope.json")
    files = {
        frame.get("file")
        for frame in json.loads((tmp_path / "x.speedscope.json").read_text())["shared"]["frames"]
    }
    assert "a;b\n<script>\x1b[31m" in files
    for command in (["report"], ["report", "--by", "line", "--all"], ["report", "--tree"]):
        assert "\x1b" not in pyrometer(*command, "x.pyro").stdout
