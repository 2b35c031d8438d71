"""Reads a capture as docs/capture.md describes it: SQLite, with packed samples in chunks."""

import ctypes
import ctypes.util
import sqlite3

from beside.environment import Unavailable

PROVED = ("interrupt", "switch", "proc", "stop", "still", "same")
# The order is that of the ids in a chunk's flags.
PROOFS = ("switch", "proc", "stop", "still", "same", "reread", "none", "interrupt")
COLUMNS = 7  # flags, times, stacks, walls, cpus, runs, reasons
FLAG_RUN = 0x80


def connect(path):
    try:
        database = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
        database.execute("SELECT 1 FROM meta LIMIT 1").fetchall()
    except sqlite3.Error as error:
        raise Unavailable("%s is not a capture: %s" % (path, error)) from None
    return database


def quality(path):
    """The quality counters by name."""
    database = connect(path)
    try:
        return dict(database.execute("SELECT name, value FROM quality"))
    finally:
        database.close()


def meta(path):
    database = connect(path)
    try:
        return dict(database.execute("SELECT key, value FROM meta"))
    finally:
        database.close()


def tracks(path):
    """[{column: value}] with the sum of the samples' wall and cpu as sampled_wall, sampled_cpu."""
    database = connect(path)
    database.row_factory = sqlite3.Row
    try:
        rows = database.execute(
            "SELECT tracks.*, coalesce(sum(totals.wall), 0) AS sampled_wall,"
            " coalesce(sum(totals.cpu), 0) AS sampled_cpu"
            " FROM tracks LEFT JOIN totals ON totals.track = tracks.id GROUP BY tracks.id"
        )
        return [dict(row) for row in rows]
    finally:
        database.close()


def stacks(path):
    """(frames from the outermost on, samples, are they proved) for every stack and kind of proof."""
    database = connect(path)
    try:
        tree = {
            row[0]: row[1:]
            for row in database.execute(
                "SELECT stacks.id, stacks.parent, frame_names.name, frame_names.file,"
                " frame_names.line FROM stacks"
                " JOIN frame_names ON frame_names.frame = stacks.frame"
            )
        }
        counts = {}
        chunks = database.execute("SELECT encoding, size, data FROM chunks")
        for encoding, size, data in chunks:
            if encoding != 2:
                raise Unavailable("chunks of encoding %d are not known here" % encoding)
            for stack, proof, samples in records(unpack(data, size)):
                key = stack, PROOFS[proof] in PROVED
                counts[key] = counts.get(key, 0) + samples
    finally:
        database.close()
    for (stack, proved), samples in counts.items():
        frames = []
        while stack is not None:
            parent, name, file, line = tree[stack]
            frames.append((name, file, line))
            stack = parent
        yield frames[::-1], samples, proved


def records(data):
    """(stack or None, proof, samples) for every record of an unpacked chunk."""
    count, at = varint(data, 0)
    sizes = []
    for _ in range(COLUMNS):
        size, at = varint(data, at)
        sizes.append(size)
    columns = []
    for size in sizes:
        columns.append(data[at : at + size])
        at += size
    flags, _, stack_ids, _, _, runs, _ = columns
    at = run_at = 0
    for index in range(count):
        stack, at = varint(stack_ids, at)
        samples = 1
        if flags[index] & FLAG_RUN:
            more, run_at = varint(runs, run_at)
            _, run_at = varint(runs, run_at)  # its span
            _, run_at = varint(runs, run_at)  # its wall
            samples += more
        yield stack - 1 if stack else None, flags[index] >> 3 & 7, samples


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def unpack(data, size):
    """Zstandard, by the system's own library: Python has none before 3.14."""
    name = ctypes.util.find_library("zstd") or "libzstd.so.1"
    try:
        library = ctypes.CDLL(name)
    except OSError:
        raise Unavailable("no libzstd here to read the capture with") from None
    library.ZSTD_decompress.restype = ctypes.c_size_t
    library.ZSTD_decompress.argtypes = [
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_char_p,
        ctypes.c_size_t,
    ]
    room = ctypes.create_string_buffer(size)
    got = library.ZSTD_decompress(room, size, bytes(data), len(data))
    if got != size:
        raise Unavailable("a chunk of the capture is damaged")
    return room.raw
