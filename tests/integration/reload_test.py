#!/usr/bin/python3
# run: timeout=600
# run: sanitized
"""SIGHUP to both programs while events pass through them: good files, the same file, and files with a mistake in them.

Trackers' events go to phased-collect over HTTP, over a real Kafka and through phased into a real PostgreSQL. Meanwhile both
programs read their configuration again and again. Nothing may crash, no event that was answered 200 may be missing, none
may count twice, and every reload must say in the log whether it took effect, or why not.

By default a short form; PHASED_RELOADS=500 PHASED_MUTATIONS=300 is the whole, of each program.
"""
import http.client
import json
import os
import random
import re
import signal
import subprocess
import threading
import time
import uuid

import phased_test
import yaml

RELOADS = int(os.environ.get("PHASED_RELOADS", "80"))
MUTATIONS = int(os.environ.get("PHASED_MUTATIONS", "50"))
TP2 = "/com.snowplowanalytics.snowplow/tp2"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
READ = r"^info: configuration: .* read again: "
REFUSED = r"^error: configuration: not taken over, what was in force still is: "
EVENTS_A_REQUEST = 5
EVENTS = 1000	# at least so many pass meanwhile


def page_views(visitor):
    now = int(time.time() * 1000)
    consent = {"schema": "iglu:com.snowplowanalytics.snowplow/gdpr/jsonschema/1-0-0",
               "data": {"basisForProcessing": "consent", "documentId": "privacy"}}
    entities = json.dumps({"schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0", "data": [consent]})
    events = [{"e": "pv", "eid": str(uuid.uuid4()), "tv": "js-4.10.1", "tna": "sp", "aid": "acme", "p": "web", "dtm": str(now),
               "stm": str(now), "duid": visitor, "url": f"https://acme.test/pricing/{i}", "co": entities}
              for i in range(EVENTS_A_REQUEST)]
    return json.dumps({"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data": events}).encode()


