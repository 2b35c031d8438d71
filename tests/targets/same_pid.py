"""Run in a pid namespace of its own: records a program that is killed, and whose process id is
given to another program at once. Its last line says whether that worked out, what the recorder
exited with, and whether the other program lives on.

    same_pid.py PYROMETER CAPTURE PROOF
"""

import json
import os
import subprocess
import sys
import time

PROGRAM = """
import time
def %s():
    while True:
        sum(range(300))
print("ready", flush=True)
%s()
"""


def start(name):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM % (name, name)], stdout=subprocess.PIPE
    )
    process.stdout.readline()
    return process


def start_as(pid, name):
    """Ids are given in turn, so the one that is wanted comes after the one before."""
    for _ in range(50):
        with open("/proc/sys/kernel/ns_last_pid", "w") as file:
            file.write(str(pid - 1))
        process = start(name)
        if process.pid == pid:
            return process
        process.kill()
        process.wait()
    return None


if __name__ == "__main__":
    executable, capture, proof = sys.argv[1:]
    first = start("first")
    command = [executable, "attach", "-q", "-d", "20s", "--proof", proof, "-o", capture]
    recorder = subprocess.Popen(command + [str(first.pid)])
    while not os.path.exists(capture):
        time.sleep(0.01)
    time.sleep(0.5)
    first.kill()
    first.wait()
    second = start_as(first.pid, "second")
    status = recorder.wait()
    print(
        json.dumps(
            {
                "same": second is not None,
                "status": status,
                "alive": second and second.poll() is None,
            }
        )
    )
    if second:
        second.kill()
