#!/usr/bin/python3
"""The fold gives the same bits with gcc and clang at every level, and those of the program that meson built.

  tests/flow/fold_bits.py BUILT     BUILT: tests/flow/fold_bits.c as meson compiled it

A missing compiler is a failure, not a skip: on a machine with one compiler only this test would say nothing.
"""
import concurrent.futures
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
SOURCES = ["tests/flow/fold_bits.c", "tests/vectors/vectors.c", "core/flow/fold.c", "core/flow/fold_table.c", "core/flow/fold_trace.c",
           "core/model/names.c", "core/base/check.c", "core/base/hash.c"]
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-I."]
WAYS = [(compiler, *levels) for compiler in ("gcc", "clang") for levels in (("-O0",), ("-O2",), ("-O3", "-march=native"))]
BUILT = ""


def bits(way, contract="off"):
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "fold_bits")
        subprocess.run([*way, *FLAGS, f"-ffp-contract={contract}", *SOURCES, "-o", program, "-ljansson", "-lcrypto"],
                       cwd=ROOT, check=True)
        return subprocess.run([program], cwd=ROOT, check=True, capture_output=True).stdout


class FoldBits(unittest.TestCase):
    def test_every_compiler_at_every_level_gives_the_same_bits(self):
        wanted = subprocess.run([BUILT], cwd=ROOT, check=True, capture_output=True).stdout
        self.assertEqual(wanted.count(b"\n"), 2 * 660)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for way, got in zip(WAYS, pool.map(bits, WAYS)):
                self.assertTrue(got == wanted, f"{' '.join(way)} gives other bits than the build")

    def test_bits_that_differ_would_be_seen(self):
        """Contraction to fused multiply-add, where the machine has it, changes last bits: the reason why it is off."""
        with open("/proc/cpuinfo", encoding="ascii") as lines:
            fused = " fma " in lines.read()
        way = ("gcc", "-O3", "-march=native")
        self.assertEqual(bits(way, "fast") != bits(way), fused)


if __name__ == "__main__":
    BUILT = os.path.abspath(sys.argv.pop(1))
    unittest.main()
