"""What dev/kafka and dev/postgres share: free ports, a process known by more than its number, waiting with a deadline.

A server lives in a directory of its own, named by the caller. Nothing here looks at, or touches, a server that was not
started in that directory.
"""
import os
import random
import shlex
import signal
import socket
import sys
import time


class Trouble(Exception):
    """Something the user should read, without a traceback."""


def port_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def port_pick(taken=()):
    """A port nobody listens on: below the range that outgoing connections use, so that it is still ours after a restart."""
    for _ in range(1000):
        port = random.randint(18000, 31999)
        if port not in taken and port_free(port):
            return port
    raise Trouble("no free port between 18000 and 31999")


def env_read(path):
    """KEY=VALUE lines as a shell would read them; {} when there is no such file."""
    try:
        with open(path) as lines:
            return dict(word.split("=", 1) for word in shlex.split(lines.read(), comments=True))
    except FileNotFoundError:
        return {}


def text_write(path, text):
    with open(path + ".new", "w") as out:
        out.write(text)
    os.replace(path + ".new", path)


def env_write(path, values):
    text_write(path, "".join(f"{key}={shlex.quote(str(value))}\n" for key, value in values.items()))


def born(pid):
    """When the process started, in clock ticks since boot; None when it is gone or only waits to be buried."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def pid_write(path, pid):
    """Notes the process with its birth, so that another one with the same number is never taken for it."""
    text_write(path, f"{pid} {born(pid)}\n")


def pid_read(path):
    """The process noted there, if it still runs; else None."""
    try:
        with open(path) as text:
            pid, birth = text.read().split()
    except (FileNotFoundError, ValueError):
        return None
    return int(pid) if str(born(int(pid))) == birth else None


def wait(seconds, done):
    """Calls done() until it is true. False when the deadline passes first."""
    end = time.monotonic() + seconds
    while True:
        if done():
            return True
        if time.monotonic() > end:
            return False
        time.sleep(0.05)


def end(pid, path, first, seconds):
    """Sends the signal, waits, then SIGKILL. Returns whether the first signal was enough."""
    gentle = True
    try:
        os.kill(pid, first)
        if not wait(seconds, lambda: pid_read(path) is None):
            gentle = False
            os.kill(pid, signal.SIGKILL)
            wait(10, lambda: pid_read(path) is None)
    except ProcessLookupError:
        pass
    return gentle


def tail(path, lines=25):
    try:
        with open(path, errors="replace") as log:
            return "".join("    " + line for line in log.readlines()[-lines:])
    except FileNotFoundError:
        return "    (no log)\n"


def main(body):
    """Runs body(); trouble goes to stderr in one piece, exit 1."""
    try:
        sys.exit(body())
    except Trouble as trouble:
        print(f"{os.path.basename(sys.argv[0])}: {trouble}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
