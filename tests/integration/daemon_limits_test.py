#!/usr/bin/python3
# run: timeout=300
"""What does not fit is refused, alone, and the rest goes on."""
import events
import phased_test
from daemon_test import NOW_US, DaemonTest

HISTORY = 400_000		# rows of a refold: more than twice batch.arena_mb; so is a quarter of them
PERSON, BOT = 1, 3		# core/model/event.h
STATE = ("SELECT counted, encode(fold, 'hex') FROM phased.phase WHERE process = 'standard' AND counted > 1 AND contact_id = "
         "(SELECT strong FROM phased.claim)")


class Limits(DaemonTest):
    def view(self, cookie, when_us):
        page = {"url": "https://acme.test/pricing", "title": "A page"}
        return self.maker.event("WEB", "PAGE_VIEW", when_us, {"anonymous_id": cookie}, content=page)

    def prepare_history(self, rows, party):
        """A person of two touches, and as many more as others made of these; then a batch with a late one."""
        self.prepare(batch__arena_mb=16)
        self.maker = events.Maker(61, NOW_US)
        self.send(events.lines([self.view("kiosk", NOW_US - 1000), self.view("lamp", NOW_US),
                                self.maker.form("kiosk", 1, NOW_US, "GRANTED")]))
        phased = self.start_phased()
        self.applied(3)
        self.assertEqual(0, phased.stop())
        self.psql("INSERT INTO phased.touch SELECT actor_id, stamped - n * interval '1 second', event_id + n, received, "
                  f"at - n * interval '1 second', subject_id, reasons, {party} FROM (SELECT * FROM phased.touch WHERE actor_id = "
                  f"(SELECT weak FROM phased.claim) ORDER BY at LIMIT 1) AS t, generate_series(1, {rows}) AS n")
        # In one batch, the first of its connection: touches that come late, of the long history and of a short one.
        late = [self.view(cookie, NOW_US - 5_000_000) for cookie in ("kiosk", "lamp")]
        others = [self.view(f"other{i}", NOW_US - i) for i in range(60)]
        self.send(events.lines(others[:30] + late + others[30:]), partition=0)

    def test_a_history_too_long_for_the_memory_of_a_batch_refuses_its_message_only(self):
        self.prepare_history(HISTORY, PERSON)
        phased = self.start_phased()
        self.wait_until(lambda: self.outcomes() == {"applied": 64, "refused": 1}, 60, "one to be refused")
        self.assertEqual([["refused"]], self.psql("SELECT reason FROM phased.rejected"))
        self.assertEqual(str(HISTORY + 64), self.value("SELECT count(*) FROM phased.touch"))
        with open(f"/proc/{phased.pid}/status") as status:
            peak_kib = int(status.read().split("VmHWM:")[1].split()[0])
        self.assertLess(peak_kib, 120 * 1024, "memory beside the arena")
        self.assertIn("needs more memory than batch.arena_mb", phased.log())
        self.assert_conserved(phased)
        self.assertEqual(0, phased.stop())

    def test_a_history_of_which_little_counts_is_never_too_long(self):
        self.prepare_history(HISTORY // 4, BOT)
        phased = self.start_phased()
        self.applied(65)
        self.assertEqual({"applied": 65}, self.outcomes())
        state = self.psql(STATE)
        self.assertEqual(1, len(state))
        # And where it waits, as after another model; and as if the others had never been.
        for _ in range(2):
            self.psql("INSERT INTO phased.refold SELECT strong, '-infinity', false FROM phased.claim")
            self.wait_until(lambda: self.value("SELECT count(*) FROM phased.refold") == "0", 60, "nobody to wait")
            self.assertEqual(state, self.psql(STATE))
            self.psql(f"DELETE FROM phased.touch WHERE party = {BOT}")
        self.assertNotIn("refold: a contact has more touches", phased.log())
        self.assertEqual(0, phased.stop())


if __name__ == "__main__":
    phased_test.main()
