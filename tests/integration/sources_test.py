#!/usr/bin/python3
# run: sanitized
"""Webhooks as their senders call them: signed requests, the real collector, a real Kafka behind it."""
import base64
import hashlib
import hmac
import json
import signal
import subprocess
import time

import collector_test
import phased_test
from collector_test import proto

SECRET, OLDER = "phased-test-secret", "phased-older-secret"
HOOKS = {"mailgun": "news", "chatwoot": "help"}


def hmac_hex(text, secret):
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def sign_mailgun(body, secret, now):
    body["signature"] = {"timestamp": str(now), "token": "tok", "signature": hmac_hex(f"{now}tok", secret)}
    return json.dumps(body), {}


def sign_chatwoot(body, secret, now):
    text = json.dumps(body)
    return text, {"X-Chatwoot-Timestamp": str(now), "X-Chatwoot-Signature": "sha256=" + hmac_hex(f"{now}.{text}", secret)}


SIGN = {"mailgun": sign_mailgun, "chatwoot": sign_chatwoot}


def mail(event, **more):
    return {"event-data": {"event": event, "id": f"id-{event}-{len(more)}", "timestamp": time.time(), "recipient": "ann@acme.test",
                           "client-info": {"user-agent": collector_test.FIREFOX}, **more}}


def said(number, kind, sender, text):
    return {"event": "message_created", "id": number, "message_type": kind, "content": text, "created_at": int(time.time()),
            "sender": {"type": sender}, "account": {"id": 1},
            "conversation": {"id": 77, "contact_inbox": {"source_id": "v-1"}, "meta": {"sender": {"email": "ann@acme.test"}}}}


def conversation(event, **more):
    return {"event": event, "id": 77, "created_at": int(time.time()), "updated_at": time.time(), "account": {"id": 1},
            "contact_inbox": {"source_id": "v-1"}, "meta": {"sender": {"email": "ann@acme.test"}}, **more}


# What is sent, and as what it must arrive: source, body, action or what becomes of it, more of the event.
ROWS = [
    ("mailgun", mail("accepted"), "EMAIL_SENT", {"party": "SYSTEM"}),
    ("mailgun", mail("delivered"), "EMAIL_DELIVERED", {"party": "SYSTEM"}),
    ("mailgun", mail("opened"), "EMAIL_OPEN", {}),
    ("mailgun", mail("clicked", url="https://acme.test/prices/"), "EMAIL_CLICK", {}),
    ("mailgun", mail("unsubscribed"), "EMAIL_UNSUBSCRIBE", {}),
    ("mailgun", mail("complained"), "EMAIL_COMPLAINT", {}),
    ("mailgun", mail("failed", severity="permanent"), "EMAIL_BOUNCE", {"party": "SYSTEM"}),
    ("mailgun", mail("failed", severity="temporary", tags=["a"]), "CUSTOM", {"label": "deferred", "party": "SYSTEM"}),
    ("mailgun", mail("stored"), "CUSTOM", {"label": "stored"}),
    ("mailgun", {"event-data": {"event": "opened"}}, "rejected", {"field": "timestamp"}),
    ("chatwoot", conversation("conversation_created"), "CHAT_STARTED", {}),
    ("chatwoot", said(1, "incoming", "contact", "How much is the plotter?"), "CHAT_MESSAGE", {"topic": "price"}),
    ("chatwoot", said(2, "outgoing", "user", "I will ask."), "CHAT_MESSAGE", {"party": "AGENT"}),
    ("chatwoot", said(3, "outgoing", "agent_bot", "Hello"), "CHAT_MESSAGE", {"party": "BOT"}),
    ("chatwoot", said(4, "activity", "user", "assigned"), "nothing", {}),
    ("chatwoot", conversation("conversation_status_changed", status="resolved"), "CHAT_CLOSED", {"party": "SYSTEM"}),
    ("chatwoot", conversation("webwidget_triggered"), "CUSTOM", {"label": "webwidget_triggered"}),
    ("chatwoot", {"event": "conversation_created", "id": 5}, "rejected", {"field": "created_at"}),
]


