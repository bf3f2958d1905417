#!/usr/bin/python3
"""The identity key: a database keeps the one that it was begun with, and how another one is brought in after all."""
import secrets

import events
import phased_test
from daemon_test import NOW_US, DaemonTest

KNOWN = """SELECT address, name, role, process, phase, touches FROM report.person JOIN report.contact_phase USING (contact_id)
           ORDER BY 1, 2, 3, 4, 5, 6"""


class Key(DaemonTest):
    def kid(self):
        return self.value("SELECT value FROM phased.setting WHERE key = 'identity.kid'")

    def taken(self, count):
        self.applied(count)
        self.nobody_waits()

    def test_a_daemon_with_another_key_ends_and_names_both(self):
        self.prepare()
        first = self.start_phased()
        self.wait_log(first, "connected")
        kept = self.kid()
        self.assertRegex(kept, "^[0-9a-f]{16}$")
        self.assertEqual(0, first.stop())
        right = self.path("identity.key")
        with open(right) as key:
            self.assertNotIn(kept, key.read())
        self.write("other.key", secrets.token_hex(32), 0o600)
        self.write_config(identity__key_file=self.path("other.key"))
        self.send(events.lines(events.Maker(1, NOW_US).make(5)))
        other = self.start_phased()
        self.assertEqual(78, other.wait())
        self.assertRegex(other.log(), rf"identity\.key_file: this is key (?!{kept})[0-9a-f]{{16}}, and this database was begun with key {kept};")
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.touch"))
        self.write_config(identity__key_file=right)
        self.start_phased()
        self.taken(5)
        self.assertEqual(kept, self.kid())

    def test_a_collector_names_the_key_that_it_has(self):
        self.prepare()
        self.wait_log(self.start_phased(), "connected")
        collect = self.write("collect.yaml", phased_test.yaml_text({
            "http": {"listen": "127.0.0.1:0", "admin_listen": ""}, "kafka": {"brokers": phased_test.server("PHASED_KAFKA")},
            "identity": {"key_file": "identity.key"}}))
        self.assertEqual(self.kid(), self.wait_log(self.start_collect(config=collect), r"identity: key (\S+)$").group(1))

    def test_an_address_is_not_looked_for_by_another_key(self):
        self.prepare()
        self.start_phased()
        consent = {"profile": "GRANTED"}
        self.give([{"id": "1", "source": "test", "channel": "CRM", "action": "CONSENT", "occurred_us": NOW_US, "identity": {"email": "ann@acme.test"},
                    "consent": consent}])
        kept = self.kid()
        for role in ("phased_reader", "phased_seller"):
            self.user(role)
        self.write("other.key", secrets.token_hex(32), 0o600)
        for role, words in (("seller", ["at", "-", "--time", "2026-10-01T00:00:00Z"]), ("seller", ["why", "-"]), ("seller", ["confirm", "-", "--phase", "late"]),
                            ("seller", ["machine", "show", "-"]), ("seller", ["unsubscribe", "settle", "-", "--dismiss"]),
                            ("reader", ["report", "phases", "--contact", "-"])):
            own = self.database
            self.write_config(identity__key_file=self.path("other.key"), postgres__conninfo=f"{own} user={self.name}_{role}")
            done = self.run_phasectl(words, input="ann@acme.test\n")
            self.assertEqual((78, ""), (done.status, done.out), words)
            self.assertIn(f"this database was begun with key {kept}", done.err)
            self.assertNotIn("acme.test", done.err)

    def test_the_past_is_told_anew_under_another_key(self):
        """docs/operations.md, "Change secrets": a new database, another group, the same topics."""
        self.prepare()
        sent = events.Crowd(2, NOW_US, people=20).make(1200)
        self.send(events.lines(sent))
        first = self.start_phased()
        self.taken(len(sent))
        self.assertEqual(0, first.stop())
        before, old = self.psql(KNOWN), self.database
        ids = {contact for (contact,) in self.psql("SELECT contact_id FROM report.contact_phase")}
        self.assertGreater(len(before), 5)
        self.fresh_database()
        self.write("new.key", secrets.token_hex(32), 0o600)
        self.write_config(identity__key_file=self.path("new.key"), kafka__group=f"{self.name}.anew")
        self.start_phased()
        self.taken(len(sent))
        self.assertEqual(before, self.psql(KNOWN))
        self.assertNotEqual(self.kid(), self.value("SELECT value FROM phased.setting WHERE key = 'identity.kid'", old))
        self.assertEqual(set(), ids & {contact for (contact,) in self.psql("SELECT contact_id FROM report.contact_phase")})


if __name__ == "__main__":
    phased_test.main()
