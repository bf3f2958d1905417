#!/usr/bin/python3
# run: sanitized
"""Webhooks as their senders call them: signed requests, the real collector, a real Kafka behind it."""
import atexit
import base64
import collections
import gzip
import hashlib
import hmac
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

import collector_test
import crm
import phased_test
import trackers
from collector_test import proto
from google.protobuf import json_format

def canary_forms(text):
    """What a text looks like in percent escapes and inside base64, wherever that begins."""
    coded = [base64.b64encode(b"." * before + text.encode())[2 * before:-4].decode() for before in range(3)]
    return [text, text.replace("@", "%40"), text.encode().hex(), *coded]


SECRET, OLDER = "phased-test-secret", "phased-older-secret"
HOOKS = {"mailgun": "news", "sendgrid": "fairs", "postmark": "orders", "brevo": "nordics", "mandrill": "letters", "ses": "amazon", "chatwoot": "help",
         "intercom": "desk", "zendesk": "support", "crisp": "talk", "rocketchat": "room", **crm.HOOKS}
MAIL = ("mailgun", "sendgrid", "postmark", "brevo", "mandrill", "ses")
TOPIC = "arn:aws:sns:eu-north-1:123456789012:ses-events"
PLAUSIBLE = {"anonymous_id": "browser", "user_id": "user", "analytics": "may_count"}
URLS = {"mandrill": "https://collect.acme.test/hooks/mandrill/letters", "hubspot": crm.URL}


def hmac_hex(text, secret):
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def sign_mailgun(body, secret, now):
    body["signature"] = {"timestamp": str(now), "token": "tok", "signature": hmac_hex(f"{now}tok", secret)}
    return json.dumps(body), {}


def sign_chatwoot(body, secret, now):
    text = json.dumps(body)
    return text, {"X-Chatwoot-Timestamp": str(now), "X-Chatwoot-Signature": "sha256=" + hmac_hex(f"{now}.{text}", secret)}


def key_folder():
    folder = tempfile.mkdtemp(prefix="phased-key-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def key_of(secret):
    """A private key (PEM, a path) and the public half as SendGrid's settings show it; one for each secret."""
    if secret not in KEYS:
        folder = key_folder()
        path = os.path.join(folder, "key.pem")
        subprocess.run(["openssl", "ecparam", "-genkey", "-noout", "-name", "prime256v1", "-out", path], check=True, capture_output=True)
        half = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
        KEYS[secret] = (path, base64.b64encode(half).decode())
    return KEYS[secret]


KEYS = {}


def sign_sendgrid(body, secret, now):
    text = json.dumps([body])
    done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key_of(secret)[0]], input=f"{now}{text}".encode(), check=True,
                          capture_output=True)
    return text, {"X-Twilio-Email-Event-Webhook-Timestamp": str(now),
                  "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(done.stdout).decode()}


def sign_mandrill(body, secret, now):
    text = json.dumps([body])
    said = hmac.new(secret.encode(), f"{URLS['mandrill']}mandrill_events{text}".encode(), hashlib.sha1).digest()
    return urllib.parse.urlencode({"mandrill_events": text}), {"X-Mandrill-Signature": base64.b64encode(said).decode(),
                                                               "Content-Type": "application/x-www-form-urlencoded"}


def certificate_of(secret):
    """A private key and its certificate, paths; one for each secret, named as Amazon's are."""
    name = f"SimpleNotificationService-{hashlib.sha256(secret.encode()).hexdigest()[:32]}.pem"
    if name not in KEYS:
        folder = key_folder()
        KEYS[name] = (os.path.join(folder, "key.pem"), os.path.join(folder, name))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=sns.acme.test", "-keyout", KEYS[name][0],
                        "-out", KEYS[name][1]], check=True, capture_output=True)
        os.chmod(KEYS[name][1], 0o600)
    return KEYS[name]