class Sources(collector_test.CollectTest):
    def make_topics(self):
        self.new_topics()
        done = subprocess.run([collector_test.EDGES, "create", self.brokers()] +
                              [f"{self.topics[name]}:4" for name in ("web", "email", "chat", "crm", "rejected")],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(0, done.returncode, done.stderr)

    def collect_hooks(self, **more):
        hooks = {}
        for source, name in HOOKS.items():
            self.write(f"{name}.secret", f"{SECRET}\n{OLDER}\n", 0o600)
            hooks[name] = {"source": source, "secret_file": f"{name}.secret", **more.get(source, {})}
        topics = {name: self.topics[name] for name in ("web", "email", "chat", "crm", "rejected")}
        self.collect(hooks=hooks, kafka={"topics": topics},
                     chat={"topics_file": phased_test.ROOT + "/conf/topics.yaml"})

    def send(self, source, body, secret=SECRET, now=None, rest=""):
        text, headers = SIGN[source](dict(body), secret, int(time.time()) if now is None else now)
        return self.ask("POST", f"/hooks/{source}/{HOOKS[source]}{rest}", text, {"User-Agent": "hook/1", **headers}).status

    def arrived(self):
        return [proto.Event.FromString(value) for name in ("email", "chat") for _, value in self.read(name)]

    def test_each_action_of_each_source_arrives_once(self):
        self.collect_hooks()
        for source, body, _, _ in ROWS:
            for _ in range(2):	# and as often as it likes, with the same id
                self.assertEqual(200, self.send(source, body), body)
        events = {}
        for event in self.arrived():
            events.setdefault((event.source, event.id), []).append(event)
        rejects = self.rejected()
        wanted = [row for row in ROWS if row[2] not in ("rejected", "nothing")]
        self.assertEqual(len(wanted), len(events))
        self.assertEqual({2}, {len(copies) for copies in events.values()})
        left = {key: copies[0] for key, copies in events.items()}
        for source, body, action, more in wanted:
            found = [key for key, event in left.items() if event.source == source and
                     event.action == proto.Event.Action.Value(action) and
                     event.label == more.get("label", "") and event.content.topic == more.get("topic", "") and
                     event.party == proto.Event.Party.Value(more.get("party", "PERSON"))]
            self.assertTrue(found, f"{source} {action} {more}: {body}")
            event = left.pop(found[0])
            self.assertEqual(HOOKS[source], event.site)
            self.assertEqual(source == "mailgun", event.identity.verified)
            self.assertEqual("", event.identity.email, "no consent to a profile was given")
            self.assertEqual(collector_test.actor("email", "", "ann@acme.test"), event.identity.email_actor)
        self.assertEqual({}, left)
        fields = sorted(more["field"] for _, _, action, more in ROWS if action == "rejected")
        self.assertEqual(sorted(2 * fields), sorted(reject.field for reject in rejects))
        self.no_text_anywhere()
        for source, _, action, more in ROWS:
            print(f"{source:10} {action:18} {' '.join(more.values())}")

    def no_text_anywhere(self):
        for name in ("email", "chat", "rejected"):
            for _, value in self.read(name):
                self.assertNotIn(b"plotter", value)
                self.assertNotIn(b"ann@acme.test", value)

    def test_what_does_not_prove_whose_it_is_is_refused(self):
        self.collect_hooks()
        now = int(time.time())
        for source in HOOKS:
            body = next(row[1] for row in ROWS if row[0] == source)
            path = f"/hooks/{source}/{HOOKS[source]}"
            text, headers = SIGN[source](dict(body), SECRET, now)
            rows = [
                ("right", 200, path, text, headers),
                ("by the other secret", 200, path, *SIGN[source](dict(body), OLDER, now)),
                ("by another one", 401, path, *SIGN[source](dict(body), "phased-third-secret", now)),
                ("unsigned", 401, path, json.dumps({key: value for key, value in body.items() if key != "signature"}), {}),
                ("cut", 401, path, text[:-2], headers),
                ("empty", 401, path, "", headers),
                ("packed, and broken", 401, path, b"\x1f\x8b\x08broken", headers),
                ("a hook that is not there", 404, path + "x", text, headers),
                ("of another source", 404, f"/hooks/{'mailgun' if source != 'mailgun' else 'chatwoot'}/{HOOKS[source]}", text, headers),
                ("a source that is not there", 404, "/hooks/nobody/news", text, headers),
            ]
            if source == "chatwoot":
                rows.append(("stale", 401, path, *SIGN[source](dict(body), SECRET, now - 1000)))
            for what, status, where, sent, with_headers in rows:
                self.assertEqual(status, self.ask("POST", where, sent, with_headers).status, f"{source}: {what}")
            for method in ("GET", "HEAD"):
                self.assertEqual(200, self.ask(method, path).status, "is anybody there")
        self.assertEqual(2 * len(HOOKS), len(self.arrived()))
        self.assertEqual([], self.rejected())
        log = self.program.log()
        for word in (SECRET, OLDER, "tok", "ann@"):
            self.assertNotIn(word, log)
        self.assertIn("hooks.news: wrong signature or secret, answering 401", log)

    def test_a_sender_that_signs_nothing_shows_a_secret(self):
        self.collect_hooks(mailgun={"proof": "secret"})
        body = json.dumps(mail("opened"))
        basic = {"Authorization": "Basic " + base64.b64encode(f"phased:{SECRET}".encode()).decode()}
        for status, rest, headers in ((401, "", {}), (200, f"/{SECRET}", {}), (401, f"/{SECRET}x", {}), (200, "", basic)):
            answer = self.ask("POST", f"/hooks/mailgun/news{rest}", body, headers)
            self.assertEqual(status, answer.status)
            if status == 401:
                self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Basic"))
        self.assertNotIn(SECRET, self.program.log())

    def test_secrets_are_changed_while_it_runs(self):
        self.collect_hooks()
        self.assertEqual(200, self.send("mailgun", mail("opened"), OLDER))
        self.write("news.secret", f"phased-third-secret\n{SECRET}\n", 0o600)
        self.reload()
        self.assertEqual(401, self.send("mailgun", mail("opened"), OLDER))
        self.assertEqual(200, self.send("mailgun", mail("opened"), SECRET))
        self.assertEqual(200, self.send("mailgun", mail("opened"), "phased-third-secret"))
        self.write("news.secret", "", 0o600)	# by mistake: what was in force still is
        self.reload()
        self.assertEqual(200, self.send("mailgun", mail("opened"), "phased-third-secret"))
        self.wait_log(self.program, "hooks: not taken over, those that were in force still are: .*news.secret: empty")

    def reload(self):
        name = 'phased_config_reloads_total{result="taken"}'
        before = self.metrics()[name]
        self.program.signal(signal.SIGHUP)
        self.wait_until(lambda: self.metrics()[name] > before, 20, "the file was read again")


if __name__ == "__main__":
    phased_test.main()
