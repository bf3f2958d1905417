"""A real systemd as first process of its own namespaces, on a throw-away copy of this machine's files.

    with machine.Machine(programs) as box:      # programs: a folder that `meson install` filled (DESTDIR), or None
        box.write("/etc/phased/phased.yaml", text)
        box.boot()
        box.run(["systemctl", "start", "phased"])

Own namespaces for mounts, processes, host name, IPC and control groups; the network is this machine's, so that services reach
the tests' Kafka and PostgreSQL on 127.0.0.1 (what the tests start there listens on free ports). The root is an overlay whose
upper layer is a tmpfs: nothing is written to this machine's disk. Everything ends with the first process, which ends with us,
however we end; nothing has to be unmounted.

Needs root, namespaces and a writable cgroup2; unavailable() says why they are not to be had.
"""
import ctypes
import glob
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

RUN_S = 60
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
BOOT_S = 30

# What the first process of the new namespaces does before it becomes systemd. $1: where the new root is made; then folders
# whose files are laid over it.
STAGE = r"""
set -eu
place=$1
shift
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$place"
mkdir "$place"/upper "$place"/work "$place"/root
mount -t overlay -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" overlay "$place/root"
cd "$place/root"
for files; do
	cp -a "$files/." .	# as one more layer they would lie within the lowest one, which overlayfs refuses
done

mount -t proc -o nosuid,nodev,noexec proc proc
mount --bind -o ro proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=0755,nosuid tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs dev/shm
for node in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9' 'tty 5 0'; do
	set -- $node
	mknod -m 0666 "dev/$1" c "$2" "$3"
done
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs run
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs tmp

# Of this machine's units none runs but the journal, users and temporary files.
: >etc/fstab
echo 0123456789abcdef0123456789abcdef >etc/machine-id
rm -rf etc/systemd/system
mkdir -p etc/systemd/system
for wants in usr/lib/systemd/system/*.target.wants; do rm -rf "$wants"; done
mkdir usr/lib/systemd/system/sysinit.target.wants
for unit in systemd-journald.service systemd-sysusers.service systemd-tmpfiles-setup.service; do
	ln -s "../$unit" "usr/lib/systemd/system/sysinit.target.wants/$unit"
done
mkdir -p etc/systemd/journald.conf.d
for unit in systemd-journald-audit.socket systemd-remount-fs.service; do
	ln -s /dev/null "etc/systemd/system/$unit"
done
printf '[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nRateLimitBurst=0\n' >etc/systemd/journald.conf.d/test.conf
cat >etc/systemd/system/test.target <<'END'
[Unit]
Requires=basic.target
After=basic.target
AllowIsolate=yes
END

mkdir -p old
pivot_root . old
cd /
umount -l /old
mount --make-rshared /		# without it a service's credentials are an empty folder
hostname phased-test
exec setpriv --bounding-set -sys_module,-sys_rawio,-sys_time \
	env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 /lib/systemd/systemd --unit=test.target
"""


def cgroup2():
    """Where cgroup2 is mounted, or None."""
    with open("/proc/self/mountinfo") as mounts:
        for line in mounts:
            left, right = line.rstrip("\n").split(" - ")
            if right.split()[0] == "cgroup2" and "rw" in left.split()[5].split(","):
                return left.split()[4]
    return None


def unavailable():
    """Why no systemd can be booted here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    for program in ("unshare", "nsenter", "setpriv", "pivot_root", "systemd-run"):
        if not shutil.which(program):
            return f"no {program}: run dev/setup"
    if not os.path.exists("/lib/systemd/systemd"):
        return "no systemd: run dev/setup"
    if cgroup2() is None:
        return "no writable cgroup2"
    probe = subprocess.run(["unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "sh", "-c",
                            "mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w /mnt/r && "
                            "mount -t overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w overlay /mnt/r && "
                            "mount -t cgroup2 cgroup2 /mnt/r/mnt && mknod /mnt/r/null c 1 3"],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if probe.returncode:
        return f"namespaces and mounts are not allowed here: {probe.stderr.strip()}"
    return None


def wait_until(condition, seconds, what):
    """Calls condition() until it gives something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited for {what}: not within {seconds} s; last seen: {value!r}")
        time.sleep(0.05)


def remove_group(group):
    """True when it is gone: it can be removed once its processes have ended."""
    for at, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(at)
        except OSError:
            pass
    return not os.path.exists(group)


def forget_killed():
    """Removes what tests left that were killed: their processes are gone with them, folders and empty control groups are not."""
    for path in glob.glob(f"{cgroup2()}/phased-systemd-*") + glob.glob(f"{tempfile.gettempdir()}/phased-systemd-*"):
        maker = re.search("phased-systemd-([0-9]+)-", path)
        if maker is None or os.path.exists(f"/proc/{maker.group(1)}"):
            continue
        if path.startswith(cgroup2()):
            remove_group(path)
        elif os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)


