#!/usr/bin/python3
"""The vendors' own verifiers, and the real collector: of each request both say that it is the vendor's, or both that it is not."""
import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "integration"))
import phased_test
import sources_test
from phased_test import ROOT
from sources_test import OLDER, SECRET, certificate_of, crm, key_of

MODULES = os.environ.get("PHASED_NODE_MODULES") or os.path.join(ROOT, ".cache", "npm", "node_modules")
OTHER = "phased-third-secret"


def public_key(secret):
    return key_of(secret)[1]


def certificate(secret):
    with open(certificate_of(secret)[1]) as text:
        return text.read()


def address(secret):
    return f"https://sns.eu-north-1.amazonaws.com/{os.path.basename(certificate_of(secret)[1])}"


def sign_ses_first(body, secret, now):
    """By SHA-1, as SNS does where a topic asks for nothing else."""
    return sources_test.sns(json.dumps(body), secret, version="1"), {"Content-Type": "text/plain; charset=UTF-8"}


def confirm_ses(body, secret, now):
    return sources_test.sns("You have chosen to subscribe", secret, Type="SubscriptionConfirmation", Token="2336",
                            SubscribeURL="https://sns.eu-north-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336"), {}


# Amazon's validator (0.3.5) leaves the token out of an UnsubscribeConfirmation, which Amazon's documentation has signed: sns_test.c is about that.
# Verifier of signatures.mjs, how a request is signed, a word of the body's to change, the half of the secret that a customer has, and
# whether the body is signed: Mailgun signs a time and a token.
ROWS = [
    ("sendgrid", sources_test.sign_sendgrid, "acme", public_key, True),
    ("hubspot", crm.sign_hubspot, "contractsent", None, True),
    ("crisp", sources_test.sign_crisp, "acme", None, True),
    ("ses", sources_test.sign_ses, "acme", certificate, True),
    ("ses", sign_ses_first, "acme", certificate, True),
    ("ses", confirm_ses, "chosen", certificate, True),
    ("mailgun", sources_test.sign_mailgun, "acme", None, False),
    ("mandrill", sources_test.sign_mandrill, "acme", None, True),
    ("chatwoot", sources_test.sign_chatwoot, "acme", None, True),
    ("intercom", sources_test.sign_intercom, "acme", None, True),
    ("zendesk", sources_test.sign_zendesk, "acme", None, True),
]


def requests(source, sign, word, signs_body):
    """What of a source's is sent: about, is it the vendor's?, body, headers."""
    body, now = next(row[1] for row in sources_test.ROWS if row[0] == source), int(time.time())
    text, headers = sign(dict(body), SECRET, now)
    other_text, other_headers = sign(dict(body), OTHER, now)
    at = text.index(word)
    yield "right", True, text, headers
    yield "by another secret", False, other_text, other_headers
    yield "one byte is another", not signs_body, f"{text[:at]}{chr(ord(text[at]) ^ 1)}{text[at + 1:]}", headers
    yield "cut", False, text[:-2], headers
    yield "nothing", False, "", headers
    if source == "ses":
        here, there = address(SECRET), address(OTHER)
        yield "by another's key, in our certificate's name", False, other_text.replace(there, here), headers
        yield "by a certificate at another host", False, text.replace("amazonaws.com/Simple", "evil.test/Simple"), headers
        yield "by a certificate without TLS", False, text.replace(here, here.replace("https", "http")), headers


class Vendors(sources_test.SourcesTest):
    def test_vendors_verifiers_and_the_collector_agree(self):
        self.collect_hooks()
        cases = [(source, sign.__name__, about, is_theirs, text, headers, half)
                 for source, sign, word, half, signs_body in ROWS
                 for about, is_theirs, text, headers in requests(source, sign, word, signs_body)]
        verdicts = self.ask_vendors([
            {"verifier": source, "secret": half(SECRET) if half else SECRET, "url": sources_test.URLS.get(source, ""), "headers": headers,
             "body": text, "certificate_url": address(SECRET)} for source, _, _, _, text, headers, half in cases])
        self.assertEqual(len(cases), len(verdicts))
        for (source, signed, about, is_theirs, text, headers, _), verdict in zip(cases, verdicts):
            status = self.ask("POST", f"/hooks/{source}/{sources_test.HOOKS[source]}", text, headers).status
            self.assertEqual((is_theirs, 200 if is_theirs else 401), (verdict, status), f"{source}, {signed}: {about}: what the vendor says, and we")

    def test_whoever_signs_is_asked_for(self):
        """Each source that signs has a row here: those without have nothing that could be verified but a secret that is shown."""
        self.assertEqual({source for source, _, _, is_signed in sources_test.PROOFS if is_signed}, {row[0] for row in ROWS})

    def ask_vendors(self, requests):
        done = subprocess.run(["node", os.path.join(ROOT, "tests", "whole", "signatures.mjs")], input=json.dumps(requests), capture_output=True,
                              text=True, timeout=100, env={**os.environ, "PHASED_NODE_MODULES": MODULES})
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)


if __name__ == "__main__":
    phased_test.main()
