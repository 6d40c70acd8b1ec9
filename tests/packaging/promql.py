"""Which metrics and labels a PromQL expression uses, and what a scrape has.

    scrape = Scrape(text)
    complaints = scrape.missing('sum by (table) (emb_table_rows{table="t"})')

Knows as much of the language as alerts and dashboards need. Standard library
only.
"""
import re

# What Prometheus itself makes.
OWN_METRICS = {"up", "ALERTS"}
# Labels that Prometheus adds to what it scrapes.
TARGET_LABELS = {"job", "instance"}

GROUPINGS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
OPERATORS = {"and", "or", "unless", "bool", "offset"}

TOKEN = re.compile(r"""
    (?P<string>"(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*')
  | (?P<range>\[[^\]]*\])
  | (?P<number>[0-9][0-9a-zA-Z_.]*)
  | (?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
  | (?P<variable>\$[a-zA-Z_]+)
  | (?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^(){},=<>])
  | (?P<space>\s+)
""", re.VERBOSE)

SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? [^ ]+$")
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)')


class Selector:
    """A metric with its matchers: triples of label, operator and value."""

    def __init__(self, metric):
        self.metric = metric
        self.matchers = []


def tokens(expression):
    """Pairs of kind and text, without what is between them."""
    at = 0
    while at < len(expression):
        match = TOKEN.match(expression, at)
        if match is None:
            raise ValueError(f"{expression!r}: cannot read it at {at}")
        at = match.end()
        if match.lastgroup not in ("space", "range"):
            yield match.lastgroup, match.group()


def parse(expression):
    """The selectors of an expression, and the labels it groups by."""
    stream = list(tokens(expression))
    selectors, grouped = [], set()
    i = 0
    while i < len(stream):
        kind, text = stream[i]
        after = stream[i + 1][1] if i + 1 < len(stream) else ""
        i += 1
        if kind != "name" or text in OPERATORS:
            continue
        if text in GROUPINGS:
            if after == "(":
                end = stream.index(("sign", ")"), i)
                grouped |= {t for k, t in stream[i:end] if k == "name"}
                i = end
        elif after == "{":
            end = stream.index(("sign", "}"), i)
            selectors.append(Selector(text))
            selectors[-1].matchers = matchers(stream[i + 1:end])
            i = end
        # A function or an aggregation, of which the labels may come first.
        elif after != "(" and after not in GROUPINGS:
            selectors.append(Selector(text))
    return selectors, grouped


def matchers(stream):
    found = []
    for i, (kind, text) in enumerate(stream):
        if kind == "name":
            found.append((text, stream[i + 1][1], stream[i + 2][1][1:-1]))
    return found


class Scrape:
    """Answers of /metrics, in the text format."""

    def __init__(self, text):
        # By metric, the labels of each of its series.
        self.series = {}
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            match = SAMPLE.match(line)
            if match is None:
                raise ValueError(f"{line!r}: no sample")
            labels = dict(LABEL.findall(match.group(2) or ""))
            self.series.setdefault(match.group(1), []).append(labels)

    def labels_of(self, metric):
        return set().union(*self.series.get(metric, [{}]))

    def missing(self, expression, also_labels=()):
        """What an expression uses and the scrape has not, as texts.

        also_labels: that are used with its results, as in a legend.
        """
        selectors, grouped = parse(expression)
        complaints = []
        known = set(TARGET_LABELS)
        for selector in selectors:
            if selector.metric in OWN_METRICS:
                continue
            if selector.metric not in self.series:
                complaints.append(f"no metric {selector.metric}")
                continue
            known |= self.labels_of(selector.metric)
            for matcher in selector.matchers:
                complaints += self._unmatched(selector.metric, *matcher)
        if not complaints:
            complaints += [f"no label {label} in {expression}"
                           for label in sorted(
                               (grouped | set(also_labels)) - known)]
        return complaints

    def _unmatched(self, metric, label, operator, value):
        if label in TARGET_LABELS:
            return []
        if label not in self.labels_of(metric):
            return [f"no label {label} of {metric}"]
        # Variables of a dashboard may be anything.
        if "$" in value:
            return []
        values = {labels.get(label) for labels in self.series[metric]}
        wanted = value.split("|") if operator.endswith("~") else [value]
        return [f'no {metric}{{{label}="{one}"}}' for one in wanted
                if one not in values]
