# SPDX-License-Identifier: Apache-2.0
"""Other interpreters of this process, by whichever module this version of CPython has for them."""

try:
    import _interpreters
except ImportError:
    import _xxsubinterpreters as _interpreters

INSIDE = "inside"  # the name that a program has there

create = _interpreters.create
# run(interpreter, source): in its __main__, in this thread, which waits for it.
run = getattr(_interpreters, "exec", None) or _interpreters.run_string


def make(path):
    """An interpreter that knows what the program at `path` defines when its name is INSIDE."""
    interpreter = create()
    source = "__name__ = %r; exec(compile(open(%r).read(), %r, 'exec'))"
    failed = run(interpreter, source % (INSIDE, path, path))  # 3.13 on returns what went wrong
    if failed:
        raise RuntimeError(failed)
    return interpreter
