#!/usr/bin/python3
"""What `meson install` installs and where, and what systemd says of our units. Starts nothing."""
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BUILD = os.path.abspath(os.environ.get("PHASED_BUILD", os.path.join(ROOT, "build")))
UNITS = os.path.join(ROOT, "systemd")
SERVICES = ("phased.service", "phased@.service", "phased-collect.service")
EXPOSURE_MAX = "10"		# a tenth of what systemd-analyze shows: 1.0

# What each service says, in its own order, of whom and what it may use: the same in all, but for what follows.
SANDBOX = re.compile(r"^((?:Ambient|Capability|Device|IPAddress|Keyring|Limit|Lock|MemoryDeny|NoNew|Private|Proc|Protect|RemoveIPC|"
                     r"Restrict(?!art)|SystemCall|UMask|NotifyAccess|Type|RestartPrevent)\w*=.*)$", re.M)


def installed():
    """A folder that `meson install` filled."""
    folder = tempfile.mkdtemp(prefix="phased-destdir-")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"], check=True, capture_output=True,
                   env={**os.environ, "DESTDIR": folder})
    return folder


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = installed()
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)

    def names(self, under):
        at = os.path.join(self.folder, under)
        return {os.path.relpath(os.path.join(path, name), at) for path, _, names in os.walk(at) for name in names}

    def test_everything_is_where_debian_expects_it(self):
        self.assertEqual({"phased", "phased-collect"}, self.names("usr/sbin"))
        self.assertEqual({"phasectl"}, self.names("usr/bin"))
        self.assertEqual({*SERVICES, "phased-collect.socket"}, self.names("usr/lib/systemd/system"))
        self.assertEqual({"phased.conf"}, self.names("usr/lib/sysusers.d"))
        self.assertEqual({"phased.conf"}, self.names("usr/lib/tmpfiles.d"))
        processes = {f"model/{name}.yaml" for name in ("call-off", "innovation", "parts", "standard", "tender")}
        lists = {f"accounts/{name}" for name in os.listdir(os.path.join(ROOT, "conf", "accounts")) if name.endswith(".txt")}
        self.assertEqual(5, len(lists))
        self.assertEqual({"phased.yaml", "collect.yaml", "topics.yaml", "accounts.yaml", *lists, *processes}, self.names("etc/phased"))
        grafana = {os.path.relpath(os.path.join(path, name), f"{ROOT}/conf") for path, _, names in os.walk(f"{ROOT}/conf/grafana") for name in names}
        self.assertEqual({f"schema/{name}" for name in os.listdir(f"{ROOT}/schema") if name.endswith(".sql")} | grafana |
                         {"proto/phased/v1/event.proto", "phased.rules.yaml"}, self.names("usr/share/phased"))
        self.assertEqual({"operations.md", "user_agents.LICENSE", "free-mail.LICENSE", "student.LICENSE"}, self.names("usr/share/doc/phased"))
        pages = [name for name in os.listdir(f"{ROOT}/docs/man") if re.search(r"\.[1-8]$", name)]
        self.assertEqual({f"man{page[-1]}/{page}" for page in pages}, self.names("usr/share/man"))
        known = ("usr/sbin/", "usr/bin/", "usr/lib/systemd/system/", "usr/lib/sysusers.d/", "usr/lib/tmpfiles.d/", "etc/phased/",
                 "usr/share/phased/", "usr/share/doc/phased/", "usr/share/man/")
        self.assertEqual([], [name for name in self.names("") if not name.startswith(known)])

    def test_programs_run_and_nothing_is_writable_by_others(self):
        for program in ("usr/sbin/phased", "usr/sbin/phased-collect", "usr/bin/phasectl"):
            done = subprocess.run([os.path.join(self.folder, program), "--version"], capture_output=True, text=True)
            self.assertRegex(done.stdout, rf"^{os.path.basename(program)} \d+\.\d+\.\d+$")
        for path, folders, names in os.walk(self.folder):
            for name in folders + names:
                mode = os.lstat(os.path.join(path, name)).st_mode
                self.assertEqual(0, stat.S_IMODE(mode) & 0o022, name)

    def test_the_installed_configurations_and_units_are_sound(self):
        for program, name in (("phased", "phased.yaml"), ("phased-collect", "collect.yaml")):
            key = os.path.join(self.folder, "etc/phased/identity.key")
            with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
                out.write("0" * 64)
            done = subprocess.run([os.path.join(self.folder, "usr/sbin", program), "--check-config", "--config",
                                   os.path.join(self.folder, "etc/phased", name)], capture_output=True, text=True)
            os.unlink(key)
            self.assertEqual((0, ""), (done.returncode, done.stderr))


@unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze: run dev/setup")
class Units(unittest.TestCase):
    def text(self, name):
        with open(os.path.join(UNITS, name)) as lines:
            return lines.read()

    def test_no_service_is_more_exposed_than_it_need_be(self):
        for name in SERVICES:
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}",
                                   os.path.join(UNITS, name)], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
            self.assertEqual((0, ""), (done.returncode, done.stderr), done.stdout[-300:])
            self.assertRegex(done.stdout, r"Overall exposure level for \S+: (0\.\d|1\.0) ")

    def test_systemd_finds_no_fault(self):
        folder = tempfile.mkdtemp(prefix="phased-units-")
        self.addCleanup(shutil.rmtree, folder)
        for name in (*SERVICES, "phased-collect.socket"):
            shutil.copy(os.path.join(UNITS, name), folder)
        for name in os.listdir(folder):		# the programs are where they were built
            path = os.path.join(folder, name)
            with open(path) as lines:
                text = lines.read()
            for there, here in (("/usr/sbin/phased-collect", f"{BUILD}/collector/phased-collect"),
                                ("/usr/sbin/phased", f"{BUILD}/daemon/phased"), ("/usr/bin/phasectl", f"{BUILD}/ctl/phasectl")):
                text = text.replace(f"={there} ", f"={here} ").replace(f"={there}\n", f"={here}\n")
            with open(path, "w") as out:
                out.write(text)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", *sorted(os.path.join(folder, name) for name in os.listdir(folder))],
                              capture_output=True, text=True)
        self.assertEqual((0, ""), (done.returncode, done.stderr))

    def test_all_services_have_the_same_sandbox(self):
        first = SANDBOX.findall(self.text(SERVICES[0]))
        self.assertGreater(len(first), 35)
        for name in SERVICES[1:]:
            self.assertEqual(first, SANDBOX.findall(self.text(name)), name)

    def test_what_is_final_for_the_programs_is_final_for_systemd(self):
        with open(os.path.join(ROOT, "core", "base", "fail.h")) as lines:
            codes = {name: int(number) for name, number in re.findall(r"\bEXIT_(\w+) = (\d+)", lines.read())}
        again = {codes[name] for name in ("DONE", "FOUND", "AWAY", "OUR_BUG")}
        for name in SERVICES:
            said = re.search(r"^RestartPreventExitStatus=(.*)$", self.text(name), re.M).group(1)
            self.assertEqual(set(codes.values()) - again, {int(number) for number in said.split()})

    def test_a_stop_has_more_time_than_the_programs_take(self):
        for name, conf in (("phased.service", "phased.yaml"), ("phased@.service", "phased.yaml"),
                           ("phased-collect.service", "collect.yaml")):
            with open(os.path.join(ROOT, "conf", conf)) as lines:
                seconds = int(re.search(r"^stop:\n(?:  #.*\n)*?  #seconds: (\d+)$", lines.read(), re.M).group(1))
            allowed = int(re.search(r"^TimeoutStopSec=(\d+)s$", self.text(name), re.M).group(1))
            self.assertGreater(allowed, 2 * seconds)


if __name__ == "__main__":
    unittest.main(verbosity=2)
