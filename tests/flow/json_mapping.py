#!/usr/bin/python3
"""Our JSON mapping beside that of Google's own library: what it writes we read alike, what it refuses we refuse.

  json_mapping.py TRANSCODE PROTO_FOLDER
"""
import base64
import json
import random
import subprocess
import sys
import tempfile
import unittest

from google.protobuf import json_format

sys.dont_write_bytecode = True
NOW_US = 1795600900000000
EVENTS = 300
ENUMS = ("channel", "action", "party", "analytics", "profile", "contact", "state")
PARTS = ("identity", "consent", "content", "campaign", "machine", "opportunity")
DOUBLES = ("value", "rating", "probability", "amount", "number")
TEXTS = ("", "x", "blå", "🚢", "two words", "\"quoted\"\\\n", "/a/b")
event_pb2 = None
transcode = None


def ask(pairs):
    """[(form, bytes)] -> [(word, rest)]"""
    lines = "".join(f"{form} {value.hex()}\n" for form, value in pairs)
    done = subprocess.run([transcode], input=lines, stdout=subprocess.PIPE, text=True, check=True)
    answers = [line.partition(" ")[::2] for line in done.stdout.splitlines()]
    assert len(answers) == len(pairs)
    return answers


def random_value(dice, field, name):
    if field.type == field.TYPE_STRING:
        return dice.choice(("", "DKK")) if name == "currency" else dice.choice(TEXTS)
    if field.type == field.TYPE_BYTES:
        return bytes(dice.randrange(256) for _ in range(16))
    if field.type == field.TYPE_ENUM:
        return dice.choice(field.enum_type.values).number
    if field.type == field.TYPE_DOUBLE:
        return dice.choice((0.0, 0.1, 1.0, 0.5, 1 / 3))
    if field.type == field.TYPE_BOOL:
        return dice.random() < 0.5
    if field.type == field.TYPE_UINT32:
        return dice.choice((0, 1, 99)) if name in ("scroll_percent", "reasons") else dice.choice((0, 7, 2 ** 32 - 1))
    assert field.type == field.TYPE_SINT64
    if name.endswith("_us"):
        return dice.randrange(-62135596800000000, 253402300800000000)
    return dice.choice((-2 ** 63, -1, 2 ** 63 - 1))


def fill(dice, message):
    """Fills a random part of a message, and of the messages inside."""
    for field in message.DESCRIPTOR.fields:
        if dice.random() < 0.4:
            continue
        if field.label == field.LABEL_REPEATED:
            for _ in range(dice.randrange(4)):
                if field.message_type:
                    fill(dice, getattr(message, field.name).add())
                else:
                    getattr(message, field.name).append("id-" + random_value(dice, field, field.name))
        elif field.message_type:
            getattr(message, field.name).SetInParent()
            fill(dice, getattr(message, field.name))
        else:
            setattr(message, field.name, random_value(dice, field, field.name))


def random_event(dice, number):
    event = event_pb2.Event()
    fill(dice, event)
    event.id, event.source = f"e-{number}", "oracle"
    event.channel = event.channel or 1
    event.action = event.action or 100
    event.occurred_us = dice.randrange(NOW_US - 10 ** 12, NOW_US)
    event.received_us = dice.choice((0, NOW_US))
    for item in event.properties:
        item.key = item.key or "k"
    return event


def settled(event):
    """The event as the daemon understands it: what it fills in, and parts left out that say nothing."""
    event = event_pb2.Event.FromString(event.SerializeToString())
    event.stamped_us = event.stamped_us or event.occurred_us
    event.received_us = event.received_us or NOW_US
    event.party = event.party or event_pb2.Event.PERSON
    if event.identity.email == "":
        event.identity.ClearField("email")
    for part in ("identity", "consent", "content", "campaign", "machine"):
        if not getattr(event, part).ByteSize():
            event.ClearField(part)
    for item in event.properties:
        kind = item.WhichOneof("value")
        if kind == "number":
            texts = [f"{item.number:.{digits}g}" for digits in (15, 16, 17)]
            item.text = next(text for text in texts if float(text) == item.number)
        elif kind:
            value = getattr(item, kind)
            item.text = str(value).lower() if kind == "flag" else str(value)
        else:
            item.text = ""
    return event


