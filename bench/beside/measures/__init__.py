"""The measures by name, in the order of the table. Each gives rows for the options of bench/run."""

from beside.measures import (
    dump,
    fast,
    idle,
    long,
    native,
    parts,
    real,
    shapes,
    shares,
    size,
    start,
    tasks,
    waits,
)

MEASURES = {
    "shapes": shapes.at_1000,
    "pace-200": shapes.at_200,
    "native": native.measure,
    "parts": parts.measure,
    "waits": waits.measure,
    "dump": dump.measure,
    "tasks": tasks.measure,
    "idle": idle.measure,
    "fast": fast.measure,
    "long": long.measure,
    "size": size.measure,
    "start": start.measure,
    "shares": shares.measure,
    "real": real.measure,
}
