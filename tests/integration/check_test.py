"""phasectl check, topics create, model accept, and the command line itself."""
# run: sanitized
import os
import re
import subprocess
import unittest

import phased_test

MODEL = os.path.join(phased_test.ROOT, "conf", "model")
ACCOUNTS = os.path.join(phased_test.ROOT, "conf", "accounts.yaml")
STEPS = ["configuration", "identity key", "model", "topic words", "kafka", "topics", "postgres", "schema", "server log", "key in force", "model in force",
         "accounts"]


class Check(phased_test.PhasedTest):
    def prepare(self, *args, **more):
        super().prepare(*args, **more)
        self.phasectl(["accounts", "accept", ACCOUNTS])

    def check(self, status, **more):
        return self.check_with(status, **more)

    def check_with(self, status, *options, **more):
        """What was said of each step: {name: (ok or wrong, words)}."""
        done = self.run_phasectl(["check", *options], **more)
        said = {}
        for line in done.out.splitlines():
            word, name, words = re.fullmatch(r"(ok|wrong) +(.{15}) ?(.*)", line).groups()
            said[name.strip()] = (word, words)
        self.assertEqual(status, done.status, done)
        return said

    def wrong(self, status, **more):
        """Names of the steps that were wrong."""
        return [name for name, (word, _) in self.check(status, **more).items() if word == "wrong"]

    def test_all_is_well_after_prepare(self):
        self.prepare()
        said = self.check(0)
        self.assertEqual(STEPS, list(said))
        self.assertEqual({"ok"}, {word for word, _ in said.values()})
        processes = "; ".join(rf"{name}: {rules} rules, \d+ contents" for name, rules in
                              (("call-off", r"\d+"), ("innovation", r"\d+"), ("parts", r"\d+"), ("tender", r"\d+"), ("standard", 33)))
        self.assertRegex(said["model"][1], rf"^[0-9a-f]{{16}} \({processes}\)$")
        self.assertEqual(said["model"][1][:16], said["model in force"][1])
        self.assertIn(f"{self.topics['web']} 4", said["topics"][1])

    def test_what_is_not_there_yet_is_named_with_the_command_that_makes_it(self):
        self.new_database()
        self.new_topics()
        self.write_config()
        said = self.check(65)
        self.assertIn("run phasectl migrate", said["schema"][1])
        self.assertIn("run phasectl topics create", said["topics"][1])
        self.assertIn(self.topics["erasure"], said["topics"][1])
        self.phasectl(["migrate"])
        self.assertEqual(["topics", "model in force", "accounts"], self.wrong(1))
        self.phasectl(["topics", "create", "--partitions", "1"])
        self.assertIn("run phasectl model accept", self.check(1)["model in force"][1])
        self.phasectl(["model", "accept"])
        self.assertIn("run phasectl accounts accept", self.check(1)["accounts"][1])
        self.phasectl(["accounts", "accept", ACCOUNTS])
        self.check(0)

    def test_only_the_missing_topics_are_named(self):
        self.prepare()
        self.write_config(kafka__topics={**self.topics, "chat": f"{self.name}.other"})
        self.assertRegex(self.check(1)["topics"][1], f"^not there: {self.name}.other: run")

    def test_configuration_is_the_gravest(self):
        self.prepare()
        self.write_config(kafka__brockers="x")
        said = self.check(78)
        self.assertEqual(["configuration"], list(said))
        self.assertRegex(said["configuration"][1], r"phased\.yaml:\d+: .*did you mean \"?brokers")
        self.write_config(identity__key_file="/nowhere/identity.key", kafka__brokers="127.0.0.1:1")
        self.assertEqual(["identity key", "kafka"], self.wrong(78))

    def test_a_conninfo_that_cannot_be_read_is_configuration_not_a_server_away(self):
        self.prepare()
        self.write_config(postgres__conninfo="host=127.0.0.1 dbnam=x")
        self.assertIn("dbnam", self.check(78)["postgres"][1])
        done = self.run_phasectl(["--config", self.config, "report", "phases"])
        self.assertEqual((78, 1), (done.status, done.err.count("\n")), done)

    def test_servers_that_are_away(self):
        self.prepare()
        self.write_config(kafka__brokers="127.0.0.1:1")
        self.assertEqual(["kafka"], self.wrong(69))
        self.write_config(postgres__conninfo="host=127.0.0.1 port=1 dbname=x")
        said = self.check(69)
        self.assertEqual(["postgres"], [name for name, (word, _) in said.items() if word == "wrong"])
        self.assertNotIn("schema", said)

    def test_a_database_of_another_key_is_told(self):
        self.prepare()
        self.assertEqual("none yet: the first daemon's", self.check(0)["key in force"][1])
        daemon = self.start_phased()
        self.wait_until(lambda: self.psql("SELECT 1 FROM phased.setting WHERE key = 'identity.kid'"), 20, "the first daemon's key")
        self.assertEqual(0, daemon.stop())
        kept = self.check(0)["key in force"][1]
        self.assertRegex(kept, "^[0-9a-f]{16}$")
        self.write("identity.key", "x" * 40, 0o600)
        self.assertRegex(self.check(78)["key in force"][1], rf"^{kept}, but identity\.key_file is key (?!{kept})[0-9a-f]{{16}}: ")
        self.write("identity.key", "short", 0o600)
        self.assertEqual(["identity key"], self.wrong(78))

    def test_a_server_whose_log_would_have_people_in_it(self):
        self.prepare()
        self.assertEqual("says nothing of people", self.check(0)["server log"][1])
        name = self.value("SELECT current_database()")
        for setting, value, more in (("log_error_verbosity", "default", {}), ("log_parameter_max_length_on_error", "64", {}),
                                     ("log_min_duration_statement", "0", {}), ("log_statement", "mod", {}), ("log_transaction_sample_rate", "1", {}),
                                     ("log_statement", "all", {"log_parameter_max_length": "0"})):
            for key, said in {setting: value, **more}.items():
                self.psql(f"ALTER DATABASE {name} SET {key} = '{said}'")
            if more:
                self.assertEqual("says nothing of people", self.check(0)["server log"][1])
            else:
                self.assertIn(f"{setting} = {value}", self.check(1)["server log"][1])
            for key in (setting, *more):
                self.psql(f"ALTER DATABASE {name} RESET {key}")

    def test_a_newer_schema_is_65(self):
        self.prepare()
        self.psql("INSERT INTO phased.schema_version (version, name, sha256) VALUES (99, 'x', 'x')")
        self.assertIn("newer", self.check(65)["schema"][1])

    def test_a_rule_that_does_not_take_its_example_is_found(self):
        self.prepare()
        with open(os.path.join(MODEL, "standard.yaml")) as text:
            good = text.read()
        bad = re.sub(r"(name: web\.pricing.*?    example:.*?url: ')[^']*('.*?title: ')[^']*(')", r"\1https://nordlys.test/x/\2x\3", good,
                     count=1, flags=re.S)
        self.assertNotEqual(good, bad)
        self.write_config(model__path=self.write("bad.yaml", bad))
        word, words = self.check(78)["model"]
        self.assertEqual("wrong", word)
        self.assertRegex(words, r"bad\.yaml:\d+: .*web\.pricing")

    def test_words_of_topics_are_read_where_they_are_and_their_examples_tried(self):
        self.prepare()
        self.assertRegex(self.check(0)["topic words"][1], r"^none: no .*/topics\.yaml$")
        shipped = os.path.join(phased_test.ROOT, "conf", "topics.yaml")
        self.assertRegex(self.check_with(0, "--topics", shipped)["topic words"][1],
                         r"topics\.yaml \(\d\d topics, 5 languages, \d+ words\)$")
        with open(shipped) as text:
            good = text.read()
        beside = self.write("topics.yaml", good)
        self.assertEqual(os.path.dirname(self.config), os.path.dirname(beside))
        self.assertIn(f"{beside} (", self.check(0)["topic words"][1])
        self.write("topics.yaml", good.replace("'Hvad koster radaren", "'Hvad vejer radaren"))
        self.assertRegex(self.check(78)["topic words"][1], r'topics\.yaml:\d+: topic "price": its example in "da" is about nothing$')

    # --- model accept ---

    def test_models_are_accepted_one_after_the_other(self):
        self.new_database()
        self.write_config()
        self.phasectl(["migrate"])
        first = self.phasectl(["model", "accept"])
        version = re.fullmatch(r"model ([0-9a-f]{16}) \(call-off: .*\) accepted\n", first).group(1)
        self.assertEqual(first.replace("accepted", "is in force already"), self.phasectl(["model", "accept"]))
        self.assertEqual([[version, "t", "t"]], self.psql(
            "SELECT lpad(to_hex(version), 16, '0'), in_force, accepted_by = session_user FROM phased.model"))
        with open(os.path.join(MODEL, "standard.yaml")) as text:
            other = self.write("other.yaml", text.read().replace("dwell_days: 20", "dwell_days: 21"))
        second = re.fullmatch(r"model ([0-9a-f]{16}) \(standard: .*\) accepted\n", self.phasectl(["model", "accept", other])).group(1)
        self.assertEqual([[version, "f"], [second, "t"]], self.psql(
            "SELECT lpad(to_hex(version), 16, '0'), in_force FROM phased.model ORDER BY accepted_at"))
        self.phasectl(["model", "accept", "--model", MODEL])
        self.assertEqual([[version], [second], [version]], self.psql("SELECT model FROM report.model_acceptance ORDER BY n"))

    def test_states_and_their_words_are_stored_with_the_model(self):
        self.new_database()
        self.write_config()
        self.phasectl(["migrate"])
        self.phasectl(["model", "accept"])
        self.assertEqual([["standard", "0", "none", "-1"], ["standard", "1", "problem", "0"], ["standard", "2", "research", "0"],
                          ["standard", "3", "suppliers", "1"], ["standard", "4", "doubt", "1"], ["standard", "5", "convince", "2"],
                          ["standard", "6", "funds", "2"], ["standard", "7", "accept", "2"]],
                         self.psql("SELECT process, state, name, main FROM phased.model_state JOIN phased.model "
                                   "ON version = model_version WHERE process = 'standard' ORDER BY 1, 2"))
        self.assertEqual([["call-off", "5", "1"], ["innovation", "8", "0"], ["parts", "4", "0"], ["standard", "8", "0"], ["tender", "8", "0"]],
                         self.psql("SELECT process, count(*), min(main) FILTER (WHERE state > 0) FROM phased.model_state GROUP BY 1 ORDER BY 1"))

    def test_two_different_first_models_at_once_leave_one(self):
        self.new_database()
        self.write_config()
        self.phasectl(["migrate"])
        with open(os.path.join(MODEL, "standard.yaml")) as text:
            other = self.write("other.yaml", text.read().replace("dwell_days: 20", "dwell_days: 21"))
        running = [subprocess.Popen([phased_test.PHASECTL, "--config", self.config, "model", "accept", "--model", path],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for path in (MODEL, other) * 3]
        ended = [child.wait(60) for child in running]
        self.assertIn(0, ended)
        self.assertLessEqual(set(ended), {0, 1}, "1: another one was faster")
        self.assertEqual("t", self.value("SELECT in_force FROM phased.model JOIN phased.model_acceptance USING (version) ORDER BY n DESC "
                                         "LIMIT 1"))
        self.assertEqual("1", self.value("SELECT count(*) FROM phased.model WHERE in_force"))

    def test_the_daemons_role_may_not_accept(self):
        self.new_database()
        self.write_config()
        self.phasectl(["migrate"])
        user = f"{self.name}_writer"
        base = phased_test.server("PHASED_PG")
        self.psql(f"CREATE ROLE {user} LOGIN; GRANT phased_writer TO {user}", database=base)
        self.addCleanup(self.psql, f"DROP ROLE {user}", database=base)
        self.write_config(postgres__conninfo=f"{self.database} user={user}")
        self.assertEqual(77, self.run_phasectl(["model", "accept"]).status)

    # --- topics create ---

    def test_topics_are_made_once_and_left_alone_then(self):
        self.new_topics()
        self.write_config()
        out = self.phasectl(["topics", "create", "--partitions", "3", "--replication", "1"])
        self.assertEqual(6, len(re.findall(rf"^{self.name}\.\w+ +created, 3 partitions(?:, compacted)?$", out, re.M)), out)
        self.assertRegex(out, rf"(?m)^{self.name}\.erasure .*, compacted$")
        out = self.phasectl(["topics", "create", "--partitions", "5"])
        self.assertEqual(6, len(re.findall(r"was there, 3 partitions$", out, re.M)), out)

    def test_topics_create_without_a_broker_is_69(self):
        self.new_topics()
        self.write_config(kafka__brokers="127.0.0.1:1")
        done = self.run_phasectl(["topics", "create"])
        self.assertEqual((69, 1, ""), (done.status, done.err.count("\n"), done.out), done)

    def test_more_copies_than_brokers_are_refused(self):
        self.new_topics()
        self.write_config()
        done = self.run_phasectl(["topics", "create", "--replication", "3"])
        self.assertNotEqual(0, done.status)
        self.assertEqual(1, done.err.count("\n"))


class CommandLine(phased_test.PhasedTest):
    def ask(self, *args):
        return self.run_phasectl(list(args))

    def test_every_command_has_its_help_and_a_page_that_names_all_of_it(self):
        with open(os.path.join(phased_test.ROOT, "docs", "phasectl.md")) as text:
            page = text.read()
        listing = self.ask("--help").out
        commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)  +\S", listing.partition("commands:")[2].partition("options:")[0], re.M)
        self.assertEqual(["report phases", "report", "brief", "journey", "at", "why", "board", "status", "top", "check", "migrate", "model check", "model lint", "model diff", "model accept", "model reject",
                          "model history", "model show", "model calibrate", "model try", "accounts accept", "topics create", "erase", "export", "confirm", "produce", "import",
                          "position show", "position set", "rejects list", "rejects show", "rejects retry", "rejects purge",
                          "identity show", "identity join", "identity split", "machine show", "machine clear", "retention", "unsubscribe list", "unsubscribe settle", "audit", "reload"],
                         commands)
        for command in commands:
            done = self.ask(*command.split(), "--help")
            self.assertEqual((0, ""), (done.status, done.err))
            self.assertRegex(done.out, rf"^usage: phasectl {command}(?: \[?[A-Z/@]+\]?)? \[OPTION\]…\n")
            for line in done.out.splitlines():
                self.assertLessEqual(len(line), 120, line)
            section = page.partition(f"\n## phasectl {command}\n")[2].partition("\n## ")[0]
            self.assertTrue(section, f"docs/phasectl.md has no section on {command}")
            for option in set(re.findall(r"^  (--[a-z-]+)", done.out, re.M)) - {"--config", "--help", "--version"}:
                self.assertIn(f"`{option}", section, f"{command} {option} in docs/phasectl.md")

    def test_version(self):
        self.assertRegex(self.ask("--version").out, r"^phasectl \d+\.\d+\.\d+\n$")

    def test_words_that_are_no_command(self):
        for args, said in ((["migrat"], "did you mean migrate?"), (["report"], "report: expected NAME"),
                           (["report", "phase"], "did you mean phases?"), (["topics"], "did you mean topics create?"),
                           (["xyzzy"], "no command xyzzy"), ([], "expected a command"), (["check", "all"], "options only")):
            done = self.ask(*args)
            self.assertEqual((64, 1, ""), (done.status, done.err.count("\n"), done.out), args)
            self.assertIn(said, done.err)

    def test_config_before_and_after_the_command(self):
        for args in (["--config", "/nowhere.yaml", "migrate"], ["migrate", "--config=/nowhere.yaml"]):
            done = self.run_phasectl(args)
            self.assertEqual(78, done.status)
            self.assertIn("/nowhere.yaml", done.err)

    def test_a_full_disk_is_noticed(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([phased_test.PHASECTL, "--help"], stdout=full, stderr=subprocess.PIPE)
        self.assertNotEqual(0, done.returncode)


if __name__ == "__main__":
    phased_test.main()
