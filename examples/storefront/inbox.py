# SPDX-License-Identifier: Apache-2.0
"""Orders as they come in: JSON, typed by people."""

import json
import random


def receive(products, count):
    """Yields the day's orders, the same ones every time."""
    rng = random.Random(11)
    for number in range(count):
        lines = []
        for _ in range(rng.randrange(2, 9)):
            name = rng.choice(products).name
            if rng.random() < 0.3:
                name = "a " + name.upper()
            lines.append({"item": name, "quantity": rng.randrange(1, 5)})
        notes = [{"at": n, "text": "leave it at the door, please " * 3} for n in range(12)]
        yield json.dumps({"number": number, "lines": lines, "notes": notes})


def parse(text):
    order = json.loads(text)
    if not order["lines"]:
        raise ValueError(f"order {order['number']} is empty")
    return order
