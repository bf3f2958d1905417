#!/usr/bin/python3
# run: timeout=300
"""`phasectl erase`: what goes, what stays, what is refused from then on, and what --verify says of it."""
import json
import secrets
import subprocess

import confluent_kafka
import confluent_kafka.admin

import events
import phased_test
import tables
from daemon_test import NOW_US, DaemonTest
from status_test import Terminal

MINUTE_US = 60_000_000
DAY_US = events.DAY_US
ANN, BO = "ann.berg@firma.test", "bo@firma.test"
GRANTED = {"analytics": "GRANTED", "profile": "GRANTED"}


class EraseTest(DaemonTest):
    def event(self, minute, page="/pricing", cookie=None, email=None, **more):
        """Something on the site, minutes after a day that is long past."""
        self.count = getattr(self, "count", 0) + 1
        when = NOW_US - 20 * DAY_US + minute * MINUTE_US
        identity = {key: value for key, value in (("anonymous_id", cookie), ("email", email), *more.pop("who", {}).items()) if value}
        return {"id": f"e{self.count}", "source": "test", "site": "acme", "channel": "WEB",
                "action": "FORM_SUBMIT" if email else "PAGE_VIEW", "occurred_us": when, "stamped_us": when, "received_us": when,
                "identity": {**identity, **({"name": "Somebody"} if email else {})}, "consent": GRANTED,
                "content": {"url": f"https://acme.test{page}"}, **more}

    def play(self, all_events):
        """All of them, applied and refolded; the daemon goes on."""
        before = self.done()
        self.send(events.lines(all_events), partition=0)
        self.wait_until(lambda: self.done() == before + len(all_events), 60, "all of them")
        self.nobody_waits()

    def done(self):
        return int(self.value("SELECT coalesce(sum(n), 0) FROM phased.outcome_day"))

    def outcomes(self):
        return {outcome: int(n) for outcome, n in self.psql("SELECT outcome, sum(n) FROM phased.outcome_day GROUP BY 1")}

    def erase(self, address, *args, status=0, **more):
        return self.phasectl(["erase", *args], input=address + "\n", status=status, **more)

    def rejected(self, topic, first, last):
        self.psql("INSERT INTO phased.rejected (topic, partition, \"offset\", reason, field, size, hash, at, source, noted_at) "
                  f"SELECT '{topic}', 0, n, 'bad_json', '', 1, 0, '2026-09-01', '', '2026-09-01' FROM generate_series({first}, {last}) n; "
                  "INSERT INTO phased.rejected_raw (topic, partition, \"offset\", form, value) "
                  f"SELECT '{topic}', 0, n, 1, '{{}}' FROM generate_series({first}, {last}) n")

    def story(self):
        """Ann alone on a, Ann and Bo by turns on b, Bo on c, nobody on d."""
        return [self.event(0, "/blog/one", "browser-a"), self.event(10, "/demo", "browser-a", ANN), self.event(20, "/pricing", "browser-a"),
                self.event(100, "/blog/one", "browser-b"), self.event(110, "/demo", "browser-b", ANN), self.event(120, "/compare", "browser-b"),
                self.event(200, "/demo", "browser-b", BO), self.event(210, "/pricing", "browser-b"),
                self.event(300, "/demo", "browser-b", ANN), self.event(310, "/terms", "browser-b"),
                self.event(400, "/demo", "browser-c", BO), self.event(410, "/cases/harbour", "browser-c"), self.event(500, "/blog/one", "browser-d")]

    def others(self, story):
        """What is Bo's, d's and nobody's of it."""
        return [story[i] for i in (6, 7, 10, 11, 12)]


