#!/usr/bin/python3
"""The floors of the tree, and other rules of its style that a machine can hold.

Floors: core/base (1), core/model (2), core/flow and core/edge (3), daemon, collector and ctl (4). Includes go downwards only, and
each outside library is hidden in the few files that the table below gives it: no other file may see its header, not even
through a header of ours.

The rules are tables; a table is changed together with the design, not to make a test pass. Each rule is tried on a planted bad
tree too (class Planted), so that a rule that stopped finding anything is noticed.
"""
import fnmatch
import os
import re
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))

# Folder -> the folders it may include from. What is generated from proto/ (…pb-c.h) counts as an outside library.
FLOORS = {
    "core/base": ("core/base",),
    "core/model": ("core/base", "core/model"),
    "core/flow": ("core/base", "core/model", "core/flow"),
    "core/edge": ("core/base", "core/model", "core/edge"),
    "daemon": ("core", "daemon"),
    "collector": ("core", "collector"),
    "ctl": ("core", "ctl"),
    "tests": ("core", "daemon", "collector", "ctl", "tests"),
    "bench": ("core", "daemon", "collector", "ctl", "tests", "bench"),
}

# DECODE: bytes of a topic to events and back. core/flow/decode.h, the way in, shows nothing of it.
PROTOBUF = ("core/flow/decode.c", "core/flow/encode.c", "core/flow/event_message.[ch]", "core/flow/field_limits.[ch]",
            "core/flow/protojson.[ch]", "core/flow/quick_event.[ch]", "core/flow/quick_write.c", "core/flow/validate.[ch]", "core/flow/wire.[ch]")

# Outside headers -> the files that may see them. Tests and benches may see all of them: they look behind what we hide.
LIBRARIES = (
    ("jansson.h", "core/base/json.c", "collector/*.c", "ctl/*.c"),
    ("yaml.h", "core/base/yaml.c"),
    ("zlib.h", "core/base/gzip.c"),
    ("openssl/*", "core/base/hash.c", "core/base/signature.c"),
    ("idn2.h", "core/base/domain.c"),
    ("uni*.h", "core/base/unicode.c"),
    ("protobuf-c/*", *PROTOBUF),
    ("*.pb-c.h", *PROTOBUF),
    ("pcre2.h", "core/flow/match*.c"),
    ("libpsl.h", "core/flow/account.c"),
    ("librdkafka/*", "core/edge/kafka_*.[ch]"),
    ("libpq-fe.h", "core/edge/postgres*.[ch]"),
    ("curl/*", "core/edge/http_get.c"),
    ("microhttpd.h", "core/edge/http.c", "core/edge/http_quick.c", "core/edge/http_request.c", "core/edge/http_view.c", "core/edge/http_inside.h"),
    ("ev.h", "daemon/*.[ch]", "collector/*.[ch]", "ctl/*.[ch]"),
    ("systemd/*", "core/edge/service.c"),
    ("check.h",),
    # The fold gives the same bits everywhere because it only adds, subtracts, multiplies and divides.
    ("math.h", "core/base/*.c", "core/model/event.c", "core/edge/*.c", "core/flow/[!f]*.c", "daemon/*.c", "collector/*.c", "ctl/*.c"),
)

# The C library's and the kernel's. No file of ours is called like one of them, and every other <header> is a library.
SYSTEM = set("""
    aio arpa/inet assert byteswap complex cpio ctype dirent dlfcn elf endian err errno error fcntl features fenv float fnmatch ftw
    getopt glob grp iconv inttypes iso646 langinfo libgen limits locale malloc math memory monetary mqueue net/if netdb netinet/in
    netinet/ip netinet/tcp nl_types paths poll pthread pwd regex sched search semaphore setjmp sgtty signal spawn stdalign stdarg
    stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string strings stropts syslog tar termios tgmath threads time trace
    uchar ucontext ulimit unistd utime utmpx values wait wchar wctype wordexp sys/auxv sys/epoll sys/eventfd sys/file sys/inotify
    sys/ioctl sys/ipc sys/mman sys/prctl sys/random sys/resource sys/select sys/sendfile sys/signalfd sys/socket sys/stat
    sys/statvfs sys/syscall sys/time sys/timerfd sys/times sys/types sys/uio sys/un sys/utsname sys/wait linux/limits
""".split())

