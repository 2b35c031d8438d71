# SPDX-License-Identifier: Apache-2.0
"""Tasks that measure themselves: says at the end how long each kind lived, ran and waited.

known_async.py SECONDS [FOLDER WITH UVLOOP]: prints one JSON object.
"""

import asyncio
import json
import sys
import time

SECONDS = float(sys.argv[1])
clocks = {}


class Clock:
    """What the tasks of one coroutine spent, by their own account."""

    def __init__(self):
        self.tasks = 0
        self.life = self.cpu = self.waiting = self.blocked = 0.0


class Life:
    """Of one task."""

    def __init__(self, name, begin=None):
        self.clock = clocks.setdefault(name, Clock())
        self.begin = begin

    def __enter__(self):
        self.clock.tasks += 1
        self.begin = self.begin or time.perf_counter()
        return self

    def __exit__(self, *_):
        self.clock.life += time.perf_counter() - self.begin

    def burn(self, seconds):
        begin = time.thread_time()
        while time.thread_time() < begin + seconds:
            sum(i * i for i in range(100))
        self.clock.cpu += time.thread_time() - begin

    async def wait(self, what):
        begin = time.perf_counter()
        try:
            return await what
        finally:
            self.clock.waiting += time.perf_counter() - begin


async def rest(seconds):
    await asyncio.sleep(seconds)


async def worker(end):
    """Runs for a fifth of its time, and is asleep for the rest."""
    with Life("worker") as life:
        while time.perf_counter() < end:
            life.burn(0.005)
            await life.wait(rest(0.02))


async def blocker(end):
    """Holds up its loop now and then."""
    with Life("blocker") as life:
        while time.perf_counter() < end:
            begin = time.perf_counter()
            time.sleep(0.03)
            life.clock.blocked += time.perf_counter() - begin
            await life.wait(rest(0.07))


async def holder(lock, end):
    with Life("holder") as life:
        async with lock:
            await life.wait(rest(end - time.perf_counter()))


async def suitor(lock):
    with Life("suitor") as life:
        await life.wait(lock.acquire())
        lock.release()


async def inner(end):
    with Life("inner") as life:
        await life.wait(rest(end - time.perf_counter()))


async def timed(end):
    with Life("timed") as life:
        await life.wait(asyncio.wait_for(inner(end), 1000))


async def numbers(end):
    while time.perf_counter() < end:
        await asyncio.sleep(0.05)
        yield 1


async def counter(end):
    with Life("counter"):
        async for _ in numbers(end):
            pass


async def brief(begin):
    with Life("brief", begin) as life:
        life.burn(0.0005)
        await life.wait(rest(0.004))


async def spawner(end):
    """Many tasks, none of which lives long."""
    with Life("spawner") as life:
        while time.perf_counter() < end:
            await life.wait(asyncio.gather(*[brief(time.perf_counter()) for _ in range(4)]))


async def leader(end):
    with Life("leader"):
        if hasattr(asyncio, "TaskGroup"):
            async with asyncio.TaskGroup() as group:
                group.create_task(member(end))
        else:
            await asyncio.gather(member(end))


async def member(end):
    with Life("member") as life:
        await life.wait(rest(end - time.perf_counter()))


def named(coroutine, name):
    task = asyncio.ensure_future(coroutine)
    task.set_name(name)
    return task


async def main():
    end = time.perf_counter() + SECONDS
    lock = asyncio.Lock()
    with Life("main"):
        await asyncio.gather(
            named(worker(end), "first worker"),
            named(worker(end), "second worker"),
            named(blocker(end), "blocker"),
            holder(lock, end),
            suitor(lock),
            timed(end),
            counter(end),
            spawner(end),
            leader(end),
        )


if __name__ == "__main__":
    if sys.argv[2:]:
        sys.path.insert(0, sys.argv[2])
        import uvloop

        uvloop.install()
    asyncio.run(main())
    print(json.dumps({name: vars(clock) for name, clock in clocks.items()}))