def read_back(answer):
    word, rest = answer
    assert word == "ok", answer
    return event_pb2.Event.FromString(bytes.fromhex(rest))


def leaves(node, path=()):
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield path + (key,)
        yield from leaves(value, path + (key,))


def replaced(document, path, value):
    document = json.loads(json.dumps(document))
    node = document
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return document


def is_loose(path, value):
    """What the library lets pass and we do not."""
    name = path[-1]
    return (name == "emailActor"					# base64 with letters that are none
            or (value == 1.5 and name in ENUMS)				# as 1
            or (isinstance(value, bool) and name in ENUMS + DOUBLES)	# as 0 and 1
            or (value in ("", []) and (name in PARTS or isinstance(name, int))))	# as {}


class JsonMapping(unittest.TestCase):
    def test_what_the_library_writes_we_read_alike(self):
        dice = random.Random(17)
        events = [random_event(dice, number) for number in range(EVENTS)]
        for words in ({}, {"preserving_proto_field_name": True}, {"use_integers_for_enums": True},
                      {"including_default_value_fields": True}):
            answers = ask([("json", json_format.MessageToJson(event, **words).encode()) for event in events])
            for event, answer in zip(events, answers):
                self.assertEqual(read_back(answer), read_back(("ok", settled(event).SerializeToString().hex())), words)

    def test_what_the_library_sends_we_read_alike(self):
        dice = random.Random(18)
        events = [random_event(dice, number) for number in range(EVENTS)]
        answers = ask([("wire", event.SerializeToString()) for event in events])
        for event, answer in zip(events, answers):
            self.assertEqual(read_back(answer), read_back(("ok", settled(event).SerializeToString().hex())))

    def test_base64_of_either_alphabet(self):
        event = random_event(random.Random(19), 0)
        event.identity.email_actor = bytes(range(240, 256))
        document = json.loads(json_format.MessageToJson(event))
        texts = [encode(event.identity.email_actor).decode() for encode in (base64.b64encode, base64.urlsafe_b64encode)]
        answers = ask([("json", json.dumps(replaced(document, ("identity", "emailActor"), text)).encode())
                       for text in texts + [text.rstrip("=") for text in texts]])
        self.assertEqual({answer[0] for answer in answers}, {"ok"})
        self.assertEqual(len(set(answers)), 1)

    def test_what_the_library_refuses_we_refuse(self):
        values = (None, True, False, 0, 1, -1, 1.5, 2.0, "", "x", "1", "-1", "1.5", [], [None], ["x"], {}, {"x": 1}, 1e30,
                  4294967295, 4294967296, -2147483649, 9223372036854775807, 9223372036854775808, "9223372036854775808",
                  "-9223372036854775808", "NaN", "Infinity", "nan", "true", "PAGE_VIEW", "page_view", "WEB")
        dice = random.Random(20)
        asked, expected = [], []
        for number in range(60):
            document = json.loads(json_format.MessageToJson(random_event(dice, number)))
            for path in leaves(document):
                value = dice.choice(values)
                if is_loose(path, value):
                    continue
                changed = replaced(document, path, value)
                asked.append(("json", json.dumps(changed).encode()))
                try:
                    expected.append(settled(json_format.ParseDict(changed, event_pb2.Event())))
                except json_format.ParseError:
                    expected.append(None)
        refused = 0
        for (_, text), answer, event in zip(asked, ask(asked), expected):
            if event is None:
                refused += 1
                self.assertIn(answer[0], ("unreadable", "bad_value", "unknown_action"), text)
            elif answer[0] == "ok":
                self.assertEqual(read_back(answer), read_back(("ok", event.SerializeToString().hex())), text)
            else:		# within the mapping, beyond a limit
                self.assertIn(answer[0], ("bad_value", "unknown_action", "time_out_of_range", "too_large"), text)
        self.assertGreater(refused, 500)
        self.assertGreater(len(asked) - refused, 500)


def main():
    global event_pb2, transcode
    transcode, proto = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["protoc", f"--proto_path={proto}", f"--python_out={folder}", "phased/v1/event.proto"], check=True)
        sys.path.insert(0, folder)
        from phased.v1 import event_pb2 as module
        event_pb2 = module
        unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
