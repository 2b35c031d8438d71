# SPDX-License-Identifier: Apache-2.0
"""Blocks one thread in each of some functions whose variables hold values of every kind. Prints, as
one line of JSON, what they are: {function: {variable: [kind, text]}}, the text being Python's own
repr where nothing else is said. Everything stands still until standard input closes."""

import asyncio
import collections
import dataclasses
import datetime
import decimal
import enum
import json
import os
import pathlib
import sys
import threading

functions = []
truth = {}
arrived = threading.Semaphore(0)
forever = threading.Event()


def shape(function):
    functions.append(function)
    return function


def kind_of(code, name):
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & 4) + bool(code.co_flags & 8)
    if name in code.co_varnames[:count]:
        return "argument"
    if name in code.co_cellvars:
        return "cell"
    return "free" if name in code.co_freevars else "local"


def tell(frame, said, only=None):
    """What the variables of a frame are: @said where Python's repr is not what is shown."""
    code = frame.f_code
    truth[code.co_name] = {
        name: [kind_of(code, name), said[name] if name in said else repr(value)]
        for name, value in frame.f_locals.items()
        if only is None or name in only
    }


def stop(said=(), only=None):
    tell(sys._getframe(1), dict(said), only)
    arrived.release()
    forever.wait()


def at(value, kind=None):
    kind = kind or type(value)
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = kind.__module__ + "." + name
    return "<%s at %#x" % (name, id(value))


@shape
def numbers():
    none, ellipsis, missing, true, false = None, ..., NotImplemented, True, False
    zero, one, minus, small = 0, 1, -1, 255
    digit, digits, negative = 2**30 - 1, 2**30, -(2**60) - 12345
    long, longest = 10**50, -(2**1200 - 1)
    huge, negative_huge = 0x123456789ABCDEF << 5000, -(1 << 9999)
    whole, minus_zero, short, sum_ = 1.0, -0.0, 0.1, 0.1 + 0.2
    large, larger, tiny, tinier = 1e15, 1e16, 1e-4, 0.00001
    most, least, precise = 1.7976931348623157e308, 5e-324, 123456789.123456789
    infinite, minus_infinite, nan = float("inf"), float("-inf"), float("nan")
    i, complex_, complex_minus, complex_nan = 1j, 1.5 - 2j, complex(-0.0, 3), complex("nan+infj")

    class Int(int):
        pass

    class Float(float):
        pass

    derived, derived_float = Int(7), Float(2.5)
    stop(
        {
            "huge": "0x123456789... (5057 bits)",
            "negative_huge": "-0x80000000... (10000 bits)",
            "derived": "Int(7)",
            "derived_float": "Float(2.5)",
        }
    )


@shape
def texts():
    empty, plain, quote, quotes, both = "", "plain", "it's", 'say "x"', 'it\'s "x"'
    controls, backslash, latin, wide = "\n\r\t\0\x1b\x7f\x9f", "a\\b", "café", "函数"
    wider, surrogate, invisible, space = "😀x", "a\ud800b", "a\u2028b\u202ec", "a\xa0b\u3000"
    long, no_bytes, some_bytes = "é" * 200, b"", b"a'b\x00\xff\n"
    many_bytes, array, no_array = bytes(200), bytearray(b"abc"), bytearray()
    crowd, byte_crowd = "x" * 1000, b"y" * 300
    front = bytearray(b"0123456789")
    del front[:3]

    class Str(str):
        pass

    derived = Str("déjà")
    stop(
        {
            "crowd": repr("x" * 200) + "... 800 more",
            "byte_crowd": repr(b"y" * 200) + "... 100 more",
            "derived": "Str('déjà')",
        }
    )


