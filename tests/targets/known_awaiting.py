"""A thousand tasks that sleep, three coroutines deep, and one that gathers them. Says that it is
ready, once all of them sleep, as the shape programs do (shape_rules)."""

import asyncio

import shape_rules

TASKS = 1000

asleep = 0


async def inner():
    global asleep
    asleep += 1
    await asyncio.sleep(1000)


async def middle():
    await inner()


async def outer():
    await middle()


def waiter(number):
    task = asyncio.get_running_loop().create_task(outer())
    task.set_name("waiter-%d" % number)
    return task


async def says_ready():
    while asleep < TASKS:
        await asyncio.sleep(0.001)
    shape_rules.say_ready()


async def main():
    await asyncio.gather(says_ready(), *map(waiter, range(TASKS)))


if __name__ == "__main__":
    shape_rules.parse_options()
    asyncio.run(main())
