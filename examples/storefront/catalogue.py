# SPDX-License-Identifier: Apache-2.0
"""What the shop sells."""

import random
import re
from collections import namedtuple

ADJECTIVES = ["red", "blue", "small", "large", "round", "folding", "quiet", "old", "light", "plain"]
NOUNS = ["kettle", "lamp", "chair", "teapot", "basket", "mirror", "clock", "rug", "stool", "vase"]

Product = namedtuple("Product", "code name cents pattern")


def load(count):
    """The same catalogue every time: names, prices, and a pattern that recognises each name."""
    rng = random.Random(7)
    products = []
    for number in range(count):
        adjective = ADJECTIVES[number % 10]
        noun = NOUNS[number // 10 % 10]
        name = f"{adjective} {noun} no. {number}"
        pattern = re.compile(
            rf"\s*(?:an?\s+)?{adjective}[\s-]+{noun}\s+(?:no\.\s*)?{number}\s*$", re.I
        )
        products.append(Product(f"P{number:04d}", name, rng.randrange(199, 19999), pattern))
    return products
