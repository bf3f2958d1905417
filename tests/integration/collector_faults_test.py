#!/usr/bin/python3
# run: timeout=400
"""phased-collect when its broker is frozen, killed, missing, and when it is told to stop while requests wait."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

import collector_test
import phased_test
from collector_test import consent, payload

DEV_KAFKA = os.path.join(phased_test.ROOT, "dev", "kafka")


class Tracker(threading.Thread):
    """Sends as Snowplow's tracker does: one event after the other, with all those before that were not answered 2xx."""
    def __init__(self, test, number):
        super().__init__()
        self.test, self.number = test, number
        self.made, self.answered, self.refused, self.dropped, self.ended = set(), set(), 0, 0, threading.Event()
        self.start()

    def run(self):
        queue = []
        while not self.ended.wait(0.05):
            event = payload(entities=[consent()], duid=f"tracker-{self.number}")
            self.made.add(event["eid"])
            queue += [event, payload(duid="nobody")]	# the other one says nothing of consent
            try:
                status = self.test.post(*queue).status
            except OSError:
                status = 0
            if status == 200:
                self.answered |= {one["eid"] for one in queue if one["duid"] != "nobody"}
                self.dropped += sum(one["duid"] == "nobody" for one in queue)
                queue = []
            else:
                self.refused += 1

    def end(self):
        self.ended.set()
        self.join()


