# SPDX-License-Identifier: Apache-2.0
"""Pyrometer: where a Python program's time, memory and waiting go.

The profiler itself is the executable ``pyrometer`` that comes with this package;
``python -m pyrometer`` starts the same program.
"""


def __getattr__(name):
    if name == "__version__":
        from importlib.metadata import version

        return version("pyrometer")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
