"""Three threads that share the interpreter lock, each busy and asleep in a ratio of its own."""

import threading
import time

import known_rules


def busy_a(size):
    total = 0
    for number in range(int(size)):
        total += number * number


def busy_b(size):
    total = 0
    for number in range(int(size)):
        total += number * number


def busy_c(size):
    total = 0
    for number in range(int(size)):
        total += number * number


def rest_a(size):
    time.sleep(size)


def rest_b(size):
    time.sleep(size)


def rest_c(size):
    time.sleep(size)


def waits(threads):
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    options = known_rules.arguments()
    truth = known_rules.Truth()
    threads = []
    for seed, parts in enumerate(
        (
            [(busy_a, 40000), (rest_a, 0.002)],
            [(busy_b, 20000), (rest_b, 0.006)],
            [(busy_c, 10000), (rest_c, 0.012)],
        )
    ):
        arguments = (truth, parts, options.seconds, seed)
        threads.append(threading.Thread(target=known_rules.repeat, args=arguments))
    begin = time.perf_counter(), time.thread_time()
    for thread in threads:
        thread.start()
    waits(threads)
    end = time.perf_counter(), time.thread_time()
    truth.add({"waits": (end[0] - begin[0], end[1] - begin[1])})
    truth.tell(4)