class Sender(threading.Thread):
    """A tracker that sends again until it is answered 200; `taken` counts the events that were."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address, self.taken, self.answers, self.ending = address, 0, {}, threading.Event()

    def send(self, connection, body, headers=()):
        connection.request("POST", TP2, body, {"User-Agent": FIREFOX, "Content-Type": "application/json", **dict(headers)})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def run(self):
        connection, count = http.client.HTTPConnection(self.address, timeout=30), 0
        while not self.ending.is_set():
            count += 1
            body, status = page_views(f"visitor-{count % 40}"), 0
            while status != 200:
                try:
                    status = self.send(connection, body)
                except (http.client.HTTPException, OSError):	# a limit that is in force for a moment may cut it
                    connection.close()
                    status = 0
                self.answers[status] = self.answers.get(status, 0) + 1
            self.taken += EVENTS_A_REQUEST
        connection.close()

    def stop(self):
        self.ending.set()
        self.join(60)


def mutate(text, rng):
    """The file with one thing wrong or odd about it: bytes, lines, words or values."""
    lines = text.splitlines()
    at = rng.randrange(len(lines))
    kind = rng.randrange(9)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, lines[at])
    elif kind == 2:
        lines[at] = lines[at].replace(":", rng.choice(("", "::", ": [", ": {", ": &a", ": !x", ": *y")), 1)
    elif kind == 3:
        lines[at] = re.sub(r"\w+", lambda word: word.group()[::-1], lines[at], count=1)
    elif kind == 4:
        lines[at] = re.sub(r": .*", ": " + rng.choice(("-1", "99999999999999999999", "[a, b]", "{a: b}", "\"\"", "~", "1e400", "yes")),
                           lines[at])
    elif kind == 5:
        lines[at] = "\t" + lines[at]
    data = "\n".join(lines).encode() + b"\n"
    if kind == 6:
        place = rng.randrange(len(data))
        data = data[:place] + bytes([rng.randrange(256)]) + data[place + 1:]
    elif kind == 7:
        data = data[:rng.randrange(len(data))]
    elif kind == 8:
        place = rng.randrange(len(data))
        data = data[:place] + data[place:place + 40] * 3 + data[place:]
    return data


class Reload(phased_test.PhasedTest):
    def setUp(self):
        super().setUp()
        self.prepare(batch__linger_ms=5)
        self.phased = self.start_phased()
        settings = {"http": {"listen": "127.0.0.1:0", "admin_listen": ""},
                    "kafka": {"brokers": phased_test.server("PHASED_KAFKA"),
                              "topics": {name: self.topics[name] for name in (*phased_test.CHANNELS, "rejected")}},
                    "identity": {"key_file": self.path("identity.key")}, "log": {"level": "info"}}
        self.collect_config = self.write("collect.yaml", phased_test.yaml_text(settings))
        self.collect = self.start_collect(config=self.collect_config)
        self.address = self.wait_log(self.collect, r"^listening (\S+)$").group(1)
        self.wait_log(self.collect, "kafka: connected")
        self.wait_log(self.phased, "partitions claimed")

    def replace(self, path, data):
        with open(path + ".new", "wb") as out:
            out.write(data)
        os.rename(path + ".new", path)

    def count(self, program, pattern):
        return len(re.findall(pattern, program.log(), re.M))

    def reload(self, program):
        """SIGHUP, and what the log then says of it."""
        before = self.count(program, f"{READ}|{REFUSED}")
        program.signal(signal.SIGHUP)
        self.wait_until(lambda: self.count(program, f"{READ}|{REFUSED}") > before, 20, "a reload")
        return [line for line in program.log().splitlines() if re.match(f"{READ}|{REFUSED}", line)][-1]

    def check_counted(self, senders):
        """Each event is there, once."""
        taken = sum(sender.taken for sender in senders)
        self.wait_until(lambda: int(self.value("SELECT count(*) FROM phased.touch")) >= taken, 120, f"{taken} touches")
        self.assertEqual([[str(taken)] * 2], self.psql("SELECT count(*), count(DISTINCT event_id) FROM phased.touch"))
        return taken

    def in_force(self, program):
        """All keys with their values, as --check-config prints them; `conninfo` may hold a password and is not changed."""
        done = subprocess.run([*program.argv, "--check-config"], capture_output=True, text=True, timeout=30, cwd=phased_test.ROOT)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def test_reloads_under_load_lose_nothing(self):
        rng = random.Random(5)
        programs = ((self.phased, self.config), (self.collect, self.collect_config))
        good = {path: self.in_force(program) for program, path in programs}
        senders = [Sender(self.address) for _ in range(2)]
        for sender in senders:
            sender.start()
        said, number, end = {READ: 0, REFUSED: 0}, 0, time.monotonic() + 300
        while number < RELOADS or sum(sender.taken for sender in senders) < EVENTS:
            self.assertLess(time.monotonic(), end, [sender.answers for sender in senders])
            number += 1
            for program, path in programs:
                is_mutated = number <= MUTATIONS
                self.replace(path, mutate(good[path], rng) if is_mutated else good[path].encode())
                line = self.reload(program)
                is_refused = re.match(REFUSED, line) is not None
                said[REFUSED if is_refused else READ] += 1
                if is_refused:
                    self.assertTrue(is_mutated, line)
                    self.assertIn(os.path.basename(path), line)
        for program, path in programs:	# as many as come while the one before is not done yet: one of them is enough
            for _ in range(20):
                program.signal(signal.SIGHUP)
            self.reload(program)
        for sender in senders:
            sender.stop()
        self.assertGreater(said[REFUSED], MUTATIONS // 2)
        self.assertGreater(said[READ], RELOADS - MUTATIONS)
        count = self.check_counted(senders)
        for program, _ in programs:
            self.assertEqual(0, program.stop())
        others = {status: sum(sender.answers.get(status, 0) for sender in senders)
                  for status in sorted({status for sender in senders for status in sender.answers} - {200})}
        print(f"{2 * number} reloads, {said[REFUSED]} refused; {count} events, all there once; answers that were not 200: {others}")

    def set_key(self, path, **sections):
        """The file with these keys in place of its own; then a reload."""
        with open(path) as text:
            settings = yaml.safe_load(text)
        for section, values in sections.items():
            settings.setdefault(section, {}).update(values)
        self.replace(path, phased_test.yaml_text(settings).encode())

    def test_what_was_taken_over_takes_effect(self):
        sender = Sender(self.address)
        connection = http.client.HTTPConnection(self.address, timeout=30)

        def send():
            return sender.send(connection, page_views("visitor-1"))

        def denied():
            now = str(int(time.time() * 1000))
            event = {"e": "pv", "eid": str(uuid.uuid4()), "tv": "js-4.10.1", "aid": "acme", "p": "web", "dtm": now, "stm": now,
                     "duid": "visitor-2", "url": "https://acme.test/"}
            body = json.dumps({"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data": [event]})
            self.assertEqual(200, sender.send(connection, body.encode()))

        def touches():
            return int(self.value("SELECT count(*) FROM phased.touch"))

        self.assertEqual(200, send())
        denied()	# says nothing of consent
        self.wait_until(lambda: touches() == EVENTS_A_REQUEST, 30, "what consents")
        for program, path in ((self.collect, self.collect_config), (self.phased, self.config)):
            self.set_key(path, consent={"web": "allow"}, log={"level": "debug"}, kafka={"client_id": "other"})
            self.assertIn("read again: consent.web, log.level changed; kafka.client_id differs, which takes a restart",
                          self.reload(program))
        denied()
        self.wait_until(lambda: touches() == EVENTS_A_REQUEST + 1, 30, "what does not say")
        self.wait_log(self.phased, r"^debug: \S+: 1 messages committed the quick way")
        self.wait_log(self.collect, r"^debug: snowplow_post: answered 200")
        page = {"Origin": "https://other.test"}
        self.assertEqual(200, sender.send(connection, page_views("visitor-1"), page))
        self.set_key(self.collect_config, http={"origins": ["https://acme.test"]})
        self.assertIn("http.origins changed", self.reload(self.collect))
        self.assertEqual(403, sender.send(connection, page_views("visitor-1"), page))
        self.assertEqual(200, sender.send(connection, page_views("visitor-1"), {"Origin": "https://acme.test"}))
        self.set_key(self.collect_config, http={"trusted_proxies": [], "address_requests_s_max": 1})
        self.assertIn("http.address_requests_s_max, http.trusted_proxies changed", self.reload(self.collect))
        connection.close()	# who is believed is settled when a connection is made
        self.assertEqual({200, 429}, {send() for _ in range(30)})
        self.set_key(self.collect_config, http={"trusted_proxies": ["127.0.0.0/8"], "address_requests_s_max": 0})
        self.assertIn("http.address_requests_s_max, http.trusted_proxies changed", self.reload(self.collect))
        connection.close()
        self.assertEqual({200}, {send() for _ in range(30)})
        self.set_key(self.collect_config, snowplow={"post_paths": ["/acme/t"]})
        self.assertIn("snowplow.post_paths changed", self.reload(self.collect))
        self.assertEqual(404, send())
        connection.close()

    def test_a_reload_while_starting_is_not_lost(self):
        """Once the program has begun a SIGHUP never ends it: it waits until there is somebody to read the file again."""
        for start in (lambda: self.start_phased(), lambda: self.start_collect(config=self.collect_config)):
            program = start()

            def begun():
                with open(f"/proc/{program.pid}/status") as status:
                    seen = dict(re.findall(r"^(Sig(?:Blk|Cgt)):\s+(\w+)", status.read(), re.M))
                return (int(seen["SigBlk"], 16) | int(seen["SigCgt"], 16)) & 1 << (signal.SIGHUP - 1)

            self.wait_until(begun, 20, "SIGHUP to be held or handled")
            program.signal(signal.SIGHUP)
            self.wait_log(program, READ)
            self.assertEqual(0, program.stop())

    def test_batches_get_their_new_size(self):
        """Under a backlog the largest batch is what the last good file says."""
        self.set_key(self.config, batch={"events_min": 1, "events_max": 7}, log={"level": "debug"})
        self.assertIn("batch.events_min, batch.events_max, log.level changed", self.reload(self.phased))
        senders = [Sender(self.address) for _ in range(2)]
        for sender in senders:
            sender.start()
        self.wait_until(lambda: sum(sender.taken for sender in senders) > 300, 120, "events")
        for sender in senders:
            sender.stop()
        self.check_counted(senders)
        sizes = [int(size) for size in re.findall(r"^debug: \S+: (\d+) messages committed", self.phased.log(), re.M)]
        self.assertGreater(len(sizes), 300 // 7)
        self.assertLessEqual(max(sizes), 7)


if __name__ == "__main__":
    phased_test.main()
