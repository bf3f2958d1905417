#!/usr/bin/python3
# run: timeout=400
"""No address in any log, metric, error, answer or core, wherever an address was sent: one address that nobody else has (the
canary) in every field, header, cookie, query and path of what trackers send, and of what producers write to Kafka, whole
and broken. Nobody of it consents to a profile, so no topic that the collector writes may have it either, and nothing on any disk;
nor have PostgreSQL and we what was written to Kafka with consent denied.
"""
import base64
import glob
import gzip
import json
import os
import re
import resource
import secrets
import signal
import socket
import stat
import subprocess
import time
import unittest
import urllib.parse

from google.protobuf import json_format

import collector_test
import phased_test
import sources_test
from collector_test import TP2, batch, consent, payload, proto, schema

PIECE, FORM_MAX = 1 << 24, 200	# what is read of a file at a time; no form is longer
HERE = CANARY = ""	# of each test its own: begin()
FORMS = []	# of all canaries of the test
FIELDS = ("e", "eid", "tv", "tna", "aid", "p", "dtm", "stm", "ttm", "duid", "sid", "vid", "uid", "nuid", "tnuid", "url", "page", "refr",
          "lang", "ds", "vp", "res", "cd", "cookie", "tz", "cs", "ua", "ip", "mac", "fp", "pp_mix", "pp_max", "pp_miy", "pp_may", "se_ca",
          "se_ac", "se_la", "se_pr", "se_va", "ue_pr", "ue_px", "co", "cx", "tr_id", "tr_ci", "ti_sk", "unheard_of")
HEADERS = ("User-Agent", "Referer", "Origin", "Cookie", "Content-Type", "Content-Encoding", "Accept", "Accept-Language", "Authorization",
           "Host", "X-Forwarded-For", "Forwarded", "X-Real-IP", "SP-Anonymous", "DNT", "Sec-GPC", "Sec-Purpose", "Purpose", "X-Moz",
           "X-Purpose", "Access-Control-Request-Method", "Access-Control-Request-Headers", "Expect", "Transfer-Encoding",
           "Content-Length", "Connection", "Upgrade", "Range", "If-None-Match", "X-Unheard-Of")


def forms(text):
    """What a text looks like in percent escapes and inside base64, wherever that begins."""
    coded = [base64.b64encode(b"." * before + text.encode())[2 * before:-4].decode() for before in range(3)]
    return [text, text.replace("@", "%40"), "".join(f"%{byte:02x}" for byte in text.encode()), text.encode().hex(), *coded]


def begin():
    """From now on another canary is sent. Returns what it is found by."""
    global HERE, CANARY
    HERE = f"canary{secrets.token_hex(6)}"
    CANARY = f"{HERE}@sundbaad.test"
    FORMS.extend(form.lower() for form in (*forms(HERE), *forms(CANARY)))
    return HERE


def events(kind, around, what=None, **usual):
    """Events with the canary in each field alone, and in all of them."""
    for name in FIELDS:
        yield payload(kind, around, what, **{**usual, name: CANARY})
    yield {**payload(kind, around, what), **{name: CANARY for name in FIELDS if name not in ("e", "dtm", "stm", "ttm", "se_va")}}


def self_describing(around):
    """Entities and events whose every value is the canary."""
    for vendor in ("com.snowplowanalytics.snowplow", "test.acme", CANARY):
        for name in ("link_click", "button_click", "focus_form", "change_form", "submit_form", "site_search", "consent_preferences",
                     "consent_granted", "consent_withdrawn", "media_player_event", "own", CANARY):
            data = {key: CANARY for key in ("targetUrl", "elementContent", "label", "id", "name", "formId", "eventType", "type", "version",
                                            "consentVersion", "all", CANARY)}
            data |= {"terms": [CANARY], "consentScopes": [CANARY], "elements": [
                {"name": key, "value": CANARY, "nodeName": CANARY, "type": CANARY} for key in ("email", "name", "message", CANARY)]}
            for form in ("demo-request", CANARY):
                yield payload("ue", around, {"schema": f"iglu:{vendor}/{name}/jsonschema/1-0-0", "data": {**data, "formId": form}})
    for name in ("gdpr", "consent_document", "client_session", "browser_context", "client_side_bot_detection", "web_page", "buying_process",
                 CANARY):
        entity = {"schema": schema(name), "data": {key: CANARY for key in ("basisForProcessing", "documentId", "documentVersion", "id",
                                                                           "version", "userId", "sessionId", "webdriver", "bot", "process", CANARY)}}
        yield payload("pv", [*around, entity])


