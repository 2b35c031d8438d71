"""Rows of the table, and how they are written."""

import json
import time
from pathlib import Path

from beside.environment import PROJECT
from beside.rounds import Spread

BEGIN = "<!-- bench: %s. Written by bench/run, do not edit. -->"
END = "<!-- bench: end -->"
OURS = "pyrometer"


class Row:
    """One measure under one condition: a cell for each profiler that was asked."""

    def __init__(self, measure, condition, unit, goal=None, judge=None, digits=3):
        self.measure = measure
        self.condition = condition
        self.unit = unit
        self.goal = goal or ""
        self.judge = judge  # of our Spread: does it reach the goal?
        self.digits = digits
        self.cells = {}  # column -> Spread, or a text that says why there is none

    def reached(self):
        ours = self.cells.get(OURS)
        if not isinstance(ours, Spread) or not self.judge:
            return None
        return bool(self.judge(ours))

    def cell(self, column):
        value = self.cells.get(column)
        if value is None:
            return ""
        if not isinstance(value, Spread):
            return str(value)
        figures = [value.low, value.middle, value.high]
        texts = ["%.*f" % (self.digits, figure) for figure in figures]
        return (
            texts[1] if len(set(texts)) == 1 else "%s (%s to %s)" % (texts[1], texts[0], texts[2])
        )

    def json(self):
        return {
            "measure": self.measure,
            "condition": self.condition,
            "unit": self.unit,
            "goal": self.goal,
            "reached": self.reached(),
            "cells": {
                column: value.json() if isinstance(value, Spread) else {"missing": str(value)}
                for column, value in self.cells.items()
            },
        }


def columns(rows):
    seen = []
    for row in rows:
        seen += [column for column in row.cells if column not in seen and column != OURS]
    return [OURS] + seen


def verdict(row):
    return {True: "yes", False: "no", None: ""}[row.reached()]


def grid(rows, names):
    yield ["measure", "under", "unit", "goal", "reached"] + names
    for row in rows:
        cells = [row.cell(name) for name in names]
        yield [row.measure, row.condition, row.unit, row.goal, verdict(row)] + cells


def terminal(rows):
    """One block per row, because peers are many and terminals narrow."""
    names = columns(rows)
    lines = []
    for row in rows:
        head = "%s, %s [%s]" % (row.measure, row.condition, row.unit)
        if row.goal:
            head += "   goal %s: %s" % (row.goal, verdict(row) or "not measured")
        lines.append(head)
        for name in names:
            if row.cell(name):
                lines.append("    %-32s %s" % (name, row.cell(name)))
    return "\n".join(lines)


def markdown(rows):
    names = columns(rows)
    lines = []
    for number, cells in enumerate(grid(rows, names)):
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        if number == 0:
            lines.append("|" + "---|" * len(cells))
    return "\n".join(lines)


def machine_text(machine):
    text = "%s, %d cores%s, Linux %s, perf_event_paranoid %s, as %s user" % (
        machine["cpu"],
        machine["cores"],
        " of a virtual machine" if machine["virtual"] else "",
        machine["kernel"],
        machine["perf_event_paranoid"],
        machine["user"],
    )
    return text


def write_page(name, rows, machine, command, versions):
    """Replaces what lies between the two marks of one measure in docs/performance.md and nothing
    else, so that the measures can be taken one at a time."""
    page = PROJECT / "docs" / "performance.md"
    begin = BEGIN % name
    before, rest = page.read_text().split(begin, 1)
    after = rest.split(END, 1)[1]
    made = "Made on %s by `%s` on %s. Peers: %s." % (
        time.strftime("%Y-%m-%d"),
        command,
        machine_text(machine),
        ", ".join(versions),
    )
    parts = [begin, "", made, "", markdown(rows), "", END]
    page.write_text(before + "\n".join(parts) + after)
    return page


def write_json(path, rows, machine, command, versions):
    data = {
        "machine": machine,
        "command": command,
        "peers": versions,
        "rows": [row.json() for row in rows],
    }
    Path(path).write_text(json.dumps(data, indent=1) + "\n")
