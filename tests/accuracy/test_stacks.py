"""No impossible stack among proved samples, on programs whose calls last under a microsecond."""

import collections
import importlib
import tempfile

import pytest
from shape_rules import IMPOSSIBLE, POSSIBLE

SECONDS = "1.5"


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("shape", ["alternate", "leaf", "generators", "deep", "dropped", "nested"])
def test_no_impossible_stack(recorder, interpreter, shape, threads):
    from beside import capture, samplers
    from beside.environment import TARGETS
    from beside.processes import timed

    verdict = importlib.import_module("shape_" + shape).verdict
    program = [str(TARGETS / ("shape_%s.py" % shape)), "--threads", str(threads)]
    command = interpreter["argv"] + program + ["--seconds", SECONDS]
    with tempfile.TemporaryDirectory() as folder:
        output = folder + "/shape.pyro"
        _, (status, _, _) = timed(samplers.Pyrometer().run(command, 1000, output))
        assert status == 0
        judged = collections.Counter()
        wrong = []
        for frames, samples, proved in capture.stacks(output):
            if proved:
                judged[verdict(frames)] += samples
                if verdict(frames) == IMPOSSIBLE:
                    wrong.append(frames)
        quality = capture.quality(output)
    assert not wrong, "%d samples, for instance %s" % (judged[IMPOSSIBLE], wrong[0])
    # Enough to mean something; how many there should be is the bench's to measure.
    assert judged[POSSIBLE] >= 50, (judged, quality)


def test_quality_adds_up(recorder, interpreter):
    """What the recorder says of its samples agrees with the samples that it wrote."""
    from beside import capture, samplers
    from beside.environment import TARGETS
    from beside.processes import timed

    command = interpreter["argv"] + [str(TARGETS / "shape_leaf.py"), "--threads", "2"]
    with tempfile.TemporaryDirectory() as folder:
        output = folder + "/quality.pyro"
        timed(samplers.Pyrometer().run(command + ["--seconds", "1"], 500, output))
        quality = capture.quality(output)
        database = capture.connect(output)
        total = database.execute("SELECT sum(samples) FROM totals").fetchone()[0]
        database.close()
        unproved = sum(samples for _, samples, proved in capture.stacks(output) if not proved)
    assert quality["samples"] == total
    assert quality["proved"] + quality["unproved"] == total
    # Samples of a thread that has not run since may share a record.
    assert unproved <= quality["unproved"]
    assert bool(unproved) == bool(quality["unproved"])
    assert quality["ticks_taken"] + quality["ticks_late"] <= quality["ticks_due"]