def broken_bodies():
    whole = batch(payload(entities=[consent()], page=CANARY))
    yield from (CANARY.encode(), b"{" + CANARY.encode(), whole[:-1], whole[:-20], gzip.compress(whole)[:-4], gzip.compress(whole)[:30],
                json.dumps({CANARY: CANARY}).encode(), json.dumps([CANARY]).encode(), json.dumps(CANARY).encode(),
                json.dumps({"schema": CANARY, "data": []}).encode(), json.dumps({"schema": schema("payload_data"), "data": CANARY}).encode(),
                json.dumps({"schema": schema("payload_data"), "data": [CANARY, [CANARY], {CANARY: {CANARY: CANARY}}]}).encode(),
                (f'{{"{CANARY}":' * 40 + "1" + "}" * 40).encode(), whole.replace(b"snowplow", b"snow\x00plow"),
                whole.replace(CANARY.encode(), CANARY.encode() + b"\xff"), f'{{"e":"{CANARY}","e":"{CANARY}"}}'.encode(),
                urllib.parse.urlencode({"e": CANARY, CANARY: CANARY}).encode(), b"a" * (1024 * 1024) + CANARY.encode())


def requests_by_hand():
    """What no client library would send."""
    start = f"POST {TP2} HTTP/1.1\r\nHost: x\r\n"
    yield from (f"{CANARY}\r\n\r\n", f"GET {CANARY} HTTP/1.1\r\n\r\n", f"GET /i?x HTTP/{CANARY}\r\nHost: x\r\n\r\n", f"{CANARY} /i HTTP/1.1\r\nHost: x\r\n\r\n",
                f"GET /i\x00{CANARY} HTTP/1.1\r\nHost: x\r\n\r\n", f"GET /{CANARY * 1000} HTTP/1.1\r\nHost: x\r\n\r\n",
                f"{start}Content-Length: {CANARY}\r\n\r\n", f"{start}Content-Length: 5\r\nContent-Length: 6\r\nX: {CANARY}\r\n\r\n",
                f"{start}Transfer-Encoding: chunked\r\nContent-Length: 5\r\nX: {CANARY}\r\n\r\n", f"{start}{CANARY}\r\n\r\n",
                f"{start}{CANARY} : x\r\n\r\n", f"{start}X: a\r\n {CANARY}\r\n\r\n", f"{start}Transfer-Encoding: chunked\r\n\r\n{CANARY}\r\n",
                f"{start}X: {CANARY * 3000}\r\n\r\n", f"{start}Content-Length: 1000\r\n\r\n{CANARY}")


def kafka_events(analytics, profile, within=""):
    """A valid event for each text of the message, or of this part of it, with the canary in it alone; and, of the whole message,
    one with it everywhere."""
    def fill(message, one=None, path=""):
        for field in message.DESCRIPTOR.fields:
            place = path + field.name
            is_list = field.label == field.LABEL_REPEATED
            if field.type == field.TYPE_MESSAGE:
                yield from fill(getattr(message, field.name).add() if is_list else getattr(message, field.name), one, place + ".")
            elif field.type == field.TYPE_STRING:
                if one in (place, "*") and is_list:
                    getattr(message, field.name).append(CANARY)
                elif one in (place, "*"):
                    setattr(message, field.name, CANARY)
                yield place

    def event(one):
        made = proto.Event(id=secrets.token_hex(8), source="canary", channel=proto.Event.WEB, action=proto.Event.PAGE_VIEW,
                           occurred_us=1795000000000000)
        made.identity.anonymous_id = secrets.token_hex(8)
        made.consent.analytics, made.consent.profile = analytics, profile
        for _ in fill(made, one):
            pass
        for property in made.properties:
            property.key = property.key or "key"
        return made

    for place in list(fill(proto.Event())):
        if place.startswith(within):
            yield event(place)
    if not within:
        yield event("*")


