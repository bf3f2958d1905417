#!/usr/bin/python3
# run: timeout=400
"""tests/privacy/rounds, few of them, against the Kafka and the PostgreSQL of all tests: whoever was erased stays erased."""
import subprocess
import unittest

import phased_test

ROUNDS = 10


class Privacy(unittest.TestCase):
    def test_whoever_was_erased_stays_erased_whatever_is_played_back(self):
        phased_test.server("PHASED_KAFKA")
        done = subprocess.run([f"{phased_test.ROOT}/tests/privacy/rounds", str(ROUNDS)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=380)
        self.assertEqual((0, f"{ROUNDS} passed, 0 failed"), (done.returncode, done.stdout.splitlines()[-1]), done.stdout)


if __name__ == "__main__":
    phased_test.main()