class Erase(EraseTest):
    def test_all_that_is_theirs_goes_and_nothing_else(self):
        self.prepare(partitions=1)
        phased = self.start_phased()
        story = self.story()
        self.play(story)
        self.assertEqual("not in the ledger of erasures: 1 identifier\n", self.erase(ANN, "--verify", status=1))
        privacy = self.user("phased_privacy")
        said = json.loads(self.erase("  Ann.Berg@Firma.test", "--json", config=privacy))
        self.assertEqual((1, 1, 1, 8), tuple(said[key] for key in ("identifiers", "browsers", "shared", "touches")), said)
        self.assertIn("nothing is left", self.erase(ANN, "--verify", config=privacy))
        self.nobody_waits()
        self.assertEqual(0, phased.stop())
        audit = self.phasectl(["audit", "--json"], config=privacy)
        self.assertIn('"what":"erase"', audit.replace(": ", ":"))
        erased = tables.dump(self, self.database)
        self.assertNotIn(ANN, "".join(erased.values()))
        self.assert_as_without(erased, self.others(story))

    def test_of_two_addresses_neither_is_taken(self):
        self.prepare(partitions=1)
        self.start_phased()
        self.play(self.story())
        more = "address -: there is a second line on stdin: expected one mail address and no more"
        none = "address -: expected one mail address on stdin"
        for words in (["erase"], ["erase", "--verify"], ["export"]):
            for stdin, said in ((f"{ANN}\n{BO}\n", more), (f"{ANN}\r\n\r\n{BO}", more), (f"{ANN}\nx", more), (f"{ANN}\0\n{BO}", none),
                                (f"{ANN}{' ' * 400}{BO}", none), ("\n" + ANN, none), ("", none)):
                done = self.run_phasectl(words, input=stdin)
                self.assertEqual((64, "", f"phasectl: {words[0]}: {said}\n"), (done.status, done.out, done.err), (words, stdin))
        self.assertEqual(["0", "13"], [self.value(f"SELECT count(*) FROM phased.{table}") for table in ("erasure", "touch")])
        for stdin in (ANN, f" {ANN}\t\n", f"{ANN}\r\n", f"{ANN}\n\r\n \n"):
            self.assertEqual(1, self.run_phasectl(["erase", "--verify"], input=stdin).status, stdin)
        terminal = Terminal([phased_test.PHASECTL, "--config", self.config, "erase", "--verify"])
        self.addCleanup(terminal.close)
        terminal.type(f"{ANN}\n".encode())		# Enter is enough
        self.assertEqual(1, terminal.end(), terminal.said)
        self.assertIn("not in the ledger", terminal.said)

    def test_who_is_one_person_by_a_login_goes_whole(self):
        self.prepare(partitions=1)
        phased = self.start_phased()
        login, home = {"user_id": "u7", "verified": True}, "ann@home.test"
        story = [self.event(0, "/demo", "browser-a", ANN), self.event(10, "/pricing", "browser-a", ANN, who=login),
                 self.event(20, "/pricing", "browser-e", home, who=login), self.event(30, "/blog/one", "browser-e"),
                 self.event(40, "/demo", "browser-f", home), self.event(50, "/demo", "browser-c", BO),
                 self.event(60, "/terms", "browser-c")]
        self.play(story)
        self.assertEqual("2", self.value("SELECT count(*) FROM phased.contact"))
        for offset, before in enumerate(("u7", "u9")):	# rejected once; they can be read by now
            raw = json.dumps(self.event(70, action="ALIAS", who={"user_id": "u8", "previous_id": before})).encode()
            self.psql(f"INSERT INTO phased.rejected SELECT 'old', 0, {offset}, 'unreadable', '', 1, 1, now(), '', now();"
                      f"INSERT INTO phased.rejected_raw VALUES ('old', 0, {offset}, 1, '\\x{raw.hex()}')")
        said = json.loads(self.erase(home, "--json"))
        self.assertEqual("1", self.value('SELECT string_agg("offset"::text, \' \') FROM phased.rejected_raw'))
        self.psql("DELETE FROM phased.rejected")
        self.assertEqual((3, 3, 0, 5), tuple(said[key] for key in ("identifiers", "browsers", "shared", "touches")), said)
        for address in (ANN, home):
            self.assertIn("nothing is left", self.erase(address, "--verify"))
        self.nobody_waits()
        # All of it once more: none of the three names brings anybody back.
        self.send(events.lines(story), partition=0)
        self.wait_until(lambda: self.done() == 2 * len(story), 60, "all of them again")
        self.nobody_waits()
        self.assertEqual(0, phased.stop())
        self.assertEqual({"applied": 7, "erased": 5, "duplicate": 2}, self.outcomes())
        self.assert_as_without(tables.dump(self, self.database), story[5:])

    def test_who_stays_of_a_person_of_whom_some_are_erased_is_a_person(self):
        """A backup of when four were one; then two were split from them by hand, and these were erased."""
        self.prepare(partitions=1)
        phased = self.start_phased()
        home, seven, eight = "ann@home.test", {"user_id": "u7", "verified": True}, {"user_id": "u8", "verified": True}
        story = [self.event(0, "/demo", "browser-a", ANN), self.event(5, "/pricing", "browser-a", ANN, who=eight),
                 self.event(8, "/terms", "browser-a"), self.event(20, "/demo", "browser-e", home, who=seven),
                 self.event(30, "/pricing", "browser-e")]
        stay, later = story[:3], [self.event(40, "/pricing", "browser-a", ANN, who=eight), self.event(50, "/terms", "browser-a")]
        self.play(story)
        one, other = self.identifier(ANN), self.identifier(home)
        self.by_hand("join", other, "--with", one)
        self.assertEqual("4", self.value("SELECT count(*) FROM phased.kin GROUP BY contact_id"))
        first = self.database
        self.restore_into_new_database()
        restored, self.database = self.database, first
        self.write_config()
        self.by_hand("split", other, "--from", one)
        self.assertEqual([["2"], ["2"]], self.psql("SELECT count(*) FROM phased.kin GROUP BY contact_id"))
        said = json.loads(self.erase(home, "--json"))
        self.assertEqual((2, 1, 0), tuple(said[key] for key in ("identifiers", "browsers", "shared")), said)
        self.assertIn("nothing is left", self.erase(home, "--verify"))
        self.assertEqual(0, phased.stop())
        self.database = restored
        self.new_topics()
        self.write_config()
        self.only_one_at_once()
        phased = self.start_phased(config=self.user("phased_writer"))
        self.wait_log(phased, "warning: erasures: .*57014.*: trying again")
        self.wait_log(phased, "3 of them were not known here and are erased again")
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.rejected_raw"))
        self.psql("DELETE FROM phased.rejected")
        self.nobody_waits()
        self.assertIn("nothing is left", self.erase(home, "--verify"))
        self.play(later)
        self.assertEqual(0, phased.stop())
        self.assert_as_without(tables.dump(self, self.database), stay + later)

    def only_one_at_once(self):
        """Whoever erases more than one takes longer than he may; and there is more than is deleted at once."""
        self.psql("CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT count(*) FROM fresh) > 1 THEN "
                  "RAISE EXCEPTION 'too long' USING ERRCODE = '57014'; END IF; RETURN NULL; END $$; "
                  "CREATE TRIGGER slow AFTER INSERT ON phased.erasure REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT "
                  "EXECUTE FUNCTION public.slow()")
        self.rejected("old", 1, 4500)

    def identifier(self, address):
        found = json.loads(self.phasectl(["identity", "show", "-", "--json"], input=address))
        return next(actor["actor"] for actor in found["actors"] if actor["kind"] == "email")

    def by_hand(self, *args):
        before = self.done()
        self.phasectl(["identity", *args])
        self.wait_until(lambda: self.done() == before + 1, 60, "what was said by hand")
        self.nobody_waits()

    def test_who_becomes_the_same_while_an_erasure_waits_for_its_locks_goes_too(self):
        self.prepare(partitions=1)
        phased = self.start_phased()
        self.play(self.story())
        self.assertEqual(0, phased.stop())
        ann, bo = self.identifier(ANN), self.identifier(BO)
        batch = subprocess.Popen(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.database], stdin=subprocess.PIPE, text=True)
        self.addCleanup(batch.kill)
        batch.stdin.write(f"BEGIN; UPDATE phased.phase SET version = version + 1 WHERE contact_id = '{ann}';\n")
        batch.stdin.flush()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        self.wait_until(lambda: self.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                                           "AND state = 'idle in transaction'") == "1", 20, "the batch to hold the lock")
        erasing = subprocess.Popen([phased_test.PHASECTL, "--config", self.config, "erase"], stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, text=True)
        self.addCleanup(erasing.kill)
        erasing.stdin.write(ANN + "\n")
        erasing.stdin.close()
        self.wait_until(lambda: self.value(waiting) == "1", 20, "the erasure to wait for the lock")
        one, other = sorted((ann, bo))
        batch.communicate(
            f"INSERT INTO phased.assertion SELECT '{one}', '{other}', t.stamped, t.event_id, t.actor_id, t.at, 0, 0, 0 "
            "FROM phased.touch t LIMIT 1;\n"
            f"INSERT INTO phased.kin VALUES ('{one}', '{one}', '{one}', '-infinity'), ('{other}', '{one}', '{one}', now()); COMMIT;\n",
            timeout=20)
        self.assertEqual(0, batch.returncode)
        self.assertEqual(0, erasing.wait(timeout=60))
        self.assertEqual([["0", "0", "0"]], self.psql(
            "SELECT (SELECT count(*) FROM phased.claim), (SELECT count(*) FROM phased.kin), (SELECT count(*) FROM phased.assertion)"))
        for address in (ANN, BO):
            self.assertIn("nothing is left", self.erase(address, "--verify"))

    def test_neither_a_replay_nor_a_backup_brings_them_back(self):
        self.prepare(partitions=1)
        phased = self.start_phased()
        story = self.story()
        self.play(story)
        self.assertEqual(0, phased.stop())
        first = self.database
        self.restore_into_new_database()
        restored, self.database = self.database, first
        self.write_config()
        self.erase(ANN)
        self.psql("UPDATE phased.position SET next_offset = -2")
        phased = self.start_phased()
        self.wait_until(lambda: self.done() == 2 * len(story), 60, "all of them again")
        self.nobody_waits()
        self.assertEqual(0, phased.stop())
        self.assertEqual({"applied": 13, "erased": 8, "duplicate": 5}, self.outcomes())
        self.assert_as_without(tables.dump(self, self.database), self.others(story))
        self.database = restored
        self.new_topics()
        self.write_config()
        self.assertNotEqual("0", self.value(f"SELECT count(*) FROM phased.contact WHERE address = '{ANN}'"))
        phased = self.start_phased(config=self.user("phased_writer"))
        self.wait_log(phased, r"erasures: \S+ was read to its end: 3 ids, 3 of them were not known here and are erased again")
        self.wait_log(phased, "partitions claimed")
        self.nobody_waits()
        self.assertIn("nothing is left", self.erase(ANN, "--verify"))
        self.assertEqual(0, phased.stop())
        self.assert_as_without(tables.dump(self, self.database), self.others(story))
        phased = self.start_phased()
        self.wait_log(phased, r"was read to its end: 3 ids, all known here$")
        self.assertEqual(0, phased.stop())

    def restore_into_new_database(self):
        dumped = subprocess.run(["pg_dump", "-d", self.database], check=True, capture_output=True, timeout=60).stdout
        self.new_database()
        subprocess.run(["psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "-d", self.database], input=dumped, check=True,
                       stdout=subprocess.DEVNULL, timeout=60)

    def assert_as_without(self, erased, others):
        """The tables as after a run in which nobody else was ever heard of."""
        name, database, topics = self.name, self.database, self.topics
        self.name = f"{name}o{secrets.token_hex(2)}"
        self.prepare(partitions=1)
        phased = self.start_phased()
        self.play(others)
        self.assertEqual(0, phased.stop())
        without = tables.dump(self, self.database)
        self.name, self.database, self.topics = name, database, topics
        self.write_config()
        for table in ("outcome_day", "subject", "subject_rule"):	# what was counted, and pages that are nobody's
            erased.pop(table), without.pop(table)
        self.assertEqual(without, erased)


class Topic(EraseTest):
    """What else may stand on the topic of erasures."""

    def write_erasure(self, value, key):
        producer = confluent_kafka.Producer({"bootstrap.servers": phased_test.server("PHASED_KAFKA")})
        placed = []
        producer.produce(self.topics["erasure"], value, key, partition=0, on_delivery=lambda error, message: placed.append(message.offset()))
        self.assertEqual(0, producer.flush(20))
        return placed[0]

    def test_what_is_no_erasure_is_passed_over_once_something_of_its_key_is_written(self):
        self.prepare(partitions=1)
        topic = self.topics["erasure"]
        key, erased = secrets.token_bytes(16), {"from": None, "at": "2026-09-01T00:00:00Z", "erased": "2026-09-01T00:00:00Z", "positions": {}}
        for bad, good in ((b"{}", None), (b"\xff", json.dumps({"rows": [erased]}).encode())):
            offset = self.write_erasure(bad, key)
            self.write_erasure(None, secrets.token_bytes(16))		# of somebody else
            phased = self.start_phased()
            self.assertEqual(65, phased.wait(60))
            self.assertIn(f"{topic}/0@{offset}: is no erasure, and nothing after it has its key: whoever was erased by it would come "
                          "back: erase them once more, or write a message of this key without a value", phased.log())
            self.assertNotIn("claimed", phased.log())
            later = self.write_erasure(good, key)
            phased = self.start_phased()
            self.wait_log(phased, rf"warning: erasures: {topic}/0@{offset}: is no erasure; that at {later} has its key, and holds$")
            self.wait_log(phased, "partitions claimed")
            self.assertEqual(0, phased.stop())
        self.assertEqual("1", self.value("SELECT count(*) FROM phased.erasure"))

    def test_a_topic_that_is_not_compacted_alone_is_refused(self):
        self.prepare(partitions=1)
        topic = confluent_kafka.admin.ConfigResource("topic", self.topics["erasure"])
        admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": phased_test.server("PHASED_KAFKA")})
        for policy, status in (("compact,delete", 78), ("delete", 78), ("compact", 0)):
            topic.set_config("cleanup.policy", policy)
            for done in admin.alter_configs([topic]).values():
                done.result(timeout=20)
            self.wait_until(lambda: self.policy(admin) == policy, 20, "the brokers to know of it")
            done = self.run_phasectl(["erase"], input=ANN + "\n")
            checked = self.run_phasectl(["check"])
            said = f"{self.topics['erasure']}: cleanup.policy is {policy}, expected compact: erasures would be deleted from it"
            self.assertEqual((status, policy != "compact", policy != "compact"), (done.status, said in done.err, said in checked.out), done)

    def policy(self, admin):
        described, = admin.describe_configs([confluent_kafka.admin.ConfigResource("topic", self.topics["erasure"])]).values()
        return described.result(timeout=20)["cleanup.policy"].value


class Limits(EraseTest):
    def test_verify_takes_as_long_as_all_tables_take(self):
        self.prepare(partitions=1)
        self.psql("CREATE OR REPLACE FUNCTION phased.find_text(p_text text) RETURNS TABLE (name text, field text, n bigint) "
                  "LANGUAGE sql AS $$ SELECT '', '', 0::bigint FROM pg_sleep(2) $$")
        self.write_config(postgres__reply_ms_max=1000)
        self.assertIn("not in the ledger", self.erase(ANN, "--verify", status=1))

    def test_many_rejected_messages_need_no_more_memory_than_a_few(self):
        self.prepare(partitions=1)
        address = self.write("address.txt", ANN + "\n")
        peaks = []
        for first, last in ((1, 200), (201, 30_000)):
            self.rejected("t" * 249, first, last)
            status, _, peak = self.run_measured(["erase"], address)
            self.assertEqual(0, status)
            peaks.append(peak)
        self.assertLess(peaks[1] - peaks[0], 3 * 1024, peaks)


if __name__ == "__main__":
    phased_test.main()