class Canary(collector_test.CollectTest):
    def setUp(self):
        phased_test.PhasedTest.setUp(self)
        FORMS.clear()
        begin()
        self.write("identity.key", collector_test.KEY.decode() + "\n", 0o600)
        self.prepare()
        most = resource.getrlimit(resource.RLIMIT_CORE)[1]	# the programs have to forbid cores themselves
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
        self.daemon = self.start_phased()
        self.said = []	# answers, pages, errors: (what, text)

    def hear(self, what, text):
        self.said.append((what, text if isinstance(text, str) else text.decode("latin-1")))

    def try_http(self, what, method, path, body=None, headers=()):
        """Whatever it leads to, the answer is kept."""
        try:
            answer = self.ask(method, path, body, headers)
            self.hear(what, f"{answer.status} {dict(answer.headers)}".encode() + answer.body)
            return answer.status
        except (OSError, ValueError, collector_test.http.client.HTTPException):
            return None

    def by_hand(self, text):
        host, port = self.address.split(":")
        with socket.create_connection((host, int(port)), timeout=10) as raw:
            raw.settimeout(10)
            try:
                raw.sendall(text.encode("latin-1"))
                raw.shutdown(socket.SHUT_WR)
                answer = b""
                while part := raw.recv(65536):
                    answer += part
                self.hear(text[:30], answer)
            except OSError:
                pass

    def send_events(self, around, headers=()):
        """Of each kind, with the canary in each field; `around`: the entities that each one has."""
        taken = 0
        for made in (events("pv", around), events("se", around, se_ca="a", se_ac="b"), events("pp", around), events("tr", around),
                     self_describing(around)):
            made = list(made)
            for i in range(0, len(made), 40):
                taken += self.post(*made[i:i + 40], headers=dict(headers)).status == 200
            taken += sum(self.try_http("pixel", "GET", "/i?" + urllib.parse.urlencode(one), None, headers) == 200 for one in made[:len(FIELDS)])
        self.assertGreater(taken, 100)

    def send_to_collector(self):
        self.send_events([consent()])
        view = payload(entities=[consent()])
        for name in HEADERS:
            self.try_http(name, "POST", TP2, batch(view), {name: CANARY})
            self.try_http(name, "OPTIONS", TP2, None, {name: CANARY, **({} if name == "Origin" else {"Origin": "https://acme.test"})})
        self.try_http("cookie", "POST", TP2, batch(payload(entities=[consent()], duid="")), {"Cookie": f"sp={CANARY}; {CANARY}={CANARY}"})
        self.try_http("header", "POST", TP2, batch(view), {HERE: CANARY})
        for path in (f"/{CANARY}", f"{TP2}/{CANARY}", f"{TP2}?{CANARY}={CANARY}", f"/i?e=pv&url={CANARY}", f"/healthz?{CANARY}", f"/metrics?{CANARY}",
                     f"/readyz/{CANARY}"):
            for method in ("GET", "HEAD", "POST", "DELETE", HERE.upper()):
                self.try_http(path, method, path, b"{}" if method == "POST" else None)
        for body in broken_bodies():
            self.try_http("body", "POST", TP2, body)
            self.try_http("packed", "POST", TP2, gzip.compress(body), {"Content-Encoding": "gzip"})
        for text in requests_by_hand():
            self.by_hand(text)

    def produce_raw(self, topic, value, *more):
        done = subprocess.run(["kcat", "-b", self.brokers(), "-P", "-t", self.topics[topic], "-k", CANARY, "-H", f"x={CANARY}", *more,
                               "-D", "\x1e"], input=value, capture_output=True, timeout=60)
        self.assertEqual(0, done.returncode, done.stderr)

    def send_to_kafka(self, analytics, profile, within=""):
        """Valid events that say this of consent, and broken ones, in both forms. Returns how many messages that is."""
        made = list(kafka_events(analytics, profile, within))
        texts = [proto_json(event) for event in made]
        texts += [text[:-1] for text in texts[:3]] + [CANARY, f'{{"{CANARY}":1}}', f'{{"id":"{CANARY}","channel":"{CANARY}"}}',
                                                     f'{{"id":"1","occurred_us":"{CANARY}"}}', f'{{"properties":[{{"{CANARY}":1}}]}}']
        self.produce_raw("web", "\x1e".join(texts).encode(), "-H", "content-type=application/json")
        wire = [event.SerializeToString() for event in made]
        wire += [one[:-3] for one in wire[:5]] + [b"\x0a\x7f" + CANARY.encode(), CANARY.encode()]
        wire = [one for one in wire if b"\x1e" not in one]
        self.produce_raw("chat", b"\x1e".join(wire))
        reject = proto.Rejected(reason="unreadable", field=CANARY, source="canary", site=CANARY).SerializeToString()
        self.produce_raw("rejected", reject)
        self.produce_raw("rejected", CANARY.encode(), "-H", f"content-type={CANARY}")
        return len(texts) + len(wire) + 2

    def wait_taken(self, least):
        count = "SELECT coalesce(sum(greatest(next_offset, 0)), 0) FROM phased.position"
        total = sum(len(self.read(name)) for name in ("web", "chat", "rejected"))
        self.assertGreaterEqual(total, least)
        self.wait_until(lambda: int(self.value(count)) >= total, 60, f"{total} messages to be taken")

    def look_at_programs(self):
        self.hear("collector metrics", self.ask("GET", "/metrics", address=self.admin).body)
        address = self.wait_log(self.daemon, r"listening (?:on )?(127\.0\.0\.1:\d+)").group(1)
        for path in ("/metrics", "/healthz", "/readyz", "/status"):
            self.hear(f"phased {path}", self.ask("GET", path, address=address).body)
        places = self.psql("""SELECT DISTINCT ON (topic, reason) topic || '/' || partition || '@' || "offset" FROM phased.rejected""")
        self.assertGreater(len(places), 3)
        for words in (["check"], ["report", "phases"], ["report", "phases", "--json"], ["status"], ["rejects", "list"], ["position", "show"],
                      ["rejects", "list", "--all", "--json"], *(["rejects", "show", place] for (place,) in places),
                      ["rejects", "retry", "--all"]):
            done = self.run_phasectl(words)
            self.hear(f"phasectl {' '.join(words)}", done.out + done.err)
        lines = [f'{{"id":"{CANARY}"', CANARY, f'{{"{CANARY}":1}}', f'{{"id":"1","source":"{CANARY}"}}', f'{{"channel":"{CANARY}"}}',
                 f'{{"identity":{{"email":"{CANARY}","{CANARY}":""}}}}', f'{{"occurred_us":"{CANARY}"}}']
        done = self.run_phasectl(["produce"], input="".join(line + "\n" for line in lines))
        self.assertNotEqual(0, done.status)
        self.hear("phasectl produce", done.out + done.err)

    def look_at_server_log(self):
        """PostgreSQL quotes rows and parameters in its log if it is let."""
        data = self.value("SHOW data_directory")
        for path in glob.glob(f"{data}/../*.log") + glob.glob(f"{data}/log/*") + glob.glob(f"{data}/*.log"):
            with open(path, errors="replace") as log:
                self.hear("PostgreSQL's log", log.read())

    def places(self):
        """Where whatever keeps anything keeps it."""
        port = self.brokers().rsplit(":", 1)[1]
        brokers = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as line:
                    words = line.read().decode(errors="replace").split("\0")
                if "kafka.Kafka" in words:
                    with open(words[words.index("kafka.Kafka") + 1]) as text:
                        conf = text.read()
                    if f"listeners=PLAINTEXT://127.0.0.1:{port}," in conf:
                        brokers.append(re.search(r"(?m)^log\.dirs=(.*)$", conf).group(1))
            except (FileNotFoundError, ProcessLookupError):
                pass	# it has ended meanwhile
        self.assertEqual(1, len(brokers), "the broker's data")
        return {"kafka": os.path.dirname(brokers[0]), "postgres": self.value("SHOW data_directory"), "ours": self.directory}

    def search_disk(self, texts, since):
        """{text: the files that have one of its forms}, of all files that were written since. `texts`: {text: its forms}."""
        found = {text: set() for text in texts}
        for place, directory in self.places().items():
            top = os.path.realpath(directory)
            for folder, _, names in os.walk(top, onerror=refuse_unread):
                for path in (os.path.join(folder, name) for name in names):
                    for text in in_file(path, texts, since):
                        found[text].add(f"{place}: {os.path.relpath(path, top)}")
        return found

    def send_what_is_refused(self):
        """To the collector, by a browser or a person who refuses."""
        taken = self.fate("delivered")
        self.send_events([consent()], {"DNT": "1"})
        self.assertEqual(taken, self.fate("delivered"), "taken though the browser refuses")
        granting = self.granting()
        self.send_events([])		# nothing is said, where it must be, save by events that are nothing but consent
        taken += self.granting() - granting
        self.assertEqual(taken, self.fate("delivered"), "taken without consent")
        for name in ("deny_all", "withdrawn", "expired"):
            self.assertEqual(200, self.post(*events("ue", [consent()], {"schema": schema("consent_preferences"), "data": {
                "eventType": name, "consentVersion": CANARY}})).status)
        self.assertEqual(taken, self.fate("delivered"), "taken though denied")
        for box in (None, "", "0", "no", "false", "off"):
            self.assertEqual(200, self.post(self.form(f"{CANARY}", box)).status)

    def look_at_disk(self, swept, denied, known, begun):
        """Where somebody's who consents is: in Kafka's log, in PostgreSQL's tables and its WAL. So the search would find it."""
        dump = subprocess.run(["pg_dump", "-d", self.database], capture_output=True, check=True, timeout=60).stdout.decode().lower()
        self.psql("CHECKPOINT")
        found = self.search_disk({swept: [*forms(swept), swept.upper()], denied: [*forms(denied), denied.upper()], known: [known]},
                                 begun)
        for kind in (r"kafka: kafka\.data/.*\.log", r"postgres: base/", r"postgres: pg_wal/"):
            self.assertTrue([path for path in found[known] if re.match(kind, path)], f"{kind} in {found[known]}")
        self.assertEqual(set(), {path for path in found[known] if path.startswith("ours:") or "log" in path.rsplit("/", 1)[-1]
                                 and not re.match(r"kafka: kafka\.data/", path)}, "in a program's log")
        self.assertEqual(set(), found[swept])
        # Into Kafka its producer has put it.
        self.assertEqual({"kafka"}, {path.split(":")[0] for path in found[denied]}, found[denied])
        for text in (swept, denied):
            self.assertEqual([], [form for form in forms(text) if form.lower() in dump], "a dump")

    def test_what_postgresql_refuses_of_a_person_stands_in_no_log(self):
        """Its DETAIL quotes the row; where somebody has let it, phasectl check says so."""
        self.assertEqual(0, self.run_phasectl(["accounts", "accept", os.path.join(phased_test.ROOT, "conf", "accounts.yaml")]).status)
        self.psql("ALTER TABLE phased.declared ADD CONSTRAINT strict CHECK (value NOT LIKE 'canary%')")
        data, refused = self.value("SHOW data_directory"), 0
        for verbosity, is_quoted in (("terse", False), ("default", True)):
            self.psql(f"ALTER DATABASE {self.value('SELECT current_database()')} SET log_error_verbosity = '{verbosity}'")
            self.assertEqual(0, self.daemon.stop())
            self.daemon = self.start_phased()
            begin()
            event = proto.Event(id=secrets.token_hex(8), source="canary", channel=proto.Event.CRM, action=proto.Event.CONSENT,
                                occurred_us=int(time.time() * 1e6) - 1000000)
            event.identity.email, event.identity.name = CANARY, f"{HERE} Canary"
            event.consent.profile = proto.Consent.GRANTED
            self.produce_raw("web", proto_json(event).encode(), "-H", "content-type=application/json")
            refused += 1
            self.wait_until(lambda: self.value("SELECT count(*) FROM phased.rejected WHERE reason = 'refused'") == str(refused), 30, "the refusal")
            self.wait_log(self.daemon, "refused: SQLSTATE 23514")
            with open(f"{data}/postgres.log", errors="replace") as log:
                self.assertEqual(is_quoted, HERE in log.read(), verbosity)
            self.assertEqual(0 if verbosity == "terse" else 1, self.run_phasectl(["check"]).status)
            for program in self.programs:
                self.hear(f"log of {program}", program.log())
            for words in (["rejects", "list", "--json"], ["status"], ["check"]):
                self.hear(words, self.run_phasectl(words).out)
            self.assertEqual([], [what for what, text in self.said if any(form in text.lower() for form in FORMS)])

    def granting(self):
        return sum(event.label == "consent_granted" for event in self.events())

    def form(self, address, box):
        elements = [{"name": "email", "value": address}, {"name": "name", "value": address}, {"name": "consent_profile", "value": box}]
        return payload("ue", [consent()], {"schema": schema("submit_form"), "data": {"formId": "demo-request", "elements": elements}})

    def test_every_field_that_an_adapter_reads_has_been_tried(self):
        """And every source: who writes an adapter sends the canary through it."""
        names = set()
        for path in glob.glob(os.path.join(phased_test.ROOT, "collector", "source", "snowplow*.c")):
            with open(path) as text:
                for call in re.findall(r"\b(?:snowplow_get|json_get|json_get_text|is_true|take|read_json|read_milliseconds)\(([^;]*?)\)", text.read()):
                    names |= set(re.findall(r'"(\w+)"', call))
        tried = {name for one in (*events("pv", []), *self_describing([])) for name in (*one, *re.findall(r'\\?"(\w+)\\?":', json.dumps(one)))}
        self.assertGreater(len(names), 30)
        self.assertEqual(set(), names - tried - {"schema", "data"})
        with open(os.path.join(phased_test.ROOT, "collector", "routes.c")) as text:
            sources = set(re.findall(r'(?:\.source = |\bHOOK(?:_PARTS)?\()"(\w+)"', text.read()))
        self.assertEqual(sources, {"snowplow", *sources_test.CANARIES})

    def crash(self, program):
        """As a bug would end it, with cores allowed by whoever started it."""
        with open(f"/proc/{program.pid}/limits") as limits:
            self.assertRegex(limits.read(), r"(?m)^Max core file size\s+0\s+0\s")
        program.signal(signal.SIGABRT)
        ended = os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOWAIT)
        self.assertEqual((os.CLD_KILLED, signal.SIGABRT), (ended.si_code, ended.si_status), "no core was dumped")
        program.wait()

    def test_an_address_is_nowhere_it_has_no_business(self):
        begun, known = time.time() - 1, f"known{secrets.token_hex(6)}"
        self.collect(log={"level": "debug"}, consent={"dnt": "deny"}, http={"request_s_max": 2}, kafka={"topics": {
            name: topic for name, topic in self.topics.items() if name != "erasure"}})
        swept = HERE
        self.send_to_collector()	# consent to be measured, and to nothing else
        self.send_what_is_refused()
        self.assertEqual(200, self.post(self.form(f"{known}@sundbaad.test", "yes")).status)
        for name in ("web", "rejected"):
            self.hear(f"topic {name}", b"\n".join(key + value for key, value in self.read(name)))
        self.assertGreater(len(self.read("web")), 100)
        self.assertGreater(len(self.read("rejected")), 20)
        denied = begin()
        sent = self.send_to_kafka(proto.Consent.DENIED, proto.Consent.GRANTED)
        sent += self.send_to_kafka(proto.Consent.GRANTED, proto.Consent.DENIED, "identity.")	# who somebody is; what they did is kept
        begin()
        sent += self.send_to_kafka(proto.Consent.GRANTED, proto.Consent.UNSAID)
        self.wait_taken(sent)
        self.assertEqual("1", self.value(f"SELECT count(*) FROM report.person WHERE address LIKE '{known}%'"))
        self.assertGreater(int(self.value("SELECT count(*) FROM phased.rejected")), 20)
        self.hear("table rejected", json.dumps(self.psql("SELECT * FROM phased.rejected")))
        self.hear("table outcome_day", json.dumps(self.psql("SELECT * FROM phased.outcome_day")))
        self.hear("reports", json.dumps([self.psql(f"SELECT * FROM report.{view}") for (view,) in self.psql(
            "SELECT viewname FROM pg_views WHERE schemaname = 'report'")]))
        self.look_at_programs()
        self.look_at_server_log()
        self.crash(self.program)
        self.crash(self.daemon)
        for program in self.programs:
            self.hear(f"log of {program}", program.log())
        for what, text in self.said:
            found = [form for form in FORMS if form in text.lower()]
            self.assertEqual([], found, f"{what}: …{cut(text, found)}…")
        self.look_at_disk(swept, denied, known, begun)


