"""Jobs, files of rollouts, and commands, without TRL."""

import json
import math
import tempfile
import unittest
from pathlib import Path
from typing import Any

from rollscope_trl.commands import Events
from rollscope_trl.job import read_job, split
from rollscope_trl.recorder import Recorder
from rollscope_trl.rollout import STATISTICS, Rollout, numbers, to_json, write_lines


class Alone:
    """A run of one process."""

    index = 0

    def gather(self, items: list[Any]) -> list[Any]:
        return list(items)

    def broadcast(self, value: Any) -> Any:
        return value


class InFolder(unittest.TestCase):
    def setUp(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.folder = Path(self._folder.name)


class Jobs(InFolder):
    def job(self, **changes: Any) -> str:
        (self.folder / "prompts.jsonl").write_text('{"problem":0,"text":"1+1?","tokens":[5,6]}\n', encoding="utf-8")
        values = {
            **{"version": 2, "model": "/m", "folder": str(self.folder), "prompts": str(self.folder / "prompts.jsonl")},
            **{"batches": [[0], [0]], "group": 4, "micro_batch": 8, "rates": [1e-6, 1e-6], "trl": {}},
            **{"lora": None, "score": ["rollscope"], "resume": None},
            **changes,
        }
        file = self.folder / "job.json"
        file.write_text(json.dumps(values), encoding="utf-8")
        return str(file)

    def test_is_read(self) -> None:
        job = read_job(self.job())
        self.assertEqual((job.steps, job.sequences, job.micro_batch), (2, 4, 8))
        self.assertEqual(job.prompts[0].tokens, [5, 6])

    def test_of_another_version_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            read_job(self.job(version=1))


class Splits(unittest.TestCase):
    def test_are_equal_and_as_large_as_allowed(self) -> None:
        for sequences, processes, most, expected in [(16, 2, 8, (8, 1)), (24, 2, 8, (6, 2)), (7, 1, 4, (1, 7))]:
            parts = split(sequences, processes, most)
            self.assertEqual((parts.per_device, parts.accumulation), expected)
            self.assertEqual(parts.per_device * parts.accumulation * processes, sequences)

    def test_that_processes_cannot_share_are_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "cannot share"):
            split(9, 2, 8)


class Records(InFolder):
    def test_rollouts_are_written_once_their_advantages_are_known(self) -> None:
        def ask(groups: Any) -> list[dict[str, Any]]:
            return [{"rewards": [1.0, 0.0], "evidence": {"custom": [1]}} for _ in groups]

        recorder = Recorder(self.folder / "rollouts", Alone(), Events(self.folder / "events.jsonl"), ask, 2)
        statistics = {name: [0.5] for name in STATISTICS}
        rollouts = [Rollout(3, text, [7], "stop", statistics) for text in ("a", "b")]
        self.assertEqual(recorder.reward(rollouts, 4), [1.0, 0.0])
        self.assertEqual(list(self.folder.glob("rollouts/*")), [])
        recorder.advantages([0.7, math.nan])
        rows = [json.loads(line) for line in (self.folder / "rollouts/train-000004.jsonl").read_text().splitlines()]
        self.assertEqual([row["advantage"] for row in rows], [0.7, None])
        self.assertEqual([row.get("evidence") for row in rows], [{"custom": [1]}, None])
        self.assertEqual(rows[0]["logprob"], [0.5])
        event = json.loads((self.folder / "events.jsonl").read_text())
        self.assertEqual((event["event"], event["phase"], event["step"]), ("rollouts", "train", 4))

    def test_a_file_is_whole_or_not_there(self) -> None:
        def rows() -> Any:
            yield {"a": 1}
            raise RuntimeError("disk")

        with self.assertRaises(RuntimeError):
            write_lines(self.folder / "x.jsonl", rows())
        self.assertFalse((self.folder / "x.jsonl").exists())

    def test_numbers(self) -> None:
        self.assertEqual(numbers([0.1, 1 / 3]), [0.1, 0.333333333])
        with self.assertRaisesRegex(ValueError, "not finite"):
            numbers([math.inf])
        self.assertEqual(to_json({"a": [math.nan, 1.5]}), '{"a": [null, 1.5]}')


if __name__ == "__main__":
    unittest.main()
