#!/usr/bin/python3
"""Where an account is, and its committee: the chore of the daemons, and what the views make of its rows."""
import phased_test


class Views(phased_test.PhasedTest):
    """Over rows as the chore leaves them."""

    def setUp(self):
        super().setUp()
        self.fresh_database(model=False)
        for name, account, role in (("ida", "havn.test", "CFO"), ("bo", "havn.test", "IT"), ("kim", "havn.test", None), ("eve", "else.test", "CEO")):
            self.psql(f"INSERT INTO phased.contact (contact_id, role, account, may_write) VALUES (md5('{name}')::uuid, "
                      f"{repr(role) if role else 'NULL'}, '{account}', true)")
        self.psql("INSERT INTO phased.phase (contact_id, process, version, model_version, fold, counted, confirmed, activity, early, mid, late, "
                  "reported, shown, fine, band, last_at) VALUES (md5('ida')::uuid, 'standard', 1, 1, '', 3, 0, 2, .1, .2, .7, 2, 4, 0, 2, now())")
        self.psql("INSERT INTO phased.account_phase VALUES ('havn.test', 'standard', 1, now(), 3, 0, 2, .1, .2, .7, 4, 0, 2, false, now(), now(), "
                  "3, 1, 2, 0, NULL, 1 / 7.0, '{CEO}'), ('else.test', 'standard', 1, now(), 90000, 0, 0, 0, 0, 0, NULL, 0, 0, false, NULL, now(), "
                  "1, 0, 1, 0, NULL, 0, '{CEO}')")
        self.psql("INSERT INTO phased.account_member VALUES ('havn.test', 'standard', md5('ida')::uuid, 1, false)")
        self.psql("INSERT INTO phased.account_change VALUES ('havn.test', 'standard', '2026-01-01', 0, 3, false), "
                  "('havn.test', 'standard', '2026-01-02', 3, 4, true)")
        self.psql("INSERT INTO phased.account_state SELECT account, 1, 1, 1, NULL FROM phased.account_phase")

    def test_the_views_say_it_in_words(self):
        self.assertEqual([["else.test", None, "90000", None], ["havn.test", "late", "3", "medium"]], self.psql(
            "SET ROLE phased_seller; SELECT account, phase, touches, confidence FROM report.account_phase ORDER BY 1"))
        self.assertEqual([["unknown", "mid", "touch"], ["mid", "late", "time"]], self.psql(
            "SET ROLE phased_seller; SELECT from_phase, to_phase, cause FROM report.account_change ORDER BY at"))
        names = {self.value(f"SELECT md5('{name}')::uuid"): name for name in ("ida", "bo", "kim")}
        rows = self.psql("SET ROLE phased_seller; SELECT contact_id, role, phase, weight, missing FROM report.committee "
                         "WHERE account = 'havn.test' ORDER BY missing, weight DESC, role COLLATE \"C\"")
        self.assertEqual([["ida", "CFO", "late", "1", "f"], ["bo", "IT", "unknown", "0", "f"], ["kim", None, "unknown", "0", "f"]] + [
            [None, role, None, None, "t"] for role in ("CEO", "CMO", "procurement", "production", "sales")],
            [[names.get(row[0]), *row[1:]] for row in rows])

    def test_an_account_goes_with_its_last_contact(self):
        tables = ("account_phase", "account_change", "account_member", "account_state")
        count = lambda: [int(self.value(f"SELECT count(*) FROM phased.{table} WHERE account = 'havn.test'")) for table in tables]
        self.psql("SET ROLE phased_writer; DELETE FROM phased.contact WHERE contact_id IN (md5('bo')::uuid, md5('kim')::uuid)")
        self.assertEqual([1, 2, 1, 1], count())
        self.psql("SET ROLE phased_privacy; DELETE FROM phased.contact WHERE contact_id = md5('ida')::uuid")
        self.assertEqual([0, 0, 0, 0], count())
        self.assertEqual("1", self.value("SELECT count(*) FROM phased.account_phase"))


if __name__ == "__main__":
    phased_test.main()
