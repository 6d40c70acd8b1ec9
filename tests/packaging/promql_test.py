#!/usr/bin/python3
"""The checker of metrics finds what is missing: the control of scrape_test.

scrape.txt beside this file is a scrape with one series of each kind. Exits with
77 where Debian's python3-yaml is missing.
"""
import pathlib
import sys
import unittest

try:
    import monitoring
except ImportError as error:
    print(f"SKIPPED: wants python3-yaml: {error}", file=sys.stderr)
    sys.exit(77)
from promql import OWN_METRICS, Scrape, parse

TEXT = pathlib.Path(__file__).with_name("scrape.txt").read_text()


class Expressions(unittest.TestCase):

    def test_metrics_and_labels_are_found(self):
        cases = [
            ("m == 0 or absent(m{a=\"b\"})", ["m", "m"], set()),
            ("sum by (a, le) (rate(m_bucket{x=~\"$v\"}[$__rate_interval]))",
             ["m_bucket"], {"a", "le"}),
            ("sum(rate(m[5m])) by (a) / on (b) group_left (c) n offset 5m",
             ["m", "n"], {"a", "b", "c"}),
            ("topk($top, max without (a) (m)) > 26 * 3600", ["m"], {"a"}),
            ("time() - (m{a!=\"}\", b!~\"x|y\"} > bool 0) and 1e-9 < n",
             ["m", "n"], set()),
            ("histogram_quantile(0.99, m)", ["m"], set()),
        ]
        for expression, metrics, labels in cases:
            with self.subTest(expression):
                selectors, grouped = parse(expression)
                self.assertEqual([s.metric for s in selectors], metrics)
                self.assertEqual(grouped, labels)

    def test_what_cannot_be_read_is_refused(self):
        for expression in ("m{a=\"b", "m ? n", "sum by (a", "m{"):
            with self.subTest(expression), self.assertRaises(ValueError):
                parse(expression)
        for text in ("m{a=\"b\"}", "{} 1", "m 1 2 3"):
            with self.subTest(text), self.assertRaises(ValueError):
                Scrape(text)

    def test_what_is_missing_is_named(self):
        scrape = Scrape('m{a="x"} 1\nm{a="y"} 2\nn 1\n')
        cases = [
            ('sum by (a, job) (m{a=~"x|y", instance="i"}) + n', []),
            ("up == 0", []),
            ('m{a="$table"}', []),
            ("gone", ["no metric gone"]),
            ('m{b="x"}', ["no label b of m"]),
            ('m{a="z"}', ['no m{a="z"}']),
            ('m{a=~"x|z"}', ['no m{a="z"}']),
            ("sum by (b) (m)", ["no label b in sum by (b) (m)"]),
        ]
        for expression, complaints in cases:
            with self.subTest(expression):
                self.assertEqual(scrape.missing(expression), complaints)
        self.assertEqual(scrape.missing("n", ["b"]), ["no label b in n"])


class Monitoring(unittest.TestCase):

    def test_all_that_is_used_is_in_the_scrape(self):
        self.assertEqual(monitoring.missing(Scrape(TEXT)), [])

    def test_every_metric_that_is_renamed_is_missed(self):
        used = {selector.metric
                for _, expression, _ in [*monitoring.alert_queries(),
                                         *monitoring.dashboard_queries()]
                for selector in parse(expression)[0]} - OWN_METRICS
        self.assertGreater(len(used), 40)
        for metric in sorted(used):
            with self.subTest(metric):
                renamed = Scrape(TEXT)
                renamed.series["x_" + metric] = renamed.series.pop(metric)
                self.assertIn(f"no metric {metric}",
                              " ".join(monitoring.missing(renamed)))

    def test_labels_and_values_that_are_renamed_are_missed(self):
        cases = [
            ('reason="', 'why="', "label reason"),
            ('{table="', '{name="', "label table"),
            ('code="DataLoss"', 'code="DATA_LOSS"', 'code="DataLoss"'),
            ('grpc_type="unary"', 'grpc_type="UNARY"', 'grpc_type="unary"'),
            ('{version="', '{release="', "label version"),
        ]
        for old, new, complaint in cases:
            with self.subTest(old):
                self.assertIn(old, TEXT)
                renamed = Scrape(TEXT.replace(old, new))
                self.assertIn(complaint,
                              " ".join(monitoring.missing(renamed)))


if __name__ == "__main__":
    unittest.main()
