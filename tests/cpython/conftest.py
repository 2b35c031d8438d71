# SPDX-License-Identifier: Apache-2.0
"""Interpreters from the manifest of tools/interpreters, and programs run under them."""

import json
import os
import subprocess
import sys

import pytest
from programs import PROJECT, TARGETS, tool


def interpreters():
    command = [sys.executable, str(PROJECT / "tools" / "interpreters"), "--json"]
    done = subprocess.run(
        command + ["--require", "found"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return json.loads(done.stdout.decode() or "[]")


def pytest_generate_tests(metafunc):
    if "interpreter" in metafunc.fixturenames:
        found = interpreters()
        metafunc.parametrize(
            "interpreter",
            found,
            ids=["%s%s" % (e["full"], "-in-root" if e["root"] else "") for e in found],
        )


class Target:
    def __init__(self, interpreter, program, *arguments, before=()):
        self.interpreter = interpreter
        self.minor = int(interpreter["version"].split(".")[1])
        command = interpreter["argv"] + list(before) + ["-S", str(TARGETS / program)]
        environment = dict(os.environ, PYTHONIOENCODING="utf-8", PYTHONUTF8="1")
        self.process = subprocess.Popen(
            command + [str(argument) for argument in arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        self.line = self.process.stdout.readline().decode("utf-8")
        if not self.line:
            error = self.process.stderr.read().decode("utf-8", "replace")
            self.stop()
            raise RuntimeError(error)

    def stop(self):
        self.process.kill()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.stderr.close()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


@pytest.fixture
def target(interpreter):
    started = []

    def start(program, *arguments, before=()):
        started.append(Target(interpreter, program, *arguments, before=before))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def look():
    executable = tool("pyro-stack", "debug")

    def stacks(one, *options):
        done = subprocess.run(
            [executable] + list(options or ["--json"]) + [str(one.process.pid)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()
        text = done.stdout.decode("utf-8")
        return text if options else json.loads(text)

    return stacks
