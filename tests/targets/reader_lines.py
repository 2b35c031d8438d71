# SPDX-License-Identifier: Apache-2.0
"""Prints, for every code object of many modules of the library and some made up to be hard, a line
of JSON: version, first line, bytes of instructions, line table, and the line of every instruction
as the interpreter's own decoder has it (null: none)."""

import dis
import json
import os
import sys
import types

MODULES = (
    "abc argparse ast asyncio/base_events asyncio/tasks bdb calendar codecs collections/__init__ "
    "configparser csv dataclasses datetime decimal difflib doctest enum fractions functools gzip "
    "heapq inspect json/decoder logging/__init__ mimetypes optparse os pdb pickle platform "
    "pydoc re shutil socket statistics string subprocess tarfile tempfile textwrap threading "
    "traceback types typing unittest/case urllib/request uuid warnings weakref zipfile"
).split()

HARD = [
    "def f(x):\n" + "\n" * 1000 + "  return [\n" + "\n" * 300 + " x]\n",
    "\n" * 70000 + "x = (1 +\n\n\n  2)\n",
    "def f(x):\n" + "".join("  x = (x +\n\n   1) if x else (\n -x)\n" for _ in range(3000)),
    "def f(x):\n  return (" + " + ".join("x" for _ in range(2000)) + ")\n",
    "def f(x):\n  try:\n    with x as y, y as z:\n      yield z\n  finally:\n    del x\n",
    "async def f(x):\n  async with x:\n    async for y in x:\n      await y\n",
    "match 1:\n  case 1:\n    pass\n" if sys.version_info >= (3, 10) else "pass\n",
    "lambda: (yield)\n",
    "",
]


def codes_of(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            for inner in codes_of(constant):
                yield inner


def lines_of(code):
    size = len(code.co_code)
    lines = [None] * ((size + 1) // 2)
    if hasattr(code, "co_lines"):
        for start, end, line in code.co_lines():
            for at in range(start, min(end, size), 2):
                lines[at // 2] = line
        return lines
    starts = dict(dis.findlinestarts(code))
    line = code.co_firstlineno
    for at in range(0, size, 2):
        line = starts.get(at, line)
        lines[at // 2] = line
    return lines


def sources():
    folder = os.path.dirname(os.__file__)
    for name in MODULES:
        path = os.path.join(folder, name + ".py")
        if os.path.exists(path):
            with open(path, "rb") as file:
                yield file.read()
    for text in HARD:
        yield text


for source in sources():
    for code in codes_of(compile(source, "x.py", "exec")):
        table = code.co_linetable if sys.version_info >= (3, 10) else code.co_lnotab
        print(
            json.dumps(
                [
                    sys.version_info[1],
                    code.co_firstlineno,
                    len(code.co_code),
                    table.hex(),
                    lines_of(code),
                ]
            )
        )