class Search(unittest.TestCase):
    def test_the_search_finds_what_is_there(self):
        begin()
        for text in (CANARY, f"x{CANARY.upper()}y", urllib.parse.quote(CANARY, safe=""), base64.b64encode(f"ab{CANARY}cd".encode()).decode(),
                     base64.b64encode(CANARY.encode()).decode(), CANARY.encode().hex()):
            self.assertTrue([form for form in FORMS if form in text.lower()], text)


def refuse_unread(error):
    """What is gone meanwhile is not there; what cannot be read may hold anything."""
    if not isinstance(error, FileNotFoundError):
        raise error


def in_file(path, texts, since):
    """The texts of which a form stands in a file that was written since."""
    found, before = set(), b""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode) or os.stat(path).st_mtime < since:
            return found
        with open(path, "rb") as file:
            while piece := file.read(PIECE):
                piece = before + piece
                found |= {text for text, its_forms in texts.items() if any(piece.find(form.encode()) >= 0 for form in its_forms)}
                before = piece[-FORM_MAX:]
    except FileNotFoundError:
        pass	# gone meanwhile
    return found


def cut(text, found):
    at = text.lower().find(found[0]) if found else 0
    return text[max(0, at - 60):at + 60]


def proto_json(event):
    return json_format.MessageToJson(event, indent=None)


if __name__ == "__main__":
    phased_test.main()
