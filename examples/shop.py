# SPDX-License-Identifier: Apache-2.0
"""A day in a small web shop, and slower than it need be: something for a profiler to find.

It reads orders as JSON, prices them in three threads, writes them to one ledger, and a courier
comes by now and then. Try:  pyrometer run examples/shop.py
"""

import argparse
import os
import tempfile
import threading
import time
from queue import Queue

from storefront import catalogue, inbox
from storefront.ledger import Ledger
from storefront.pricing import Pricer

WORKERS = 3


def serve(orders, pricer, ledger):
    """One worker: prices orders until there are no more."""
    while True:
        text = orders.get()
        if text is None:
            return
        order = inbox.parse(text)
        total = pricer.price(order)
        ledger.enter(order, total)


def deliver(ledger, closed):
    """The courier: looks in every now and then, and mostly waits."""
    rounds = 0
    while not closed.wait(0.25):
        ledger.collect()
        rounds += 1
    return rounds


def run_day(order_count):
    products = catalogue.load(1200)
    pricer = Pricer(products)
    closed = threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(os.path.join(folder, "ledger.jsonl"))
        orders = Queue(maxsize=64)
        workers = [
            threading.Thread(target=serve, args=(orders, pricer, ledger), name=f"worker-{n + 1}")
            for n in range(WORKERS)
        ]
        courier = threading.Thread(target=deliver, args=(ledger, closed), name="courier")
        for thread in [*workers, courier]:
            thread.start()
        for text in inbox.receive(products, order_count):
            orders.put(text)
        for _ in workers:
            orders.put(None)
        for thread in workers:
            thread.join()
        closed.set()
        courier.join()
        ledger.close()
    return ledger


def main():
    parser = argparse.ArgumentParser(description="run a day in the shop")
    parser.add_argument("--orders", type=int, default=4000, help="how many orders come in")
    options = parser.parse_args()
    start = time.perf_counter()
    ledger = run_day(options.orders)
    seconds = time.perf_counter() - start
    print(
        f"{ledger.entries} orders, {ledger.turnover / 100:,.2f} in the till, "
        f"seal {ledger.seal:08x}, {seconds:.2f} s"
    )


if __name__ == "__main__":
    main()