@shape
def containers():
    nothing = [[], (), {}, set(), frozenset()]
    a_list, pair, single = [1, "two", None], (1, 2.5), (1,)
    nested = [[1, [2, [3]]], {"a": {"b": ()}}]
    deep = [[[[[1, 2], []]]]]
    a_set, frozen = {1, 2, 3}, frozenset(["x"])
    discarded = set(range(10))
    for number in range(8):
        discarded.discard(number)
    wide_set = {12345}
    many, many_tuple = list(range(100)), tuple(range(17))
    crowd = set(range(40))
    queue = collections.deque([1, 2], maxlen=5)
    long_queue = collections.deque(range(200))
    for number in range(60):
        long_queue.popleft()
    no_queue = collections.deque()
    span, stepped, cut = range(10), range(5, 0, -1), slice(1, None, 2)
    itself = [1]
    itself.append(itself)
    round_ = []
    round_.append((round_, {"r": round_}))

    class List(list):
        pass

    derived = List([1])
    stop(
        {
            "deep": "[[[[[... 2 more], []]]]]",
            "many": repr(list(range(16)))[:-1] + ", ... 84 more]",
            "many_tuple": repr(tuple(range(16)))[:-1] + ", ... 1 more)",
            "crowd": repr(set(range(16)))[:-1] + ", ... 24 more}",
            "long_queue": "deque(" + repr(list(range(60, 76)))[:-1] + ", ... 124 more])",
            "derived": "List([1])",
        }
    )


@shape
def dicts():
    class Plain:
        pass

    empty, words, mixed = {}, {"a": 1, "b": [2]}, {1: "one", (2, 3): None, "x": 1.5}
    gone = {"k%d" % i: i for i in range(12)}
    for i in range(10):
        del gone["k%d" % i]
    queue = {i: i for i in range(300)}
    for i in range(298):
        del queue[i]
    many = {i: -i for i in range(1000)}
    wide = {"é": 1, "函": 2}
    one, two = Plain(), Plain()
    one.first, one.second = 1, 2
    two.first, two.second = 3, 4
    shared, other = one.__dict__, two.__dict__
    itself = {}
    itself["me"] = itself
    ordered = collections.OrderedDict([("z", 1), ("a", 2)])
    no_order = collections.OrderedDict()
    default = collections.defaultdict(list, {"a": [1]})
    counter = collections.Counter("aab")
    stop(
        {
            "many": repr({i: -i for i in range(16)})[:-1] + ", ... 984 more}",
            "one": at(one) + " first=1, second=2>",
            "two": at(two) + " first=3, second=4>",
        }
    )


@dataclasses.dataclass
class Point:
    x: int
    y: "Point" = None
    tags: list = dataclasses.field(default_factory=list)


class Color(enum.Enum):
    RED = 1
    BLUE = "b"


class Level(enum.IntEnum):
    LOW = 3


class Bits(enum.Flag):
    A = 1
    B = 2


class Slots:
    __slots__ = ("first", "second", "unset")

    def __init__(self):
        self.first, self.second = 1, "two"


class Both(Slots):
    def __init__(self):
        super().__init__()
        self.third = [3]


class Hostile:
    """Whose code must not be run."""

    def __init__(self):
        self.value = 1

    def __repr__(self):
        os._exit(7)


class Meta(type):
    pass


class Made(metaclass=Meta):
    pass


class Failed(ValueError):
    pass


Pair = collections.namedtuple("Pair", "left right")


class Triple(Pair):
    pass


async def waits():
    pass


