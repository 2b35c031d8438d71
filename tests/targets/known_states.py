"""One thread in each state that there is, which says as JSON what must be seen of every one."""

import json
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

known = {}
begun = threading.Semaphore(0)


def start(name, kind, work, *operands, text=None):
    def body():
        begun.release()
        hang(work, *operands)

    def hang(work, *operands):
        work(*operands)

    thread = threading.Thread(target=body, name=name)
    thread.daemon = True
    thread.start()
    known[name] = {"waits_for": kind, "object": text, "frames": ["hang", "body"]}


def never():
    time.sleep(1000)


def hog():
    while True:
        pass


if __name__ == "__main__":
    lock = threading.Lock()
    lock.acquire()
    start("lock", "lock", lock.acquire)
    start("queue", "lock", queue.Queue().get)
    start("sleep", "sleep", time.sleep, 1000)

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    here, there = ("%s:%d" % end for end in (server.getsockname(), server.getpeername()))
    start("receive", "socket", server.recv, 10, text=there)
    start("accept", "socket", listener.accept, text=here)

    reader, writer = os.pipe()
    start("pipe", "pipe", os.read, reader, 10)
    first, second = os.pipe()
    start("select", "events", select.select, [reader, listener], [], [])
    events = select.epoll()
    events.register(first)
    start("epoll", "events", events.poll)

    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    start("child", "child", os.waitpid, child.pid, 0, text=str(child.pid))

    if hasattr(signal, "sigwait"):
        start("signal", "signal", signal.sigwait, [signal.SIGUSR2])

    for _ in known:
        begun.acquire()
    print(json.dumps(known), flush=True)
    try:
        sys.stdin.read()
    finally:
        child.kill()
        child.wait()