# Files -> calls that have no place there, and why.
BANS = (
    ("*", r"strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strtok|wcscpy|wcscat|getwd", "writes without a limit or keeps a hidden state"),
    ("*", r"strncpy|strncat|stpncpy", "leaves a text without its end, or counts what is left as nobody expects: snprintf() or memcpy()"),
    ("*", r"alloca", "takes of the stack without asking whether there is any"),
    ("[!t]*", r"v?f?scanf|v?sscanf", "overflows where a number is too large, and cannot say so"),
    ("*", r"atoi|atol|atoll|atof", "cannot say that it failed"),
    ("*", r"system|popen|wordexp", "hands text to a shell"),
    ("*", r"localtime|gmtime|ctime|asctime|ctime_r|asctime_r|strsignal|inet_ntoa|readdir_r", "shares one static result, or has no limit"),
    ("*", r"gethostbyname|gethostbyaddr|getservbyname|getpwnam|getpwuid|getgrnam", "shares one static result"),
    ("*", r"inet_addr", "has an address that looks like its error"),
    ("*", r"rand|rand_r|srand|random|srandom|drand48|lrand48|mrand48", "no randomness worth the name, and shared state"),
    ("*", r"tmpnam|tempnam|mktemp|tmpnam_r", "somebody else may make the file first: mkstemp()"),
    ("*", r"setjmp|sigsetjmp|longjmp|siglongjmp", "leaves behind whatever is held"),
    ("*", r"vfork|sigvec|sigpause|bcopy|bzero|bcmp|index|rindex", "withdrawn by POSIX"),
    ("*", r"PQexec|PQescape\w*", "SQL is sent with parameters"),
    ("[!t]*", r"signal", "is another thing on each system: sigaction(), or libev"),
    ("[!t]*", r"fork|posix_spawnp?|exec[lv]p?e?|execvpe", "no program of ours starts another one"),
    ("[!t]*", r"setenv|putenv|unsetenv|setlocale", "changes what libraries' threads read"),
    ("[!t]*", r"sleep|usleep|nanosleep", "blocks: wait for what is waited for"),
    ("[!t]*", r"assert", "use CHECK(), which stays on"),
    ("core/*", r"exit|_exit|_Exit|quick_exit", "core returns; main() ends"),
    ("core/flow/*", r"malloc|calloc|realloc|free|strdup|strndup|asprintf|aligned_alloc", "flow takes memory from the arena"),
    ("core/flow/*", r"time|clock_gettime|gettimeofday|getenv|open|fopen|read|write|printf|fprintf|puts", "flow is pure"),
    ("core/*", r"log_info|log_warning|log_error", "core returns what happened; floor 4 logs it"),
)
NO_HANDLER = "ignores, or takes the default: the same thing everywhere"
BAN_EXCEPTIONS = {
    ("core/flow/match_make.c", "free"): "PCRE2's compiled patterns live in the matcher, which has a destroy",
    ("core/flow/match_make.c", "calloc"): "the same",
    ("daemon/main.c", "signal"): NO_HANDLER,
    ("collector/main.c", "signal"): NO_HANDLER,
    ("ctl/produce.c", "signal"): NO_HANDLER,
    ("ctl/pager.c", "posix_spawnp"): "the reader's own pager, on a terminal",
    ("ctl/terminal.c", "setlocale"): "what is a wide character, said before there are threads",
    ("core/base/metrics.c", "fscanf"): "the kernel's own numbers, of /proc/self",
    ("core/base/log.c", "log_info"): "defined there",
    ("core/base/log.c", "log_warning"): "defined there",
    ("core/base/log.c", "log_error"): "defined there",
    ("core/base/log.h", "log_info"): "declared there",
    ("core/base/log.h", "log_warning"): "declared there",
    ("core/base/log.h", "log_error"): "declared there",
}

