#!/usr/bin/python3
# run: timeout=300
"""A browser that very many people give their address on, a kiosk or a bot: neither time nor memory grow with what is known of it."""
import events
import phased_test
from daemon_test import DaemonTest, NOW_US

CLAIMS = 100_000
FEW = 20_000			# after so many claims, and after all, it is looked at what a batch costs
COUNT = 256			# so many count (ATTRIBUTE_CLAIMS_MAX)
CONSENTS = 300
SECOND_US = 1_000_000


class Kiosk(DaemonTest):
    def event(self, number, second, action, identity, **consent):
        return {"id": f"e{number}", "source": "test", "site": "acme", "channel": "WEB", "action": action, "occurred_us": NOW_US + second * SECOND_US,
                "received_us": NOW_US + second * SECOND_US, "identity": identity,
                "content": {"url": f"https://{identity.get('anonymous_id', 'no')}.test/"}, "consent": {"analytics": "GRANTED", **consent}}

    def forms(self, first, count):
        """A form a second on one browser, each with another address."""
        return [self.event(i, i, "FORM_SUBMIT", {"anonymous_id": "kiosk", "email": f"person{i}@acme.test"},
                           **({"profile": "GRANTED"} if i < CONSENTS else {})) for i in range(first, first + count)]

    def mixed(self, first):
        """What a batch may hold: the kiosk, which is claimed once more, somebody who was claimed on it and agrees, and others."""
        visits = [self.event(f"{first}v{i}", first + i, "PAGE_VIEW", {"anonymous_id": "kiosk"}) for i in range(20)]
        form = self.event(f"{first}f", first + 30, "FORM_SUBMIT", {"anonymous_id": "kiosk", "email": f"late{first}@acme.test"}, profile="GRANTED")
        agrees = self.event(f"{first}a", first, "CONSENT", {"email": "person50@acme.test"}, profile="GRANTED")
        others = [self.event(f"{first}o{i}", first + i, "PAGE_VIEW", {"anonymous_id": f"c{i}"}) for i in range(100)]
        return [*visits, form, agrees, *others]

    def read(self):
        """Rows of tables claim and touch that statements have read so far."""
        self.psql("SELECT pg_stat_force_next_flush()")
        return {table: int(rows) for table, rows in self.psql(
            "SELECT CASE WHEN relname = 'claim' THEN 'claim' ELSE 'touch' END, sum(coalesce(idx_tup_fetch, 0) + seq_tup_read) "
            "FROM pg_stat_user_tables WHERE relname = 'claim' OR relname LIKE 'touch%' GROUP BY 1")}

    def rows_of(self, given):
        """What is read for these events, given as one batch. The daemon's connections tell of it when they end."""
        before = self.read()
        phased = self.start_phased()
        self.give(given)
        seconds = sum(value for name, value in self.settled(phased).items() if name.startswith("phased_batch_step_seconds_total{"))
        self.assertEqual(0, phased.stop())
        self.wait_until(lambda: self.value("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'phased%' AND datname = "
                                           "current_database()") == "0", 20, "its connections to end")
        after = self.read()
        return {table: after[table] - before[table] for table in after}, seconds

    def grow(self, first, count):
        """Returns the daemon's largest resident size, KiB."""
        phased = self.start_phased()
        if first == 0:			# a login that is one with its address: who is one with whom is looked up from then on
            self.give([self.event("login", 0, "IDENTIFY", {"user_id": "u-1", "email": "person60@acme.test", "verified": True})])
        self.give(self.forms(first, count))
        values = self.settled(phased)
        self.assertEqual(count - max(0, COUNT - first), values["phased_claims_over_total"])
        peak = phased.rss_peak_kib()
        self.assertEqual(0, phased.stop())
        return peak

    def contacts(self, cookie):
        """How many of its touches are whose: of nobody under None."""
        weak = "(SELECT t.actor_id FROM phased.touch t JOIN phased.subject s USING (subject_id) WHERE s.host = '%s.test' LIMIT 1)" % cookie
        return {contact: int(count) for contact, count in self.psql(
            "SELECT nullif(coalesce(s.contact_id, t.actor_id), t.actor_id), count(*) FROM phased.touch t LEFT JOIN phased.stretch s ON s.actor_id = "
            f"t.actor_id AND t.at >= s.from_at AND t.at < s.to_at WHERE t.actor_id = {weak} GROUP BY 1")}

    def test_what_a_batch_costs_does_not_grow_with_the_claims(self):
        self.prepare(1, explain__share_percent=0)		# what comes after batches reads touches, too
        peaks = [self.grow(0, FEW)]
        costs = [self.rows_of(self.mixed(FEW))]
        peaks += [self.grow(FEW * i, FEW) for i in range(1, CLAIMS // FEW)]
        costs.append(self.rows_of(self.mixed(CLAIMS)))
        self.assertEqual(str(CLAIMS + 2), self.value("SELECT count(*) FROM phased.claim"))
        (few, few_seconds), (many, many_seconds) = costs
        self.assertLess(many["claim"], few["claim"] + 100, costs)
        self.assertLess(many["claim"], 5 * COUNT, costs)
        self.assertLess(many["touch"], 500, costs)
        self.assertLess(many_seconds, 10 * few_seconds + 0.5, costs)
        self.assertLess(max(peaks), peaks[0] + 8192, peaks)
        # The first of them have what they did there, whoever came later has nothing, and all others are nobody's.
        whose = self.contacts("kiosk")
        self.assertEqual(CLAIMS + 42 - COUNT, whose.pop(None))
        self.assertEqual([1] * COUNT, list(whose.values()))
        self.assertEqual({"applied": CLAIMS + 2 * 122 + 1}, self.outcomes())
        self.assertEqual("2", self.value("SELECT count(*) FROM phased.kin"))

    def test_one_person_may_say_so_as_often_as_they_like(self):
        self.prepare(1)
        phased = self.start_phased()
        many = [self.event(f"a{i}", i, "IDENTIFY", {"anonymous_id": "laptop", "email": "ann@acme.test"}, profile="GRANTED") for i in range(2 * COUNT)]
        self.give(many)
        self.assertEqual([2 * COUNT], list(self.contacts("laptop").values()))
        self.assertEqual(0, self.settled(phased)["phased_claims_over_total"])
        self.give([self.event("b", 3 * COUNT, "IDENTIFY", {"anonymous_id": "laptop", "email": "bo@acme.test"}, profile="GRANTED")])
        self.assertEqual([COUNT, COUNT + 1], sorted(self.contacts("laptop").values()))
        self.assertIn(None, self.contacts("laptop"))
        self.assertEqual(1, self.settled(phased)["phased_claims_over_total"])
        # A copy that was received before it takes the claim back.
        self.give([{**self.event("b", 3 * COUNT, "PAGE_VIEW", {"anonymous_id": "laptop"}), "received_us": NOW_US + 3 * COUNT * SECOND_US - 1}])
        self.assertEqual([2 * COUNT + 1], list(self.contacts("laptop").values()))
        self.assertEqual(str(2 * COUNT), self.value("SELECT count(*) FROM phased.claim"))
        self.assertEqual(0, phased.stop())


if __name__ == "__main__":
    phased_test.main()
