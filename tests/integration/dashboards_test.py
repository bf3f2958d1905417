#!/usr/bin/python3
# run: timeout=300
"""conf/grafana: each query of each dashboard is one that PostgreSQL, or Prometheus over what the programs export, can answer.

Grafana itself is in no Debian; what it would load is held against what it needs of the files.
"""
import decimal
import glob
import json
import os
import re
import shutil
import subprocess
import urllib.request

import psycopg2
import yaml

import events
import phased_test
import prometheus
import promql
from daemon_test import NOW_US, DaemonTest

GRAFANA = os.path.join(phased_test.ROOT, "conf", "grafana")
PANELS = {"row", "stat", "timeseries", "table", "bargauge"}
TIME_FILTER = "{} BETWEEN '2026-07-01T00:00:00Z' AND '2026-10-01T00:00:00Z'"		# round NOW_US
ROLE = "phased_reader"


def dashboards():
    found = {}
    for path in sorted(glob.glob(os.path.join(GRAFANA, "dashboards", "*.json"))):
        with open(path, encoding="utf-8") as text:
            found[os.path.basename(path)] = json.load(text)
    return found


def provisioned(what):
    with open(os.path.join(GRAFANA, "provisioning", what, "phased.yaml"), encoding="utf-8") as text:
        return yaml.safe_load(text)


def targets(kind):
    """(dashboard and panel, target) of each query of a kind of data source; of variables, too."""
    for board in dashboards().values():
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                if target["datasource"]["type"] == kind:
                    yield f"{board['title']}: {panel['title']}", panel, target
        for variable in board["templating"]["list"]:
            if variable["datasource"]["type"] == kind:
                yield f"{board['title']}: ${variable['name']}", None, variable


def of_sql(text):
    """What Grafana makes of it: its macros expanded, and the variable that the dashboards have."""
    text = re.sub(r"\$__timeFilter\(([^()]+)\)", lambda match: TIME_FILTER.format(match[1]), text)
    text = text.replace("${process:sqlstring}", "'standard'")
    if "$" in text:
        raise AssertionError(f"a macro or variable that is not known: {text}")
    return text


def of_promql(text):
    text = text.replace("[$__rate_interval]", "[1m]").replace('"$instance"', '".*"')
    if "$" in text:
        raise AssertionError(f"a macro or variable that is not known: {text}")
    return text


class Files(phased_test.unittest.TestCase):
    def test_are_what_grafana_loads(self):
        uids = set()
        for name, board in dashboards().items():
            with self.subTest(name):
                self.assertEqual(f"phased-{name.removesuffix('.json')}", board["uid"])
                self.assertNotIn(board["uid"], uids)
                uids.add(board["uid"])
                self.assertEqual((39, "utc"), (board["schemaVersion"], board["timezone"]))
                self.assertTrue(board["title"] and board["description"])
                self.assertNotIn("id", board, "one that is loaded gets its own")
                ids = [panel["id"] for panel in board["panels"]]
                self.assertEqual(len(ids), len(set(ids)))
                self.assert_panels(board["panels"])
        self.assertEqual({"phased-phases", "phased-service", "phased-trust"}, uids)

    def assert_panels(self, panels):
        taken = set()
        for panel in panels:
            with self.subTest(panel["title"]):
                self.assertIn(panel["type"], PANELS)
                place = panel["gridPos"]
                self.assertTrue(0 <= place["x"] and place["x"] + place["w"] <= 24 and place["h"] > 0, place)
                cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
                self.assertFalse(cells & taken, "covers another one")
                taken |= cells
                self.assertEqual(panel["type"] != "row", bool(panel.get("targets")))
                refs = [target["refId"] for target in panel.get("targets", ())]
                self.assertEqual(len(refs), len(set(refs)))

    def test_ask_the_sources_that_are_provisioned(self):
        known = {(source["type"], source["uid"]) for source in provisioned("datasources")["datasources"]}
        self.assertEqual(2, len(known))
        for board in dashboards().values():
            asked = [variable["datasource"] for variable in board["templating"]["list"]]
            for panel in board["panels"]:
                asked += [panel["datasource"]] if "datasource" in panel else []
                asked += [target["datasource"] for target in panel.get("targets", ())]
            for source in asked:
                self.assertIn((source["type"], source["uid"]), known)
        provider, = provisioned("dashboards")["providers"]
        self.assertEqual("/usr/share/phased/grafana/dashboards", provider["options"]["path"])


