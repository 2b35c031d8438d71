# SPDX-License-Identifier: Apache-2.0
"""Terminals of several widths, pipes that close, disks that are full."""

import os
import pty
import re
import select
import subprocess
import unicodedata

import pytest
from executable import EXECUTABLE, plain_environment

PRINTING = [
    "help",
    "help run",
    "doctor",
    "report CAPTURE",
    "convert CAPTURE -o - --to folded",
    "--version",
]


def in_terminal(columns, arguments, **environment):
    """What a terminal of that width is sent."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [str(EXECUTABLE), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=plain_environment(**environment),
    )
    os.close(theirs)
    sent = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        sent += piece
    os.close(ours)
    assert process.wait(60) == 0
    return sent.decode().replace("\r\n", "\n")


def columns_of(line):
    wide = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
    return wide - sum(1 for c in line if unicodedata.combining(c))


@pytest.mark.parametrize("columns", [40, 80, 132])
@pytest.mark.parametrize("command", ["help", "doctor", "report CAPTURE"])
def test_nothing_wraps(capture, columns, command):
    arguments = [str(capture) if word == "CAPTURE" else word for word in command.split()]
    shown = in_terminal(columns, arguments)
    assert "\x1b[" in shown
    for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines():
        assert columns_of(line) <= columns, line


@pytest.mark.parametrize("command", ["help", "doctor", "report CAPTURE"])
def test_colour_and_unicode_can_be_had_without(capture, command):
    arguments = [str(capture) if word == "CAPTURE" else word for word in command.split()]
    assert "\x1b" not in in_terminal(80, arguments, NO_COLOR="1")
    assert "\x1b" not in in_terminal(80, arguments, TERM="dumb")
    assert in_terminal(80, arguments, LC_ALL="C").isascii()


@pytest.mark.parametrize("command", PRINTING)
def test_a_closed_pipe_ends_quietly(pyrometer, capture, command):
    reading, writing = os.pipe()
    os.close(reading)
    arguments = [str(capture) if word == "CAPTURE" else word for word in command.split()]
    done = pyrometer(*arguments, *(["-q"] if "convert" in command else []), stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", PRINTING)
def test_a_full_disk_is_said(pyrometer, capture, command):
    arguments = [str(capture) if word == "CAPTURE" else word for word in command.split()]
    with open("/dev/full", "w") as full:
        done = pyrometer(*arguments, stdout=full)
    assert done.returncode == 125
    assert done.stderr.count("\n") == 1
    assert "No space left" in done.stderr


def test_closed_standard_streams(pyrometer, tmp_path):
    """No file of ours takes the number of a stream that is closed."""
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"{EXECUTABLE} run -q -o c.pyro -c 'import os; os.write(5, b\"here\")' 5>&1 <&- >&- 2>&-",
        ],
        cwd=str(tmp_path),
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    assert done.stdout == b"here"
    assert (tmp_path / "c.pyro").read_bytes().startswith(b"SQLite format 3")
