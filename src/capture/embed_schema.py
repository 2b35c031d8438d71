# SPDX-License-Identifier: Apache-2.0
"""Turns schema.sql into a C string: python3 embed_schema.py schema.sql schema_text.c"""

import sys

source, output = sys.argv[1:3]
with open(source, encoding="utf-8") as file:
    lines = file.read().splitlines()
with open(output, "w", encoding="utf-8") as file:
    file.write("/* Made from schema.sql: edit that. */\n")
    file.write('#include "capture/schema.h"\n\n')
    file.write("const char pyro_schema_text[] =")
    for line in lines:
        if line and not line.startswith("--"):
            text = line.replace("\\", "\\\\").replace('"', '\\"')
            file.write(f'\n\t"{text}\\n"')
    file.write(";\n")
