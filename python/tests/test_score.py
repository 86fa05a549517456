"""Rewards of a process that answers each line with one line."""

import sys
import unittest

from rollscope_score.process import ScoreError, ScoreProcess

ANSWERS = """
import json, sys
for line in sys.stdin:
    group = json.loads(line)
    if group.get("refuse"):
        print(json.dumps({"error": "no", "hint": "Ask again."}), flush=True)
    elif group.get("end"):
        sys.exit("gone")
    else:
        print(json.dumps({"rewards": [len(one["text"]) for one in group["responses"]]}), flush=True)
"""


class Scores(unittest.TestCase):
    def setUp(self) -> None:
        self.process = ScoreProcess([sys.executable, "-c", ANSWERS])
        self.addCleanup(self.process.close)

    def test_answers_come_in_order(self) -> None:
        groups = [{"responses": [{"text": "a" * n}]} for n in (1, 2, 3)]
        self.assertEqual([answer["rewards"] for answer in self.process.ask(groups)], [[1], [2], [3]])

    def test_a_refusal_is_an_error_with_its_hint(self) -> None:
        with self.assertRaisesRegex(ScoreError, "no Ask again"):
            self.process.ask([{"refuse": True}])

    def test_an_end_is_an_error_with_its_last_lines(self) -> None:
        with self.assertRaisesRegex(ScoreError, "ended with 1"):
            self.process.ask([{"end": True}])


if __name__ == "__main__":
    unittest.main()
