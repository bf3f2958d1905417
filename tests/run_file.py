#!/usr/bin/python3
"""Runs one test file for tests/run.py, and is to it what init is to a machine.

  tests/run_file.py PROGRAM [ARGUMENT]...

Whatever the file starts and forgets becomes a child of this process: it is buried when it ends, and ended when the file has,
so that files which run at the same time are not taken for each other's. What had to be ended is named in the last line that is
printed. SIGINT ends the file, kindly at first. The exit status, or the signal, is the file's.
"""
import ctypes
import glob
import os
import signal
import subprocess
import sys
import time

LEFTOVER_S = 3		# what a finished file gets for its processes to end
INTERRUPTED_S = 5	# what an interrupted one gets to end them itself
LEFT = "left running (ended now): "
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """From now on what was started below us and lost its parent is our child, so none can hide."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def orphans(stay=()):
    """Processes below us that are neither one of these nor below one: pid -> name. The dead do not count."""
    parent, name, dead = {}, {}, set()
    for entry in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(entry) as stat:
                head, tail = stat.read().rsplit(")", 1)
        except OSError:
            continue
        pid, name_of = head.split(" (", 1)
        state, parent_pid = tail.split()[:2]
        parent[int(pid)], name[int(pid)] = int(parent_pid), name_of
        if state == "Z":
            dead.add(int(pid))
    left = {}
    for pid in parent.keys() - dead:
        walk = pid
        while walk in parent and walk not in stay and walk != os.getpid():
            walk = parent[walk]
        if walk == os.getpid() and pid != walk:
            left[pid] = name[pid]
    return left


def end_orphans(seconds, stay=()):
    """Gives them some time to end, kills the rest; returns the names of those killed."""
    deadline = time.monotonic() + seconds
    while (left := orphans(stay)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    while left and orphans(stay):
        time.sleep(0.05)
    return sorted(left.values())


def main():
    adopt_orphans()
    test = subprocess.Popen(sys.argv[1:], start_new_session=True)
    patience_s = LEFTOVER_S

    def tell(number):
        try:
            os.killpg(test.pid, number)
        except ProcessLookupError:
            pass

    def on_interrupt(number, frame):
        nonlocal patience_s
        patience_s = 0
        tell(signal.SIGINT)
        signal.alarm(INTERRUPTED_S)

    signal.signal(signal.SIGINT, on_interrupt)
    signal.signal(signal.SIGALRM, lambda number, frame: tell(signal.SIGKILL))
    pid = None
    while pid != test.pid:
        pid, status = os.waitpid(-1, 0)
    signal.alarm(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    left = end_orphans(patience_s)
    if left:
        print(LEFT + ", ".join(left), flush=True)
    if os.WIFSIGNALED(status):
        if os.WTERMSIG(status) != signal.SIGKILL:
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