TOKENS = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(<[^>\n]+>|"[^"\n]+")', re.M)


def code_only(text):
    """Blanks comments and literals, keeping the lines."""
    return TOKENS.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


class Tree:
    def __init__(self, root):
        self.root = root
        self.text, self.includes = {}, {}
        for folder in FLOORS:
            for at, folders, files in os.walk(os.path.join(root, folder)):
                for name in files:
                    if name.endswith((".c", ".h", ".def")):
                        path = os.path.join(at, name)
                        with open(path, encoding="utf-8") as lines:
                            self.text[os.path.relpath(path, root)] = lines.read()
        for path, text in self.text.items():
            uncommented = re.sub(r"/\*.*?\*/|//[^\n]*", lambda found: re.sub(r"[^\n]", " ", found.group()), text, flags=re.S)
            self.includes[path] = [(text.count("\n", 0, found.start()) + 1, found.group(1))
                                   for found in INCLUDE.finditer(uncommented)]

    @staticmethod
    def folder(path):
        return next((folder for folder in FLOORS if path.startswith(folder + "/")), None)

    def wrong(self):
        """Every breach of every rule, as text."""
        found = []
        for path in sorted(self.text):
            for rule in (self.wrong_floors, self.wrong_libraries, self.wrong_calls, self.wrong_names):
                found += rule(path)
        return found

    def wrong_floors(self, path):
        allowed = FLOORS[self.folder(path)]
        for line, name in self.includes[path]:
            inner = name[1:-1]
            if name[0] == "<" or inner.endswith(".pb-c.h"):
                continue
            if inner not in self.text:
                yield f"{path}:{line}: {name}: no such file; paths are written out from the root"
            elif not any(inner.startswith(folder + "/") for folder in allowed):
                yield f"{path}:{line}: {name}: not below {self.folder(path)}"

    def seen(self, path, walked=None):
        """The outside headers that a file sees, directly or through ours: header -> the way there."""
        walked = set() if walked is None else walked
        walked.add(path)
        seen = {}
        for line, name in self.includes.get(path, ()):
            inner = name[1:-1]
            if inner in self.text:
                if inner not in walked:
                    for header, way in self.seen(inner, walked).items():
                        seen.setdefault(header, f"{path}:{line}: through {inner}" if ":" in way else way)
            elif name[0] == "<" or inner.endswith(".pb-c.h"):
                seen.setdefault(inner, f"{path}:{line}: directly")
        return seen

    def wrong_libraries(self, path):
        for header, way in self.seen(path).items():
            tables = [files for pattern, *files in LIBRARIES if fnmatch.fnmatch(header, pattern)]
            if header.removesuffix(".h") in SYSTEM and header != "math.h":
                continue
            if not tables:
                yield f"{way}: <{header}>: a library that no table knows"
            elif not path.startswith(("tests/", "bench/")) and not any(fnmatch.fnmatch(path, file) for file in tables[0]):
                yield f"{way}: <{header}>: hidden from {path}"

    def wrong_calls(self, path):
        code = code_only(self.text[path])
        for pattern, names, why in BANS:
            if not fnmatch.fnmatch(path, pattern):
                continue
            for found in re.finditer(rf"(?<![\w.>])({names})\s*\(", code):
                if (path, found.group(1)) not in BAN_EXCEPTIONS:
                    yield f"{path}:{code.count(chr(10), 0, found.start()) + 1}: {found.group(1)}(): {why}"

    def wrong_names(self, path):
        name = os.path.basename(path)
        if name.endswith(".h"):
            if name.removesuffix(".h") in SYSTEM:
                yield f"{path}: called like a system header"
            if not re.search(r"^#pragma once$", self.text[path], re.M):
                yield f"{path}: no #pragma once"