def sns(message, secret, topic=TOPIC, version="2", **more):
    """An envelope of Amazon's notifications; its lines are signed in the order of their names."""
    key, certificate = certificate_of(secret)
    envelope = {"Type": "Notification", "MessageId": hashlib.sha256(message.encode()).hexdigest()[:20], "TopicArn": topic, "Message": message,
                "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()), **more}
    lines = "".join(f"{name}\n{envelope[name]}\n" for name in sorted(envelope))
    done = subprocess.run(["openssl", "dgst", "-sha256" if version == "2" else "-sha1", "-sign", key], input=lines.encode(), check=True,
                          capture_output=True)
    return json.dumps({**envelope, "SignatureVersion": version, "Signature": base64.b64encode(done.stdout).decode(),
                       "SigningCertURL": f"https://sns.eu-north-1.amazonaws.com/{os.path.basename(certificate)}"})


def sign_ses(body, secret, now):
    return sns(json.dumps(body), secret), {"Content-Type": "text/plain; charset=UTF-8"}


def sign_intercom(body, secret, now):
    text = json.dumps(body)
    return text, {"X-Hub-Signature": "sha1=" + hmac.new(secret.encode(), text.encode(), hashlib.sha1).hexdigest()}


def sign_crisp(body, secret, now):
    text = json.dumps(body, separators=(",", ":"))	# as it is sent: Crisp's own verifier writes it again in this way
    return text, {"X-Crisp-Request-Timestamp": f"{now}000", "X-Crisp-Signature": hmac_hex(f"[{now}000;{text}]", secret)}


def sign_zendesk(body, secret, now):
    text, at = json.dumps({"app": {"id": "a"}, "events": [body]}), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    said = hmac.new(secret.encode(), f"{at}{text}".encode(), hashlib.sha256).digest()
    return text, {"X-Zendesk-Webhook-Signature-Timestamp": at, "X-Zendesk-Webhook-Signature": base64.b64encode(said).decode()}


def show_zendesk(body, secret, now):
    return json.dumps({"app": {"id": "a"}, "events": [body]}), {"X-API-Key": secret}


def show_rocketchat(body, secret, now):
    return json.dumps(body), {"X-RocketChat-Livechat-Token": secret}


def sign_password(body, secret, now):
    return json.dumps(body), {"Authorization": "Basic " + base64.b64encode(f"hook:{secret}".encode()).decode()}


SIGN = {"mailgun": sign_mailgun, "sendgrid": sign_sendgrid, "postmark": sign_password, "brevo": sign_password,
        "mandrill": sign_mandrill, "ses": sign_ses, "chatwoot": sign_chatwoot, "intercom": sign_intercom, "zendesk": show_zendesk, "crisp": sign_crisp,
        "rocketchat": show_rocketchat, **crm.SIGN}


# How each source's requests can be proven: source, how it is signed, whether for about now alone, whether with something of the body.
PROOFS = [
    ("mailgun", sign_mailgun, False, True),
    ("sendgrid", sign_sendgrid, False, True),
    ("postmark", sign_password, False, False),
    ("brevo", sign_password, False, False),
    ("mandrill", sign_mandrill, False, True),
    ("ses", sign_ses, False, True),
    ("chatwoot", sign_chatwoot, True, True),
    ("intercom", sign_intercom, False, True),
    ("zendesk", sign_zendesk, True, True),
    ("zendesk", show_zendesk, False, False),
    ("crisp", sign_crisp, True, True),
    ("rocketchat", show_rocketchat, False, False),
    ("hubspot", crm.sign_hubspot, True, True),
    ("dynamics", crm.show_dynamics, False, False),
    ("salesforce", crm.show_salesforce, False, False),
]


def mail(event, **more):
    return {"event-data": {"event": event, "id": f"id-{event}-{len(more)}", "timestamp": time.time(), "recipient": "ann@acme.test",
                           "client-info": {"user-agent": collector_test.FIREFOX}, **more}}


def sendgrid(event, **more):
    return {"email": "ann@acme.test", "timestamp": int(time.time()), "event": event, "sg_event_id": f"sg-{event}",
            "useragent": collector_test.FIREFOX, **more}


def postmark(kind, **more):
    return {"RecordType": kind, "MessageID": "m-1", "Recipient": "ann@acme.test", "UserAgent": collector_test.FIREFOX,
            "ReceivedAt": time.strftime("%Y-%m-%dT%H:%M:%S.0000000Z", time.gmtime()), **more}


def brevo(event, **more):
    return {"event": event, "email": "ann@acme.test", "ts_epoch": int(time.time() * 1000), "message-id": "<m.1@relay.test>", **more}


def mandrill(event, **more):
    return {"event": event, "_id": "m-1", "ts": int(time.time()), "msg": {"_id": "m-1", "email": "ann@acme.test"}, **more}


def ses(event, part, *, to=("ann@acme.test",), **more):
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    about = {"timestamp": now, "userAgent": collector_test.FIREFOX, **more}
    return {"eventType": event, "mail": {"timestamp": now, "messageId": "0100-aa", "destination": list(to), "tags": {"campaign": ["q4"]}},
            part: about}


def told(*addresses):
    return [{"emailAddress": address} for address in addresses]


def said(number, kind, sender, text):
    return {"event": "message_created", "id": number, "message_type": kind, "content": text, "created_at": int(time.time()),
            "sender": {"type": sender}, "account": {"id": 1},
            "conversation": {"id": 77, "contact_inbox": {"source_id": "v-1"}, "meta": {"sender": {"email": "ann@acme.test"}}}}


def conversation(event, **more):
    return {"event": event, "id": 77, "created_at": int(time.time()), "updated_at": time.time(), "account": {"id": 1},
            "contact_inbox": {"source_id": "v-1"}, "meta": {"sender": {"email": "ann@acme.test"}}, **more}


def intercom(topic, number, **more):
    return {"type": "notification_event", "id": f"notif_{number}", "topic": topic, "app_id": "abc", "created_at": int(time.time()),
            "data": {"item": {"type": "conversation", "id": "123", "source": {"author": {"type": "lead", "id": "6f", "email": "ann@acme.test"}},
                              **more}}}


def parts(kind, text):
    return {"conversation_parts": {"conversation_parts": [{"body": text, "author": {"type": kind}}]}}


def zendesk(kind, number, **payload):
    return {"id": f"z{number}", "type": kind, "createdAt": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
            "payload": {"conversation": {"id": "f52b"}, "user": {"id": "2650", "profile": {"email": "ann@acme.test"}}, **payload}}


def spoken(kind, text, **author):
    return {"message": {"author": {"type": kind, "userId": "2650", **author}, "content": {"type": "text", "text": text}}}


def crisp(event, **data):
    now = int(time.time() * 1000)
    return {"website_id": "7598", "event": event, "timestamp": now,
            "data": {"website_id": "7598", "session_id": "session_36ba", "timestamp": now, "email": "ann@acme.test", **data}}


def room(kind, *messages, **more):
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return {"type": kind, "_id": "room7", "createdAt": now, "closedAt": now, "visitor": {"_id": "v1", "email": "ann@acme.test"},
            "messages": [{"ts": now, **message} for message in messages], **more}


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
    ("sendgrid", sendgrid("processed"), "EMAIL_SENT", {"party": "SYSTEM"}),
    ("sendgrid", sendgrid("delivered"), "EMAIL_DELIVERED", {"party": "SYSTEM"}),
    ("sendgrid", sendgrid("open"), "EMAIL_OPEN", {}),
    ("sendgrid", sendgrid("click", url="https://acme.test/prices/"), "EMAIL_CLICK", {}),
    ("sendgrid", sendgrid("deferred"), "CUSTOM", {"label": "deferred", "party": "SYSTEM"}),
    ("sendgrid", sendgrid("bounce"), "EMAIL_BOUNCE", {"party": "SYSTEM"}),
    ("sendgrid", sendgrid("dropped"), "CUSTOM", {"label": "dropped", "party": "SYSTEM"}),
    ("sendgrid", sendgrid("spamreport"), "EMAIL_COMPLAINT", {}),
    ("sendgrid", sendgrid("unsubscribe"), "EMAIL_UNSUBSCRIBE", {}),
    ("sendgrid", sendgrid("group_resubscribe"), "CUSTOM", {"label": "group_resubscribe"}),
    ("sendgrid", {"event": "open", "timestamp": 1}, "rejected", {"field": "email"}),
    ("postmark", postmark("Delivery"), "EMAIL_DELIVERED", {"party": "SYSTEM"}),
    ("postmark", postmark("Open"), "EMAIL_OPEN", {}),
    ("postmark", postmark("Click", OriginalLink="https://acme.test/prices/"), "EMAIL_CLICK", {}),
    ("postmark", postmark("Bounce", Type="HardBounce"), "EMAIL_BOUNCE", {"party": "SYSTEM"}),
    ("postmark", postmark("Bounce", Type="Transient"), "CUSTOM", {"label": "deferred", "party": "SYSTEM"}),
    ("postmark", postmark("SpamComplaint"), "EMAIL_COMPLAINT", {}),
    ("postmark", postmark("SubscriptionChange", SuppressSending=True), "EMAIL_UNSUBSCRIBE", {}),
    ("postmark", postmark("Inbound"), "CUSTOM", {"label": "Inbound"}),
    ("postmark", {"RecordType": "Open", "Recipient": "ann@acme.test"}, "rejected", {"field": "ChangedAt"}),
    ("brevo", brevo("request"), "EMAIL_SENT", {"party": "SYSTEM"}),
    ("brevo", brevo("delivered"), "EMAIL_DELIVERED", {"party": "SYSTEM"}),
    ("brevo", brevo("unique_opened"), "EMAIL_OPEN", {}),
    ("brevo", brevo("click", link="https://acme.test/prices/"), "EMAIL_CLICK", {}),
    ("brevo", brevo("soft_bounce"), "CUSTOM", {"label": "deferred", "party": "SYSTEM"}),
    ("brevo", brevo("hard_bounce"), "EMAIL_BOUNCE", {"party": "SYSTEM"}),
    ("brevo", brevo("spam"), "EMAIL_COMPLAINT", {}),
    ("brevo", brevo("unsubscribed"), "EMAIL_UNSUBSCRIBE", {}),
    ("brevo", brevo("list_addition"), "CUSTOM", {"label": "list_addition"}),
    ("brevo", {"event": "opened", "email": "ann@acme.test"}, "rejected", {"field": "ts_epoch"}),
    ("mandrill", mandrill("send"), "EMAIL_SENT", {"party": "SYSTEM"}),
    ("mandrill", mandrill("delivered"), "EMAIL_DELIVERED", {"party": "SYSTEM"}),
    ("mandrill", mandrill("open"), "EMAIL_OPEN", {}),
    ("mandrill", mandrill("click", url="https://acme.test/prices/"), "EMAIL_CLICK", {}),
    ("mandrill", mandrill("deferral"), "CUSTOM", {"label": "deferred", "party": "SYSTEM"}),
    ("mandrill", mandrill("hard_bounce"), "EMAIL_BOUNCE", {"party": "SYSTEM"}),
    ("mandrill", mandrill("reject"), "CUSTOM", {"label": "reject", "party": "SYSTEM"}),
    ("mandrill", mandrill("spam"), "EMAIL_COMPLAINT", {}),
    ("mandrill", mandrill("unsub"), "EMAIL_UNSUBSCRIBE", {}),
    ("mandrill", mandrill("inbound"), "CUSTOM", {"label": "inbound"}),
    ("mandrill", {"type": "whitelist"}, "nothing", {}),
    ("mandrill", {"event": "open", "ts": 1}, "rejected", {"field": "msg.email"}),
    ("ses", ses("Send", "send"), "EMAIL_SENT", {"party": "SYSTEM"}),
    ("ses", ses("Delivery", "delivery", recipients=["ann@acme.test"]), "EMAIL_DELIVERED", {"party": "SYSTEM"}),
    ("ses", ses("Open", "open"), "EMAIL_OPEN", {}),
    ("ses", ses("Click", "click", link="https://acme.test/prices/"), "EMAIL_CLICK", {}),
    ("ses", ses("Bounce", "bounce", bounceType="Permanent", bouncedRecipients=told("ann@acme.test")), "EMAIL_BOUNCE", {"party": "SYSTEM"}),
    ("ses", ses("Bounce", "bounce", bounceType="Transient", bouncedRecipients=told("ann@acme.test")), "CUSTOM",
     {"label": "deferred", "party": "SYSTEM"}),
    ("ses", ses("DeliveryDelay", "deliveryDelay", delayedRecipients=told("ann@acme.test")), "CUSTOM", {"label": "deferred", "party": "SYSTEM"}),
    ("ses", ses("Complaint", "complaint", complainedRecipients=told("ann@acme.test")), "EMAIL_COMPLAINT", {}),
    ("ses", ses("Reject", "reject", reason="Bad content"), "CUSTOM", {"label": "Reject", "party": "SYSTEM"}),
    ("ses", ses("Rendering Failure", "failure"), "CUSTOM", {"label": "Rendering Failure", "party": "SYSTEM"}),
    ("ses", ses("Subscription", "subscription", newTopicPreferences={"unsubscribeAll": True}), "EMAIL_UNSUBSCRIBE", {}),
    ("ses", ses("Subscription", "subscription", newTopicPreferences={"unsubscribeAll": False}), "CUSTOM", {"label": "Subscription"}),
    ("ses", ses("Weighed", "weighed"), "CUSTOM", {"label": "Weighed"}),
    ("ses", {"notificationType": "AmazonSnsSubscriptionSucceeded"}, "nothing", {}),
    ("ses", {"eventType": "Open", "mail": {"destination": ["ann@acme.test"]}}, "rejected", {"field": "open.timestamp"}),
    ("chatwoot", conversation("conversation_created"), "CHAT_STARTED", {}),
    ("chatwoot", said(1, "incoming", "contact", "How much is the plotter?"), "CHAT_MESSAGE", {"topic": "price"}),
    ("chatwoot", said(2, "outgoing", "user", "I will ask."), "CHAT_MESSAGE", {"party": "AGENT"}),
    ("chatwoot", said(3, "outgoing", "agent_bot", "Hello"), "CHAT_MESSAGE", {"party": "BOT"}),
    ("chatwoot", said(4, "activity", "user", "assigned"), "nothing", {}),
    ("chatwoot", conversation("conversation_status_changed", status="resolved"), "CHAT_CLOSED", {"party": "SYSTEM"}),
    ("chatwoot", conversation("webwidget_triggered"), "CUSTOM", {"label": "webwidget_triggered"}),
    ("chatwoot", {"event": "conversation_created", "id": 5}, "rejected", {"field": "created_at"}),
    ("intercom", intercom("conversation.user.created", 1), "CHAT_STARTED", {}),
    ("intercom", intercom("conversation.user.replied", 2, **parts("user", "<p>How much is the plotter?</p>")), "CHAT_MESSAGE",
     {"topic": "price"}),
    ("intercom", intercom("conversation.admin.replied", 3, **parts("admin", "100")), "CHAT_MESSAGE", {"party": "AGENT"}),
    ("intercom", intercom("conversation.operator.replied", 4, **parts("bot", "Hello")), "CHAT_MESSAGE", {"party": "BOT"}),
    ("intercom", intercom("conversation.admin.assigned", 5), "CHAT_ASSIGNED", {"party": "AGENT"}),
    ("intercom", intercom("conversation.admin.closed", 6), "CHAT_CLOSED", {"party": "AGENT"}),
    ("intercom", intercom("conversation.rating.added", 7, conversation_rating={"rating": 4}), "CHAT_RATED", {}),
    ("intercom", intercom("conversation.snoozed", 8), "CUSTOM", {"label": "conversation.snoozed"}),
    ("intercom", intercom("ping", 9), "nothing", {}),
    ("intercom", {"id": "n", "topic": "conversation.admin.closed"}, "rejected", {"field": "created_at"}),
    ("zendesk", zendesk("conversation:create", 1), "CHAT_STARTED", {}),
    ("zendesk", zendesk("conversation:message", 2, **spoken("user", "How much is the plotter?")), "CHAT_MESSAGE", {"topic": "price"}),
    ("zendesk", zendesk("conversation:message", 3, **spoken("business", "100", subtypes=["agent"])), "CHAT_MESSAGE", {"party": "AGENT"}),
    ("zendesk", zendesk("conversation:message", 4, **spoken("business", "Hello")), "CHAT_MESSAGE", {"party": "BOT"}),
    ("zendesk", zendesk("switchboard:passControl", 5), "CHAT_ASSIGNED", {"party": "SYSTEM"}),
    ("zendesk", zendesk("user:update", 6), "IDENTIFY", {}),
    ("zendesk", zendesk("conversation:referral", 7), "CUSTOM", {"label": "conversation:referral"}),
    ("zendesk", zendesk("conversation:read", 8), "nothing", {}),
    ("zendesk", {"id": "z", "type": "conversation:create"}, "rejected", {"field": "createdAt"}),
    ("crisp", crisp("session:request:initiated"), "CHAT_STARTED", {}),
    ("crisp", crisp("message:send", type="text", content="How much is the plotter?", fingerprint=1), "CHAT_MESSAGE", {"topic": "price"}),
    ("crisp", crisp("message:received", type="text", content="100", fingerprint=2), "CHAT_MESSAGE", {"party": "AGENT"}),
    ("crisp", crisp("message:received", type="text", content="Hello", fingerprint=3, automated=True), "CHAT_MESSAGE", {"party": "BOT"}),
    ("crisp", crisp("session:set_routing"), "CHAT_ASSIGNED", {"party": "SYSTEM"}),
    ("crisp", crisp("session:set_state", state="resolved"), "CHAT_CLOSED", {"party": "SYSTEM"}),
    ("crisp", crisp("session:sync:rating", rating={"stars": 4}), "CHAT_RATED", {}),
    ("crisp", crisp("session:set_email"), "IDENTIFY", {}),
    ("crisp", crisp("people:profile:created"), "CUSTOM", {"label": "people:profile:created"}),
    ("crisp", crisp("message:received", type="note"), "nothing", {}),
    ("crisp", {"event": "session:set_email"}, "rejected", {"field": "timestamp"}),
    ("rocketchat", room("LivechatSessionStart"), "CHAT_STARTED", {}),
    ("rocketchat", room("Message", {"_id": "m1", "msg": "How much is the plotter?"}), "CHAT_MESSAGE", {"topic": "price"}),
    ("rocketchat", room("Message", {"_id": "m2", "msg": "100", "agentId": "a1"}), "CHAT_MESSAGE", {"party": "AGENT"}),
    ("rocketchat", room("LivechatSessionTaken"), "CHAT_ASSIGNED", {"party": "SYSTEM"}),
    ("rocketchat", room("LivechatSession"), "CHAT_CLOSED", {"party": "SYSTEM"}),
    ("rocketchat", room("LeadCapture"), "IDENTIFY", {}),
    ("rocketchat", room("LivechatNew"), "CUSTOM", {"label": "LivechatNew"}),
    ("rocketchat", room("LivechatEdit", {"_id": "m1", "msg": "Hello"}), "nothing", {}),
    ("rocketchat", {"type": "LivechatSessionStart"}, "rejected", {"field": "createdAt"}),
    *crm.ROWS,
    *trackers.ROWS,
]


