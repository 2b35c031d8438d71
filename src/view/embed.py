#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the built viewer into C: embed.py viewer.js viewer.css icon.svg OUT.c OUT.h

The header carries the hashes that the page's content security policy allows.
"""

import base64
import hashlib
import sys
import urllib.parse
from pathlib import Path


def array(name, data):
    rows = [
        "\t" + "".join("%d," % byte for byte in data[at : at + 32])
        for at in range(0, len(data), 32)
    ]
    return "const unsigned char %s[] = {\n%s\n};\nconst size_t %s_size = sizeof(%s);\n" % (
        name,
        "\n".join(rows),
        name,
        name,
    )


def policy_hash(data):
    return "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode()


def main():
    script, style, icon = (Path(path).read_bytes() for path in sys.argv[1:4])
    for name, data in (("script", script), ("style", style)):
        if b"</" + name.encode() in data.lower() or b"<!--" in data:
            sys.exit("the viewer's %s would end its own element" % name)
    Path(sys.argv[4]).write_text(
        '/* Made by embed.py. */\n#include "view/bundle.h"\n\n'
        + array("pyro_view_script", script)
        + array("pyro_view_style", style)
    )
    Path(sys.argv[5]).write_text(
        "/* Made by embed.py. */\n"
        '#define PYRO_VIEW_SCRIPT_HASH "%s"\n'
        % policy_hash(script)
        + '#define PYRO_VIEW_STYLE_HASH "%s"\n' % policy_hash(style)
        + '#define PYRO_VIEW_ICON "data:image/svg+xml,%s"\n'
        % urllib.parse.quote(icon.decode().strip(), safe="/=:,;")
    )


main()
