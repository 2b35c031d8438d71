"""Printed shares against what known programs measured themselves.

Timing differs from run to run, so nothing here asserts a speed, and every tolerance is wide enough
that all tests of a session together fail by chance less than once in ten thousand times.
"""

import contextlib
import os
import subprocess
import sys

import pytest

PROGRAMS = [
    "known_ratio.py",
    "known_bias.py",
    "known_sleepers.py",
    "known_threads.py",
    "known_nested.py",
]
SECONDS = 2.0
RATE = 500

# A 95 % interval is 1.96 standard errors wide to each side. Five of them leave 6e-7 to chance, for
# each of about a hundred checks.
WIDER = 5 / 1.96
SLACK = 0.003  # what the programs' own clocks cannot see


KEPT = {}  # one recording serves every test of it


@pytest.fixture(params=PROGRAMS)
def recording(request, recorder, interpreter):
    from beside import shares

    key = request.param, tuple(interpreter["argv"])
    if key not in KEPT:
        KEPT[key] = shares.record(interpreter, request.param, SECONDS, RATE)
    return request.param, KEPT[key]


def test_shares(recording, coverage):
    from beside import shares

    program, recorded = recording
    checks = list(shares.checks_of(program, recorded))
    assert checks
    for check in checks:
        assert check.inside_widened(WIDER, SLACK), str(check)
        assert check.low < check.high, str(check)
        coverage.widths.append(width_in_expected(check, recorded.quality["samples"]))
    # Shares of one run hang together: only one of them is counted.
    coverage.add(checks[0])


def width_in_expected(check, samples):
    """How wide the interval is, in widths of one that as many samples of equal weight give.

    It is that of a share of the whole recording, the interpreter's start and end with it: what is
    nearly all of the known functions is not nearly all of the recording."""
    ticks = max(1, min(samples, RATE * SECONDS / 4))
    share = check.share * check.known
    expected = 2 * 1.96 * (max(share * (1 - share), 0.01) / ticks) ** 0.5 / check.known
    return (check.high - check.low) / expected


def test_totals_equal_elapsed_time(recording):
    """The weights of a thread's samples add up to its time, and the main thread's time is that of
    the program: more than it measured itself, less than the whole recording took."""
    _, recorded = recording
    for track in recorded.tracks:
        assert abs(track["sampled_wall"] - track["wall_ns"]) <= 0.01 * track["wall_ns"] + 2e6, track
    main = max((t for t in recorded.tracks if t["main"]), key=lambda t: t["wall_ns"])
    assert recorded.truth["elapsed"] * 0.99 <= main["wall_ns"] / 1e9
    assert main["wall_ns"] / 1e9 <= recorded.whole_time


def test_cpu_is_the_kernels(recording):
    """Where the capture calls its processor time exact, it is the program's own, but for the
    interpreter's start and end."""
    _, recorded = recording
    if not all(track["exact_cpu"] for track in recorded.tracks):
        pytest.skip("this machine does not permit exact processor time")
    seconds = sum(track["cpu_ns"] for track in recorded.tracks) / 1e9
    assert abs(seconds - recorded.truth["process_cpu"]) <= 0.05 * seconds + 0.1


def newest():
    from beside import environment

    *_, interpreter = (entry for entry in environment.interpreters() if not entry["root"])
    return interpreter


def test_naps_have_their_processor_time(recorder):
    """Falling asleep and waking up take a few ten microseconds each time, at the ends of a thread's
    turns, where a look that is a little late does not find it running any more."""
    from beside import shares

    true = printed = 0.0
    for _ in range(3):
        recorded = shares.record(newest(), "known_threads.py", SECONDS, 2 * RATE)
        cpu = recorded.printed["cpu"]
        known = sum(cpu.get(name, (0.0,))[0] for name in recorded.truth["cpu"])
        for name in ("rest_a", "rest_b", "rest_c"):
            true += recorded.truth["cpu"][name] / sum(recorded.truth["cpu"].values())
            printed += cpu.get(name, (0.0,))[0] / known
    assert 0.5 * true <= printed <= 1.7 * true, (printed, true)


def test_deep_stacks_are_seen_as_often(recorder):
    """What reads a thread in the kernel gives up on a very deep stack. Such a one must be looked at
    in another way, or what is done down there would have no time at all."""
    from beside import shares

    recorded = shares.record(newest(), "known_deep.py", SECONDS, RATE)
    checks = list(shares.checks_of("known_deep.py", recorded))
    assert {check.function for check in checks} == {"shallow", "deep"}
    for check in checks:
        assert check.inside_widened(WIDER, SLACK), str(check)


@contextlib.contextmanager
def busy_processes(count):
    script = "while True: pass"
    busy = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def test_shares_on_shared_processors(recorder):
    """Where others keep a program from its processors, its turns tend to begin where it made a
    system call, and to follow a look: what comes first in a turn must not be seen less for that."""
    from beside import shares

    interpreter = newest()
    off = dict.fromkeys(("sixty", "thirty", "ten"), 0.0)
    variance = dict.fromkeys(off, 0.0)
    with busy_processes(len(os.sched_getaffinity(0)) + 1):
        for _ in range(8):
            recorded = shares.record(interpreter, "known_ratio.py", SECONDS, RATE)
            for check in shares.checks_of("known_ratio.py", recorded):
                if check.metric == "cpu":
                    off[check.function] += check.share - check.truth
                    variance[check.function] += ((check.high - check.low) / (2 * 1.96)) ** 2
    for function, sum_off in off.items():
        assert abs(sum_off) <= 5 * variance[function] ** 0.5 + 8 * SLACK, (function, off, variance)


def test_intervals_hold_the_truth(recorder, coverage):
    """After all recordings: of all runs, no more missed than chance explains."""
    missed = [check for check in coverage.runs if not check.inside()]
    if len(coverage.runs) < 8:
        pytest.skip("too few runs before this test (%d)" % len(coverage.runs))
    assert len(missed) <= coverage.allowed_misses(), "\n".join(map(str, missed))


def test_intervals_are_narrow(recorder, coverage):
    """An interval that holds anything says nothing. One stall of the machine makes one sample heavy
    and the intervals of its recording wide, as it should: so all recordings are judged together."""
    if len(coverage.widths) < 20:
        pytest.skip("too few shares before this test (%d)" % len(coverage.widths))
    widths = sorted(coverage.widths)
    assert widths[len(widths) // 2] <= 1.5, widths
    assert widths[len(widths) * 9 // 10] <= 3, widths