def segment(**more):
    return {"type": "track", "event": "Form Submitted", "messageId": "m-1", "anonymousId": "a", "userId": "u",
            "properties": {"form_id": "demo-request", "email": "a", "url": "https://acme.test/", "title": "a", "query": "a"},
            "traits": {"email": "a", "name": "a", "title": "a", "company": {"name": "a"}, "website": "a"}, "groupId": "g", "previousId": "p",
            "context": {"page": {"url": "https://acme.test/", "title": "a", "referrer": "https://acme.test/"}, "userAgent": "a",
                        "campaign": {"source": "a", "medium": "a", "name": "a", "term": "a", "content": "a"}, "locale": "a",
                        "traits": {"email": "a"}, "consent": {"categoryPreferences": {"analytics": True}}}, **more}


# Of each source one message and what of it has to stay as it is, to be read at all.
CANARIES = {source: (next(body for name, body, action, _ in ROWS if name == source and action in ("EMAIL_CLICK", "CHAT_MESSAGE", "OPP_CHANGED")), kept)
            for source, kept in (("mailgun", ("event",)), ("sendgrid", ("event",)), ("postmark", ("RecordType", "ReceivedAt")),
                                 ("brevo", ("event",)), ("mandrill", ("event",)), ("ses", ("eventType", "timestamp")), ("chatwoot", ("event", "message_type")),
                                 ("intercom", ("topic",)), ("zendesk", ("type", "createdAt")), ("crisp", ("event", "type")),
                                 ("rocketchat", ("type", "ts", "createdAt", "closedAt")), *crm.KEPT.items())}