# Words that say "not done": in anything that is ours and text.
UNFINISHED = re.compile("|".join(rf"\b{word}\b" for word in ("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK")))
TEXTS = (".c", ".h", ".def", ".py", ".sql", ".yaml", ".yml", ".proto", ".js", ".mjs", ".html", ".css", ".md", ".build", ".sh", "")


def unfinished(root, paths):
    for path in paths:
        if os.path.splitext(path)[1] not in TEXTS or not os.path.isfile(os.path.join(root, path)):
            continue
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                if found := UNFINISHED.search(line):
                    yield f"{path}:{number}: {found.group()}: not done is not landed"


# Man pages that ours name: of systems where they are not installed mandoc says nothing useful.
OTHER_PAGES = ["phased.8", "phased-collect.8", "phasectl.1", "systemd.exec.5", "systemd.unit.5", "systemctl.1", "journalctl.1"]


class Ours(unittest.TestCase):
    def test_nothing_is_marked_unfinished(self):
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True)
        paths = listed.stdout.splitlines()
        self.assertIn("tests/floors.py", paths)
        self.assertEqual(list(unfinished(ROOT, paths)), [])

    def test_the_tree_keeps_its_rules(self):
        tree = Tree(ROOT)
        self.assertIn("core/base/arena.h", tree.text)
        wrong = tree.wrong()
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_man_pages_are_clean_and_installed(self):
        folder = os.path.join(ROOT, "docs", "man")
        pages = sorted(name for name in os.listdir(folder) if name[-1].isdigit())
        with open(os.path.join(folder, "meson.build")) as build:
            self.assertEqual(pages, sorted(re.findall(r"'([\w.-]+\.\d)'", build.read())))
        lint = subprocess.run(["mandoc", "-T", "lint", *pages], cwd=folder, capture_output=True, text=True, timeout=60)
        unknown = re.compile(r"referenced manual not found: Xr (\S+) (\d)")	# where ours are not installed, too
        wrong = [line for line in lint.stdout.splitlines()
                 if not (found := unknown.search(line)) or ".".join(found.groups()) not in pages + OTHER_PAGES]
        self.assertEqual([], wrong)

    def test_exceptions_are_still_needed(self):
        tree = Tree(ROOT)
        for path, call in BAN_EXCEPTIONS:
            if path in tree.text:
                self.assertRegex(code_only(tree.text[path]), rf"\b{call}\b", f"{path} has no {call}() any more")


