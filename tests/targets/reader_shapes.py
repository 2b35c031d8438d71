# SPDX-License-Identifier: Apache-2.0
"""Blocks one thread in each shape that a stack can have. Another thread then prints, as one line of
JSON, the stacks that the interpreter itself sees, and everything stands still until standard input
closes."""

import functools
import json
import sys
import threading
import time

shapes = []
arrived = threading.Semaphore(0)
forever = threading.Event()


def shape(function):
    shapes.append(function)
    return function


def stop(*_):
    arrived.release()
    forever.wait()
    return 0


@shape
def plain():
    stop()


@shape
def recursion(depth=200):
    if depth:
        return recursion(depth - 1)
    stop()


@shape
def recursion_to_the_limit():
    def down(depth):
        # Room for what waiting takes.
        if depth == 0:
            return stop()
        return down(depth - 1)

    down(sys.getrecursionlimit() - 100)


@shape
def generators():
    def inner():
        yield 1
        stop()
        yield 2

    def outer():
        yield from inner()

    for _ in outer():
        pass


@shape
def coroutines():
    class Awaitable:
        def __await__(self):
            stop()
            yield

    async def leaf():
        await Awaitable()

    async def middle():
        await leaf()

    async def agen():
        await middle()
        yield 1

    async def root():
        async for _ in agen():
            pass

    root().send(None)


@shape
def class_bodies():
    class Outer:
        class Inner:
            stop()


@shape
def lambdas():
    (lambda f: (lambda: f())())(stop)


@shape
def comprehensions():
    [[{stop(): j for j in range(2)} for i in range(2)] for k in (1, 2)]


@shape
def generator_expressions():
    sum(stop() for _ in range(3))


@shape
def through_c():
    sorted([3, 1, 2], key=lambda value: list(map(functools.partial(stop, value), [1])))


@shape
def methods():
    class Base:
        def __init__(self):
            self.value = self.compute

        @property
        def compute(self):
            return self["key"]

        @classmethod
        def build(cls):
            return cls()

    class Derived(Base):
        def __init__(self):
            super().__init__()

        def __getitem__(self, key):
            with self:
                pass

        def __enter__(self):
            return Derived.helper()

        def __exit__(self, *_):
            pass

        @staticmethod
        def helper():
            return stop()

    Derived.build()


@shape
def finalizers():
    class Resource:
        def __del__(self):
            stop()

    resource = Resource()
    del resource


@shape
def many_lines():
    value = [
        1,
        2,
        stop(
            3,
            4,
        ),
    ]
    return value


@shape
def handlers():
    try:
        try:
            raise ValueError("x")
        finally:
            int("1")
    except ValueError:
        for _ in range(1):
            stop()
    else:
        pass


@shape
def unicode_names():
    space = {"stop": stop}
    source = (
        "def café():\n  stop()\n"
        "def 函数():\n  café()\n"
        "def \U00010330\U00010331():\n\n  函数()\n"
        "class Größe:\n  def 測る(self):\n    \U00010330\U00010331()\n"
    )
    exec(compile(source, "файл-\U0001f600.py", "exec"), space)
    space["Größe"]().測る()


@shape
def compiled():
    exec("def f():\n\n\n  exec('stop()')\nf()", {"stop": stop})


@shape
def evaluated():
    eval("(lambda: [stop() for _ in (1,)])()", {"stop": stop})


@shape
def long_function():
    # A line table of many kilobytes, lines that go back and forth, more than 255 at once.
    body = "".join("  x = (x +\n\n   1)\n" if i % 3 else "  x = f(x)\n" for i in range(4000))
    source = "def long(x, f):\n" + body + "\n" * 700 + "  stop()\n"
    space = {"stop": stop}
    exec(compile(source, "long.py", "exec"), space)
    space["long"](0, abs)


@shape
def long_names():
    name = "n" * 900
    space = {"stop": stop}
    exec(compile("def %s():\n  stop()\n" % name, "d/" * 500 + "f.py", "exec"), space)
    space[name]()


@shape
def closures():
    cell = 1

    def with_cells(argument):
        other = argument

        def inner():
            return stop(cell, other)

        return inner()

    with_cells(2)


def frames_of(frame):
    found = []
    while frame is not None:
        code = frame.f_code
        qualname = getattr(code, "co_qualname", code.co_name)
        found.append(
            [code.co_name, qualname, code.co_filename, code.co_firstlineno, frame.f_lineno]
        )
        frame = frame.f_back
    return found


def tell():
    for _ in shapes:
        arrived.acquire()
    # Let them all get from the semaphore into the wait.
    last = None
    while True:
        time.sleep(0.1)
        now = {i: frames_of(f) for i, f in sys._current_frames().items()}
        now.pop(threading.get_ident())
        if now == last:
            break
        last = now
    threads = []
    for thread in threading.enumerate():
        if thread.ident in now:
            threads.append(
                {
                    "pthread": thread.ident,
                    "native_id": thread.native_id,
                    "name": thread.name,
                    "main": thread is threading.main_thread(),
                    "frames": now[thread.ident],
                }
            )
    print(json.dumps({"threads": threads}), flush=True)
    sys.stdin.read()
    forever.set()


if __name__ == "__main__":
    threading.stack_size(64 << 20)
    # The first of them is the main thread's.
    for function in shapes[1:]:
        threading.Thread(target=function, name=function.__name__ + "-é✓", daemon=True).start()
    threading.Thread(target=tell, name="tell", daemon=True).start()
    shapes[0]()