class Machine:
    def __init__(self, programs=None):
        self.programs = programs
        forget_killed()
        self.place = tempfile.mkdtemp(prefix=f"phased-systemd-{os.getpid()}-")
        self.group = f"{cgroup2()}/{os.path.basename(self.place)}"
        self.files = {}		# path -> (text, mode), written before systemd starts
        self.outer = self.pid = self.log = None

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.end()

    def write(self, path, text, mode=0o644):
        """Before the boot: a file to be there. After it: written at once."""
        if self.pid is None:
            self.files[path] = (text, mode)
            return
        self.run(["sh", "-c", 'mkdir -p "${1%/*}"; umask 077; cat >"$1"; chmod "$2" "$1"', "-", path, f"{mode:o}"], input=text)

    def boot(self):
        os.mkdir(self.group)
        enter = f"echo $$ >{self.group}/cgroup.procs; "
        self.log = open(f"{self.place}.log", "w")
        layers = [layer for layer in (self.programs, self.lay_files()) if layer]
        self.outer = subprocess.Popen(["bash", "-c", enter + 'exec unshare --mount --pid --uts --ipc --cgroup --fork --kill-child '
                                       '--propagation unchanged bash -c "$1" stage "${@:2}"', "-", STAGE, self.place, *layers],
                                      stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                      preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        self.pid = wait_until(self.first_process, 10, "the first process")
        wait_until(self.is_up, BOOT_S, f"systemd to come up; it said:\n{self.said()}")

    def lay_files(self):
        """The files in a folder."""
        if not self.files:
            return None
        layer = f"{self.place}.files"
        os.mkdir(layer, 0o755)
        for path, (text, mode) in self.files.items():
            at = layer + path
            os.makedirs(os.path.dirname(at), exist_ok=True)
            with open(at, "w") as out:
                out.write(text)
            os.chmod(at, mode)
        return layer

    def first_process(self):
        if self.outer.poll() is not None:
            raise AssertionError(f"the namespaces could not be made:\n{self.said()}")
        with open(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children") as children:
            for pid in children.read().split():
                try:
                    with open(f"/proc/{pid}/comm") as name:
                        if name.read().strip() == "systemd":
                            return int(pid)
                except FileNotFoundError:
                    pass
        return None

    def is_up(self):
        if self.outer.poll() is not None:
            raise AssertionError(f"systemd ended:\n{self.said()}")
        return self.run(["systemctl", "is-active", "test.target"], check=False).stdout.strip() == "active"

    def said(self):
        with open(self.log.name, errors="replace") as text:
            return text.read()

    def argv(self, words):
        return ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--root", "--wd=/", "--",
                "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", *words]

    def run(self, words, check=True, input=None, seconds=RUN_S):
        done = subprocess.run(self.argv(words), input=input, stdin=subprocess.DEVNULL if input is None else None,
                              capture_output=True, text=True, timeout=seconds)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(words)}: status {done.returncode}\n{done.stderr}{done.stdout}")
        return done

    def start(self, words):
        """A command that runs on. The caller waits for it."""
        return subprocess.Popen(self.argv(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)

    def show(self, unit, *names):
        """Properties of a unit: one as text, several as a dictionary."""
        lines = self.run(["systemctl", "show", unit, *(f"--property={name}" for name in names)]).stdout.splitlines()
        values = dict(line.split("=", 1) for line in lines)
        return values[names[0]] if len(names) == 1 else values

    def journal(self, unit, *more):
        return self.run(["journalctl", "-u", unit, "--no-pager", *more], check=False).stdout

    def host_pid(self, inner):
        """The number that a process of the machine has outside."""
        for at, _, files in os.walk(self.group):
            if "cgroup.procs" in files:
                with open(os.path.join(at, "cgroup.procs")) as pids:
                    for pid in pids.read().split():
                        with open(f"/proc/{pid}/status") as status:
                            if re.search(rf"^NSpid:.*\t{inner}$", status.read(), re.M):
                                return int(pid)
        raise AssertionError(f"no process {inner}")

    def end(self):
        """Kills the first process, and with it all others; nothing of the machine is left."""
        if self.pid is not None:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.outer is not None:
            try:
                self.outer.wait(2)
            except subprocess.TimeoutExpired:	# --kill-child: its child goes with it
                self.outer.kill()
                self.outer.wait()
        if os.path.exists(self.group):
            wait_until(lambda: remove_group(self.group), 10, "the control groups to be empty")
        for path in (f"{self.place}.files", self.place):
            shutil.rmtree(path, ignore_errors=True)
        if self.log is not None:
            self.log.close()
            os.unlink(self.log.name)
