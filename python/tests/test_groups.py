"""Groups that are on several processes: threads stand in for the processes here; tests/trainers has real ones."""

import threading
import unittest
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rollscope_trl.groups import IncompleteGroup, score_together, whole_groups
from rollscope_trl.rollout import Rollout


class Together:
    """Processes that meet in each call, as collectives do."""

    def __init__(self, count: int) -> None:
        self.barrier = threading.Barrier(count)
        self.shared: list[list[Any]] = [[] for _ in range(count)]
        self.value: Any = None

    def process(self, index: int) -> "Process":
        return Process(self, index)


class Process:
    def __init__(self, together: Together, index: int) -> None:
        self._together = together
        self._index = index

    @property
    def index(self) -> int:
        return self._index

    def gather(self, items: list[Any]) -> list[Any]:
        self._together.shared[self._index] = items
        self._together.barrier.wait()
        gathered = [item for part in self._together.shared for item in part]
        self._together.barrier.wait()
        return gathered

    def broadcast(self, value: Any) -> Any:
        if self._index == 0:
            self._together.value = value
        self._together.barrier.wait()
        found = self._together.value
        self._together.barrier.wait()
        return found


def majority(responses: Sequence[str]) -> list[float]:
    winner = Counter(responses).most_common(1)[0][0]
    return [float(response == winner) for response in responses]


def vote(groups: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"rewards": majority([one["text"] for one in group["responses"]])} for group in groups]


def rollouts(problem: int, texts: Sequence[str]) -> list[Rollout]:
    return [Rollout(problem, text, [1], "stop") for text in texts]


def run(parts: list[list[Rollout]], size: int, ask: Any = vote) -> list[Any]:
    together = Together(len(parts))
    results: list[Any] = [None] * len(parts)

    def work(index: int) -> None:
        try:
            results[index] = score_together(together.process(index), parts[index], size, 1, ask)
        except RuntimeError as error:
            results[index] = error

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(parts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


class ScoreTogether(unittest.TestCase):
    def test_halves_elect_what_the_whole_group_does(self) -> None:
        whole = ["a", "a", "a", "b", "b", "b", "b", "c"]
        halves = [rollouts(0, whole[:4]), rollouts(0, whole[4:])]
        naive = majority(whole[:4]) + majority(whole[4:])
        results = run(halves, 8)
        together = [reward for rewards, _ in results for reward in rewards]
        self.assertEqual(together, majority(whole))
        self.assertNotEqual(naive, together)

    def test_processes_may_have_different_numbers(self) -> None:
        parts = [rollouts(0, "aab"), rollouts(0, "b") + rollouts(1, "xx"), rollouts(1, "yz")]
        results = run(parts, 4)
        self.assertEqual([rewards for rewards, _ in results], [[1, 1, 0], [0, 1, 1], [0, 0]])

    def test_a_group_that_is_left_out_has_no_rewards_for_the_trainer(self) -> None:
        def skip(groups: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
            return [{"rewards": [0.5, 0.5], "skip": "no two answers"} for _ in groups]

        ((rewards, groups),) = run([rollouts(0, "ab")], 2, skip)
        self.assertEqual(rewards, [None, None])
        self.assertEqual(groups[0].answer["rewards"], [0.5, 0.5])

    def test_only_the_first_has_the_groups(self) -> None:
        (_, groups), (_, others) = run([rollouts(3, "ab"), rollouts(3, "bb")], 4)
        self.assertEqual([(group.problem, len(group.rollouts)) for group in groups], [(3, 4)])
        self.assertEqual(others, [])

    def test_what_goes_wrong_is_raised_everywhere(self) -> None:
        def refuse(_: Any) -> list[dict[str, Any]]:
            raise ValueError("no rewards")

        for result in run([rollouts(0, "a"), rollouts(0, "b")], 2, refuse):
            self.assertIsInstance(result, RuntimeError)
            self.assertIn("no rewards", str(result))


class WholeGroups(unittest.TestCase):
    def test_rollouts_of_two_problems_are_no_group(self) -> None:
        with self.assertRaises(IncompleteGroup):
            whole_groups(rollouts(0, "ab") + rollouts(1, "ab"), 4)

    def test_a_part_of_a_group_is_none(self) -> None:
        with self.assertRaises(IncompleteGroup):
            whole_groups(rollouts(0, "abc"), 4)


if __name__ == "__main__":
    unittest.main()