@shape
def instances():
    class Local:
        def method(self):
            pass

    point = Point(1, Point(2), ["t"])
    loop = Point(1)
    loop.y = loop
    color, blue, level, bit = Color.RED, Color.BLUE, Level.LOW, Bits.B
    slots, both, hostile, bare, plain = Slots(), Both(), Hostile(), object(), Local()
    in_list = [hostile]
    in_lists = [[hostile]]
    many = Local()
    for i in range(40):
        setattr(many, "a%d" % i, i)
    later = Local()
    later.a, later.b = 1, 2
    del later.a
    pair, triple, plain_tuple = Pair(1, "r"), Triple(3, 4), type("Tup", (tuple,), {})((1, 2))
    error, bare_error, os_error = ValueError("bad", 3), KeyError(), FileNotFoundError(2, "none")
    failed, stop_ = Failed("é"), StopIteration()
    cls, builtin_class, made, function = Local, dict, Made, instances
    meta_made, lambda_, module = Made(), lambda: 0, json
    generator, coroutine = (x for x in ()), waits()
    method, builtin, builtin_method = plain.method, len, [].append
    stop(
        {
            "loop": "Point(x=1, y=..., tags=[])",
            "slots": at(slots) + " first=1, second='two'>",
            "both": at(both) + " first=1, second='two', third=[3]>",
            "hostile": at(hostile) + " value=1>",
            "in_list": "[" + at(hostile) + " value=1>]",
            "in_lists": "[[" + at(hostile) + ">]]",
            "bare": at(bare) + ">",
            "plain": at(plain) + ">",
            "many": at(many) + " " + ", ".join("a%d=%d" % (i, i) for i in range(16)) + ", ...>",
            "later": at(later) + " b=2>",
            "meta_made": at(meta_made) + ">",
            "plain_tuple": "Tup((1, 2))",
            "method": "<bound method instances.<locals>.Local.method of " + at(plain) + ">>",
            "module": "<module 'json'>",
            "level": "<Level.LOW: 3>",
        }
    )


@shape
def library():
    date, no_time = datetime.date(2024, 2, 29), datetime.time()
    time_, stamp = datetime.time(1, 2, 3, 456), datetime.datetime(1999, 12, 31, 23, 59)
    zone = datetime.timezone(datetime.timedelta(hours=-5, minutes=30))
    named = datetime.timezone(datetime.timedelta(hours=1), "CET")
    aware = datetime.datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)
    folded = datetime.datetime(2024, 1, 2, 3, 4, 5, fold=1, tzinfo=zone)
    delta, no_delta = datetime.timedelta(days=-1, microseconds=5), datetime.timedelta()
    money, big, exponent = map(decimal.Decimal, ("1.50", "-" + "9" * 60, "1E+20"))
    tiny, zero, minus_zero = map(decimal.Decimal, ("1.5E-10", "0", "-0.00"))
    infinite, nan = map(decimal.Decimal, ("-Infinity", "NaN"))
    path, relative = pathlib.Path("/usr/lib/x.py"), pathlib.PurePosixPath("a/b")
    joined, here, asked = pathlib.Path("/usr") / "share", pathlib.Path("."), pathlib.Path("/é")
    str(asked)
    stop()


@shape
def scopes():
    def outer(first, second, *rest, cell_argument, option=None, **more):
        cell, unbound_cell = "in a cell", 1
        deleted = 1
        del deleted, unbound_cell

        def inner(own):
            nonlocal unbound_cell
            local = [cell, cell_argument]
            if not local:
                never = 1
                unbound_cell = never
            stop()
            return own

        tell(sys._getframe(), {})
        inner("own")

    outer(1, 2, 3, 4, cell_argument="both", extra="e")


@shape
def generators():
    def generator(argument):
        for item in [10, 20]:
            local = item + argument
            if item == 20:
                stop()
            yield local

    squares = [number for number in generator(5)]
    return squares


@shape
def coroutines():
    async def leaf(argument):
        local = {"in": "leaf"}
        stop()
        return argument, local

    async def middle():
        before = "await"
        await leaf(before)

    asyncio.run(middle())


@shape
def class_body():
    class Body:
        number, text = 5, "five"
        items = [number]
        stop(only=("number", "text", "items"))

    return Body


@shape
def crowded():
    scope = {}
    names = ["v%03d" % i for i in range(200)]
    code = "def crowd(stop):\n" + "".join(" %s = %d\n" % (n, i) for i, n in enumerate(names))
    exec(code + " stop({'stop': 'x'}, %r)\n" % names[:100], scope)
    scope["crowd"](stop)


def main():
    for function in functions:
        threading.Thread(target=function, daemon=True, name=function.__name__).start()
    for _ in functions:
        arrived.acquire()
    truth["<module>"] = {name: ["global", repr(value)] for name, value in EXPECTED.items()}
    print(json.dumps(truth), flush=True)
    sys.stdin.read()
    os._exit(0)


global_number, global_list = 42, [1, "two"]
EXPECTED = {"global_number": global_number, "global_list": global_list}
if __name__ == "__main__":
    main()
