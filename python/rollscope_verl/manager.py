"""Rollscope's rewards as a reward manager of verl."""

import json
from typing import Any

from verl import DataProto
from verl.experimental.reward_loop.reward_manager.base import RewardManagerBase

from .actor import shared_actor
from .groups import Sample

TRAIN = "train"


class RollscopeRewardManager(RewardManagerBase):
    """
    verl asks for the reward of one rollout at a time, on any of several workers. Here each waits for its siblings:
    groups come together in one actor, which all workers share. Rollouts of a validation score whether they are right,
    alone.
    """

    def __init__(
        self,
        config: Any,
        tokenizer: Any,
        compute_score: Any,
        reward_router_address: str | None = None,
        reward_model_tokenizer: Any = None,
    ) -> None:
        super().__init__(config, tokenizer, compute_score)
        self._size = int(config.actor_rollout_ref.rollout.n)
        self._longest = int(config.data.max_response_length)
        self._actor = shared_actor()

    async def run_single(self, data: DataProto) -> dict[str, Any]:
        # The last sequence of a rollout has its response.
        item = data[-1:][0]
        sample = await self.loop.run_in_executor(None, self._sample, item)
        if item.non_tensor_batch["extra_info"]["split"] == TRAIN:
            said = await self._actor.reward.remote(sample, self._size)
        else:
            said = await self._actor.correctness.remote(sample)
        correct = said["correct"]
        return {
            "reward_score": said["reward"],
            "reward_extra_info": {
                # Names that verl's validation takes its accuracy and its vote from.
                "acc": None if correct is None else float(correct),
                "pred": said["answer"] or "",
                # Under this name an import finds the problem again.
                "problem_id": str(item.non_tensor_batch["extra_info"]["id"]),
            },
        }

    def _sample(self, item: Any) -> Sample:
        facts = item.non_tensor_batch
        count = item.batch["responses"].shape[-1]
        length = int(item.batch["attention_mask"][-count:].sum())
        ids = item.batch["responses"][:length]
        text = self.tokenizer.decode(ids, skip_special_tokens=True)
        finish = "length" if length >= self._longest else "stop"
        return Sample(
            group=str(facts["uid"]),
            rollout=int(facts["session_id"]),
            problem=json.loads(facts["extra_info"]["problem"]),
            response={"text": text, "ids": ids.tolist(), "finish": finish},
            step=max(0, int(facts.get("global_steps", 0))),
        )
