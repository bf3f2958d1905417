#!/usr/bin/python3
"""`phasectl import --dry-run`: tables as people have them, in every dialect and encoding, and what is refused of them.

  tests/ctl/import.py PHASECTL
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

PHASECTL = ""
PROGRESS = re.compile(r"^phasectl: import: \d+ %, .*\n", re.M)		# where it takes long
TITLES = ["email", "date", "name", "company", "cost", "currency", "campaign", "consent"]
ROWS = [
    ["kåre.øst@nordlys.test", "2026-03-04", "Kåre Øst", "Nordlys, København", "1234.50", "DKK", "Bådmesse; forår", "granted"],
    ["per.aase@fjordkraft.test", "2026-03-05", 'Per "Pelle"\nÅse', "Fjordkraft", "80", "EUR", "Bådmesse; forår", ""],
    ["ane@fjordkraft.test", "2026-03-06", "Ane\tLie", "", "", "", "Bådmesse; forår", "denied"],
]


def table(rows, separator=",", end="\r\n", quotes="where needed"):
    def cell(text):
        if quotes == "always" or any(c in text for c in ('"', "\n", "\t", ",", ";")):
            return '"' + text.replace('"', '""') + '"'
        return text
    return "".join(separator.join(map(cell, row)) + end for row in rows)


class Import(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.config = self.write("phased.yaml", f"kafka:\n  brokers: 127.0.0.1:1\npostgres:\n  conninfo: host=/nowhere\nidentity:\n"
                                                f"  key_file: {self.write('identity.key', 'k' * 40)}\n")
        os.chmod(os.path.join(self.folder, "identity.key"), 0o600)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        return path

    def run_import(self, text, *more, dry_run=True, kind=("--kind", "fair")):
        path = text if isinstance(text, str) and text.startswith("/") else self.write("people.csv", text)
        done = subprocess.run([PHASECTL, "--config", self.config, "import", path, *kind, *(["--dry-run"] if dry_run else []), *more],
                              capture_output=True, text=True, check=False, timeout=120)
        done.stderr = PROGRESS.sub("", done.stderr)
        return done

    def dry(self, text, *more, status=0):
        done = self.run_import(text, "--json", *more)
        self.assertEqual((status, ""), (done.returncode, done.stderr), done)
        return json.loads(done.stdout)

    def refusals(self, text, *more):
        """Lines and why they were refused: {line: (field, why)}."""
        return {one["line"]: (one["field"], one["why"]) for one in self.dry(text, *more, status=1)["refusals"]}

    def test_every_dialect_in_every_encoding_says_the_same(self):
        wanted = None
        encodings = [("utf-8", "UTF-8", ()), ("utf-8-sig", "UTF-8", ()), ("utf-16", "UTF-16LE", ()), ("cp1252", "WINDOWS-1252", ()),
                     ("utf-16-be", "UTF-16BE", ("--encoding", "UTF-16BE")), ("latin-1", "ISO-8859-1", ("--encoding", "ISO-8859-1")),
                     ("utf-8", "utf-8", ("--encoding", "utf-8")), ("utf-8-sig", "utf-8", ("--encoding", "utf-8"))]
        dialects = [("comma", ",", "\n", "where needed"), ("comma", ",", "\r\n", "always"), ("semicolon", ";", "\r\n", "where needed"),
                    ("semicolon", ";", "\r", "where needed"), ("tab", "\t", "\n", "where needed"), ("tab", "\t", "\r\n", "always")]
        for python, name, options in encodings:
            for separator, character, end, quotes in dialects:
                text = table([TITLES, *ROWS], character, end, quotes).encode(python)
                with self.subTest(encoding=python, options=options, separator=separator, end=end):
                    said = self.dry(text, *options)
                    self.assertEqual((name, separator), (said.pop("encoding"), said.pop("separator")))
                    wanted = wanted or said
                    self.assertEqual(wanted, said)
        self.assertEqual((3, 3, 0, 0), tuple(wanted[key] for key in ("lines", "touches", "refused", "repeated")))
        self.assertEqual([("2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z"), {"granted": 1, "denied": 1, "unsaid": 1}],
                         [(wanted["from"], wanted["to"]), wanted["consent"]])
        self.assertEqual([{"currency": "DKK", "sum": 1234.5, "touches": 1}, {"currency": "EUR", "sum": 80, "touches": 1}], wanted["costs"])

    def test_excels_word_on_what_separates(self):
        said = self.dry("sep=;\r\n" + table([TITLES, *ROWS], ";"))
        self.assertEqual(("semicolon", 3), (said["separator"], said["touches"]))
        self.assertEqual({4: ("email", "not a mail address")}, self.refusals(f"sep=;\n{table([TITLES, ROWS[0], ['no'] + ROWS[1][1:]], ';')}"))

    def test_columns_of_other_names(self):
        text = "Mail;Dato;Firma;CRM-ID;Note\nkaren@nordlys.test;24.12.2025;Nordlys;7;said hello\n"
        said = self.dry(text, "--map", "Mail=email, dato =date,Firma=company")
        self.assertEqual([["Mail", "email"], ["Dato", "date"], ["Firma", "company"], ["CRM-ID", "crm_id"], ["Note", None]],
                         [[one["column"], one["field"]] for one in said["columns"]])
        for options, status, words in (
                ((), 65, "names no column date or time"), (("--map", "Dato=dat"), 64, "did you mean date?"),
                (("--map", "Datum=date"), 64, 'the file has no column "Datum"'), (("--map", "Dato"), 64, "expected COLUMN=FIELD"),
                (("--map", "Dato=date,Firma=date"), 65, "two columns are date")):
            done = self.run_import(text, *options)
            self.assertEqual((status, "", 1), (done.returncode, done.stdout, done.stderr.count("\n")), done)
            self.assertIn(words, done.stderr)

    def test_a_column_that_is_there_twice_can_be_left_out(self):
        text = "email,Email,date\na@b.test,c@d.test,2025-12-24\n"
        self.assertEqual(65, self.run_import(text).returncode)
        self.assertEqual(64, self.run_import("email,note,date\na@b.test,,2025-12-24\n", "--map", "Notes=").returncode)
        self.assertEqual([None, "email"], [one["field"] for one in self.dry("Mail,email,date\n,a@b.test,2025-12-24\n", "--map", "Mail=")["columns"][:2]])

    def test_the_order_of_dates_is_shown_by_the_file_or_told(self):
        def text(*dates):
            return "email,date\n" + "".join(f"p{n}@nordlys.test,{date}\n" for n, date in enumerate(dates))
        said = self.dry(text("03/04/2025", "24/12/2025"))
        self.assertEqual(("dmy", "2025-04-03T00:00:00Z"), (said["dates"], said["from"]))
        said = self.dry(text("03/04/2025", "12/24/2025"))
        self.assertEqual(("mdy", "2025-03-04T00:00:00Z"), (said["dates"], said["from"]))
        done = self.run_import(text("03/04/2025", "05/06/2025"))
        self.assertEqual(64, done.returncode)
        self.assertIn("can be read in two ways, as in line 2, and no line shows which: say --dates dmy or mdy", done.stderr)
        self.assertEqual("2025-03-04T00:00:00Z", self.dry(text("03/04/2025", "05/06/2025"), "--dates", "mdy")["from"])
        done = self.run_import(text("05/05/2025", "24/12/2025", "12/24/2025"))
        self.assertEqual(64, done.returncode)
        self.assertIn("in line 3 and in line 4: say --dates", done.stderr)
        self.assertEqual({4: ("date", "no such day or time of day")}, self.refusals(text("05/05/2025", "24/12/2025", "12/24/2025"), "--dates", "dmy"))
        self.assertIsNone(self.dry(text("24.12.2025", "2025-12-24"))["dates"])

    def test_the_decimal_mark_is_shown_by_the_file_or_told(self):
        def text(*costs):
            return "email;date;cost;currency\n" + "".join(f"p{n}@nordlys.test;2025-12-24;{cost};EUR\n" for n, cost in enumerate(costs))
        self.assertEqual(("comma", 1246.5), (lambda said: (said["decimal"], said["costs"][0]["sum"]))(self.dry(text("1.234", "12,50"))))
        self.assertEqual(("point", 13.734), (lambda said: (said["decimal"], said["costs"][0]["sum"]))(self.dry(text("1.234", "12.50"))))
        done = self.run_import(text("1.234", "1,234"))
        self.assertEqual(64, done.returncode)
        self.assertIn("say --decimal comma or point", done.stderr)
        self.assertEqual(1235.234, self.dry(text("1.234", "1,234"), "--decimal", "comma")["costs"][0]["sum"])
        self.assertEqual({3: ("cost", "not an amount with a decimal comma")}, self.refusals(text("5", "12.50"), "--decimal", "comma"))

    def test_what_is_refused_is_named_by_line_and_column_and_never_repeated(self):
        titles = "email,user_id,crm_id,date,time,name,domain,cost,currency,consent"
        rows = [
            ("karen@@secret.test,,,2025-12-24,,,,,,", "email", "not a mail address"),
            (",,,2025-12-24,,secret,,,,", None, "nobody: no email, user_id or crm_id that could be somebody's"),
            (",anonymous,,2025-12-24,,,,,,", None, "nobody: no email, user_id or crm_id that could be somebody's"),
            (",secret@secret.test,,2025-12-24,,,,,,", "user_id", "a mail address, which belongs into column email"),
            (",u1,,secret,,,,,,", "date", "not a date, as 2026-12-24 or 24.12.2026"),
            (",u1,,,,,,,,", "date", "not a date, as 2026-12-24 or 24.12.2026"),
            (",u1,,,2025-12-24 secret,,,,,", "time", "not a time of day, as 14:30"),
            (",u1,,1999-12-31,,,,,,", "date", "before the year 2000, or still to come"),
            (",u1,,2999-12-31,,,,,,", "date", "before the year 2000, or still to come"),
            (",u1,,2025-12-24,,secret@secret.test,,,,", "name", "a mail address, which belongs into column email"),
            (f",u1,,2025-12-24,,{'secret' * 40},,,,", "name", "too long"),
            (",u1,,2025-12-24,,a\x01secret,,,,", "name", "control characters"),
            (",u1,,2025-12-24,,,secret..test,,,", "domain", "not a domain, as nordlys.test"),
            (",u1,,2025-12-24,,,,secret,EUR,", "cost", "not an amount, as 1234.50"),
            (",u1,,2025-12-24,,,,5,,", "currency", "expected three letters, as EUR, where there is a cost"),
            (",u1,,2025-12-24,,,,5,kr,", "currency", "expected three letters, as EUR, where there is a cost"),
            (",u1,,2025-12-24,,,,,,secret", "consent", "expected granted, denied or nothing"),
            (",u1,,2025-12-24,,,,,,,secret", None, "more columns than the first line"),
            ('"secret"x,u1,,2025-12-24,,,,,,', None, "text behind a closing quote"),
            (",u1,,2025-12-24,," + "secret" * 11000 + ",,,,", None, "over 65536 bytes"),
        ]
        text = titles + "\n" + "".join(f"{row}\n,u{n + 10},,2025-12-24,,,,,,\n" for n, (row, _, _) in enumerate(rows))
        self.assertEqual({2 * n + 2: (field, why) for n, (_, field, why) in enumerate(rows)}, self.refusals(text))
        done = self.run_import(text)
        self.assertEqual(1, done.returncode)
        self.assertNotIn("secret", done.stdout + done.stderr)
        self.assertIn(f"{2 * len(rows)} lines: {len(rows)} touches of kind fair, {len(rows)} refused", done.stdout)

    def test_bytes_that_are_no_text_are_refused_where_they_stand(self):
        good = "email,date,name\n".encode()
        for bad in (b"a\xffb", b"a\x00b", b"\xc3"):
            text = good + b"a@b.test,2025-12-24," + bad + b"\nc@d.test,2025-12-24,\xc3\xa6\n"
            self.assertEqual({2: ("name", "not in the encoding of the file")}, self.refusals(text, "--encoding", "UTF-8"), bad)
        text = good.decode().encode("utf-16") + "a@b.test,2025-12-24,".encode("utf-16-le") + b"\x00\xdc" + "\nc@d.test,2025-12-24,æ\n".encode("utf-16-le")
        self.assertEqual({2: ("name", "not in the encoding of the file")}, self.refusals(text))

    def test_where_a_part_is_no_utf_8_somebody_has_to_say_what_it_is(self):
        front, many = "email,date,name\n", "".join(f"p{n}@b.test,2025-12-24,Bj\u00f8rn\r\n" for n in range(5000))
        for text, line in ((f"{front}{many}x@b.test,2025-12-24,".encode() + b"A\xe5se\n", 5002),
                           (front.encode() + b"x@b.test,2025-12-24,A\xe5se\r" + many.encode(), 2),
                           (f"{front}{many}x@b.test,2025-12-24,Å".encode()[:-1], 5002), (f"{front}{many}x@b.test,2025-12-24,€".encode()[:-1], 5002)):
            done = self.run_import(text)
            self.assertEqual((64, "", 1), (done.returncode, done.stdout, done.stderr.count("\n")), done)
            self.assertIn(f": line {line} is no UTF-8, and others are: say --encoding", done.stderr)
            self.assertEqual({line: ("name", "not in the encoding of the file")}, self.refusals(text, "--encoding", "UTF-8"))
            self.assertEqual("WINDOWS-1252", self.dry(text, "--encoding", "WINDOWS-1252", status=0)["encoding"])
        for name in ("Bj\u00f8rn", "Kr\u00e5"):		# no character of several bytes: not UTF-8 at all
            self.assertEqual("WINDOWS-1252", self.dry(f"{front}x@b.test,2025-12-24,{name}".encode("cp1252"))["encoding"])

    def test_a_file_s_name_is_shown_as_far_as_it_can_be(self):
        path = os.fsencode(self.folder) + b"/m\xf8de karen@nordlys.test.csv"
        with open(path, "wb") as out:
            out.write(b"email,date\na@b.test,2025-12-24\n")
        for options in ([b"--json"], []):
            done = subprocess.run([PHASECTL, "--config", self.config, "import", path, "--kind", "fair", "--dry-run", *options], capture_output=True,
                                  check=True, timeout=120)
            self.assertRegex(done.stdout.decode(), r"/m\?de \*+[\":]")
            self.assertNotIn(b"karen", done.stdout)

    def test_costs_in_many_currencies_are_all_counted(self):
        codes = [f"A{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(34)]
        said = self.dry("email,date,cost,currency\n" + "".join(f"a@b.test,2025-12-24,5,{code}\n" for code in codes))
        self.assertEqual((32, 2), (len(said["costs"]), said["other_costs"]))

    def test_a_quote_that_nothing_closes_takes_no_more_than_a_line_may_hold(self):
        text = "email,date,name\na@b.test,2025-12-24,\"open\n" + "".join(f"p{n}@b.test,2025-12-24,x\n" for n in range(10000))
        said = self.dry(text, status=1)
        self.assertEqual([{"line": 2, "field": None, "why": "over 65536 bytes: is there a quote that nothing closes?"}], said["refusals"])
        self.assertGreater(said["touches"], 7000)
        self.assertEqual({3: (None, "a quote that nothing closes")}, self.refusals('email,date\na@b.test,2025-12-24\nc@d.test,"2025'))

    def test_lines_that_say_the_same_count_once_in_whatever_words(self):
        text = "email,date,cost,currency,consent\n" + "".join(f"{row}\n" for row in (
            "Karen@Nordlys.test,24.12.2025,5,eur,ja", "karen@nordlys.test,2025-12-24,\"5.00\",EUR,granted", " karen@nordlys.test ,2025-12-24T01:00+01:00,5,EUR,YES",
            "karen@nordlys.test,2025-12-25,5,EUR,ja", "karen@nordlys.test,2025-12-24,5.01,EUR,ja", "karen@nordlys.test,2025-12-24,5,EUR,"))
        said = self.dry(text)
        self.assertEqual((6, 4, 2), (said["lines"], said["touches"], said["repeated"]))
        self.assertIn("2 say what another line says and count once", self.run_import(text).stdout)

    def test_many_lines_are_compared_with_each_other(self):
        lines = "".join(f"p{n}@nordlys.test,2025-12-24\n" for n in range(30000))
        said = self.dry("email,date\n" + lines + "\n,\n" + lines)
        self.assertEqual((60000, 30000, 30000, 2), (said["lines"], said["touches"], said["repeated"], said["empty"]))

    def test_refusals_are_named_up_to_a_limit(self):
        text = "email,date\n" + "no,2025-12-24\n" * 250
        said = self.dry(text, status=1)
        self.assertEqual((250, 20), (said["refused"], len(said["refusals"])))
        self.assertEqual(3, len(self.dry(text, "--refusals", "3", status=1)["refusals"]))
        done = self.run_import(text, "--refusals", "0")
        self.assertEqual((1, 1), (done.returncode, done.stdout.count("refused: ")), done.stdout)
        self.assertIn("refused: 250 more\n", done.stdout)

    def test_files_that_are_no_tables(self):
        for text, words in (("", "nothing is in it"), (b"PK\x03\x04\x00\x00secret", "not a file of text"), ("\x89PNG", "names no column"),
                            ("karen@nordlys.test,2025-12-24\n", "names no column email"), ("email\na@b.test\n", "names no column date"),
                            (b"email,date\na@b.test,\x00\n", "not a file of text"), ("/nowhere/x.csv", "No such file"), ("/dev/null", "not a file")):
            done = self.run_import(text)
            self.assertEqual((65, "", 1), (done.returncode, done.stdout, done.stderr.count("\n")), (text, done))
            self.assertIn(words, done.stderr)
            self.assertNotRegex(done.stderr, "karen|secret")
        self.assertEqual((0, 0), (lambda said: (said["lines"], said["touches"]))(self.dry("email,date\n")))

    def test_options_that_cannot_be(self):
        text = "email,date\na@b.test,2025-12-24\n"
        for options, words in ((("--encoding", "latin-99"), "no encoding is called"), (("--encoding", "UTF-8//IGNORE"), "no encoding is called"),
                               (("--separator", "pipe"), "expected comma, semicolon or tab"), (("--dates", "ymd"), "expected dmy or mdy"),
                               (("--decimal", "dot"), "expected comma or point"), (("--offset", "CET"), "expected an offset"),
                               (("--currency", "kr"), "expected three letters"), (("--site", "x" * 65), "--site"), (("--site", b"m\xf8de"), "--site"), (("--kind", b"m\xf8de"), "expected --kind"),
                               (("--encoding", b"UTF-8\xf8"), "no encoding is called"), (("--kind", ""), "expected --kind")):
            done = self.run_import(text, *options)
            self.assertEqual((64, ""), (done.returncode, done.stdout), options)
            self.assertIn(words, done.stderr)
        self.assertEqual(64, self.run_import(text, kind=()).returncode)
        self.write("identity.key", "short")
        self.assertEqual(78, self.run_import(text).returncode)

    def test_times_are_read_in_the_offset_that_is_told(self):
        text = "email,date,time\na@b.test,24.12.2025,14.30\nc@d.test,2025-12-24T14:30:00Z,\n"
        said = self.dry(text, "--offset", "+01:00")
        self.assertEqual(("2025-12-24T13:30:00Z", "2025-12-24T14:30:00Z"), (said["from"], said["to"]))

    def test_where_offline_touches_need_consent_those_without_are_refused(self):
        with open(self.config, "a", encoding="utf-8") as config:
            config.write("consent:\n  offline: require\n")
        text = "email,date,consent\na@b.test,2025-12-24,yes\nc@d.test,2025-12-24,\n"
        self.assertEqual({3: ("consent", "none, and consent.offline is require")}, self.refusals(text))


if __name__ == "__main__":
    PHASECTL = sys.argv.pop(1)
    unittest.main()
