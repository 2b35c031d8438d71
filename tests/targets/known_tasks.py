"""Tasks of asyncio in every way to wait that there is, which says as JSON what must be seen of each:
its state, what it waits for, whom it awaits, and its own functions from the innermost out.

  known_tasks.py [MORE]     that many tasks more, called more-0 and so on
"""

import asyncio
import json
import os
import sys
import threading

NESTED = 50  # coroutines that await each other
MORE = int(sys.argv[1]) if len(sys.argv) > 1 else 0

known = {}
started = []


def task(name, coroutine, state, waits_for, frames, awaits=()):
    """Starts a task of which this must be seen. Frames of asyncio itself are left out."""
    made = asyncio.get_running_loop().create_task(coroutine)
    made.set_name(name)
    started.append(made)
    known[name] = {
        "state": state,
        "waits_for": waits_for,
        "frames": frames,
        "awaits": sorted(awaits),
    }
    return made


async def rest():
    await asyncio.sleep(1000)


async def nested(depth):
    if depth > 1:
        await nested(depth - 1)
    else:
        await asyncio.Event().wait()


async def numbers():
    yield 1
    await asyncio.sleep(1000)
    yield 2


async def generated():
    async for _ in numbers():
        pass


async def sent():
    generator = numbers()
    await generator.asend(None)
    await generator.asend(None)


class Awaitable:
    def __await__(self):
        yield from asyncio.sleep(1000).__await__()


async def awaited_object():
    await Awaitable()


class Context:
    async def __aenter__(self):
        await asyncio.sleep(1000)

    async def __aexit__(self, *_):
        pass


async def entering():
    async with Context():
        pass


def comprehended():
    async def one(i):
        await asyncio.sleep(1000)
        return i

    async def all_of_them():
        return [await one(i) for i in range(3)]

    return all_of_them()


async def locked(lock):
    async with lock:
        pass


async def conditional(condition):
    async with condition:
        await condition.wait()


async def call(function, *operands):
    await function(*operands)


async def gathering(*tasks):
    await asyncio.gather(*tasks)


async def gathering_twice(one, other):
    await asyncio.gather(asyncio.gather(one), other)


async def waiting(*tasks):
    await asyncio.wait(tasks)


async def limited(awaitable):
    await asyncio.wait_for(awaitable, 1000)


async def one_of(other):
    await other


async def grouped():
    async with asyncio.TaskGroup() as group:
        for i in range(2):
            child = group.create_task(rest())
            child.set_name("group-child-%d" % i)
            known["group-child-%d" % i] = dict(known["sleep"], awaits=[])


async def timed():
    async with asyncio.timeout(1000):
        await rest()


async def pair(names, me):
    while len(names) < 2:
        await asyncio.sleep(0)
    await names[1 - me]


async def reading():
    async def serve(reader, writer):
        await asyncio.Event().wait()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, _ = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    await reader.read(1)


def leaf(ready):
    ready()


def on_the_stack(ready):
    leaf(ready)


async def running(ready):
    await on_the_way(ready)


async def on_the_way(ready):
    on_the_stack(ready)


async def settled():
    """Until every task has come to where it stays: the loop has nothing left to do but this."""
    before = None
    for _ in range(3000):
        await asyncio.sleep(0.001)
        now = [
            (one.get_name(), one._fut_waiter)
            for one in asyncio.all_tasks()
            if one is not asyncio.current_task()
        ]
        now.sort(key=lambda one: one[0])
        if now == before and all(waiter is not None for _, waiter in now):
            return
        before = now
    raise SystemExit("the tasks do not come to rest")


def finish():
    """What runs at the end is in this call, of the last task."""
    print(json.dumps(known), flush=True)
    sys.stdin.read()
    os._exit(0)  # tasks that await each other cannot be cancelled


