"""Runs the reward code of a job in verl's own reward workers on Ray, and writes a dump with verl's own code.

usage: python verl_rewards.py <job> <tokenizer folder> <dump folder>

Rollouts arrive one by one, in an order that mixes their groups, each on one of two workers. Prints as JSON what each got, what
`rollscope score` gives for whole groups, and what a vote within each worker would have given.
"""

import json
import os
import random
import sys
from pathlib import Path

HERE = Path(__file__).absolute().parent
JOB, TOKENIZER, DUMP = (Path(one).absolute() for one in sys.argv[1:4])
PATIENCE = 60
SIZE = 4
os.chdir(JOB)
os.environ |= {"PYTHONPATH": str(JOB), "ROLLSCOPE_GROUP_PATIENCE": str(PATIENCE), "OMP_NUM_THREADS": "1"}
sys.path.insert(0, str(JOB))

import ray  # noqa: E402
from omegaconf import OmegaConf  # noqa: E402
from rollscope_score.node import score_command  # noqa: E402
from rollscope_score.process import ScoreProcess  # noqa: E402
from transformers import PreTrainedTokenizerFast  # noqa: E402
from verl.experimental.reward_loop.reward_loop import RewardLoopManager  # noqa: E402
from verl.trainer.ppo.v1.trainer_base import PPOTrainer  # noqa: E402
from verl.utils.dataset.rl_dataset import RLHFDataset  # noqa: E402
from verl_parts import make_tokenizer, one_rollout  # noqa: E402

# Of each problem, by its id: whole groups vote otherwise than halves of them do.
TEXTS = {
    "a": ["\\boxed{3}", "\\boxed{4}", "so \\boxed{3.0}", "\\boxed{4} or no"],
    "b": ["\\boxed{8}", "#### 7", "\\boxed{8}", "\\boxed{\\frac{16}{2}}"],
    "d": ["\\boxed{5}", "no idea", "\\boxed{5/1}", "\\boxed{6}"],
}
# Worker of each rollout.
PLACES = {"a": [0, 1, 0, 1], "b": [0, 1, 1, 0], "d": [1, 0, 0, 1]}


def main() -> None:
    make_tokenizer(TOKENIZER)
    sys.argv = ["verl_compose.py", str(JOB)]
    scope = {}
    source = (HERE.parent / "interop" / "verl_compose.py").read_text().rsplit("print(", 1)[0]
    exec(source, scope)
    config = scope["config"]
    OmegaConf.set_struct(config, False)
    config.reward.num_workers = 2
    config.actor_rollout_ref.model.path = str(TOKENIZER)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(TOKENIZER)
    dataset = RLHFDataset(config.data.train_files, tokenizer, config.data)
    rows = {row["extra_info"]["id"]: row for row in (dataset[i] for i in range(len(dataset)))}
    validation = RLHFDataset(config.data.val_files, tokenizer, config.data)
    ray.init(num_cpus=2, object_store_memory=100_000_000, include_dashboard=False, logging_level="error")
    workers = RewardLoopManager(config).reward_loop_workers

    arrivals = [(name, i) for name in TEXTS for i in range(SIZE)]
    random.Random(1).shuffle(arrivals)
    asked = {}
    for name, i in arrivals:
        data = one_rollout(tokenizer, rows[name], f"uid-{name}", i, TEXTS[name][i])
        asked[name, i] = workers[PLACES[name][i]].compute_score.remote(data)
    said = dict(zip(asked, ray.get(list(asked.values())), strict=True))

    score = ScoreProcess(score_command())

    def rewards_of(name: str, members: list[int]) -> list[float]:
        problem = json.loads(rows[name]["extra_info"]["problem"])
        responses = [TEXTS[name][i] for i in members]
        return score.ask([{"problem": problem, "responses": responses}])[0]["rewards"] if members else []

    whole = {name: rewards_of(name, list(range(SIZE))) for name in TEXTS}
    naive = {}
    for name in TEXTS:
        naive[name] = [0.0] * SIZE
        for worker in (0, 1):
            members = [i for i in range(SIZE) if PLACES[name][i] == worker]
            for i, reward in zip(members, rewards_of(name, members), strict=True):
                naive[name][i] = reward
    score.close()

    checked = validation[0]
    texts = ["\\boxed{3}", "\\boxed{4}", "\\boxed{4}"]
    tests = [
        workers[i % 2].compute_score.remote(one_rollout(tokenizer, checked, "uid-test", i, text))
        for i, text in enumerate(texts)
    ]
    scored = ray.get(tests)

    lonely = workers[0].compute_score.remote(one_rollout(tokenizer, rows["a"], "uid-lonely", 1, "\\boxed{3}"))
    try:
        ray.get(lonely)
        failure = None
    except Exception as error:
        failure = str(error)

    # Rewards reach the dump as verl has them, in its order.
    keys = [(name, i) for name in TEXTS for i in range(SIZE)]
    prompts = {name: tokenizer.apply_chat_template(list(rows[name]["raw_prompt"]), tokenize=False) for name in TEXTS}
    PPOTrainer._write_generations(
        inputs=[prompts[name] for name, _ in keys],
        outputs=[TEXTS[name][i] for name, i in keys],
        gts=[rows[name]["reward_model"]["ground_truth"] for name, _ in keys],
        scores=[said[key]["reward_score"] for key in keys],
        reward_extra_infos_dict={"uid": [f"uid-{name}_{i}_0" for name, i in keys]},
        dump_path=str(DUMP / "rollouts"),
        global_steps=1,
    )
    ray.shutdown()
    print(
        json.dumps(
            {
                "rewards": {name: [said[name, i]["reward_score"] for i in range(SIZE)] for name in TEXTS},
                "extra": {name: [said[name, i]["reward_extra_info"] for i in range(SIZE)] for name in TEXTS},
                "whole": whole,
                "naive": naive,
                "validation": [one["reward_score"] for one in scored],
                "problems": [len(dataset), len(validation)],
                "failure": failure,
            }
        )
    )


if __name__ == "__main__":
    main()
