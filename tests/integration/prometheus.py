"""Pages of metrics in Prometheus' text format: read, and held against its conventions as `promtool check metrics` would.

    page = prometheus.Page(text)
    page.value("phased_lag_offsets"), page.values["phased_events_total"] -> {(("outcome", "applied"),): 3.0, …}
    prometheus.lint(text) -> complaints, none when all is well
"""
import re

NAME = re.compile(r"[a-z][a-z0-9_]*$")
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\n"])*",?)+)\})? (\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\[\\n"])*)"')
# What promtool complains about: units that are no base units, and their abbreviations, anywhere in a name.
BAD_UNITS = set("""milliseconds microseconds nanoseconds minutes hours days weeks ms us ns millis micros sec secs min kilobytes megabytes
    gigabytes kibibytes mebibytes gibibytes kb mb gb kib mib gib bits percent""".split())
PREFIXES = ("phased_", "process_")


class Page:
    def __init__(self, text):
        self.text, self.types, self.helps, self.values, self.order = text, {}, {}, {}, []
        for line in text.splitlines():
            if line.startswith("# HELP "):
                name, _, words = line[7:].partition(" ")
                self.helps[name] = words
                self.order.append(name)
            elif line.startswith("# TYPE "):
                name, kind = line[7:].split(" ")
                self.types[name] = kind
            else:
                match = SAMPLE.match(line)
                if not match:
                    raise AssertionError(f"not a sample: {line!r}")
                labels = tuple(LABEL.findall(match[2] or ""))
                series = self.values.setdefault(match[1], {})
                if labels in series:
                    raise AssertionError(f"twice: {line!r}")
                series[labels] = float(match[3])

    def family(self, name):
        """Of a sample: of a histogram's parts the histogram."""
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        return base if self.types.get(base) == "histogram" else name

    def value(self, name, **labels):
        return self.values[name][tuple(labels.items())]

    def sum(self, name):
        return sum(self.values.get(name, {}).values())

    def counters(self):
        """What must never fall: counters, and buckets, sums and counts of histograms."""
        return {(name, labels): value for name, series in self.values.items()
                if self.types[self.family(name)] in ("counter", "histogram") for labels, value in series.items()}


def lint(text):
    """What is wrong with a page, a line each."""
    page, wrong = Page(text), []
    if not text.endswith("\n"):
        wrong.append("no newline at the end")
    for name in page.values:
        family = page.family(name)
        if family not in page.types:
            wrong.append(f"{name}: no TYPE")
        if not page.helps.get(family):
            wrong.append(f"{name}: no HELP")
    if len(page.order) != len(set(page.order)):
        wrong.append("a family in two places")
    for name, kind in page.types.items():
        words = set(name.split("_"))
        if not NAME.match(name) or not name.startswith(PREFIXES):
            wrong.append(f"{name}: not a name of ours")
        if words & BAD_UNITS:
            wrong.append(f"{name}: not in base units")
        if (kind == "counter") != name.endswith("_total"):
            wrong.append(f"{name}: _total is for counters, and for all of them")
        if re.search(r"_(count|sum|bucket|counter|gauge|histogram)$", name):
            wrong.append(f"{name}: says its type")
        if name.endswith("_info") and set(page.values.get(name, {}).values()) - {1.0}:
            wrong.append(f"{name}: an _info is 1")
        if name != name.lower() or re.search(r"__", name):
            wrong.append(f"{name}: not snake_case")
    return wrong + lint_histograms(page)


def lint_histograms(page):
    wrong = []
    for name in (name for name, kind in page.types.items() if kind == "histogram"):
        series = {}
        for labels, value in page.values[f"{name}_bucket"].items():
            rest = tuple(label for label in labels if label[0] != "le")
            series.setdefault(rest, []).append((float(dict(labels)["le"]), value))
        for labels, buckets in series.items():
            counts = [value for _, value in buckets]
            if buckets != sorted(buckets) or counts != sorted(counts) or buckets[-1][0] != float("inf"):
                wrong.append(f"{name}{labels}: buckets do not rise to +Inf")
            if page.values[f"{name}_count"][labels] != counts[-1]:
                wrong.append(f"{name}{labels}: count is not the last bucket")
    return wrong


def fallen(before, after):
    """Counters of one page that are lower, or gone, in a later one."""
    later = after.counters()
    return [f"{name}{dict(labels)}: {value} -> {later.get((name, labels))}" for (name, labels), value in before.counters().items()
            if later.get((name, labels), -1) < value]
