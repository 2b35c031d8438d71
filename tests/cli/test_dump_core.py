# SPDX-License-Identifier: Apache-2.0
"""dump --core: what every thread did when its process died, on every interpreter."""

import json
import os
import resource
import shutil
import signal
import struct
import subprocess

import pytest
from executable import PROJECT, PYTHON
from hostile import interpreter_id, interpreters

TARGETS = PROJECT / "tests" / "targets"
PATTERN = "/proc/sys/kernel/core_pattern"

# Its threads say themselves where they are: their names are those of their functions.
DIES = """
import ctypes, gc, os, signal, sys, threading
how = sys.argv[1]
started = threading.Semaphore(0)
never = threading.Event()
held = threading.Lock()
held.acquire()
def waits_for_event():
    started.release()
    never.wait()
def waits_for_lock():
    started.release()
    held.acquire()
def reads():
    started.release()
    os.read(reader, 1)
class Dies:
    def __del__(self):
        die()
def die():
    if how == "segv":
        ctypes.string_at(0x10)
    os.kill(os.getpid(), getattr(signal, "SIG" + how.upper()))
    never.wait()
def dies():
    for _ in range(3):
        started.acquire()
    if how == "gc":
        cycle = Dies()
        cycle.me = cycle
        del cycle
        globals()["how"] = "segv"
        gc.collect()
    die()
reader, writer = os.pipe()
for work in (waits_for_event, waits_for_lock, reads, dies):
    threading.Thread(target=work, name=work.__name__, daemon=True).start()
never.wait()
"""


def found():
    try:
        return interpreters()
    except Exception:
        return []


def writes_cores():
    """Whether the kernel writes them into the folder of who dies."""
    with open(PATTERN) as pattern:
        text = pattern.read().strip()
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    return "/" not in text and "|" not in text and most == resource.RLIM_INFINITY


needs_cores = pytest.mark.skipif(not writes_cores(), reason="the kernel writes no core files here")
every_interpreter = pytest.mark.parametrize("interpreter", found(), ids=interpreter_id)