CANARIES |= trackers.CANARIES
CANARIES |= {"segment": (segment(), ("type",)), "jitsu": (segment(), ("type",))}
CANARIES["plausible"] = ({"n": "File Download", "u": "https://acme.test/", "d": "acme.test", "r": "https://acme.test/",
                          "p": {"may_count": True, "browser": "a", "user": "u", "url": "https://acme.test/a.pdf", "plan": "a"},
                          "$": {"currency": "EUR", "amount": "1"}}, ("n",))
CANARIES["cloudevents"] = ({"specversion": "1.0", "type": "t", "source": "/s", "id": "i", "subject": "u", "data":
                            {"user": "u", "name": "a", "url": "https://acme.test/", "plan": "a", "other": "a"}}, ("specversion",))
CANARIES["ga4"] = ({"client_id": "a", "user_id": "u", "consent": {"analytics_storage": True}, "user_properties": {"plan": {"value": "a"}},
                    "events": [{"name": "form_submit", "params": {"form_id": "demo-request", "email": "a"}},
                               {"name": "a", "params": {"page_location": "https://acme.test/", "page_title": "a", "source": "a", "plan": "a",
                                                        "link_url": "https://acme.test/", "search_term": "a"}}]}, ())
PUBLIC = {"segment": ("/v1/batch", 200), "jitsu": ("/api/s/track", 200), "plausible": ("/api/event", 202),
          "ga4": ("/mp/collect?measurement_id=G-ACME", 204)}


def leaves(body, path=()):
    """Where the texts stand."""
    for key, value in body.items() if isinstance(body, dict) else enumerate(body):
        if isinstance(value, (dict, list)):
            yield from leaves(value, (*path, key))
        elif isinstance(value, str):
            yield (*path, key)


def put(body, paths, text):
    copy = json.loads(json.dumps(body))
    for path in paths:
        place = copy
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = text
    return copy