class Faults(collector_test.CollectTest):
    """With a broker of its own, to stop and to kill."""
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="phased-kafka-")
        cls.kafka("start")
        with open(os.path.join(cls.folder, "kafka.env")) as env:
            cls.own = re.search(r"PHASED_KAFKA=(\S+)", env.read()).group(1)

    @classmethod
    def tearDownClass(cls):
        cls.kafka("remove")
        os.rmdir(cls.folder)

    @classmethod
    def kafka(cls, verb, *words):
        done = subprocess.run([DEV_KAFKA, verb, cls.folder, *words], capture_output=True, text=True, timeout=150)
        if done.returncode:
            raise RuntimeError(f"dev/kafka {verb}: {done.stdout}{done.stderr}")

    def brokers(self):
        return self.own

    def freeze(self):
        """The broker answers nothing more, and its connections stay. Returns what thaws it."""
        with open(os.path.join(self.folder, "kafka.pid")) as text:
            pid = int(text.read().split()[0])
        os.kill(pid, signal.SIGSTOP)

        def thaw():
            with contextlib.suppress(ProcessLookupError):	# killed meanwhile
                os.kill(pid, signal.SIGCONT)
        self.addCleanup(thaw)
        return thaw

    def later(self, *events):
        """The same in a thread of its own: a list that will hold the answer."""
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.post(*events)))
        thread.start()
        self.addCleanup(thread.join)
        return answers

    def waiting(self, count):
        self.wait_until(lambda: self.metrics()["phased_http_requests_waiting"] == count, 20, f"{count} requests wait")

    def test_requests_wait_for_the_broker_and_hold_up_nobody(self):
        self.collect(kafka={"delivery_ms_max": 60000})
        self.assertEqual(200, self.post(payload(entities=[consent()])).status)
        thaw = self.freeze()
        first = self.later(payload(entities=[consent()]))
        self.waiting(1)
        second = self.later(payload(entities=[consent()]), payload(entities=[consent()]))
        self.waiting(2)
        self.assertEqual(3, self.metrics()["phased_produce_inflight"])
        self.assertEqual(200, self.ask("GET", "/healthz").status)
        self.assertEqual(200, self.post(payload()).status)	# nothing of it is sent: no consent
        self.assertEqual(([], []), (first, second))
        thaw()
        self.wait_until(lambda: first and second, 30, "both answers")
        self.assertEqual((200, 200), (first[0].status, second[0].status))
        self.assertEqual(4, len(self.events()))

    def test_a_killed_broker_is_503_until_it_is_back(self):
        self.collect(kafka={"delivery_ms_max": 1000})
        event = payload(entities=[consent()])
        self.kafka("stop", "--kill")
        try:
            answer = self.post(event)
            self.assertEqual((503, "1"), (answer.status, answer.headers["Retry-After"]))
            self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])
            self.wait_until(lambda: self.ask("GET", "/readyz").status == 503, 20, "the broker's absence is seen")
            self.assertEqual(b"no broker is connected\n", self.wait_until(
                lambda: (body := self.ask("GET", "/readyz").body).startswith(b"no broker") and body, 20, "and said"))
            self.wait_until(lambda: re.fullmatch(rb"no broker is connected: .*(refused|closed|Disconnected).*\n",
                                                 self.ask("GET", "/readyz", address=self.admin).body), 20, "and why, to the operator")
            took_s = []
            for _ in range(3):		# at once: nobody waits for what is known to be away, which would be a second
                begun = time.monotonic()
                self.assertEqual(503, self.post(event).status)
                took_s.append(time.monotonic() - begun)
            self.assertLess(min(took_s), 0.9)
            self.assertEqual(200, self.ask("GET", "/healthz").status)
        finally:
            self.kafka("start")
        self.wait_until(lambda: self.ask("GET", "/readyz").status == 200, 60, "the broker is seen again")
        # A broker that is back may still be looking for its leaders: the tracker tries again, with the same event id.
        self.wait_until(lambda: self.post(event).status == 200, 60, "the event to be taken")
        self.assertEqual({event["eid"]}, {found.id for found in self.events()})
        self.metrics()

    def test_what_was_answered_is_on_the_topic_and_counted_once(self):
        """The broker is there, frozen, thawed, killed and back, while trackers send as they do: what was not answered 2xx goes once
        more, with what happened since."""
        self.fresh_database()
        self.write_config(kafka__brokers=self.own)
        self.phasectl(["topics", "create", "--partitions", "4", "--replication", "1"])
        self.collect(kafka={"delivery_ms_max": 1000})
        trackers = [Tracker(self, number) for number in range(4)]
        self.addCleanup(lambda: [tracker.end() for tracker in trackers])
        self.until_answered(trackers, 10)
        for ending in ("freeze", "kill"):
            thaw = self.freeze() if ending == "freeze" else self.kafka("stop", "--kill")
            try:
                refused = sum(tracker.refused for tracker in trackers)
                self.wait_until(lambda: sum(tracker.refused for tracker in trackers) > refused + 4, 30, "requests to be refused")
            finally:
                thaw() if ending == "freeze" else self.kafka("start")
            self.until_answered(trackers, 10)
        for tracker in trackers:
            tracker.end()
        answered = set().union(*(tracker.answered for tracker in trackers))
        self.assertEqual(set(), answered - {event.id for event in self.events()}, "answered 2xx, and not on the topic")
        self.metrics()
        self.assertEqual(0, self.program.stop(30))
        self.start_phased()
        web = len(self.read("web"))
        total = web + len(self.read("rejected"))
        self.wait_until(lambda: int(self.value("SELECT coalesce(sum(greatest(next_offset, 0)), 0) FROM phased.position")) >= total, 60,
                        "all messages to be taken")
        made = set().union(*(tracker.made for tracker in trackers))
        touches = int(self.value("SELECT count(*) FROM phased.touch"))
        self.assertLessEqual(len(answered), touches)
        self.assertLessEqual(touches, len(made))
        self.assertEqual(len({event.id for event in self.events()}), touches, "each event once, however often it was sent")
        self.assertGreater(web, touches, "some were sent twice, or this shows nothing")
        dropped = int(self.value("SELECT sum(n) FROM phased.outcome_day WHERE outcome = 'no_consent' AND site = 'acme-web'"))
        self.assertEqual(sum(tracker.dropped for tracker in trackers), dropped, "what was dropped is counted, and once")

    def until_answered(self, trackers, more):
        """Until each of them had so many more events answered."""
        goals = [(tracker, len(tracker.answered) + more) for tracker in trackers]
        self.wait_until(lambda: all(len(tracker.answered) >= goal for tracker, goal in goals), 90, "events to be answered")

    def test_a_topic_that_is_missing_is_503(self):
        self.topics["web"] += ".missing"
        self.collect(kafka={"delivery_ms_max": 1000})
        self.assertEqual(503, self.post(payload(entities=[consent()])).status)
        self.assertEqual(1, self.fate("undelivered"))
        answer = self.ask("GET", "/readyz")
        self.assertEqual((503, b"events are not acknowledged\n"), (answer.status, answer.body))
        said = self.ask("GET", "/readyz", address=self.admin).body.decode()
        self.assertRegex(said, f"^events are not acknowledged: {re.escape(self.topics['web'])}: .+\n$")
        # Nobody sends to who is not ready, so it is ready again by itself.
        self.wait_until(lambda: self.ask("GET", "/readyz").status == 200, 30, "it to be tried again")

    def test_a_full_buffer_is_503(self):
        self.collect(kafka={"delivery_ms_max": 60000, "buffer_mb": 1})
        thaw = self.freeze()
        answers = [self.later(*[payload(entities=[consent()], page="x" * 256) for _ in range(1000)]) for _ in range(6)]
        self.wait_until(lambda: self.fate("undelivered") > 0, 30, "the buffer is full")
        thaw()
        self.wait_until(lambda: all(answers), 30, "all answers")
        statuses = {answer[0].status for answer in answers}
        self.assertEqual({200, 503}, statuses)
        self.metrics()

    def test_a_stop_finishes_what_waits(self):
        program = self.collect(kafka={"delivery_ms_max": 60000})
        self.assertEqual(200, self.post(payload(entities=[consent()])).status)
        thaw = self.freeze()
        answer = self.later(payload(entities=[consent()]))
        self.waiting(1)
        program.signal(signal.SIGTERM)
        self.wait_log(program, "stopping")
        with self.assertRaises(OSError):
            self.ask("GET", "/healthz", timeout=5)
        self.assertTrue(program.running())
        thaw()
        self.assertEqual(0, program.wait(10))
        self.wait_until(lambda: answer, 10, "the answer")
        self.assertEqual((200, "close"), (answer[0].status, answer[0].headers["Connection"]))
        self.assertEqual(2, len(self.events()))

    def test_a_stop_takes_what_is_coming(self):
        program = self.collect()
        body = collector_test.batch(payload(entities=[consent()]))
        head = (f"POST {collector_test.TP2} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        host, port = self.address.split(":")
        sockets = [socket.create_connection((host, int(port)), 10) for _ in range(3)]
        for connected, said in zip(sockets, (head + body[:20], head + body, b"")):
            connected.sendall(said)
            self.addCleanup(connected.close)
        answers = [sockets[1].recv(4096)]	# and keeps its connection
        self.assertIn(b" 200 OK\r\n", answers[0])
        self.assertNotIn(b"Connection: close", answers[0])
        self.wait_until(lambda: self.metrics()["phased_http_connections"] == 3, 10, "all to be there")
        program.signal(signal.SIGTERM)
        self.wait_log(program, "stopping")
        for connected, said in zip(sockets, (body[20:], head + body, head + body)):
            connected.sendall(said)
        for connected in sockets:
            answer = connected.recv(4096)
            self.assertIn(b" 200 OK\r\n", answer)
            self.assertIn(b"Connection: close", answer)
        self.assertEqual(0, program.wait(10))
        self.assertEqual(4, len(self.events()))

    def test_a_stop_does_not_wait_for_ever(self):
        program = self.collect(kafka={"delivery_ms_max": 60000}, stop={"seconds": 1})
        self.assertEqual(200, self.post(payload(entities=[consent()])).status)
        self.freeze()
        answer = self.later(payload(entities=[consent()]))
        self.waiting(1)
        begun = time.monotonic()
        self.assertEqual(0, program.stop(10))
        self.assertLess(time.monotonic() - begun, 8)
        self.wait_until(lambda: answer, 10, "the answer")
        self.assertEqual(503, answer[0].status)

    def test_what_comes_before_the_broker_was_seen_waits_for_it(self):
        self.collect(ready=False)
        self.assertEqual(200, self.post(payload(entities=[consent()])).status)
        self.assertEqual(1, len(self.events()))

    def test_a_broker_that_is_not_there_at_start_is_waited_for(self):
        self.kafka("stop", "--kill")
        try:
            self.collect(ready=False)
            self.assertEqual(503, self.post(payload(entities=[consent()])).status)
            self.assertEqual(503, self.ask("GET", "/readyz").status)
        finally:
            self.kafka("start")
        self.wait_until(lambda: self.ask("GET", "/readyz").status == 200, 60, "the broker is seen")
        self.assertEqual(200, self.post(payload(entities=[consent()])).status)


if __name__ == "__main__":
    phased_test.main()
