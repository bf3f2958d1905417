#!/usr/bin/python3
# run: timeout=300
"""What does not fit is refused, alone, and the rest goes on."""
import events
import phased_test
from daemon_test import NOW_US, DaemonTest

HISTORY = 400_000		# rows of a refold: more than twice batch.arena_mb


class Limits(DaemonTest):
    def test_a_history_too_long_for_the_memory_of_a_batch_refuses_its_message_only(self):
        self.prepare(batch__arena_mb=16)
        maker = events.Maker(61, NOW_US)
        page = {"url": "https://acme.test/pricing", "title": "A page"}

        def view(cookie, when_us):
            return maker.event("WEB", "PAGE_VIEW", when_us, {"anonymous_id": cookie}, content=page)
        self.send(events.lines([view("kiosk", NOW_US - 1000), view("lamp", NOW_US), maker.form("kiosk", 1, NOW_US, "GRANTED")]))
        phased = self.start_phased()
        self.applied(3)
        self.assertEqual(0, phased.stop())
        self.psql("INSERT INTO phased.touch SELECT actor_id, stamped - n * interval '1 second', event_id + n, received, "
                  "at - n * interval '1 second', subject_id, reasons, party FROM (SELECT * FROM phased.touch WHERE actor_id = "
                  f"(SELECT weak FROM phased.claim) ORDER BY at LIMIT 1) AS t, generate_series(1, {HISTORY}) AS n")
        # In one batch, the first of its connection: touches that come late, of the long history and of a short one.
        late = [view(cookie, NOW_US - 5_000_000) for cookie in ("kiosk", "lamp")]
        others = [view(f"other{i}", NOW_US - i) for i in range(60)]
        self.send(events.lines(others[:30] + late + others[30:]), partition=0)
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


if __name__ == "__main__":
    phased_test.main()
