"""phasectl migrate: from empty, again, two at once, edited, newer, locked, interrupted."""
# run: sanitized
import hashlib
import os
import re
import subprocess
import time
import unittest

import phased_test

SCHEMA = os.path.join(phased_test.ROOT, "schema")
FILES = sorted(name for name in os.listdir(SCHEMA) if name.endswith(".sql"))
ROLES = ("phased_owner", "phased_writer", "phased_reader", "phased_seller", "phased_privacy", "phased_monitor", "phased_board")


class Migrate(phased_test.PhasedTest):
    def setUp(self):
        super().setUp()
        self.new_database()
        self.write_config()

    def background(self, args, config=None):
        return subprocess.Popen([phased_test.PHASECTL, "--config", config or self.config, *args], text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def versions(self):
        return [int(row[0]) for row in self.psql("SELECT version FROM phased.schema_version ORDER BY version")]

    def apply(self, count):
        """The first files, as a phasectl of that time would have left them."""
        for number, name in enumerate(FILES[:count], 1):
            with open(os.path.join(SCHEMA, name), "rb") as content:
                file = content.read()
            self.psql(f"BEGIN;\n{file.decode()}\nRESET ROLE; INSERT INTO phased.schema_version (version, name, sha256) VALUES "
                      f"({number}, '{name}', '{hashlib.sha256(file).hexdigest()}'); COMMIT;")

    def test_from_empty_records_each_file_with_its_hash(self):
        out = self.phasectl(["migrate"])
        self.assertEqual(FILES, re.findall(r"^(\S+) +applied in \d+ ms$", out, re.M))
        rows = self.psql("SELECT version, name, sha256, applied_by = session_user, applied_at <= now() "
                         "FROM phased.schema_version ORDER BY version")
        expected = []
        for number, name in enumerate(FILES, 1):
            with open(os.path.join(SCHEMA, name), "rb") as content:
                expected.append([str(number), name, hashlib.sha256(content.read()).hexdigest(), "t", "t"])
        self.assertEqual(expected, rows)

    def test_a_second_run_does_nothing(self):
        self.phasectl(["migrate"])
        before = self.psql("SELECT * FROM phased.schema_version")
        self.assertEqual(f"schema: version {len(FILES)}, nothing to do\n", self.phasectl(["migrate"]))
        self.assertEqual(before, self.psql("SELECT * FROM phased.schema_version"))

    def test_dry_run_and_verify_change_nothing(self):
        self.assertEqual(FILES, re.findall(r"^(\S+) +would be applied$", self.phasectl(["migrate", "--dry-run"]), re.M))
        self.assertEqual(FILES, re.findall(r"^(\S+) +not applied$", self.phasectl(["migrate", "--verify"], status=1), re.M))
        self.assertEqual([["0"]], self.psql("SELECT count(*) FROM pg_namespace WHERE nspname IN ('phased', 'report')"))
        self.phasectl(["migrate"])
        self.assertEqual(FILES, re.findall(r"^(\S+) +applied, unchanged$", self.phasectl(["migrate", "--verify"]), re.M))

    def test_an_edited_file_is_refused(self):
        self.phasectl(["migrate"])
        self.psql("UPDATE phased.schema_version SET sha256 = repeat('0', 64) WHERE version = 2")
        for args in (["migrate"], ["migrate", "--verify"], ["migrate", "--dry-run"]):
            done = self.run_phasectl(args)
            self.assertEqual((65, 1), (done.status, done.err.count("\n")), done)
            self.assertRegex(done.err, f"{FILES[1]} was edited after it was applied")

    def test_a_newer_database_is_refused(self):
        self.phasectl(["migrate"])
        self.psql(f"INSERT INTO phased.schema_version (version, name, sha256) VALUES ({len(FILES) + 1}, 'x', 'x')")
        done = self.run_phasectl(["migrate"])
        self.assertEqual(65, done.status)
        self.assertRegex(done.err, f"version {len(FILES) + 1} or later, this program knows {len(FILES)}")

    def test_a_gap_is_refused(self):
        self.phasectl(["migrate"])
        self.psql("DELETE FROM phased.schema_version WHERE version = 1")
        self.assertRegex(self.run_phasectl(["migrate"]).err, "lacks version 1")

    def test_a_foreign_schema_is_left_alone(self):
        self.psql("CREATE SCHEMA phased; CREATE TABLE phased.theirs (n int)")
        done = self.run_phasectl(["migrate"])
        self.assertRegex(done.err, f"^phasectl: schema: {FILES[0]}: postgres: SQLSTATE 42P06")
        self.assertEqual(65, done.status)
        self.assertEqual([["theirs"]], self.psql("SELECT relname FROM pg_class WHERE relnamespace = 'phased'::regnamespace"))

    def test_five_at_once_apply_each_file_once(self):
        running = [self.background(["migrate"]) for _ in range(5)]
        outs = [child.communicate(timeout=60) + (child.returncode,) for child in running]
        self.assertEqual([0] * 5, [status for _, _, status in outs], outs)
        applied = re.findall(r"^(\S+) +applied in", "".join(out for out, _, _ in outs), re.M)
        self.assertEqual(FILES, sorted(applied))

    def test_databases_of_a_new_cluster_at_once(self):
        """Roles are the cluster's: whoever comes second must find them made, not fail. A cluster of our own has none yet."""
        postgres = os.path.join(phased_test.ROOT, "dev", "postgres")
        directory = self.path("cluster")
        subprocess.run([postgres, "start", directory], check=True, stdout=subprocess.DEVNULL)
        self.addCleanup(subprocess.run, [postgres, "remove", directory], check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(directory, "postgres.env")) as lines:
            base = re.search(r"^PHASED_PG='(.*)'$", lines.read(), re.M).group(1)
        databases = [f"{base} dbname=d{n}" for n in range(6)]
        for n, database in enumerate(databases):
            self.psql(f"CREATE DATABASE d{n}", database=base)
        self.assertEqual([["0"]], self.psql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'phased%'", databases[0]))
        configs = [self.write_config(f"{n}.yaml", postgres__conninfo=database) for n, database in enumerate(databases)]
        # One role is being made by somebody who has not committed yet: all of ours meet it, and each other after it.
        holder = subprocess.Popen(["psql", "-Xq", "-d", base], stdin=subprocess.PIPE, text=True)
        self.addCleanup(holder.communicate)
        holder.stdin.write("BEGIN; CREATE ROLE phased_owner NOLOGIN;\n")
        holder.stdin.flush()
        held = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE 'CREATE ROLE%'"
        self.wait_until(lambda: self.value(held, base) == "1", 20, "the role to be made")
        running = [self.background(["migrate"], config) for config in configs]
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted"
        self.wait_until(lambda: int(self.value(waiting, base)) >= 2, 20, "two to wait for the role")
        holder.stdin.write("COMMIT;\n")
        holder.stdin.flush()
        for child in running:
            out, err = child.communicate(timeout=60)
            self.assertEqual(0, child.returncode, err)
        self.assertEqual(sorted([role] for role in ROLES), self.psql(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'phased%' AND NOT rolcanlogin ORDER BY 1", databases[0]))

    def test_waits_for_a_lock_and_does_not_queue_others_behind_it(self):
        self.apply(3)
        holder = subprocess.Popen(["psql", "-Xq", "-d", self.database], stdin=subprocess.PIPE, text=True)
        self.addCleanup(holder.communicate)
        holder.stdin.write("BEGIN; LOCK TABLE phased.touch IN SHARE UPDATE EXCLUSIVE MODE;\n")
        holder.stdin.flush()
        locked = "SELECT count(*) FROM pg_locks WHERE relation = 'phased.touch'::regclass AND granted AND mode = 'ShareUpdateExclusiveLock'"
        self.wait_until(lambda: self.value(locked) == "1", 10, "the lock")
        child = self.background(["migrate"])
        # It asks, gives up after two seconds so that nobody must stand behind it, and asks again in a new transaction.
        waiting = ("SELECT a.xact_start FROM pg_stat_activity a JOIN pg_locks l USING (pid) "
                   "WHERE l.relation = 'phased.touch'::regclass AND NOT l.granted")
        first = self.wait_until(lambda: self.psql(waiting), 20, "it to wait")
        self.wait_until(lambda: self.psql(waiting) not in ([], first), 20, "it to ask again")
        self.assertIsNone(child.poll())
        holder.stdin.write("COMMIT;\n")
        holder.stdin.flush()
        out, err = child.communicate(timeout=30)
        self.assertEqual(0, child.returncode, err)
        self.assertIn("waiting", err)
        self.assertEqual(list(range(1, len(FILES) + 1)), self.versions())

    def test_killed_at_any_moment_it_can_go_on(self):
        for milliseconds in range(0, 60, 6):
            child = self.background(["migrate"])
            time.sleep(milliseconds / 1000)		# the moment is the case, not a wait for something
            child.kill()
            child.communicate()
        self.phasectl(["migrate"])
        self.assertEqual(list(range(1, len(FILES) + 1)), self.versions())

    def test_works_without_superuser(self):
        user = f"{self.name}_admin"
        self.psql(f"CREATE ROLE {user} LOGIN CREATEROLE")
        self.addCleanup(self.psql, f"DROP ROLE {user}", database=phased_test.server("PHASED_PG"))
        database = self.new_database()
        self.psql(f"GRANT CREATE ON DATABASE {database.rsplit('=', 1)[1]} TO {user}")
        self.write_config(postgres__conninfo=f"{database} user={user}")
        self.phasectl(["migrate"])
        self.assertEqual(user, self.value("SELECT DISTINCT applied_by FROM phased.schema_version"))
        self.addCleanup(self.psql, f"DROP OWNED BY {user}", database=database)
        self.assertEqual([["phased_owner"]], self.psql(
            "SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace IN ('phased'::regnamespace, 'report'::regnamespace)"))

    def test_says_which_server_is_away(self):
        self.write_config(postgres__conninfo="host=127.0.0.1 port=1 dbname=x connect_timeout=2")
        done = self.run_phasectl(["migrate"])
        self.assertEqual((69, 1), (done.status, done.err.count("\n")), done)

    def test_not_allowed_is_77(self):
        user = f"{self.name}_nobody"
        self.psql(f"CREATE ROLE {user} LOGIN")
        self.addCleanup(self.psql, f"DROP ROLE {user}", database=phased_test.server("PHASED_PG"))
        self.write_config(postgres__conninfo=f"{self.database} user={user}")
        done = self.run_phasectl(["migrate"])
        self.assertEqual(77, done.status, done)


class Embed(phased_test.PhasedTest):
    """What the build refuses to carry."""

    def embed(self, **files):
        paths = [self.write(f"{name}.sql", text) for name, text in files.items()]
        return subprocess.run([os.path.join(SCHEMA, "embed.py"), self.path("out.c"), *paths], capture_output=True, text=True)

    def test_files_are_numbered_without_a_gap_and_leave_transactions_to_migrate(self):
        for files, said in (({"_0001_a": "SELECT 1;"}, "expected 0001_<words>.sql"),
                            ({"0001_a": "SELECT 1;", "0003_b": "SELECT 1;"}, "0003_b.sql: expected 0002_"),
                            ({"0001_a": "SELECT 1;\n  commit;\n"}, "0001_a.sql:2: commit: phasectl migrate gives"),
                            ({"0001_a": "DO $$\nBEGIN\nEND $$;\nBEGIN;\n"}, "0001_a.sql:4: BEGIN")):
            done = self.embed(**files)
            self.assertEqual(1, done.returncode)
            self.assertIn(said, done.stderr)
        self.assertEqual(0, self.embed(**{"0001_a": "DO $$\nBEGIN\n\tPERFORM 1;\nEND $$;\n-- \"quoted\\\" ?" + "?/\n"}).returncode)


if __name__ == "__main__":
    phased_test.main()
