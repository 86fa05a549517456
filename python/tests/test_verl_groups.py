"""Groups whose rollouts come in any order; tests/trainers/verl.test.ts has real workers of verl and Ray."""

import asyncio
import unittest
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rollscope_verl.groups import GroupVotes, IncompleteGroup, Sample


class Scorer:
    """A majority vote on texts, which remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, groups: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return [self._one(group) for group in groups]

    def _one(self, group: dict[str, Any]) -> dict[str, Any]:
        texts = [response["text"] for response in group["responses"]]
        self.asked.append(texts)
        [(winner, count)] = Counter(texts).most_common(1)
        clusters = [
            {
                "answer": text,
                "members": [i + 1 for i, one in enumerate(texts) if one == text],
                "correct": text == group["problem"].get("answer"),
            }
            for text in dict.fromkeys(texts)
        ]
        return {
            "rewards": [float(text == winner) for text in texts],
            "answers": texts,
            "clusters": clusters,
            "majority": winner,
            "share": count / len(texts),
            "explanations": texts,
        }


def sample(group: str, rollout: int, text: str) -> Sample:
    return Sample(group, rollout, {"answer": "3"}, {"text": text, "ids": [1], "finish": "stop"}, 1)


class Groups(unittest.IsolatedAsyncioTestCase):
    async def test_a_group_votes_once_when_it_is_whole_whatever_the_order(self) -> None:
        scorer = Scorer()
        votes = GroupVotes(scorer, 60)
        texts = {"a": ["3", "4", "3", "4", "3"], "b": ["7", "7", "8", "7", "8"]}
        # The first of one group come with the last of the other, backwards.
        order = [("a", 4), ("b", 0), ("a", 1), ("b", 3), ("b", 2), ("a", 3), ("b", 1), ("a", 0), ("b", 4), ("a", 2)]
        said = await asyncio.gather(*(votes.reward(sample(g, i, texts[g][i]), 5) for g, i in order))
        rewards = {at: one["reward"] for at, one in zip(order, said, strict=True)}
        self.assertEqual([rewards["a", i] for i in range(5)], [1, 0, 1, 0, 1])
        self.assertEqual([rewards["b", i] for i in range(5)], [1, 1, 0, 1, 0])
        self.assertEqual(sorted(scorer.asked), sorted(texts.values()))
        self.assertEqual({one["correct"] for (g, _), one in zip(order, said, strict=True) if g == "b"}, {False})

    async def test_nobody_gets_a_reward_before_the_last_one_came(self) -> None:
        votes = GroupVotes(Scorer(), 60)
        waiting = [asyncio.create_task(votes.reward(sample("a", i, "3"), 3)) for i in range(2)]
        await asyncio.sleep(0)
        self.assertFalse(any(task.done() for task in waiting))
        await votes.reward(sample("a", 2, "4"), 3)
        self.assertEqual([(await task)["reward"] for task in waiting], [1, 1])

    async def test_a_group_that_stays_incomplete_fails_by_name(self) -> None:
        votes = GroupVotes(Scorer(), 0)
        with self.assertRaisesRegex(IncompleteGroup, r"Group a of step 1 has 2 of 4 rollouts.*missing 1, 3"):
            await asyncio.gather(*(votes.reward(sample("a", i, "3"), 4) for i in (0, 2)))
        # One that comes later hears the same, and is not left waiting.
        with self.assertRaises(IncompleteGroup):
            await votes.reward(sample("a", 1, "3"), 4)

    async def test_a_rollout_that_comes_twice_counts_once(self) -> None:
        scorer = Scorer()
        votes = GroupVotes(scorer, 60)
        order = [0, 0, 1, 2]
        said = await asyncio.gather(*(votes.reward(sample("a", i, "34"[i > 0]), 3) for i in order))
        self.assertEqual([one["reward"] for one in said], [0, 0, 1, 1])
        self.assertEqual((await votes.reward(sample("a", 0, "3"), 3))["reward"], 0)
        self.assertEqual(len(scorer.asked), 1)

    async def test_what_goes_wrong_with_a_group_is_told_to_all_of_it(self) -> None:
        def refuse(_: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
            raise ValueError("no such reward")

        votes = GroupVotes(refuse, 60)
        said = await asyncio.gather(*(votes.reward(sample("a", i, "3"), 2) for i in range(2)), return_exceptions=True)
        self.assertEqual([str(one) for one in said], ["no such reward"] * 2)

    async def test_one_that_gives_up_does_not_take_the_vote_from_the_others(self) -> None:
        votes = GroupVotes(Scorer(), 60)
        first = asyncio.create_task(votes.reward(sample("a", 0, "3"), 2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        self.assertEqual((await votes.reward(sample("a", 1, "3"), 2))["reward"], 1)

    async def test_a_validation_scores_each_rollout_alone(self) -> None:
        votes = GroupVotes(Scorer(), 60)
        said = await asyncio.gather(*(votes.correctness(sample("a", 0, text)) for text in ("3", "4", "4")))
        self.assertEqual([one["reward"] for one in said], [1, 0, 0])


if __name__ == "__main__":
    unittest.main()
