# SPDX-License-Identifier: Apache-2.0
"""dump --core: what every thread did when its process died, on every interpreter."""

import json
import os
import resource
import shutil
import struct
import subprocess

import pytest
from cores import die, dump, every_interpreter, found, killed, needs_cores, places, writes_cores
from executable import PROJECT, PYTHON

TARGETS = PROJECT / "tests" / "targets"

# Its threads say themselves where they are: their names are those of their functions.
DIES = """
import ctypes, gc, os, signal, sys, threading, time
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
    time.sleep(0.2)  # by then they wait
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
    assert (seen["cause"], seen["fault_address"]) == ("no memory at 0x10", "0x10")
    assert int(seen["pc"], 16) > 4096 and "/libc.so" in seen["pc_file"]
    assert (seen["lost_bytes"], seen["missing_files"]) == (0, [])
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
    assert "killed by SIGSEGV in dies: no memory at 0x10" in " ".join(done.stdout.split())
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
    core, _ = killed(
        tmp_path / "died", [*interpreter["argv"], "-S", str(TARGETS / "reader_interpreters.py")]
    )
    seen = dump(pyrometer, core, *places(interpreter))
    # Each on top of the thread that began it, which is one.
    assert len(seen["threads"]) == 3
    inside = [thread for thread in seen["threads"] if thread["interpreter"]]
    assert {names(thread)[0] for thread in inside} == {"inside_1", "inside_2"}
    for thread in inside:
        assert names(thread)[1:4] == ["<module>", "run", "run"]
        assert thread["state"] == "waiting"
    seen = dump(pyrometer, core, "--native", "--locals", *places(interpreter))
    for thread in seen["threads"]:
        if thread["interpreter"]:
            python = [frame for frame in thread["frames"] if not frame["native"]]
            values = {local["name"]: local["value"] for local in python[2]["locals"]}
            assert python[0]["name"] == "inside_" + values["number"], values
            # What runs a string in another interpreter is machine code of its own.
            between = names(thread)[names(thread).index("<module>") + 1 :]
            assert between.index("run") > 0, between
    assert seen["signal"] == "SIGQUIT"
    assert seen["cause"] == f"sent by process {os.getpid()}"


@needs_cores
@every_interpreter
def test_interpreters_in_one_thread(pyrometer, tmp_path, interpreter):
    """Also where another thread made the interpreter, and through one into another."""
    core, said = killed(
        tmp_path / "died", [*interpreter["argv"], "-S", str(TARGETS / "reader_nested.py")]
    )
    known = {tuple(functions) for functions in json.loads(said).values()}
    seen = dump(pyrometer, core, *places(interpreter))
    assert len(seen["threads"]) == len(known)
    for functions in known:
        assert any(names(thread)[: len(functions)] == list(functions) for thread in seen["threads"])


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


def natives(thread):
    return [frame["name"] for frame in thread["frames"] if frame["native"]]


@needs_cores
@every_interpreter
def test_machine_code(pyrometer, tmp_path, interpreter):
    """With Python's frames where they belong, from the function that broke to the outermost."""
    core = die(tmp_path / "died", [*interpreter["argv"], "-c", DIES, "segv"])
    plain = check_threads(dump(pyrometer, core, *places(interpreter)))
    seen = dump(pyrometer, core, "--native", *places(interpreter))
    assert seen["missing_files"] == []
    for name, thread in by_name(seen).items():
        python = [frame for frame in thread["frames"] if not frame["native"]]
        assert python == plain[name]["frames"]
        assert thread["frames"][0]["native"] and not thread["truncated"], thread
    # The C library looks for the end of the string, for ctypes, for Python.
    dead = seen["threads"][0]
    leaf = dead["frames"][0]["name"]
    assert dead["killed"] and ("strlen" in leaf or leaf.startswith("libc.so")), dead
    assert len(natives(dead)) >= 4
    assert names(dead).index("string_at", 2) < names(dead).index("die")
    if minor(interpreter) < 11:
        # Each call of a Python function is one of the loop, which calls ctypes and no other code.
        inner = names(dead)[names(dead).index("die") :]
        assert not set(natives(dead)) & set(inner), inner
    done = pyrometer("dump", "--native", "--core", core, *places(interpreter))
    assert (done.returncode, done.stderr) == (0, "")
    assert "has no names" not in done.stdout


