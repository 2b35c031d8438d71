# SPDX-License-Identifier: Apache-2.0
"""A terminal that a program draws on: what stands there, keys, its size, and what is left of it."""

import errno
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import pyte
from executable import EXECUTABLE, plain_environment


class Screen:
    """The executable on a pseudo-terminal that is the terminal of its session."""

    def __init__(self, *arguments, columns=80, lines=24, env=None):
        self.master, self.slave = pty.openpty()
        self.shown = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.shown)
        self.raw = b""
        self.set_size(columns, lines)
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            [str(EXECUTABLE), *map(str, arguments)],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=plain_environment(**{"TERM": "xterm-256color", **(env or {})}),
            preexec_fn=self.take_terminal,
        )

    def take_terminal(self):
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def set_size(self, columns, lines):
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, size)

    def resize(self, columns, lines):
        self.shown.resize(lines, columns)
        self.set_size(columns, lines)

    def read(self, seconds):
        """Takes what was drawn. False once nothing more can come."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError as error:
            assert error.errno == errno.EIO
            return False
        self.raw += data
        self.stream.feed(data)
        return bool(data)

    @property
    def text(self):
        return "\n".join(line.rstrip() for line in self.shown.display)

    def wait(self, condition, seconds=30):
        """Until the text is as wanted: a word in it, or a function of it."""
        deadline = time.monotonic() + seconds
        wanted = condition if callable(condition) else lambda text: condition in text
        while not wanted(self.text):
            assert time.monotonic() < deadline, "waited in vain:\n" + self.text
            assert self.process.poll() is None, "it has ended:\n" + self.text
            self.read(0.05)
        return self.text

    def press(self, keys):
        os.write(self.master, keys.encode())

    def ended(self, seconds=20):
        """Its exit status; what it says last is taken too."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it does not end:\n" + self.text
            self.read(0.05)
        while select.select([self.master], [], [], 0)[0] and self.read(0):
            pass
        return self.process.returncode

    def restored(self):
        """The terminal is as it was: its modes, the usual screen, the cursor."""
        return (
            termios.tcgetattr(self.slave) == self.before
            and self.raw.rfind(b"\x1b[?1049l") > self.raw.rfind(b"\x1b[?1049h")
            and self.raw.rfind(b"\x1b[?25h") > self.raw.rfind(b"\x1b[?25l")
        )

    def hang_up(self):
        """The terminal goes away."""
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = None

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        if self.master is not None:
            os.close(self.slave)
            os.close(self.master)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()
