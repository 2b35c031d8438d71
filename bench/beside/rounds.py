"""Interleaved rounds: whatever the machine does meanwhile, it does to all."""

import statistics


class Spread:
    """The least, the middle and the largest of some figures."""

    def __init__(self, figures):
        self.figures = list(figures)
        if not self.figures:
            raise ValueError("no figures")
        self.low = min(self.figures)
        self.middle = statistics.median(self.figures)
        self.high = max(self.figures)

    def json(self):
        return {"min": self.low, "median": self.middle, "max": self.high, "n": len(self.figures)}


class Gathered:
    """Figures by column, and why a column has none."""

    def __init__(self):
        self.figures = {}
        self.reasons = {}

    def add(self, column, figure):
        self.figures.setdefault(column, []).append(figure)

    def fail(self, column, reason):
        self.reasons.setdefault(column, str(reason))

    def take(self, other):
        """Adds what another has gathered."""
        for column, figures in other.figures.items():
            self.figures.setdefault(column, []).extend(figures)
        for column, reason in other.reasons.items():
            self.fail(column, reason)

    def failed(self, column):
        return column in self.reasons

    def cells(self):
        """A Spread for each column with figures; a text for each without."""
        cells = {column: reason for column, reason in self.reasons.items()}
        for column, figures in self.figures.items():
            cells[column] = Spread(figures)
        return cells


def share_interval(part, whole, z=1.96):
    """A share with its 95 % interval (Wilson), so that a small count is not called nothing."""
    if not whole:
        return 0.0, 0.0, 1.0
    share = part / whole
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z / (1 + z * z / whole) * (share * (1 - share) / whole + z * z / (4 * whole**2)) ** 0.5
    return share, max(0.0, middle - half), min(1.0, middle + half)
