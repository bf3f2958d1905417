#!/usr/bin/python3
"""Two daemons meet in a real PostgreSQL, moved turn by turn: build/tests/integration/store_steps plays each scenario."""
import os
import subprocess

import phased_test

STEPS = os.path.join(phased_test.BUILD, "tests", "integration", "store_steps")


class StoreSteps(phased_test.PhasedTest):
    def test_every_rule_holds_at_the_moment_it_is_for(self):
        self.new_database()
        self.write_config()
        self.phasectl(["migrate"])
        scenarios = subprocess.run([STEPS, "list"], capture_output=True, text=True, check=True).stdout.split()
        for scenario in scenarios:
            # The careful way has no COPY.
            for touches in ("insert",) if scenario.startswith("careful") else ("insert", "copy"):
                with self.subTest(scenario, touches=touches):
                    done = subprocess.run([STEPS, self.database, touches, scenario], capture_output=True, text=True, timeout=60,
                                          cwd=phased_test.ROOT)
                    self.assertEqual(0, done.returncode, done.stdout + done.stderr)


if __name__ == "__main__":
    phased_test.main()
