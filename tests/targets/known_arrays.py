# SPDX-License-Identifier: Apache-2.0
"""Holds NumPy arrays and scalars in variables, and says as JSON how they are shown."""

import json
import sys

import numpy


def shown(value):
    dtype = value.dtype.name if value.dtype.kind not in "USV" else None
    names = {"U": "str", "S": "bytes", "V": "void"}
    dtype = dtype or names[value.dtype.kind]
    order = ">" if value.dtype.byteorder == ">" else ""
    dtype = dtype.split("[")[0]
    return "<numpy.ndarray shape=%s dtype=%s%s>" % (value.shape, order, dtype)


def arrays():
    line, grid, nothing = numpy.arange(10), numpy.zeros((3, 4)), numpy.array([])
    point, cube = numpy.array(5), numpy.ones((2, 3, 4), dtype="int8")
    view, swapped = grid.T[1:], numpy.arange(3, dtype=">i4")
    single, half = numpy.float32([1, 2]), numpy.float16([1])
    flags, things = numpy.array([True, False]), numpy.array([None, {}], dtype=object)
    words, bytes_ = numpy.array(["a", "bcd"]), numpy.array([b"x"])
    when = numpy.array(["2024-01-01"], dtype="datetime64[D]")
    waves = numpy.array([1j])
    table = numpy.zeros(2, dtype=[("a", "i4"), ("b", "f8")])
    whole, small, natural = numpy.int64(-7), numpy.int8(-3), numpy.uint16(65535)
    real, narrow, truth = numpy.float64(0.1), numpy.float32(0.5), numpy.bool_(True)
    said = {
        name: ["local", shown(value)]
        for name, value in locals().items()
        if isinstance(value, numpy.ndarray)
    }
    texts = dict(whole="-7", small="-3", natural="65535", real="0.1", narrow="0.5", truth="True")
    for name, text in texts.items():
        kind = type(locals()[name])
        said[name] = ["local", "%s.%s(%s)" % (kind.__module__, kind.__name__, text)]
    print(json.dumps({"arrays": said}), flush=True)
    sys.stdin.read()
    return view, swapped, point, cube, nothing, line, single, half, flags, things, words, bytes_


arrays()