async def main(name, ready, everything):
    asyncio.current_task().set_name(name)
    task(name + "sleep" if name != "main" else "sleep", rest(), "waiting", "sleep", ["rest"])
    if everything:
        await start_all()
    await settled()
    me = {"state": "ready", "waits_for": None, "frames": ["main"], "awaits": []}
    # It sleeps for good while the last task blocks the loop, so it is not ready.
    known[name] = dict(me, state="waiting", waits_for="tasks", awaits=["running-" + name])
    last = asyncio.get_running_loop().create_task(running(ready))
    last.set_name("running-" + name)
    known["running-" + name] = {
        "state": "running",
        "waits_for": None,
        "frames": ["leaf", "on_the_stack", "on_the_way", "running"],
        "awaits": [],
    }
    await asyncio.wait([last])


async def start_all():
    inside = ["nested"] * NESTED
    lock = asyncio.Lock()
    condition = asyncio.Condition()
    semaphore = asyncio.Semaphore(0)
    queue = asyncio.Queue()
    full = asyncio.Queue(1)
    full.put_nowait(1)
    await lock.acquire()
    task("nested", nested(NESTED), "waiting", "event", inside)
    task("generator", generated(), "waiting", "sleep", ["numbers", "generated"])
    task("asend", sent(), "waiting", "sleep", ["numbers", "sent"])
    task("object", awaited_object(), "waiting", "sleep", ["__await__", "awaited_object"])
    task("entering", entering(), "waiting", "sleep", ["__aenter__", "entering"])
    # A comprehension is a function of its own to 3.11.
    inner = ["one", "<listcomp>", "all_of_them"]
    if sys.version_info >= (3, 12):
        inner.remove("<listcomp>")
    task("comprehension", comprehended(), "waiting", "sleep", inner)
    task("lock", locked(lock), "waiting", "lock", ["locked"])
    task("semaphore", locked(semaphore), "waiting", "semaphore", ["locked"])
    task("condition", conditional(condition), "waiting", "condition", ["conditional"])
    task("queue", call(queue.get), "waiting", "queue", ["call"])
    task("full", call(full.put, 2), "waiting", "queue", ["call"])
    future = asyncio.get_running_loop().create_future()
    task("future", one_of(future), "waiting", "future", ["one_of"])
    children = [task("child-%d" % i, rest(), "waiting", "sleep", ["rest"]) for i in range(4)]
    task("task", one_of(children[0]), "waiting", "task", ["one_of"], ["child-0"])
    names = ["child-%d" % i for i in range(4)]
    task("gather", gathering(*children), "waiting", "tasks", ["gathering"], names)
    task("wait", waiting(*children[:3]), "waiting", "tasks", ["waiting"], names[:3])
    task(
        "gathers",
        gathering_twice(*children[1:3]),
        "waiting",
        "tasks",
        ["gathering_twice"],
        names[1:3],
    )
    task("wait_for", limited(children[3]), "waiting", "task", ["limited"], names[3:])
    task("reader", reading(), "waiting", "stream", ["reading"])
    both = []
    for me in range(2):
        other = "pair-%d" % (1 - me)
        both.append(task("pair-%d" % me, pair(both, me), "waiting", "task", ["pair"], [other]))
    if hasattr(asyncio, "TaskGroup"):
        child_names = ["group-child-0", "group-child-1"]
        task("group", grouped(), "waiting", "tasks", ["grouped"], child_names)
        task("timeout", timed(), "waiting", "sleep", ["rest", "timed"])
    for i in range(MORE):
        task("more-%d" % i, nested(3), "waiting", "event", ["nested"] * 3)
    if hasattr(asyncio, "eager_task_factory"):
        loop = asyncio.get_running_loop()
        loop.set_task_factory(asyncio.eager_task_factory)
        task("eager", rest(), "waiting", "sleep", ["rest"])
        loop.set_task_factory(None)
    # Ones that asyncio's own C code did not make.
    slow = asyncio.tasks._PyTask(rest(), loop=asyncio.get_running_loop())
    slow.set_name("slow")
    started.append(slow)
    known["slow"] = {"state": "waiting", "waits_for": "sleep", "frames": ["rest"], "awaits": []}


other_is_there = threading.Event()


def block():
    other_is_there.set()
    threading.Event().wait()


threading.Thread(
    target=lambda: asyncio.run(main("other", block, False)), name="other-loop", daemon=True
).start()
if not other_is_there.wait(60):
    raise SystemExit("the other loop does not start")
asyncio.run(main("main", finish, True))