class Planted(unittest.TestCase):
    """One breach each in a small tree; the good one has none."""
    GOOD = {
        "core/base/arena.h": "#pragma once\n#include <stddef.h>\n",
        "core/base/hash.c": '#include "core/base/arena.h"\n#include <openssl/evp.h>\n',
        "core/model/event.h": '#pragma once\n#include "core/base/arena.h"\n',
        "core/flow/fold.h": '#pragma once\n#include "core/model/event.h"\n',
        "core/flow/fold.c": '#include "core/flow/fold.h"\n/* malloc(1) in words */ const char *x = "system(1)";\n',
        "core/edge/http.h": "#pragma once\n",
        "core/edge/kafka_client.h": "#pragma once\n#include <librdkafka/rdkafka.h>\n",
        "core/edge/kafka_sink.c": '#include "core/edge/kafka_client.h"\n',
        "daemon/main.c": '#include "core/flow/fold.h"\n#include <ev.h>\nint f(void) { return run.system(1); }\n',
        "collector/main.c": '#include "core/base/arena.h"\n',
        "ctl/main.h": "#pragma once\n",
        "tests/a_test.c": '#include "core/edge/kafka_client.h"\n#include <check.h>\nvoid f(void) { sleep(1); }\n',
    }
    BAD = (
        ("core/base/log.c", '#include "core/model/event.h"\n', "not below core/base"),
        ("core/model/x.c", '#include "core/flow/fold.h"\n', "not below core/model"),
        ("core/flow/x.c", '#include "core/edge/http.h"\n', "not below core/flow"),
        ("core/edge/x.c", '#include "core/flow/fold.h"\n', "not below core/edge"),
        ("daemon/x.c", '#include "ctl/main.h"\n', "not below daemon"),
        ("collector/x.c", '#include "ctl/main.h"\n', "not below collector"),
        ("ctl/x.c", '#include "tests/a.h"\n', "no such file"),
        ("core/base/x.c", '#include "arena.h"\n', "no such file"),
        ("bench/x.c", "void f(void) { signal(1, 0); }\n", "signal()"),
        ("tests/x.c", "void f(char *a) { strncpy(a, a, 1); }\n", "strncpy()"),
        ("ctl/x.c", "int f(char *a, int *b) { return sscanf(a, \"%d\", b); }\n", "sscanf()"),
        ("daemon/x.c", "int f(void) { return rand(); }\n", "rand()"),
        ("collector/x.c", "void *f(void) { return alloca(1); }\n", "alloca()"),
        ("core/edge/x.c", "void f(void) { exit(1); }\n", "exit()"),
        ("daemon/x.c", "#include <librdkafka/rdkafka.h>\n", "hidden from daemon/x.c"),
        ("daemon/x.c", '#include "core/edge/kafka_client.h"\n', "hidden from daemon/x.c"),
        ("core/model/x.c", "#include <jansson.h>\n", "hidden from core/model/x.c"),
        ("core/edge/x.c", '#include "phased/v1/event.pb-c.h"\n', "hidden from core/edge/x.c"),
        ("core/flow/fold_more.c", "#include <math.h>\n", "hidden from core/flow/fold_more.c"),
        ("ctl/x.c", "#include <ncurses.h>\n", "no table knows"),
        ("core/base/x.c", "void f(char *a) { strcpy (a, a); }\n", "strcpy()"),
        ("tests/x.c", "int f(char *a) { return atoi(a); }\n", "atoi()"),
        ("ctl/x.c", "int f(void) { return !system(0); }\n", "system()"),
        ("ctl/x.c", "void f(void) { PQexec(0, 0); }\n", "PQexec()"),
        ("ctl/x.c", "void f(void) { PQescapeLiteral(0, 0, 0); }\n", "PQescapeLiteral()"),
        ("daemon/x.c", "void f(void) { sleep(1); }\n", "sleep()"),
        ("core/flow/x.c", "void *f(void) { return malloc(1); }\n", "malloc()"),
        ("core/flow/x.c", "long f(void) { return time(0); }\n", "time()"),
        ("core/edge/x.c", "void f(void) { log_error(0); }\n", "log_error()"),
        ("core/base/signal.h", "#pragma once\n", "called like a system header"),
        ("core/base/x.h", "int x;\n", "no #pragma once"),
    )

    def plant(self, files):
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
                with open(os.path.join(root, path), "w") as out:
                    out.write(text)
            return Tree(root).wrong()

    def test_an_unfinished_mark_is_found(self):
        with tempfile.TemporaryDirectory() as root:
            for name, text in (("a.c", "int x;\n/* TO" "DO: y */\n"), ("b.c", "/* METHODS, a TODOS list */\n"), ("c.png", "TO" "DO")):
                with open(os.path.join(root, name), "w") as out:
                    out.write(text)
            found = list(unfinished(root, ("a.c", "b.c", "c.png")))
            self.assertEqual([line.rsplit(":", 2)[0] for line in found], ["a.c:2"])

    def test_a_good_tree_has_nothing_wrong(self):
        self.assertEqual(self.plant(self.GOOD), [])

    def test_each_breach_is_found(self):
        for path, text, word in self.BAD:
            with self.subTest(path=path, text=text):
                wrong = self.plant({**self.GOOD, path: text})
                self.assertEqual(len(wrong), 1, wrong)
                self.assertTrue(wrong[0].startswith(path), wrong)
                self.assertIn(word, wrong[0])


if __name__ == "__main__":
    unittest.main()
