# SPDX-License-Identifier: Apache-2.0
"""C source as tokens, good enough for checks that comments and strings must not trip."""

import re

TOKEN = re.compile(
    r"""
    (?P<comment>/\*.*?\*/|//(?:\\\n|[^\n])*)
  | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*")
  | (?P<char>[uUL]?'(?:\\.|[^'\\\n])*')
  | (?P<name>[A-Za-z_]\w*)
  | (?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
  | (?P<arrow>->)
  | (?P<other>\S)
    """,
    re.X | re.S,
)


def tokens(text):
    """Yields (line, kind, text) of everything but comments and white space."""
    line = 1
    at = 0
    for match in TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        if match.lastgroup != "comment":
            yield line, match.lastgroup, match.group()


def without_comments(text):
    """The text with comments blanked out, line numbers kept."""

    def blank(match):
        if match.lastgroup != "comment":
            return match.group()
        return re.sub(r"[^\n]", " ", match.group())

    return TOKEN.sub(blank, text)