@needs_cores
@every_interpreter
@pytest.mark.parametrize("scene", ["plain", "sort", "sqlite"])
def test_python_called_by_machine_code(pyrometer, tmp_path, interpreter, scene):
    """The very functions that the program names itself, each frame once."""
    core, line = killed(
        tmp_path / "died",
        [*interpreter["argv"], str(TARGETS / "native_scenes.py"), scene],
        stderr=subprocess.DEVNULL,
    )
    if not line:
        pytest.skip("it cannot run this scene")
    options = ["--native", *places(interpreter)]
    (thread,) = dump(pyrometer, core, *options)["threads"]
    here = natives(thread)
    for function in json.loads(line)["functions"]:
        if not function.startswith("~"):
            assert set(function.split("|")) & set(here), (function, here)
    assert names(thread)[-1] == "<module>" and scene in names(thread)


@needs_cores
def test_deep_stacks_in_machine_code(pyrometer, tmp_path):
    """A core has all of a stack, however much that is: of a process that lives 32 KiB are copied."""
    deep = "def down(n):\n if n: sorted([1], key=lambda x: down(n - 1))\n else:\n"
    deep += "  import os; print('ready', flush=True); os.read(0, 1)\ndown(150)"
    core, _ = killed(tmp_path / "died", [PYTHON, "-c", deep])
    (thread,) = dump(pyrometer, core, "--native")["threads"]
    assert names(thread).count("down") == 151 and not thread["truncated"]
    inner = names(thread)[names(thread).index("down") : -1]
    last = len(inner) - inner[::-1].index("<lambda>")
    # Between any two of them is the sorting.
    assert any("sort" in name for name in inner[last - 4 : last + 6]), inner[last - 4 : last + 6]


BREAKS = """
import ctypes, os, sys
def breaks():
    library = ctypes.CDLL(sys.argv[1], os.RTLD_NOW | os.RTLD_DEEPBIND)
    library.adler32(1, ctypes.c_void_p(0x10), 100)
breaks()
"""
BUILD_ID = b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0"


def mapped(name):
    """Where a library is that this very program has."""
    __import__("zlib")
    with open("/proc/self/maps") as maps:
        for line in maps:
            if name in line:
                return line.split()[-1]
    pytest.skip("there is no " + name)


@needs_cores
@every_interpreter
def test_a_file_that_was_replaced(pyrometer, tmp_path, interpreter):
    """It is told from the one that was mapped, both are named, and its symbols are not used."""
    library = tmp_path / "libthing.so"
    source = (interpreter["root"] or "") + mapped("/libz.so")
    if not os.path.exists(source):
        source = mapped("/libz.so")
    shutil.copy(os.path.realpath(source), str(library))
    core = die(tmp_path / "died", [*interpreter["argv"], "-c", BREAKS, str(library)])
    options = ["--native", *places(interpreter, tmp_path)]
    whole = dump(pyrometer, core, *options)
    assert (whole["pc_file"], whole["missing_files"]) == (str(library), [])
    frames = whole["threads"][0]["frames"]
    assert "adler32" in frames[0]["name"], frames[0]

    data = bytearray(library.read_bytes())
    at = data.index(BUILD_ID) + len(BUILD_ID)
    old = bytes(data[at : at + 20]).hex()
    data[at] ^= 0xFF
    new = bytes(data[at : at + 20]).hex()
    library.write_bytes(bytes(data))
    seen = dump(pyrometer, core, *options)
    (said,) = seen["missing_files"]
    assert said["path"] == str(library)
    assert f"its build id is {new}, that was {old}" in said["why"]
    (thread,) = seen["threads"]
    assert thread["frames"][0]["name"].startswith("libthing.so+0x"), thread["frames"][0]
    python = [frame for frame in thread["frames"] if not frame["native"]]
    assert python == [frame for frame in frames if not frame["native"]]
    done = pyrometer("dump", "--core", core, *options)
    text = " ".join(done.stdout.split())
    assert "code of libthing.so has no names: " in text and done.stderr == ""
