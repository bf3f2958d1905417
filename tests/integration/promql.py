"""PromQL as the dashboards use it: parsed, and held against the series that programs really export.

    checker = promql.Checker(pages)     # of prometheus.Page, by the job that they are scraped as
    checker.labels(expr)                # the labels of its result; Wrong says what there is not

Numbers, selectors with ranges, functions, aggregations and binary operators; no subqueries, offsets or matching on labels.
"""
import re

TOKEN = re.compile(r'\s*(?:(?P<number>\d+(?:\.\d+)?(?:e-?\d+)?)|(?P<name>[a-zA-Z_:][\w:]*)|(?P<text>"(?:[^"\\]|\\.)*")|'
                   r'(?P<range>\[(?:\d+[smhdw])+\])|(?P<sign>=~|!~|!=|==|<=|>=|[-+*/%^<>(){},=]))')
AGGREGATIONS = {"sum", "min", "max", "avg", "count"}
OF_RANGES = {"rate", "increase", "changes", "delta", "max_over_time"}
OF_MOMENTS = {"abs", "clamp_min", "clamp_max", "histogram_quantile"}
OPERATORS = {"+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">=", "and", "or", "unless"}
MADE = {"up": [()]}		# by Prometheus itself


class Wrong(Exception):
    """An expression that could not be answered by what there is."""


class Checker:
    def __init__(self, pages):
        """`pages`: by job."""
        self.series = {name: [(("job", job), ("instance", "x")) for job in pages] for name in MADE}
        for job, page in pages.items():
            for name, series in page.values.items():
                self.series.setdefault(name, []).extend((*labels, ("job", job), ("instance", "x")) for labels in series)

    def labels(self, expr):
        tokens, at = [], 0
        while expr[at:].strip():
            match = TOKEN.match(expr, at)
            if not match:
                raise Wrong(f"not PromQL: {expr[at:]!r}")
            tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        self.tokens, self.at = tokens, 0
        labels, is_range = self.expression()
        if self.at < len(tokens) or is_range:
            raise Wrong(f"ends in {self.tokens[self.at:]}" if not is_range else "is a range")
        return labels

    # --- tokens ---

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else (None, None)

    def take(self, text=None):
        kind, found = self.peek()
        if kind is None or text not in (None, found):
            raise Wrong(f"{found!r} in place of {text!r}")
        self.at += 1
        return kind, found

    def takes(self, text):
        if self.peek()[1] == text:
            self.at += 1
            return True
        return False

    # --- grammar: each returns the labels of what it reads, and whether that is a range ---

    def expression(self):
        found, is_range = self.operand()
        while self.peek()[1] in OPERATORS:
            self.take()
            other, other_range = self.operand()
            if is_range or other_range:
                raise Wrong("an operator on a range")
            found = other if found is None else found	# None: a number
        return found, is_range

    def operand(self):
        kind, text = self.take()
        if kind == "number":
            return None, False
        if text == "-":
            return self.operand()
        if text == "(":
            found = self.expression()
            self.take(")")
            return found
        if kind != "name":
            raise Wrong(f"{text!r} begins nothing")
        if text in AGGREGATIONS:
            return self.aggregation()
        if self.peek()[1] == "(":
            return self.function(text)
        return self.selector(text)

    def names(self):
        self.take("(")
        found = set()
        while not self.takes(")"):
            found.add(self.take()[1])
            self.takes(",")
        return found

    def aggregation(self):
        kept = self.names() if self.takes("by") else None
        self.take("(")
        found, is_range = self.expression()
        self.take(")")
        kept = self.names() if self.takes("by") else kept or set()
        if is_range or found is None or kept - found:
            raise Wrong(f"there is no {kept - (found or set()) or 'vector'} to aggregate by")
        return kept, False

    def function(self, name):
        self.take("(")
        if name == "time":
            self.take(")")
            return None, False
        found = None
        while not self.takes(")"):
            labels, is_range = self.expression()
            if labels is not None:
                if name not in OF_RANGES | OF_MOMENTS or is_range != (name in OF_RANGES):
                    raise Wrong(f"{name} of {'a range' if is_range else 'no range'}")
                found = labels
            self.takes(",")
        if found is None or name == "histogram_quantile" and "le" not in found:
            raise Wrong(f"{name} of nothing that it can be of")
        return found - {"le"} if name == "histogram_quantile" else found, False

    def selector(self, name):
        if name not in self.series:
            raise Wrong(f"no metric {name}")
        if self.takes("{"):
            while not self.takes("}"):
                self.matcher(name)
                self.takes(",")
        is_range = self.peek()[0] == "range"
        self.at += is_range
        return {label for labels in self.series[name] for label, _ in labels}, is_range

    def matcher(self, name):
        label, sign, (kind, text) = self.take()[1], self.take()[1], self.take()
        if kind != "text" or sign not in ("=", "!=", "=~", "!~"):
            raise Wrong(f"{label} {sign} {text}: no matcher")
        values = {value for labels in self.series[name] for key, value in labels if key == label}
        # Each word between | is of a value that there is, so that none is misspelt.
        for word in text[1:-1].split("|") if "~" in sign else [text[1:-1]]:
            if not any(re.fullmatch(word, value) if "~" in sign else word == value for value in values):
                raise Wrong(f"no {name} has {label} {word}")
