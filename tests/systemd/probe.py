"""Run in place of a program of ours, with the sandbox of its unit: tries what it must not be able to do, and what it must.

Prints one line of JSON: attempt -> "ok" or the name of the error."""
import ctypes
import errno
import json
import mmap
import os
import socket
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER = 0x10000000
found = {}


def attempt(name, action):
    try:
        result = action()
        if isinstance(result, int) and result < 0:
            raise OSError(ctypes.get_errno(), "")
        found[name] = "ok"
    except OSError as error:
        found[name] = errno.errorcode.get(error.errno, str(error))
    except Exception as error:
        found[name] = type(error).__name__


def write(path):
    with open(path, "w") as out:
        out.write("x")


def read(path):
    with open(path, "rb") as text:
        return text.read()


def datagram(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", (address, 9))


own, host = sys.argv[1:]
credentials = os.environ["CREDENTIALS_DIRECTORY"]
runtime = os.environ["RUNTIME_DIRECTORY"]
for path in ("/srv/open/x", "/usr/x", "/etc/phased/x", "/var/lib/x", "/run/x", "/opt/x"):
    attempt(f"write {path}", lambda: write(path))
attempt("write runtime", lambda: write(f"{runtime}/x"))
attempt("write tmp", lambda: write("/tmp/phased-probe"))
attempt("read credential", lambda: read(f"{credentials}/identity.key"))
attempt("write credential", lambda: write(f"{credentials}/identity.key"))
for path in ("/etc/phased/identity.key", "/etc/shadow", "/root/.profile", "/proc/1/environ", f"/run/credentials/{own}/identity.key"):
    attempt(f"read {path.replace(own, 'another')}", lambda: read(path))
for family in ("AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET"):
    attempt(family, lambda: socket.socket(getattr(socket, family), socket.SOCK_DGRAM).close())
attempt("write and execute", lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC))
attempt("user namespace", lambda: LIBC.unshare(CLONE_NEWUSER))
attempt("chroot", lambda: LIBC.chroot(b"/tmp"))
attempt("kill 1", lambda: os.kill(1, 0))
attempt("to 127.0.0.1", lambda: datagram("127.0.0.1"))
if host:
    attempt("to another address", lambda: datagram(host))
found["secret in environment"] = str(any(read(f"{credentials}/identity.key").strip().decode() in value
                                         for value in os.environ.values()))
print(json.dumps(found), flush=True)
