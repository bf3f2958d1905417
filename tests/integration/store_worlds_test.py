#!/usr/bin/python3
"""The daemon's own SQL on a real PostgreSQL, batch by batch, against the oracle of tests/daemon: build/tests/integration/store_worlds."""
import os
import subprocess

import phased_test

WORLDS = os.path.join(phased_test.BUILD, "tests", "integration", "store_worlds")


class StoreWorlds(phased_test.PhasedTest):
    def test_the_tables_are_those_of_the_oracle(self):
        self.new_database()
        self.write_config()
        self.phasectl(["migrate"])
        done = subprocess.run([WORLDS, self.database, "1", "120"], capture_output=True, text=True, timeout=250, cwd=phased_test.ROOT)
        self.assertEqual((0, "120 of 120 worlds are as expected\n"), (done.returncode, done.stdout), done.stderr)


if __name__ == "__main__":
    phased_test.main()