def allow_cores():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def die(folder, command):
    """The core of what such a command leaves, and its exit status."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        command,
        cwd=str(folder),
        preexec_fn=allow_cores,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
    )
    cores = list(folder.glob("core*"))
    assert len(cores) == 1, (done.returncode, cores)
    return cores[0]


def places(interpreter):
    """Where its files are: in another root they are not where they were."""
    return ["--root", interpreter["root"]] if interpreter["root"] else []


def dump(pyrometer, core, *options):
    done = pyrometer("dump", "--json", "--core", core, *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def minor(interpreter):
    return int(interpreter["version"].split(".")[1])


def by_name(seen):
    return {thread["name"]: thread for thread in seen["threads"]}


def names(thread):
    return [frame["name"].split(".")[-1] for frame in thread["frames"]]


def check_threads(seen):
    threads = by_name(seen)
    assert len(seen["threads"]) == 5
    for name in ("waits_for_event", "waits_for_lock", "reads", "dies"):
        assert name in names(threads[name]), threads[name]
        assert names(threads[name])[-1].endswith("_bootstrap")
    assert names(threads["MainThread"])[-1] == "<module>"
    for thread in seen["threads"]:
        assert thread["read"] and not thread["partial"] and not thread["truncated"]
        assert thread["python"] and thread["interpreter"] == 0
        assert thread["main"] == (thread["name"] == "MainThread")
    return threads


@needs_cores
@every_interpreter
def test_killed_by_a_fault(pyrometer, tmp_path, interpreter):
    core = die(tmp_path / "died", [*interpreter["argv"], "-c", DIES, "segv"])
    seen = dump(pyrometer, core, *places(interpreter))
    threads = check_threads(seen)
    assert seen["core"] == str(core)
    assert seen["signal"] == "SIGSEGV"
    assert seen["cause"] == "no memory at 0x10"
    assert seen["lost_bytes"] == 0
    assert seen["python"] == interpreter["full"]
    assert not seen["collecting"] and not seen["finalizing"]
    # ctypes lets the GIL go for a call, but not for this one.
    assert [t["name"] for t in seen["threads"] if t["killed"]] == ["dies"]
    assert [t["name"] for t in seen["threads"] if t["holds_gil"]] == ["dies"]
    assert seen["threads"][0]["name"] == "dies"
    assert names(threads["dies"])[:3] == ["string_at", "die", "dies"]
    if os.uname().machine == "x86_64":
        waits = {name: thread["waits_for"] for name, thread in threads.items()}
        assert waits["waits_for_event"] == waits["waits_for_lock"] == "lock"
        assert waits["reads"] == "file"
    # For people it says the same.
    done = pyrometer("dump", "--core", core, *places(interpreter))
    assert "killed by SIGSEGV: no memory at 0x10" in " ".join(done.stdout.split())
    assert f"dies {threads['dies']['tid']}  killed by SIGSEGV, holds the GIL\n" in done.stdout
    assert pyrometer("dump", "--core", core, *places(interpreter)).stderr == ""


@needs_cores
@every_interpreter
def test_killed_while_collecting(pyrometer, tmp_path, interpreter):
    core = die(tmp_path / "died", [*interpreter["argv"], "-c", DIES, "gc"])
    seen = dump(pyrometer, core, *places(interpreter))
    threads = check_threads(seen)
    assert seen["collecting"] and seen["signal"] == "SIGSEGV"
    assert names(threads["dies"])[:4] == ["string_at", "die", "__del__", "dies"]


@needs_cores
@every_interpreter
def test_without_its_files(pyrometer, refused, tmp_path, interpreter):
    """From 3.13 on memory alone will do; before that the file is named that is missing."""
    core = die(tmp_path / "died", [*interpreter["argv"], "-c", DIES, "abrt"])
    if minor(interpreter) < 13:
        refused(
            125,
            [str(core), "cannot be found without its file", "Try: --exe FILE"],
            *["dump", "--core", core, "--root", tmp_path],
        )
        return
    seen = dump(pyrometer, core, "--root", tmp_path)
    check_threads(seen)
    assert (seen["signal"], seen["cause"]) == ("SIGABRT", "sent by itself")


@needs_cores
@every_interpreter
def test_interpreters_in_it(pyrometer, tmp_path, interpreter):
    """Those beside the main one, which stand in the middle of their code."""
    folder = tmp_path / "died"
    folder.mkdir()
    with subprocess.Popen(
        [*interpreter["argv"], "-S", str(TARGETS / "reader_interpreters.py")],
        cwd=str(folder),
        preexec_fn=allow_cores,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline()
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=60)
    (core,) = folder.glob("core*")
    seen = dump(pyrometer, core, *places(interpreter))
    others = {t["frames"][0]["name"] for t in seen["threads"] if t["interpreter"] and t["frames"]}
    assert others == {"inside_1", "inside_2"}
    assert seen["signal"] == "SIGQUIT"
    assert seen["cause"] == f"sent by process {os.getpid()}"


def local():
    """One interpreter of our own root that needs its file to be found."""
    for entry in found():
        if not entry["root"] and minor(entry) < 13:
            return entry
    pytest.skip("no CPython before 3.13 in this root")


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    if not writes_cores():
        pytest.skip("the kernel writes no core files here")
    return die(tmp_path_factory.mktemp("core") / "died", [*local()["argv"], "-c", DIES, "segv"])


def test_the_program_elsewhere(pyrometer, refused, core, tmp_path):
    exe = os.path.realpath(local()["executable"])
    copy = tmp_path / "moved"
    shutil.copy(exe, str(copy))
    check_threads(dump(pyrometer, core, "--exe", copy))
    check_threads(dump(pyrometer, core, "--root", "/"))
    done = refused(125, [], "dump", "--core", core, "--exe", "/bin/sh")
    assert "/bin/sh: not the file that was mapped" in done.stderr
    refused(125, [str(tmp_path / "no")], "dump", "--core", core, "--exe", tmp_path / "no")


def test_stripped(pyrometer, tmp_path):
    """Without a symbol table of any kind but the one that loading takes."""
    if not writes_cores():
        pytest.skip("the kernel writes no core files here")
    static = [e for e in found() if e["kind"] == "static" and not e["root"]]
    if not static or not shutil.which("strip"):
        pytest.skip("no static interpreter in this root, or no strip")
    exe = tmp_path / "python"
    shutil.copy(os.path.realpath(static[0]["executable"]), str(exe))
    subprocess.run(["strip", "--strip-all", str(exe)], check=True)
    core = die(tmp_path / "died", [str(exe), "-c", DIES, "segv"])
    check_threads(dump(pyrometer, core))


def test_cut_short(pyrometer, core, tmp_path):
    """What is there is read; what is not is said, in one line if nothing can be."""
    whole = core.read_bytes()
    cut = tmp_path / "cut"
    for tenth in range(10):
        cut.write_bytes(whole[: len(whole) * tenth // 10])
        done = pyrometer("dump", "--core", cut)
        if done.returncode == 0:
            assert "cut short: " in " ".join(done.stdout.split())
        else:
            assert done.returncode == 125
            assert done.stderr.startswith(f"pyrometer: {cut}: ") and done.stderr.count("\n") == 1
            assert "cut short" in done.stderr or "empty" in done.stderr, done.stderr


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "it is empty"),
        (b"no core at all", "not a core file"),
        (b"\x28\xb5\x2f\xfd and more", "Try: zstd -d"),
        (b"\x7fELF", "cut short"),
    ],
)
def test_no_core(refused, tmp_path, content, words):
    (tmp_path / "core").write_bytes(content)
    refused(125, [str(tmp_path / "core") + ": ", words], "dump", "--core", tmp_path / "core")


def test_other_files(refused, tmp_path):
    refused(125, ["/bin/sh: ", "a program or a library"], "dump", "--core", "/bin/sh")
    refused(125, ["No such file"], "dump", "--core", tmp_path / "nothing")
    refused(125, ["not a regular file"], "dump", "--core", tmp_path)


def test_usage(refused):
    refused(64, ["PID, or --core FILE"], "dump")
    refused(64, ["not both"], "dump", "--core", "core", 1)
    refused(64, ["go with --core"], "dump", "--exe", "python", 1)


@needs_cores
def test_not_python(refused, tmp_path):
    core = die(tmp_path / "died", ["/bin/sh", "-c", "kill -SEGV $$"])
    refused(125, [str(core), "was not a Python program"], "dump", "--core", core)


def test_the_picture_of_a_debugger(pyrometer, tmp_path):
    """Which leaves out more than the kernel, and the process lives on."""
    gdb = shutil.which("gcore")
    if not gdb:
        pytest.skip("no gcore")
    with subprocess.Popen(
        [PYTHON, "-c", "def here():\n print('ready', flush=True)\n input()\nhere()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdout.readline()
        subprocess.run(
            [gdb, "-o", str(tmp_path / "core"), str(process.pid)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert process.poll() is None
        process.stdin.close()
        process.wait(timeout=60)
    core = tmp_path / f"core.{process.pid}"
    if not core.exists():
        pytest.skip("gcore may not attach here")
    seen = dump(pyrometer, core)
    assert (seen["signal"], seen["pid"]) == (None, process.pid)
    assert names(seen["threads"][0])[:2] == ["here", "<module>"]


def test_opens_gigabytes_at_once(pyrometer, core, tmp_path):
    """Nothing is looked through: what it takes does not grow with the core."""
    size = 64 << 30
    big = tmp_path / "core"
    shutil.copy(str(core), str(big))
    end = big.stat().st_size
    with open(big, "r+b") as file:
        header = file.read(64)
        at = struct.unpack_from("<Q", header, 32)[0] + 56 * (
            struct.unpack_from("<H", header, 56)[0] - 1
        )
        # In the place of its last segment, which is the kernel's own.
        file.seek(at)
        file.write(struct.pack("<IIQQQQQQ", 1, 6, end, 0xFFFF800000000000, 0, size, size, 4096))
        file.truncate(end + size)

    def little_time():
        resource.setrlimit(resource.RLIMIT_CPU, (2, 2))

    done = pyrometer("dump", "--json", "--core", big, preexec_fn=little_time)
    assert done.returncode == 0, done.stderr
    check_threads(json.loads(done.stdout))