class SourcesTest(collector_test.CollectTest):
    def make_topics(self):
        self.new_topics()
        done = subprocess.run([collector_test.EDGES, "create", self.brokers()] +
                              [f"{self.topics[name]}:4" for name in ("web", "email", "chat", "crm", "rejected")],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(0, done.returncode, done.stderr)

    def collect_hooks(self, plausible=None, crm=None, **more):
        hooks = {}
        for source, name in HOOKS.items():
            secrets = [key_of(secret)[1] if source == "sendgrid" else secret for secret in (SECRET, OLDER)]
            self.write(f"{name}.secret", "\n".join(secrets) + "\n", 0o600)
            hooks[name] = {"source": source, "secret_file": f"{name}.secret", **more.get(source, {})}
            if source in URLS:
                hooks[name]["url"] = URLS[source]
            if source == "ses" and "proof" not in hooks[name]:
                files = [certificate_of(secret)[1] for secret in (SECRET, OLDER)]
                hooks[name] = {"source": "ses", "topics": [TOPIC], "certificates": files, **more.get("ses", {})}
        self.write("bridge.secret", SECRET + "\n", 0o600)
        hooks["bridge"] = {"source": "cloudevents", "secret_file": "bridge.secret"}
        topics = {name: self.topics[name] for name in ("web", "email", "chat", "crm", "rejected")}
        self.sections = {"hooks": hooks, "kafka": {"topics": topics}, "plausible": plausible or {}, "crm": crm or {},
                         "cloudevents": {"channel": "crm", "map": {"user_id": "user", "name": "name", "url": "url", "property.plan": "plan"}},
                         "chat": {"topics_file": phased_test.ROOT + "/conf/topics.yaml"}}
        self.collect(**self.sections)

    def start_collect(self, *args, config, env=None):
        os.makedirs(self.path("run"), exist_ok=True)
        return super().start_collect(*args, config=config, env={"RUNTIME_DIRECTORY": self.path("run"), **(env or {})})

    def send(self, source, body, secret=SECRET, now=None, rest="", client="hook/1"):
        if source in trackers.PATHS:
            return self.ask("POST", trackers.PATHS[source], json.dumps(body), {"User-Agent": collector_test.FIREFOX}).status
        text, headers = SIGN[source](dict(body), secret, int(time.time()) if now is None else now)
        return self.ask("POST", f"/hooks/{source}/{HOOKS[source]}{rest}", text, {"User-Agent": client, **headers}).status

    def arrived(self):
        return [proto.Event.FromString(value) for name in ("web", "email", "chat", "crm") for _, value in self.read(name)]


class Sources(SourcesTest):
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
        self.assertEqual({2}, {len(copies) for copies in events.values()}, [key for key in events if len(events[key]) != 2])
        left = {key: copies[0] for key, copies in events.items()}
        for source, body, action, more in wanted:
            found = [key for key, event in left.items() if event.source == source and
                     event.action == proto.Event.Action.Value(action) and
                     event.label == more.get("label", "") and event.content.topic == more.get("topic", "") and
                     event.party == proto.Event.Party.Value(more.get("party", "PERSON")) and
                     event.opportunity.state == proto.Opportunity.State.Value(more.get("state", "UNSAID")) and
                     "".join(event.opportunity.contact_ids) == more.get("contact", "") and
                     "".join(event.opportunity.left_contact_ids) == more.get("left", "")]
            self.assertTrue(found, f"{source} {action} {more}: {body}")
            event = left.pop(found[0])
            self.assertEqual(HOOKS.get(source, "acme-web"), event.site)
            self.assertEqual("", event.identity.email, "no consent to a profile was given")
            if source not in crm.HOOKS or "address" in more:
                self.assertEqual(source in MAIL or source in crm.HOOKS, event.identity.verified)
                self.assertEqual(collector_test.actor("email", "", "ann@acme.test"), event.identity.email_actor)
        self.assertEqual({}, left)
        fields = sorted(more["field"] for _, _, action, more in ROWS if action == "rejected")
        self.assertEqual(sorted(2 * fields), sorted(reject.field for reject in rejects))
        self.no_text_anywhere()
        for source, _, action, more in ROWS:
            print(f"\nshown: {source:10} {action:18} {' '.join(more.values())}", end="")
        print()

    def test_of_a_click_in_a_mail_the_recipients_agent_is_judged_and_never_the_providers(self):
        self.collect_hooks()
        clicks = {
            "mailgun": lambda agent, url: mail("clicked", url=url, **{"client-info": {"user-agent": agent} if agent else {}}),
            "sendgrid": lambda agent, url: sendgrid("click", url=url, useragent=agent),
            "postmark": lambda agent, url: postmark("Click", OriginalLink=url, UserAgent=agent),
            "brevo": lambda agent, url: brevo("click", link=url, user_agent=agent),
            "mandrill": lambda agent, url: mandrill("click", url=url, user_agent=agent),
            "ses": lambda agent, url: ses("Click", "click", link=url, userAgent=agent),
        }
        self.assertEqual(set(MAIL), set(clicks), "every provider of mails")
        robot = "python-requests/2.31.0"
        agents = ((robot, 2), ("Mozilla/5.0", 4), (collector_test.FIREFOX, 0), ("", 0))		# of none nothing is known
        wanted = {}
        for source, click in clicks.items():
            for number, (agent, reasons) in enumerate(agents):
                url = f"https://acme.test/link{number}/"
                self.assertEqual(200, self.send(source, click(agent, url), client=collector_test.FIREFOX if reasons else robot))
                wanted[source, url] = reasons
        self.assertEqual(wanted, {(event.source, event.content.target_url): event.machine.reasons for event in self.arrived()})

    def no_text_anywhere(self):
        for name in ("web", "email", "chat", "crm", "rejected"):
            for _, value in self.read(name):
                self.assertNotIn(b"plotter", value)
                self.assertNotIn(b"ann@acme.test", value)

    def test_trackers_are_answered_as_they_want_it(self):
        self.collect_hooks()
        browser = {"User-Agent": collector_test.FIREFOX, "Origin": "https://acme.test"}
        ours = "idsite=acme-web&rec=1&url=https%3A%2F%2Facme.test%2F"
        bulk = json.dumps({"requests": [f"?{ours}", {"idsite": 1}, {"idsite": "", "rec": 1}]})
        gif, taken = (200, "image/gif", b"GIF89a"), (200, "application/json", b'{"status":1}')
        rows = [
            ("GET", f"/matomo.php?{ours}", "", gif), ("GET", f"/piwik.php?{ours}&send_image=0", "", (204, None, b"")),
            ("POST", f"/matomo.php?{ours}&send_image=0", "", (204, None, b"")), ("POST", "/matomo.php", ours, gif),
            ("POST", "/matomo.php", bulk, (200, "application/json", b'{"status":"success","tracked":1,"invalid":1}')),
            ("GET", "/matomo.php", "", gif), ("POST", "/matomo.php", "{", gif), ("PUT", "/matomo.php", "", (405, None, b"")),
            ("POST", "/e/", json.dumps(trackers.posthog("$pageview")), taken), ("POST", "/batch", json.dumps(trackers.posthog("$web_vitals")), taken),
            ("GET", "/e/?data=eyJldmVudCI6ICJ4In0%3D", "", taken), ("POST", "/s/?compression=gzip-js", b"\x1f\x8bbroken", taken),
            ("POST", "/flags/?v=2", "{}", (200, "application/json", b'{"flags":{}')), ("POST", "/decide/?v=3", "", (200, "application/json", b"{")),
            ("GET", "/array/phc_x/config", "", (200, "application/json", b'{"supportedCompression":')),
            ("GET", "/array/phc_x/config.js", "", (200, "text/javascript; charset=utf-8", b"/*")), ("GET", "/static/array.js", "", (404, None, b"")),
        ]
        for method, path, body, (status, kind, begin) in rows:
            answer = self.ask(method, path, body, browser)
            said = (answer.status, answer.headers.get("Content-Type"), answer.body[:len(begin)])
            self.assertEqual((status, kind, begin), said, f"{method} {path}")
            self.assertEqual("https://acme.test", answer.headers["Access-Control-Allow-Origin"])
            self.assertEqual(status == 204, answer.body == b"" and status < 300)
        self.assertEqual(["", "distinct_id", "idsite"], sorted(reject.field for reject in self.rejected()))

    def test_what_does_not_prove_whose_it_is_is_refused(self):
        """Right, wrong, missing, stale, replayed, truncated, for each way in which a source's requests can be proven."""
        self.collect_hooks()
        self.assertEqual(set(HOOKS), {source for source, *_ in PROOFS})
        now = int(time.time())
        for source, sign, is_fresh, is_signed in PROOFS:
            body = next(row[1] for row in ROWS if row[0] == source)
            path = f"/hooks/{source}/{HOOKS[source]}"
            text, headers = sign(dict(body), SECRET, now)
            unsigned = json.dumps({key: value for key, value in body.items() if key != "signature"}) if is_signed else text
            for what, status, sent, with_headers in (
                    ("right", 200, text, headers),
                    ("by the other secret", 200, *sign(dict(body), OLDER, now)),
                    ("wrong: by another secret", 401, *sign(dict(body), "phased-third-secret", now)),
                    ("missing", 401, unsigned, {}),
                    ("stale", 401 if is_fresh else 200, *sign(dict(body), SECRET, now - 1000)),
                    ("replayed", 200, text, headers),
                    ("truncated", 401 if is_signed else 200, text[:-2], headers),
                    ("empty", 401 if is_signed else 200, "", headers),
                    ("packed, and broken", 401, b"\x1f\x8b\x08broken", headers)):
                self.assertEqual(status, self.ask("POST", path, sent, with_headers).status, f"{source}, {sign.__name__}: {what}")
            other = "mailgun" if source != "mailgun" else "chatwoot"
            for what, where in (("a hook that is not there", path + "x"), ("of another source", f"/hooks/{other}/{HOOKS[source]}"),
                                ("a source that is not there", "/hooks/nobody/news")):
                self.assertEqual(404, self.ask("POST", where, text, headers).status, f"{source}: {what}")
            for method in ("GET", "HEAD"):
                self.assertEqual(200, self.ask(method, path).status, "is anybody there")
        copies = [3 if is_fresh else 4 for _, _, is_fresh, _ in PROOFS]
        events = self.arrived()
        self.assertEqual(sum(copies), len(events))
        self.assertEqual(len(HOOKS), len({(event.source, event.id) for event in events}), "what is sent again is the same event")
        self.assertEqual(2 * sum(not is_signed for *_, is_signed in PROOFS) * ["unreadable"], [reject.reason for reject in self.rejected()])
        log = self.program.log()
        for word in (SECRET, OLDER, "tok", "ann@"):
            self.assertNotIn(word, log)
        self.assertIn("hooks.news: wrong signature or secret, answering 401", log)

    def test_amazons_topics_are_listed_and_its_certificates_pinned(self):
        """It signs for all its customers alike: whose topic it is decides. Nothing is fetched; who runs the collector is told what to do."""
        self.collect_hooks()
        token, address = "2336412f37fb687f5d51e6e2425e", "https://sns.eu-north-1.amazonaws.com/?Action=ConfirmSubscription&Token="
        asked = {"Type": "SubscriptionConfirmation", "Token": token, "SubscribeURL": address + token}
        foreign = TOPIC.replace("123456789012", "210987654321")
        ours, theirs = sns("{}", SECRET, **asked), sns("{}", SECRET, foreign, **asked)
        unknown = sns("{}", "phased-third-secret", **asked)
        path = "/hooks/ses/amazon"
        self.assertEqual(401, self.ask("POST", path, theirs).status)
        self.wait_log(self.program, rf"hooks.amazon: topic not listed: {foreign}, answering 401")
        name = os.path.basename(certificate_of("phased-third-secret")[1])
        line = f"hooks.amazon: certificate not pinned: sns.eu-north-1.amazonaws.com/{name}, answering 401"
        self.wait_until(lambda: self.ask("POST", path, unknown).status == 401 and line in self.program.log(), 20, "a second is over, and " + line)
        kept = self.path("run/amazon.confirm")
        self.assertFalse(os.path.exists(kept))
        self.assertEqual(200, self.ask("POST", path, ours).status)
        self.wait_log(self.program, rf"hooks.amazon: {TOPIC} sends nothing yet, .* to be confirmed: the address to open stands in {kept}")
        with open(kept) as text:
            self.assertEqual(address + token + "\n", text.read())
        self.assertEqual(0o600, os.stat(kept).st_mode & 0o777)
        for word in (token, "ConfirmSubscription", "ann@"):
            self.assertNotIn(word, self.program.log())
        shutil.copy(certificate_of("phased-third-secret")[1], self.path(name))	# it has become known: pinned beside the others
        self.pin(certificate_of(SECRET)[1], self.path(name))
        self.assertEqual(200, self.ask("POST", path, unknown).status)
        self.assertEqual(401, self.ask("POST", path, sns("{}", OLDER, **asked)).status)
        self.assertEqual(200, self.ask("POST", path, sns("Successfully validated SNS topic for Amazon SES event publishing.", SECRET)).status)
        self.assertEqual(([], []), (self.arrived(), self.rejected()))

    def pin(self, *files):
        self.write_collect(**{**self.sections, "hooks": {**self.sections["hooks"], "amazon": {
            "source": "ses", "topics": [TOPIC], "certificates": list(files)}}})
        self.reload()

    def test_an_open_by_one_of_several_names_nobody(self):
        self.collect_hooks()
        self.assertEqual(200, self.send("ses", ses("Open", "open", to=("ann@acme.test", "bo@acme.test"))))
        self.assertEqual(200, self.send("ses", ses("Send", "send", to=("ann@acme.test", "bo@acme.test"))))
        events = self.arrived()
        self.assertEqual(3, len({event.id for event in events}))
        opened = [event for event in events if event.action == proto.Event.EMAIL_OPEN]
        self.assertEqual([(b"", "", False, "0100-aa")], [(event.identity.email_actor, event.identity.email, event.identity.verified,
                                                         event.thread_id) for event in opened])
        self.assertEqual({collector_test.actor("email", "", address) for address in ("ann@acme.test", "bo@acme.test")},
                         {event.identity.email_actor for event in events if event.action == proto.Event.EMAIL_SENT})

    def test_amazons_messages_come_raw_where_a_secret_proves_them(self):
        self.collect_hooks(ses={"proof": "secret"})
        body = json.dumps(ses("Open", "open"))
        headers = {"X-Amz-Sns-Message-Id": "22b8-1", "X-Amz-Sns-Rawdelivery": "true", "Content-Type": "text/plain; charset=UTF-8"}
        for status, rest in ((401, ""), (200, f"/{SECRET}"), (200, f"/{OLDER}")):
            answer = self.ask("POST", f"/hooks/ses/amazon{rest}", body, headers)
            self.assertEqual(status, answer.status)
            if status == 401:	# or Amazon never sends a password
                self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Basic"))
        self.assertEqual(["22b8-1"] * 2, [event.id for event in self.arrived()])

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
        self.reload("refused")
        self.assertEqual(200, self.send("mailgun", mail("opened"), "phased-third-secret"))
        self.wait_log(self.program, "hooks: not taken over, those that were in force still are: .*news.secret: empty")

    def send_canary(self, source, body):
        if source in HOOKS or source in trackers.PATHS:
            self.assertEqual(200, self.send(source, body))
            return
        if source == "cloudevents":
            self.assertEqual(202, self.ask("POST", f"/hooks/cloudevents/bridge/{SECRET}", json.dumps(body)).status)
            return
        path, status = PUBLIC[source]
        text = json.dumps({"batch": [body], "writeKey": "k"} if source == "segment" else body)
        self.assertEqual(status, self.ask("POST", path, text, {"X-Write-Key": "k:s"}).status)

    def test_an_address_leaves_by_no_source_without_consent_to_a_profile(self):
        """In each text alone, in all of them, as a name of a field, in headers, in paths."""
        here = f"canary{secrets.token_hex(6)}"
        canary = f"{here}@sundbaad.test"
        self.collect_hooks(plausible=PLAUSIBLE)
        for source, (body, kept) in CANARIES.items():
            paths = [path for path in leaves(body) if path[-1] not in kept]
            self.assertGreater(len(paths), 2, source)
            for some in [*([path] for path in paths), paths]:
                self.send_canary(source, put(body, some, canary))
            self.send_canary(source, {**body, canary: canary, here: {canary: [canary]}})
            path = f"/hooks/{source}/{HOOKS[source]}" if source in HOOKS else trackers.PATHS.get(source, "/v1/t")
            for headers in ({"Authorization": f"Basic {canary}"}, {"Authorization": canary}, {"X-Write-Key": canary}):
                self.ask("POST", path, json.dumps(body), headers)
            self.ask("POST", f"{path}/{canary}", f'{{"{canary}": "{canary}"', {"User-Agent": canary})
        self.assertGreater(len(self.arrived()), 50)
        texts = [key + value for name in ("web", "email", "chat", "crm", "rejected") for key, value in self.read(name)]
        texts += [self.program.log().encode(), self.ask("GET", "/metrics", address=self.admin).body]
        looked = [form.lower().encode() for form in (*canary_forms(here), *canary_forms(canary))]
        for text in texts:
            self.assertEqual([], [form for form in looked if form in text.lower()], "an address, or the name in front of its @")

    def test_trackers_say_who_where_configuration_asks_them(self):
        """And are believed where they show a secret: of an id that anybody may write nothing is verified."""
        self.write("shop.secret", f"{SECRET}\n{OLDER}\n", 0o600)
        self.collect(consent={"web": "allow"}, plausible=PLAUSIBLE, hooks={"shop": {"source": "ga4", "secret_file": "shop.secret"}},
                     chat={"topics_file": phased_test.ROOT + "/conf/topics.yaml"})
        seen = json.dumps({"n": "pageview", "u": "https://acme.test/", "d": "acme.test", "p": {"user": "u-1"}})
        refused = json.dumps({"n": "pageview", "u": "https://acme.test/", "d": "acme.test", "p": {"user": "u-2", "may_count": False}})
        lead = json.dumps({"client_id": "c", "user_id": "u-3", "timestamp_micros": int(time.time() * 1e6), "events": [{"name": "generate_lead"}]})
        for status, path, body, headers in (
                (202, "/api/event", seen, {"Content-Type": "text/plain"}),
                (202, "/api/event", refused, {}),
                (202, "/api/event", "{}", {}),
                (204, "/mp/collect?measurement_id=G-ACME&api_secret=wrong", lead, {}),
                (204, "/mp/collect", lead, {}),
                (204, f"/hooks/ga4/shop?measurement_id=G-ACME&api_secret={SECRET}", lead, {}),
                (204, f"/hooks/ga4/shop/mp/collect?api_secret={OLDER}", lead, {}),
                (204, "/hooks/ga4/shop", lead, sign_password({}, SECRET, 0)[1]),
                (204, f"/hooks/ga4/shop?api_secret={SECRET}", lead[:-2], {}),
                (401, "/hooks/ga4/shop?api_secret=wrong", lead, {}),
                (401, "/hooks/ga4/shop", lead, {})):
            answer = self.ask("POST", path, body, headers)
            self.assertEqual((status, b"ok" if status == 202 else b""), (answer.status, answer.body), path)
        events = self.events()
        self.assertEqual([("ga4", "G-ACME", "u-3", False), *3 * [("ga4", "shop", "u-3", True)], ("plausible", "acme.test", "u-1", False)],
                         sorted((event.source, event.site, event.identity.user_id, event.identity.verified) for event in events))
        self.assertEqual(2, len({event.id for event in events}), "an event that is sent again has the same id")
        self.assertEqual([("bad_value", "measurement_id"), ("bad_value", "name"), ("unreadable", "events")],
                         sorted((reject.reason, reject.field) for reject in self.rejected()))
        self.assertNotIn(SECRET, self.program.log())

    def test_cloudevents_prove_themselves_in_each_mode(self):
        self.write("bridge.secret", f"{SECRET}\n{OLDER}\n", 0o600)
        self.collect(consent={"web": "allow"}, hooks={"bridge": {"source": "cloudevents", "secret_file": "bridge.secret"}},
                     cloudevents={"map": {"url": "page.url", "property.plan": "plan"}},
                     chat={"topics_file": phased_test.ROOT + "/conf/topics.yaml"})
        path, now = "/hooks/cloudevents/bridge", int(time.time())
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        own = proto.Event(id="e-1", source="app", channel="WEB", action="PAGE_VIEW", occurred_us=now * 1000000,
                          identity={"user_id": "u-1", "email": "ann@acme.test", "verified": True})
        foreign = {"specversion": "1.0", "type": "com.acme.seen", "source": "/shop", "id": "o-1", "time": when, "subject": "ann@acme.test",
                   "data": {"page": {"url": "https://acme.test/a?b=c"}, "plan": "pro", "note": "plotter"}}
        form = proto.Event(id="=".ljust(ord("a"), "b"), source="app", channel="WEB", action="CUSTOM", label="form", occurred_us=now * 1000000,
                           identity={"user_id": "u-1", "email": "ann@acme.test", "verified": True},
                           properties=[{"key": f"k{i}", "text": "a&" * 125} for i in range(3)])  # begins like one, after white space
        mine = {**foreign, "type": "io.phased.behaviour.v1", "data": json_format.MessageToDict(own)}
        attributes = {f"ce-{key}": value for key, value in foreign.items() if key != "data"}
        bearer, structured = {"Authorization": f"Bearer {SECRET}"}, {"Content-Type": "application/cloudevents+json"}

        def signed(body, secret=SECRET, at=now):
            said = hmac.new(secret.encode(), f"msg_1.{at}.{body}".encode(), hashlib.sha256).digest()
            return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": "v1," + base64.b64encode(said).decode()}

        data, whole = json.dumps(foreign["data"]), json.dumps(foreign)
        for status, body, headers in (
                (202, whole, {**bearer, **structured}),
                (202, gzip.compress(whole.encode()), {**bearer, **structured}),
                (202, data, {**bearer, **attributes, "Content-Type": "application/json"}),
                (202, json.dumps([foreign, mine]), {**bearer, "Content-Type": "application/cloudevents-batch+json"}),
                *((202, body, {**bearer, **attributes, "ce-type": mine["type"], "Content-Type": "application/protobuf"})
                  for body in (own.SerializeToString(), gzip.compress(own.SerializeToString()), form.SerializeToString())),
                (202, whole, {**structured, **signed(whole)}),
                (202, whole, {**structured, **signed(whole, OLDER)}),
                (202, json.dumps({**foreign, "id": ""}), {**bearer, **structured}),
                (401, whole, {**structured, **signed(whole, "phased-third-secret")}),
                (401, whole, {**structured, **signed(whole, at=now - 1000)}),
                (401, whole + " ", {**structured, **signed(whole)}),
                (401, data, {**attributes, **signed(data), "Content-Type": "application/json"}),
                (401, whole, {**structured, "Authorization": "Bearer wrong"}),
                (401, whole, structured)):
            self.assertEqual(status, self.ask("POST", path, body, headers).status, (body, headers))
        events = self.events()
        self.assertEqual({("app", "bridge", ""): 3, ("app", "bridge", "form"): 1, ("cloudevents", "bridge", "com.acme.seen"): 6},
                         collections.Counter((event.source, event.site, event.label) for event in events))
        self.assertEqual(3, len({event.id for event in events}), "by whatever mode it comes, it has the same id")
        for event in events:
            self.assertEqual(("", collector_test.actor("email", "", "ann@acme.test"), True),
                             (event.identity.email, event.identity.email_actor, event.identity.verified))
            if event.source == "cloudevents":
                self.assertEqual(("https://acme.test/a", [("plan", "pro")], now * 1000000),
                                 (event.content.url, [(one.key, one.text) for one in event.properties], event.stamped_us))
        self.assertEqual(["id"], [reject.field for reject in self.rejected()])
        self.no_text_anywhere()

    def reload(self, result="taken"):
        name = f'phased_config_reloads_total{{result="{result}"}}'
        before = self.metrics()[name]
        self.program.signal(signal.SIGHUP)
        self.wait_until(lambda: self.metrics()[name] > before, 20, "the file was read again")


class PersonTest(SourcesTest):
    """Through the daemon as well."""

    def make_topics(self):
        self.prepare()

    def send_web(self, who, *messages):
        """As a tracker of Segment's with a consent banner, all of whose categories were allowed."""
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        batch = [{"messageId": f"{who}-{i}", "anonymousId": f"browser-{who}", "timestamp": now,
                  "context": {"page": {"url": "https://acme.test/prices/"}, "userAgent": collector_test.FIREFOX,
                              "consent": {"categoryPreferences": {"analytics": True, "profile": True}}}, **message}
                 for i, message in enumerate(messages)]
        answer = self.ask("POST", "/v1/batch", json.dumps({"writeKey": "acme-web", "sentAt": now, "batch": batch}))
        self.assertEqual(200, answer.status)


class Person(PersonTest):
    def test_one_person_on_the_web_by_mail_and_in_a_chat_is_one_contact(self):
        self.collect_hooks()
        self.start_phased()
        page = {"type": "page", "properties": {"url": "https://acme.test/prices/", "title": "Prices"}}
        self.send_web("ann", page, {"type": "identify", "traits": {"email": "ann@acme.test", "name": "Ann Aas"}}, page)
        self.send_web("bo", page, {"type": "identify", "traits": {"email": "bo@acme.test"}})
        self.assertEqual(200, self.send("mailgun", mail("clicked", url="https://acme.test/prices/")))
        self.assertEqual(200, self.send("chatwoot", said(1, "incoming", "contact", "How much is the plotter?")))
        self.assertEqual(200, self.send("ses", ses("Open", "open", to=("ann@acme.test", "bo@acme.test"))))	# which of them? It counts as nobody's
        self.wait_until(lambda: self.psql("SELECT outcome, sum(n) FROM phased.outcome_day GROUP BY 1 ORDER BY 1") ==
                        [["applied", "7"], ["unidentified", "1"]], 30, "all are applied")
        rows = self.psql("""SELECT p.address, string_agg(DISTINCT split_part(e.rule, '.', 1), ' '), count(DISTINCT e.event),
            min(c.phase), min(array_to_string(c.channels, ' ')) FROM report.person AS p
            JOIN report.contact_phase AS c ON c.contact_id = p.contact_id AND c.process = 'standard'
            JOIN report.evidence AS e ON e.contact_id = p.contact_id GROUP BY 1 ORDER BY 1""")
        self.assertEqual([["ann@acme.test", "chat email web", "4", "late", "web email chat"], ["bo@acme.test", "web", "1", "unknown", "web"]], rows)

    def test_a_conversation_is_kept_with_its_answer_whatever_order_its_webhooks_come_in(self):
        self.collect_hooks()
        self.start_phased()
        began = int(time.time()) - 600

        def at(seconds, body):
            return {**body, "created_at": began + seconds, "updated_at": float(began + seconds)}
        csat = {"content_attributes": {"submitted_values": {"csat_survey_response": {"rating": 4}}}}
        sent = [at(300, conversation("conversation_status_changed", status="resolved")), at(95, said(4, "outgoing", "user", "It is 900 euro.")),
                at(400, {**said(5, "template", "user", "How was it?"), "event": "message_updated", **csat}),
                at(20, said(2, "incoming", "contact", "How much is the plotter?")), at(10, said(1, "outgoing", "agent_bot", "Hello")),
                at(25, said(3, "outgoing", "agent_bot", "Somebody will come.")), at(0, conversation("conversation_created"))]
        for body in [*sent, sent[1], sent[3]]:	# deliveries are repeated
            self.assertEqual(200, self.send("chatwoot", body))
        self.wait_until(lambda: self.psql("SELECT outcome, sum(n) FROM phased.outcome_day GROUP BY 1 ORDER BY 1") ==
                        [["applied", "7"], ["duplicate", "2"]], 30, "all are applied")
        self.assertEqual([["chatwoot", "help", "1/77", str(began), "5", "bot", "75", str(began + 300), "75", "1", "1", "2"]], self.psql(
            "SELECT source, site, thread, extract(epoch FROM started)::bigint, seconds, answered_by, agent_seconds, "
            "extract(epoch FROM closed)::bigint, rating, person_messages, agent_messages, bot_messages FROM report.thread"))


if __name__ == "__main__":
    phased_test.main()
