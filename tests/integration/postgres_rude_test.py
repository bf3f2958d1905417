#!/usr/bin/python3
"""A PostgreSQL that goes away between two messages is waited for like any other: the daemon connects anew."""
import os
import subprocess

import fake_postgres
import phased_test


class Rude(phased_test.PhasedTest):
    def survives(self, words):
        """The second turn of every connection (the first is the greeting) ends with these bytes."""
        server = fake_postgres.FakePostgres(lambda turn: words if turn == 2 else None)
        server.start()
        self.addCleanup(server.stop)
        self.write_config(postgres__conninfo=f"host=127.0.0.1 port={server.port} dbname=x user=x sslmode=disable",
                          kafka__brokers="127.0.0.1:1")
        phased = self.start_phased()
        self.wait_until(lambda: server.connections >= 3, 20, "it to connect again and again")
        self.assertIn("trying again", phased.log())
        self.assertEqual(0, phased.stop())

    def test_an_error_after_the_last_answer(self):
        self.survives(fake_postgres.SHUTDOWN)

    def test_the_end_before_the_turn_is_over(self):
        self.survives(b"")

    def test_half_a_message(self):
        self.survives(b"E\x00\x00\x01")

    def test_more_answers_than_statements(self):
        self.survives(fake_postgres.message(b"C", b"SELECT 1\x00") * 2)

    def test_an_answer_that_is_none(self):
        self.survives(b"\xff" * 64)

    def test_a_copy_that_is_not_read_any_more_runs_into_the_time_limit(self):
        server = fake_postgres.FakePostgres(lambda turn: None)
        server.start()
        self.addCleanup(server.stop)
        program = os.path.join(phased_test.BUILD, "tests", "integration", "copy_stalls")
        done = subprocess.run([program, f"host=127.0.0.1 port={server.port} dbname=x user=x sslmode=disable"],
                              capture_output=True, text=True, timeout=20)
        self.assertEqual((0, "PH408\n"), (done.returncode, done.stdout), done.stderr)


if __name__ == "__main__":
    phased_test.main()
