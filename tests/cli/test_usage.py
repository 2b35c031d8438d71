# SPDX-License-Identifier: Apache-2.0
"""Help, wrong usage, man pages and completion."""

import re
import shutil
import subprocess

import pytest

COMMANDS = ["run", "attach", "dump", "top", "report", "view", "convert", "query", "doctor", "help"]


def test_version_and_help(pyrometer):
    done = pyrometer("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"pyrometer \d+\.\d+\.\d+\n", done.stdout)
    overview = pyrometer("--help")
    assert overview.returncode == 0
    assert overview.stdout == pyrometer("help").stdout == pyrometer("-h").stdout
    listed = re.findall(r"^  ([a-z]+) +[a-z]", overview.stdout.split("Commands\n")[1], re.M)
    assert listed == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(pyrometer, command):
    done = pyrometer("help", command)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: pyrometer {command}")
    assert pyrometer(command, "--help").stdout == done.stdout
    assert pyrometer(command, "--help", "--nonsense").stdout == done.stdout


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], ["no command", "pyrometer run"]),
        (["rnu", "x.py"], ["rnu", "Did you mean run?"]),
        (["shop.py"], ["shop.py", "pyrometer run shop.py"]),
        (["--rate", "5", "x.py"], ["--rate", "after the command"]),
        (["run"], ["run", "SCRIPT"]),
        (["run", "--rat", "5", "x.py"], ["--rat", "Did you mean --rate?"]),
        (["run", "-r", "fast", "x.py"], ["fast", "1kHz"]),
        (["run", "-r", "0", "x.py"], ["0", "too small"]),
        (["run", "-r", "-5", "x.py"], ["-5", "rate"]),
        (["run", "--overhead", "200%", "x.py"], ["200%", "100 %"]),
        (["run", "-d", "soon", "x.py"], ["soon", "10s"]),
        (["run", "--proof", "swich", "x.py"], ["swich", "did you mean switch?"]),
        (["run", "-m"], ["-m", "MODULE"]),
        (["run", "-X", "dev", "x.py"], ["-X", "python3 -X"]),
        (["run", "-o", "", "x.py"], ["empty"]),
        (["dump"], ["PID"]),
        (["dump", "python"], ["python", "not a process id"]),
        (["attach"], ["PID"]),
        (["attach", "python"], ["python", "not a process id"]),
        (["attach", "0"], ["0", "no process"]),
        (["attach", "99999999999999999999"], ["9999", "process"]),
        (["attach", "-1"], ["-1"]),
        (["attach", "1", "2"], ["too many", "2"]),
        (["top"], ["PID", "--all"]),
        (["top", "python"], ["python", "not a process id"]),
        (["top", "--by", "colour", "1"], ["colour", "functions"]),
        (["top", "--window", "1h", "1"], ["1h", "too large"]),
        (["top", "-n", "0", "1"], ["0", "too small"]),
        (["report"], ["CAPTURE"]),
        (["report", "--by", "colour", "x.pyro"], ["colour", "function"]),
        (["query", "x.pyro"], ["CAPTURE SQL"]),
        (["convert"], ["CAPTURE"]),
        (["convert", "x.pyro"], ["-o"]),
        (["convert", "x.pyro", "-o", "x.xyz"], ["x.xyz", "--to"]),
        (["convert", "x.pyro", "-o", "-"], ["which format", "--to folded"]),
        (["convert", "x.pyro", "-o", "y", "--to", "foldde"], ["foldde", "Did you mean folded?"]),
        (["doctor", "now"], ["too many", "now"]),
        (["help", "atach"], ["atach", "Did you mean attach?"]),
        (["run\x1b[31m"], ["run?[31m"]),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else None,
)
def test_wrong_usage_is_one_line(refused, arguments, words):
    # Control characters never reach the terminal.
    assert "\x1b" not in refused(64, words, *arguments).stderr


@pytest.mark.skipif(not shutil.which("man"), reason="man is not installed")
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_man_pages_are_clean(pyrometer, tmp_path, command):
    page = pyrometer("help", "--man", *([command] if command else []))
    assert (page.returncode, page.stderr) == (0, "")
    (tmp_path / "page.1").write_text(page.stdout)
    shown = subprocess.run(
        ["man", "--warnings", "-l", str(tmp_path / "page.1")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            "LC_ALL": "C.UTF-8",
            "PATH": "/usr/bin:/bin",
            "MANWIDTH": "80",
            "MAN_KEEP_FORMATTING": "",
        },
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    if command:
        for option in re.findall(
            r"^ +(?:-., )?(--[a-z-]+)", pyrometer("help", command).stdout, re.M
        ):
            assert option in shown.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_valid(pyrometer, tmp_path, shell):
    done = pyrometer("help", "--completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(done.stdout)
    subprocess.run([shell, "-n", "script"], cwd=str(tmp_path), check=True)


@pytest.mark.parametrize(
    "words, expected",
    [
        (["pyrometer", "co"], ["convert"]),
        (["pyrometer", "run", "--over"], ["--overhead"]),
        (["pyrometer", "run", "--proof", "s"], ["switch", "stop"]),
        (["pyrometer", "run", "-q", "--no"], ["--no-children"]),
        # What follows the program is the program's.
        (["pyrometer", "run", "-r", "5", "x.py", "--over"], []),
        (["pyrometer", "run", "-m", "pytest", "--over"], []),
        (["pyrometer", "report", "a"], ["a b.pyro"]),
        (["pyrometer", "help", "vi"], ["view"]),
    ],
    ids=" ".join,
)
def test_completion_in_bash(pyrometer, tmp_path, words, expected):
    (tmp_path / "script").write_text(pyrometer("help", "--completion", "bash").stdout)
    (tmp_path / "a b.pyro").touch()
    (tmp_path / "a.txt").touch()
    body = """
compopt() { :; }
. ./script
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_pyrometer
for reply in "${COMPREPLY[@]}"; do printf '%s\\n' "$reply"; done
"""
    done = subprocess.run(
        ["bash", "-c", body, "bash", *words],
        cwd=str(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == expected
