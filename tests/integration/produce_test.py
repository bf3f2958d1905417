"""phasectl produce: lines in, messages in Kafka, what is bad named and left out."""
# run: timeout=420
# run: sanitized
import hashlib
import hmac
import json
import os
import re
import signal
import subprocess
import time
import unittest

import phased_test


def event(number, **more):
    """A page view that the daemon takes."""
    return {"id": f"e{number}", "source": "snowplow", "site": "skarv", "channel": "WEB", "action": "PAGE_VIEW",
            "occurred_us": "2026-03-01T10:00:00Z", "received_us": "2026-03-01T10:00:01Z",
            "identity": {"anonymous_id": f"visitor-{number % 7}"},
            "consent": {"analytics": "GRANTED"}, "content": {"url": "https://skarv.test/prices/", "title": "Prices"}, **more}


def lines(events):
    return "".join(json.dumps(one) + "\n" for one in events)


class Produce(phased_test.PhasedTest):
    def setUp(self):
        super().setUp()
        self.new_topics()
        self.write_config()
        self.phasectl(["topics", "create", "--partitions", "2", "--replication", "1"])

    def messages(self, channel):
        """What stands on a topic: [(key as hex, value)]."""
        out = subprocess.run(["kcat", "-C", "-q", "-b", phased_test.server("PHASED_KAFKA"), "-t", self.topics[channel],
                              "-o", "beginning", "-e", "-f", "%K %S %k%s"], capture_output=True, check=True, timeout=60).stdout
        messages, at = [], 0
        while at < len(out):
            sizes = re.compile(rb"(-?\d+) (\d+) ").match(out, at)
            key_at, size = sizes.end(), int(sizes.group(2))
            value_at = key_at + max(int(sizes.group(1)), 0)
            messages.append((out[key_at:value_at].hex(), out[value_at:value_at + size]))
            at = value_at + size
        return messages

    def actor(self, kind, space, value):
        with open(self.path("identity.key")) as key:
            return hmac.new(key.read().strip().encode(), f"{kind}\0{space}\0{value}".encode(), hashlib.sha256).hexdigest()[:32]

    def test_events_go_to_the_topic_of_their_channel_in_protobuf(self):
        events = [event(1), event(2, channel="EMAIL", action="EMAIL_CLICK"), event(3, channel="CHAT", action="CHAT_MESSAGE"),
                  event(4, channel="CRM", action="OPP_CHANGED"), event(5, channel="OFFLINE", action="TOUCH")]
        self.assertEqual("5 delivered, 0 bad, 0 not delivered\n", self.phasectl(["produce"], lines(events)))
        counts = {channel: self.messages(channel) for channel in phased_test.CHANNELS}
        self.assertEqual({"web": 1, "email": 1, "chat": 1, "crm": 2}, {channel: len(found) for channel, found in counts.items()})
        for found in counts.values():
            for _, value in found:
                self.assertTrue(value.startswith(b"\x0a\x02e"), value)	# field 1, text of 2 bytes: the id
                self.assertIn(b"snowplow", value)

    def test_a_topic_for_all(self):
        self.phasectl(["produce", "--topic", self.topics["crm"]], lines([event(1), event(2)]))
        self.assertEqual((0, 2), (len(self.messages("web")), len(self.messages("crm"))))

    def test_the_key_is_the_actor_that_the_touch_will_be_recorded_on(self):
        self.phasectl(["produce"], lines([
            event(1, identity={"anonymous_id": "c-1", "email": "karen@nordlys.test"}), event(2, identity={"email": "Karen@nordlys.test"}),
            event(3, identity={"anonymous_id": "undefined"}), event(4, identity={"user_id": "u-1"})]))
        by_id = {re.match(rb"\x0a\x02(e\d)", value).group(1).decode(): key for key, value in self.messages("web")}
        self.assertEqual({"e1": self.actor("cookie", "skarv", "c-1"), "e2": self.actor("email", "", "karen@nordlys.test"), "e3": "",
                          "e4": self.actor("user", "skarv", "u-1")}, by_id)

    def test_without_a_key_file_there_are_no_keys_and_a_bad_one_is_refused(self):
        self.write_config(identity__key_file=self.path("absent.key"))
        self.phasectl(["produce"], lines([event(1)]))
        self.assertEqual([""], [key for key, _ in self.messages("web")])
        self.write_config(identity__key_file=self.write("short.key", "short", 0o600))
        done = self.run_phasectl(["produce"], lines([event(2)]))
        self.assertEqual((78, 1), (done.status, done.err.count("\n")), done)
        self.assertEqual(1, len(self.messages("web")))

    def test_bad_lines_are_named_and_the_others_go_on(self):
        bad = {2: ("{\"id\": ", "unreadable"), 3: (json.dumps(event(3, emial="x")), "unreadable at emial"),
               5: (json.dumps(event(5, action="DANCE")), None), 6: (json.dumps(event(6, source="")), "bad_value at source"),
               7: (json.dumps(event(7, occurred_us="1999-12-31T23:59:59Z")), "time_out_of_range"),
               8: ("[]", "unreadable"), 9: (json.dumps(event(9, label="x" * 70000)), "too_large"), 10: ("x" * 1000000, "too_large"),
               12: (json.dumps(event(12, label="a\u0000b")), "bad_text at label")}
        text = "".join((bad[n][0] if n in bad else json.dumps(event(n))) + "\n" for n in range(1, 14))
        done = self.run_phasectl(["produce"], text)
        self.assertEqual((65, "4 delivered, 9 bad, 0 not delivered\n"), (done.status, done.out), done)
        said = dict(re.findall(r"^phasectl: line (\d+): (.*)$", done.err, re.M))
        self.assertEqual(sorted(map(str, bad), key=int), list(said))
        for number, (_, words) in bad.items():
            self.assertTrue(words is None or said[str(number)].startswith(words), said[str(number)])

    def test_what_is_bad_is_never_repeated(self):
        done = self.run_phasectl(["produce"], lines([event(1, identity={"emial": "karen@nordlys.test"}), event(2, source="karen@nordlys.test"),
                                                     event(3, **{"karen@nordlys.test": 1})]))
        self.assertEqual(65, done.status)
        self.assertNotIn("karen", done.err + done.out)

    def test_many_bad_lines_are_counted(self):
        done = self.run_phasectl(["produce"], "no\n" * 250)
        self.assertEqual((65, "0 delivered, 250 bad, 0 not delivered\n"), (done.status, done.out))
        self.assertEqual(101, done.err.count("\n"))
        self.assertIn("phasectl: 150 more bad lines", done.err)

    def test_lines_of_every_shape(self):
        one = json.dumps(event(1))
        for text, count in (("", 0), ("\n\n\r\n", 0), (one, 1), (f"{one}\r\n{one}\r\n", 2), (f"\n{one}\n\n{one}", 2)):
            self.assertEqual(f"{count} delivered, 0 bad, 0 not delivered\n", self.phasectl(["produce"], text))

    def test_lines_over_their_limit_count_once_each(self):
        text = "".join("x" * (66000 + 7919 * n) + "\n" + json.dumps(event(n)) + "\n" for n in range(60))
        done = self.run_phasectl(["produce"], text)
        self.assertEqual((65, "60 delivered, 60 bad, 0 not delivered\n"), (done.status, done.out))
        self.assertEqual([str(2 * n + 1) for n in range(60)], re.findall(r"line (\d+): too_large", done.err))

    def test_addresses_in_texts_do_not_leave(self):
        """Checked as the daemon would also means masked as the daemon would."""
        self.phasectl(["produce"], lines([event(1, label="from karen@nordlys.test")]))
        (_, value), = self.messages("web")
        self.assertNotIn(b"karen", value)

    def test_a_missing_topic_or_broker_is_said_at_once(self):
        done = self.run_phasectl(["produce", "--topic", f"{self.name}.nowhere"], lines([event(1)]))
        self.assertEqual((78, 1), (done.status, done.err.count("\n")), done)
        self.assertIn("run phasectl topics create", done.err)
        self.write_config(kafka__brokers="127.0.0.1:1")
        done = self.run_phasectl(["produce"], lines([event(1)]))
        self.assertEqual((69, 1), (done.status, done.err.count("\n")), done)

    def test_many_events_in_bounded_memory(self):
        peaks = []
        for count in (2000, 60000):
            path = self.write("events", lines(event(n, label="x" * 100) for n in range(count)))
            status, out, peak = self.run_measured(["produce"], path)
            self.assertEqual((0, f"{count} delivered, 0 bad, 0 not delivered\n"), (status, out))
            peaks.append(peak)
        # 60,000 events are 30 MB of JSON; on their way are at most 4 MB and librdkafka's own.
        room = 900 * 1024 if "ASAN_OPTIONS" in os.environ else 48 * 1024
        self.assertLess(peaks[1], room, f"KiB; with 2000 events {peaks[0]}")

    def test_a_full_buffer_slows_the_reading_down(self):
        """A broker that takes its time: here the client waits before it sends, and far more is read than may wait."""
        self.write_config(kafka__properties={"linger.ms": "2000", "batch.num.messages": "1000000", "batch.size": "100000000",
                                             "message.max.bytes": "100000000", "compression.type": "gzip"})
        path = self.write("events", lines(event(n, label="x" * 120, session_id="x" * 120) for n in range(40000)))
        status, out, peak = self.run_measured(["produce"], path)
        self.assertEqual((0, "40000 delivered, 0 bad, 0 not delivered\n"), (status, out))
        self.assertLess(peak, 900 * 1024 if "ASAN_OPTIONS" in os.environ else 33 * 1024, f"{peak} KiB")

    def test_a_signal_ends_it_after_what_was_read_is_delivered(self):
        child = subprocess.Popen([phased_test.PHASECTL, "--config", self.config, "produce"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(child.kill)
        child.stdin.write(lines(event(n) for n in range(50)) + "{\"id\": \"half a li")
        child.stdin.flush()
        self.wait_until(lambda: len(self.messages("web")) == 50, 20, "what was written")
        child.send_signal(signal.SIGINT)
        self.assertEqual(-signal.SIGINT, child.wait(20))
        self.assertEqual("50 delivered, 0 bad, 0 not delivered\n", child.stdout.read())
        for pipe in (child.stdin, child.stdout, child.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def test_progress_is_said_when_it_takes_long(self):
        child = subprocess.Popen([phased_test.PHASECTL, "--config", self.config, "produce"], stdin=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(child.kill)
        begun = time.monotonic()
        child.stdin.write(lines([event(1), event(2)]))
        child.stdin.flush()
        self.assertEqual("phasectl: 2 lines read, 2 delivered, 0 bad\n", child.stderr.readline())
        self.assertGreater(time.monotonic() - begun, 3)
        child.stdin.close()
        self.assertEqual(0, child.wait(20))
        self.assertEqual("", child.stderr.read())
        child.stderr.close()


if __name__ == "__main__":
    phased_test.main()
