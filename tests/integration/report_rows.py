"""What tests of reports share: rows written straight into the tables, people of many alphabets, words that are meant to do harm, and
phasectl on a terminal of its own."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import unicodedata
import uuid

import phased_test

MODEL = 0x0123456789ABCDEF
NAMES = {"da": "Søren Ærø-Ågård", "no": "Bjørg Håland Øy", "de": "Jürgen Weiß-Groß", "ja": "山田 太郎"}
HOSTILE = ("'; DROP TABLE phased.contact; --", "' OR '1'='1", "$1", "%s%n", "\\'; SELECT 1", "x" * 10000, "a\x1b[2Jb",
           b"\xff\xfe'", b"\xc3", "..", "-", "--", "/*", "NULL", "a\nb", "''", "")


def columns_of(line):
    """Columns that a line takes on a terminal."""
    return sum(0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
               for letter in re.sub(r"\x1b\[[0-9;]*m", "", line))


class Terminal:
    """phasectl on a terminal of its own, and what it shows there."""

    def __init__(self, argv, rows=24, columns=100, env=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.child = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                      env={**{key: value for key, value in os.environ.items() if key not in ("PAGER", "LESS", "NO_COLOR")},
                                           "TERM": "xterm", **(env or {})})
        os.close(slave)
        self.seen = b""

    def read(self, until=None):
        """All there is to its end, or until it has shown this."""
        while (until is None or until.encode() not in self.seen) and select.select([self.master], [], [], 60)[0]:
            try:
                self.seen += os.read(self.master, 65536)
            except OSError:		# the other side is closed
                break
        return self.seen.decode(errors="replace")

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        text = self.read()
        status = self.child.wait(60)
        os.close(self.master)
        return status, text


class Rows(phased_test.PhasedTest):
    model = MODEL

    def prepare_rows(self):
        self.fresh_database(model=False)
        self.write_config()
        self.psql(f"INSERT INTO phased.model_state VALUES ({self.model}, 'standard', 0, 'none', -1), ({self.model}, 'standard', 1, 'problem', 0)")

    def person(self, name=None, account="nordlys.test", role="CFO", process="standard"):
        contact = str(uuid.uuid4())
        text = lambda value: "NULL" if value is None else "$q$" + value + "$q$"
        self.psql(f"""INSERT INTO phased.contact (contact_id, address, name, role, may_write, account)
                VALUES ('{contact}', 'p{contact[:4]}@{account or 'mail.test'}', {text(name)}, {text(role)}, true, {text(account)});
            INSERT INTO phased.phase VALUES ('{contact}', '{process}', 1, {self.model}, '', 5, 0, 2, .2, .5, .3, 1, 3, 0, 2,
                now() - interval '3 days', now() - interval '1 hour', NULL, false)""")
        return contact

    def why(self, contact, count=1, content="E'a, \"b\"'", process="standard"):
        self.psql(f"""INSERT INTO phased.explanation (contact_id, process, version, model_version, as_of, phase, start_logit, logit, earlier, days, rules,
                contents, touches, effects)
            SELECT '{contact}', '{process}', 1, {self.model}, now(), 2, -1.5, .1, 0, array_agg(date '2026-01-01' + n), array_agg('web.pricing'::text),
                array_agg({content}::text), array_agg(2), array_agg(.1::float8 + n) FROM generate_series(1, {count}) n""")

    def history(self, contact, days=3, process="standard"):
        self.psql(f"""INSERT INTO phased.history (contact_id, process, model_version, as_of, first_day, early, mid, late)
            SELECT '{contact}', '{process}', {self.model}, now(), date '2026-11-01', array_agg(200::smallint), array_agg(500::smallint), array_agg(300::smallint)
            FROM generate_series(1, {days})""")

    def account(self, account, processes, shown="4", missing="{HR,other}"):
        self.psql("INSERT INTO phased.committee (role, expected, multiplier) VALUES ('CEO', true, 1), ('HR', true, 0) ON CONFLICT DO NOTHING")
        for process in processes:
            self.psql(f"""INSERT INTO phased.account_phase (account, process, model_version, as_of, counted, confirmed, activity, early, mid, late, shown, fine,
                    band, quiet, since, last_at, members, active, silent, laggards, consensus, coverage, missing)
                VALUES ('{account}', '{process}', {self.model}, now(), 7, 0, 3, .1, .2, .7, {shown}, 0, 3, false, now() - interval '5 days',
                    now() - interval '2 days', 6, 5, 1, 0, .75, NULL, '{missing}')""")

    def touches(self, contact, count=3, title="Prices", process="standard", content=""):
        actor, subject = uuid.uuid4(), uuid.uuid4().int >> 66
        self.psql(f"""INSERT INTO phased.actor VALUES ('{actor}', 0, '', NULL);
            INSERT INTO phased.stretch VALUES ('{actor}', '-infinity', 'infinity', '{contact}');
            INSERT INTO phased.subject VALUES ({subject}, 'segment', 'www', 1, '{process}', 100, '', 'www.seller.test', '/prices', $q${title}$q$, '', '', '', '', '', 0, '');
            INSERT INTO phased.subject_rule (model_version, subject_id, process, rule_number, rule, content, mail_click, link, confirm)
            VALUES ({self.model}, {subject}, '{process}', 0, 'web.pricing', '{content}', false, 0, 0);
            INSERT INTO phased.touch SELECT '{actor}', t.at, n, t.at, t.at, {subject}, CASE WHEN n = 2 THEN 1 ELSE 0 END, 1
            FROM generate_series(1, {count}) n, LATERAL (SELECT timestamptz '2026-11-01T12:00:00Z' + n * interval '1 hour' AS at) t""")

    def change(self, contact, process="standard"):
        """From mid to late, and back again ten days later."""
        self.psql(f"""INSERT INTO phased.phase_change (contact_id, process, at, from_shown, to_shown, cause, noticed_at, late, from_since)
            VALUES ('{contact}', '{process}', '2026-11-02T10:00:00Z', 3, 4, 7, now(), false, '2026-10-20T10:00:00Z'),
                ('{contact}', '{process}', '2026-11-12T10:00:00Z', 4, 3, NULL, now(), false, '2026-11-02T10:00:00Z')""")

    def overviews(self):
        self.psql("""INSERT INTO phased.outcome_day (day, source, site, channel, outcome, n) VALUES ('2026-11-20', 'segment', 'www', 1, 'applied', 7),
                ('2026-11-21', '=cmd', '', 2, 'unreadable', 2);
            INSERT INTO phased.rejected (topic, partition, "offset", reason, field, size, hash, at, source)
            VALUES ('t', 0, 1, 'unreadable', '', 1, 1, '2026-11-21T01:02:03.5Z', 's'), ('t', 0, 2, 'too_large', '', 1, 1, '2026-11-22', 's');
            INSERT INTO phased.position (grp, topic, partition, next_offset, epoch, owner, end_offset, oldest, updated_at)
            VALUES ('g', 'phased.web', 0, 5, 1, 'h', 9, '2026-11-22', '2026-11-22'), ('g', 'phased.chat', 0, 5, 1, 'h', 5, NULL, '2026-11-22')""")

    def fill(self):
        """Something in each report, of people with names of each kind. In one go."""
        said, run = [], self.psql
        self.psql = said.append
        self.people = {language: self.person(name) for language, name in NAMES.items()}
        self.people["nobody"] = self.person(None, account=None, role=None)
        self.people["unknown"] = self.person("Kim Lie", role="Chief Happiness Officer", process="call-off")
        for name, contact in self.people.items():
            process = "call-off" if name == "unknown" else "standard"
            self.why(contact, 3, process=process)
            self.history(contact, process=process)
            self.touches(contact, process=process)
            self.change(contact, process)
        self.overviews()
        self.account("nordlys.test", ("standard", "call-off"))
        self.account("fjordkraft.test", ("standard",), shown="NULL", missing="{}")
        self.psql = run
        self.psql(";".join(said))