class Service(DaemonTest):
    """PromQL."""

    def scrape(self, program):
        address = self.wait_log(program, r"(?:http: listening on|^admin) (\S+)").group(1)
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            return prometheus.Page(answer.read().decode())

    def pages(self):
        """Of both programs, with something done."""
        self.prepare()
        self.send(events.lines(events.Maker(7, NOW_US).make(50)))
        phased = self.start_phased()
        self.applied(50)
        self.settled(phased)
        config = self.write("collect.yaml", phased_test.yaml_text({
            "http": {"listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0"}, "identity": {"key_file": self.path("identity.key")},
            "kafka": {"brokers": os.environ["PHASED_KAFKA"], "topics": {channel: self.topics[channel] for channel in
                                                                        (*phased_test.CHANNELS, "rejected")}}}))
        return {"phased": self.scrape(phased), "phased-collect": self.scrape(self.start_collect(config=config))}

    def test_each_query_is_of_series_that_programs_export(self):
        checker, rules = promql.Checker(self.pages()), []
        for name, panel, target in targets("prometheus"):
            with self.subTest(name):
                if panel is None:
                    metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", target["query"]["query"]).groups()
                    self.assertIn(label, checker.labels(metric))
                    continue
                expr = of_promql(target["expr"])
                labels = checker.labels(expr)
                self.assertLessEqual(set(re.findall(r"{{(\w+)}}", target["legendFormat"])), labels or set())
                rules.append({"record": f"query:{len(rules)}", "expr": expr})
        self.assertGreater(len(rules), 40)
        if shutil.which("promtool"):
            path = self.write("rules.yaml", json.dumps({"groups": [{"name": "dashboards", "rules": rules}]}))
            done = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, timeout=60)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_what_is_wrong_is_found(self):
        checker = promql.Checker({"phased": prometheus.Page(
            '# TYPE phased_a_total counter\nphased_a_total{outcome="applied"} 1\n# TYPE phased_b gauge\nphased_b 2\n')})
        for expr, labels in (("sum by (outcome) (rate(phased_a_total[5m])) > 0", {"outcome"}), ("time() - max(phased_b)", set()),
                             ('phased_b{instance=~".*"} / phased_b', {"job", "instance"}), ('up{job="phased"}', {"job", "instance"})):
            with self.subTest(expr):
                self.assertEqual(labels, checker.labels(expr))
        for expr, why in (("phased_c", "no metric phased_c"), ('phased_a_total{outcome="aplied"}', "outcome aplied"),
                          ('phased_a_total{outcome=~"applied|duplicat"}', "outcome duplicat"), ("rate(phased_a_total)", "no range"),
                          ("sum by (outcome) (phased_b)", "outcome"), ("phased_a_total[5m]", "is a range"), ("sum(phased_b", "place of"),
                          ("phased_b phased_b", "ends in"), ("phased_b @ 1", "not PromQL"), ('phased_b{jib="phased"}', "jib"),
                          ("histogram_quantile(.5, phased_b)", "not PromQL"), ("histogram_quantile(0.5, phased_b)", "nothing that"),
                          ("abs(phased_a_total[5m])", "abs of a range"), ("rat(phased_b)", "rat of")):
            with self.subTest(expr), self.assertRaisesRegex(promql.Wrong, why):
                checker.labels(expr)


class Reports(DaemonTest):
    """SQL."""
    # These ask for the week that it is, in which nobody of the events' time moves.
    OF_NOW = {"phased: Buying phases: This week", "phased: Buying phases: Who moved this week"}

    def fill(self):
        """People who move, and what cannot be read."""
        self.prepare(review__until="2026-09-22T00:00:00Z")
        self.send(events.lines(events.Maker(11, NOW_US).make(600)) + '{"id": "x", "source": "test", "acton": "PAGE_VIEW"}\n')
        self.start_phased()
        self.applied(601)
        self.nobody_waits()

    def reader(self):
        """A cursor of the login that the data source has."""
        self.user(ROLE)
        connection = psycopg2.connect(f"{self.database} user={self.name}_{ROLE.removeprefix('phased_')}")
        self.addCleanup(connection.close)
        connection.autocommit = True
        return connection.cursor()

    def ask(self, cursor, text):
        cursor.execute(of_sql(text))
        return cursor.description, cursor.fetchall()

    def test_each_query_is_answered_to_a_reader(self):
        self.fill()
        cursor, panels = self.reader(), 0
        for name, panel, target in targets("grafana-postgresql-datasource"):
            with self.subTest(name):
                columns, rows = self.ask(cursor, target["rawSql"] if panel else target["query"])
                if name not in self.OF_NOW:
                    self.assertTrue(rows)
                if panel and target["format"] == "time_series":
                    self.assert_series(columns, rows)
                panels += panel is not None
        self.assertGreater(panels, 20)

    def assert_series(self, columns, rows):
        """A moment, perhaps a name for each line, and numbers; in the order of time."""
        names = [column.name for column in columns]
        self.assertEqual("time", names[0])
        self.assertEqual(names[1:2] == ["metric"], "metric" in names)
        for row in rows:
            self.assertIsNotNone(row[0].tzinfo)
            values = row[2:] if "metric" in names else row[1:]
            self.assertTrue(values)
            for value in values:
                self.assertIsInstance(value, (int, float, decimal.Decimal, type(None)))
        self.assertEqual(sorted(row[0] for row in rows), [row[0] for row in rows])

    def test_what_is_wrong_is_found(self):
        self.fresh_database()
        cursor = self.reader()
        for text, error in (("SELECT days FROM report.funnel", psycopg2.errors.UndefinedColumn),
                            ("SELECT day FROM report.funel WHERE $__timeFilter(day)", psycopg2.errors.UndefinedTable),
                            ("SELECT name FROM report.person", psycopg2.errors.InsufficientPrivilege),
                            ("SELECT day FROM report.funnel WHERE $__timefilter(day)", AssertionError)):
            with self.subTest(text), self.assertRaises(error):
                self.ask(cursor, text)


if __name__ == "__main__":
    phased_test.main()
