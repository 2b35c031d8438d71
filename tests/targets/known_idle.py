"""150 threads that mostly sleep, beside a main thread that works. Runs and tells its pace as the
shape programs do (shape_rules)."""

import random
import threading
import time

import shape_rules


def idle(seed):
    chance = random.Random(seed)
    while True:
        time.sleep(chance.uniform(0.2, 2))


def works(pace):
    while pace.goes_on():
        total = 0
        for number in range(20000):
            total += number * number


if __name__ == "__main__":
    options = shape_rules.parse_options(threads=150)
    for seed in range(options.threads):
        threading.Thread(target=idle, args=(seed,), daemon=True).start()
    shape_rules.say_ready()
    works(shape_rules.Pace(options))
