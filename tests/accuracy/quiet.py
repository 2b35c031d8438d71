"""Whether the machine was busy with other work than ours, as its kernel counts processor time."""

import os
import time

# Of all processors. What runs beside the program takes its processor and the sampler's turn to
# look, in moments that are not the program's to choose and that its own clocks do not tell apart.
MOST = 0.1


class Watch:
    """From its creation on. What is compared must have been waited for in between."""

    def __init__(self):
        self.before = all_seconds(), own_seconds(), time.monotonic()

    def others(self):
        """The part of the machine that others used since the creation."""
        elapsed = (time.monotonic() - self.before[2]) * os.cpu_count()
        used = all_seconds() - self.before[0] - (own_seconds() - self.before[1])
        return max(0.0, used / elapsed)


def all_seconds():
    """Processor time of everybody since the machine started, stolen time included."""
    with open("/proc/stat") as file:
        fields = [int(word) for word in file.readline().split()[1:9]]
    user, nice, system, _, _, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def own_seconds():
    """Processor time of this process and of its children that have ended."""
    return sum(os.times()[:4])
