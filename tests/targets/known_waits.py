"""Functions that wait, each for what its name says: wait_REASON_…. On standard output, at the end,
one JSON object: for each function the reason, how often it waited, and what a profiler may say that
it waited for. With "gil": threads that want the interpreter lock all the time, which is then the
only thing to wait for."""

import fcntl
import json
import os
import select
import socket
import sys
import tempfile
import threading
import time

ENOUGH = 2.0 if len(sys.argv) < 3 else float(sys.argv[2])
NAP = 0.004

counts = {}
objects = {}
end = time.monotonic() + ENOUGH


def goes_on(function):
    counts[function.__name__] = counts.get(function.__name__, 0) + 1
    return time.monotonic() < end


def wait_sleep_naps():
    while goes_on(wait_sleep_naps):
        time.sleep(NAP)


def wait_sleep_long():
    while goes_on(wait_sleep_long):
        time.sleep(ENOUGH / 4)


def wait_sleep_having():
    goes_on(wait_sleep_having)
    time.sleep(NAP)


def wait_lock_convoy(lock):
    while goes_on(wait_lock_convoy):
        lock.acquire()
        wait_sleep_having()
        lock.release()


def wait_lock_event(event):
    while goes_on(wait_lock_event):
        event.wait(0.05)


def wait_lock_join(threads):
    for thread in threads:
        thread.join()


def wait_net_receive(reader):
    while goes_on(wait_net_receive) and reader.recv(1):
        pass


def wait_net_timeout(reader):
    while goes_on(wait_net_timeout):
        try:
            reader.recv(1)
        except socket.timeout:
            pass


def wait_net_accept(listener):
    while goes_on(wait_net_accept):
        connection, _ = listener.accept()
        connection.close()


def wait_net_epoll(reader):
    with select.epoll() as poll:
        poll.register(reader.fileno(), select.EPOLLIN)
        while goes_on(wait_net_epoll):
            poll.poll(0.03)


def wait_io_pipe(reader):
    while goes_on(wait_io_pipe) and os.read(reader, 1):
        pass


def wait_io_select(reader):
    while goes_on(wait_io_select):
        select.select([reader], [], [], 0.03)


def wait_io_flock(path):
    with open(path) as file:
        goes_on(wait_io_flock)
        fcntl.flock(file, fcntl.LOCK_EX)


def wait_other_child(pid):
    goes_on(wait_other_child)
    os.waitpid(pid, 0)


def feeds(write, close):
    """Gives the readers something now and then."""
    while time.monotonic() < end:
        time.sleep(NAP * 2)
        write()
    close()


def connects(address):
    while time.monotonic() < end + 0.1:
        time.sleep(NAP * 2)
        try:
            socket.create_connection(address).close()
        except OSError:
            return


def unlocks(file):
    time.sleep(ENOUGH)
    fcntl.flock(file, fcntl.LOCK_UN)


def wait_gil_spin():
    total = 0
    while goes_on(wait_gil_spin):
        for number in range(20000):
            total += number * number


def all_kinds():
    lock = threading.Lock()
    fed, unfed = socket.socketpair(), socket.socketpair()
    unfed[0].settimeout(0.03)
    pipe, silent = os.pipe(), os.pipe()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)
    held = tempfile.NamedTemporaryFile()
    fcntl.flock(held, fcntl.LOCK_EX)
    child = os.fork()
    if child == 0:
        time.sleep(ENOUGH)
        os._exit(0)
    objects["wait_net_accept"] = "127.0.0.1:%d" % listener.getsockname()[1]
    objects["wait_io_flock"] = held.name
    objects["wait_io_pipe"] = "pipe:["
    objects["wait_lock_convoy"] = "0x"
    objects["wait_other_child"] = str(child)
    waiting = [
        (wait_sleep_naps,),
        (wait_sleep_long,),
        (wait_lock_convoy, lock),
        (wait_lock_convoy, lock),
        (wait_lock_convoy, lock),
        (wait_lock_event, threading.Event()),
        (wait_net_receive, fed[0]),
        (wait_net_timeout, unfed[0]),
        (wait_net_accept, listener),
        (wait_net_epoll, unfed[1]),
        (wait_io_pipe, pipe[0]),
        (wait_io_select, silent[0]),
        (wait_io_flock, held.name),
        (wait_other_child, child),
    ]
    feeding = [
        (feeds, lambda: fed[1].send(b"x"), fed[1].close),
        (feeds, lambda: os.write(pipe[1], b"x"), lambda: os.close(pipe[1])),
        (connects, listener.getsockname()),
        (unlocks, held),
    ]
    return waiting + feeding


if __name__ == "__main__":
    gil = len(sys.argv) > 1 and sys.argv[1] == "gil"
    threads = [
        threading.Thread(target=what[0], args=what[1:], name=what[0].__name__, daemon=True)
        for what in ([(wait_gil_spin,)] * 3 if gil else all_kinds())
    ]
    for thread in threads:
        thread.start()
    counts["wait_lock_join"] = 1
    wait_lock_join(threads)
    print(
        json.dumps(
            {
                name: {
                    "reason": name.split("_")[1],
                    "count": count,
                    "object": objects.get(name, ""),
                }
                for name, count in counts.items()
            }
        )
    )
