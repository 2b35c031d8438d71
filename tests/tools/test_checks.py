# SPDX-License-Identifier: Apache-2.0
"""The checks in tools/ must catch what they are for, and nothing else."""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


def load(name):
    sys.path.insert(0, str(PROJECT / "tools"))
    loader = importlib.machinery.SourceFileLoader(
        name.replace("-", "_"), str(PROJECT / "tools" / name)
    )
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


banned = load("check-banned")
includes = load("check-includes")
names = load("check-names")


@pytest.mark.parametrize(
    "code, found",
    [
        ('sprintf(a, "x");', ["sprintf"]),
        ("return strcpy\n(a, b);", ["strcpy"]),
        ("f = &system;", ["system"]),
        ("/* sprintf(a) */ // strcpy(a, b)\n", []),
        ("char *a = \"sprintf(a)\"; char b = '\"'; int c = '(';", []),
        ("x.system(1); y->exit(2); int exit; my_sprintf(a);", []),
        ("snprintf(a, 1, b);", []),
        ('"\\"" ; exit(1);', ["exit"]),
    ],
)
def test_banned(tmp_path, code, found):
    path = tmp_path / "a.c"
    path.write_text(code)
    every = banned.EVERYWHERE | banned.LIBRARY
    assert [name for _, name in banned.violations(path, every)] == found


TABLE = "```rooms\nbase:\ntarget: base\nelf: target\nview: base\ncli: all\n```\n"


def tree(tmp_path, files, table=TABLE):
    (tmp_path / "ARCHITECTURE.md").write_text(table)
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return list(includes.problems(tmp_path))


def test_includes_downward_are_allowed(tmp_path):
    files = {
        "src/elf/a.c": '#include "base/x.h"\n#include "target/y.h"\n#include "elf/a.h"\n',
        "src/cli/a.c": '#include <stdio.h>\n#include "elf/a.h"\n#include "view/a.h"\n',
        "src/base/a.c": '/* #include "elf/a.h" */\n',
    }
    assert tree(tmp_path, files) == []


@pytest.mark.parametrize(
    "name, text, word",
    [
        ("src/base/a.c", '#include "elf/a.h"', "base may not include elf"),
        ("src/view/a.h", '# include "target/a.h"', "view may not include target"),
        ("src/elf/a.c", '#include "cli/a.h"', "elf may not include cli"),
        ("src/elf/a.c", '#include "a.h"', "write"),
        ("src/utils/a.c", "", "no room has such a name"),
        ("src/other/a.c", "", "not in the table"),
        ("tests/unit/elf/a.c", "#include <python3.11/Python.h>", "Python.h"),
    ],
)
def test_includes_that_are_not(tmp_path, name, text, word):
    found = tree(tmp_path, {"src/base/ok.h": "", name: text})
    assert len(found) == 1 and word in found[0]


def test_room_table_must_make_sense():
    for block in ("base: elf\nelf: base\n", "base: lost\n", "base\n", "base: cli\ncli: all\n"):
        with pytest.raises(includes.TableError):
            includes.read_table(f"```rooms\n{block}```\n")
    with pytest.raises(includes.TableError):
        includes.read_table("no table")


def test_the_project_table_keeps_the_reader_and_the_unwinder_apart():
    allowed = includes.read_table((PROJECT / "ARCHITECTURE.md").read_text())
    assert "unwind" not in allowed["cpython"] and "cpython" not in allowed["unwind"]
    assert {"cpython", "unwind"} <= allowed["sample"]
    for room in ("format", "report", "view"):
        assert not allowed[room] & {"target", "elf", "cpython", "unwind"}


def test_names():
    host = "https://registry." + "npmjs" + ".org/x"
    assert names.HOST.search(host) and names.HOST.search("deb." + "debian.org")
    assert not names.HOST.search("npmjs and pypi are names; example.org is a host")
    for text in ('"/ro' + 'ot/.pyenv"', "cd /wo" + "rk/main", "in /ro" + "ot\n"):
        assert names.MACHINE_PATH.search(text), text
    for text in (
        "/proc/PID/root/usr",
        "/proc/%d/root",
        "/proc/<pid>/root/",
        "a/work/b",
        "/workers",
    ):
        assert not names.MACHINE_PATH.search(text), text
