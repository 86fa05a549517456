"""Stands in for `python -m verl.trainer.main_ppo` where there is no GPU: everything but the model is verl's.

verl's configuration is composed with the overrides, its dataset and its reward workers on Ray take the job's files and
reward manager, its own code writes rollouts, and its own loggers write the metrics. Responses are made up, weights are
not; a checkpoint is the number of its step. Behind each step it waits for `<outputs>/pace`, a number of steps, where
that file exists.

usage: python verl_standin.py <Hydra override> ...
"""

import importlib.util
import json
import os
import random
import sys
import time
from pathlib import Path

import ray
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from transformers import PreTrainedTokenizerFast
from verl.experimental.reward_loop.reward_loop import RewardLoopManager
from verl.trainer.ppo.v1.trainer_base import PPOTrainer
from verl.utils.dataset.rl_dataset import RLHFDataset
from verl.utils.tracking import Tracking

HERE = Path(__file__).absolute().parent
sys.path.insert(0, str(HERE))
from verl_parts import make_tokenizer, one_rollout  # noqa: E402
from verl_watch import end_with  # noqa: E402


def composed(overrides: list[str]):
    [package] = importlib.util.find_spec("verl").submodule_search_locations
    with initialize_config_dir(config_dir=str(Path(package) / "trainer" / "config"), version_base=None):
        config = compose("ppo_trainer", overrides=overrides)
    OmegaConf.set_struct(config, False)
    return config


def response(answer: str | None, step: int, i: int) -> str:
    """The later the step, the more of them agree."""
    right = answer if answer is not None else "1"
    said = right if random.Random(f"{answer} {step} {i}").random() < 0.4 + 0.1 * step else f"{i}"
    return f"Step {step}: I think it is \\boxed{{{said}}}"


class Steps:
    def __init__(self, config, folder: Path) -> None:
        self.config = config
        tokenizer = folder / "tokenizer"
        make_tokenizer(tokenizer)
        config.actor_rollout_ref.model.path = str(tokenizer)
        config.reward.num_workers = 2
        self.tokenizer = PreTrainedTokenizerFast.from_pretrained(tokenizer)
        self.train = RLHFDataset(config.data.train_files, self.tokenizer, config.data)
        self.validation = RLHFDataset(config.data.val_files, self.tokenizer, config.data)
        self.workers = RewardLoopManager(config).reward_loop_workers

    def make(self, rows: list[dict], n: int, step: int, dump: str) -> float:
        keys = [(row, i) for row in rows for i in range(n)]
        texts = [response(row["reward_model"]["ground_truth"], step, i) for row, i in keys]
        asked = {}
        order = list(range(len(keys)))
        random.Random(step).shuffle(order)
        for at in order:
            row, i = keys[at]
            data = one_rollout(self.tokenizer, row, f"{dump}-{step}-{row['extra_info']['id']}", i, texts[at], step)
            asked[at] = self.workers[at % 2].compute_score.remote(data)
        said = [ray.get(asked[at]) for at in range(len(keys))]
        extra = [one["reward_extra_info"] for one in said]
        prompts = [self.tokenizer.apply_chat_template(list(row["raw_prompt"]), tokenize=False) for row, _ in keys]
        PPOTrainer._write_generations(
            inputs=prompts,
            outputs=texts,
            gts=[row["reward_model"]["ground_truth"] for row, _ in keys],
            scores=[one["reward_score"] for one in said],
            reward_extra_infos_dict={name: [one[name] for one in extra] for name in extra[0]},
            dump_path=dump,
            global_steps=step,
        )
        return sum(one["reward_score"] for one in said) / len(said)


def main() -> None:
    end_with(int(os.environ["ROLLSCOPE_TEST_CLUSTER"]))
    config = composed(sys.argv[1:])
    trainer = config.trainer
    out = Path(trainer.rollout_data_dir).parent
    os.environ["VERL_FILE_LOGGER_ROOT"] = str(config.ray_kwargs.ray_init.runtime_env.env_vars.VERL_FILE_LOGGER_ROOT)
    ray.init(runtime_env={"env_vars": {"OMP_NUM_THREADS": "1"}}, logging_level="error")
    checkpoints = Path(trainer.default_local_dir)
    checkpoints.mkdir(parents=True, exist_ok=True)
    latest = checkpoints / "latest_checkpointed_iteration.txt"
    done = int(latest.read_text()) if latest.exists() else 0
    print(f"Resuming from step {done}" if done else "Training from scratch", flush=True)
    logger = Tracking(trainer.project_name, trainer.experiment_name, list(trainer.logger))
    work = Steps(config, checkpoints)
    train = [work.train[i] for i in range(len(work.train))]
    tests = [work.validation[i] for i in range(len(work.validation))]
    size, n = config.data.train_batch_size, config.actor_rollout_ref.rollout.n
    validation = config.actor_rollout_ref.rollout.val_kwargs.n
    if trainer.val_before_train and done == 0:
        logger.log({"val-core/mean": work.make(tests, validation, 0, trainer.validation_data_dir)}, 0)
    for step in range(done + 1, trainer.total_training_steps + 1):
        begun = time.monotonic()
        rows = [train[(step * size + i) % len(train)] for i in range(size)]
        mean = work.make(rows, n, step, trainer.rollout_data_dir)
        if (out / "fail").exists():
            raise RuntimeError("CUDA out of memory, says the stand-in")
        metrics = {"critic/score/mean": mean, "actor/pg_loss": 0.5 / step, "actor/grad_norm": 1.0}
        if trainer.test_freq > 0 and (step % trainer.test_freq == 0 or step == trainer.total_training_steps):
            metrics["val-core/mean"] = work.make(tests, validation, step, trainer.validation_data_dir)
        if trainer.save_freq > 0 and step % trainer.save_freq == 0:
            latest.write_text(str(step))
        logger.log(metrics | {"timing_s/step": time.monotonic() - begun}, step)
        pace = out / "pace"
        while pace.exists() and step >= int(pace.read_text() or "0"):
            time.sleep(0.2)
    print(json.dumps({"done": trainer.total_training_steps}), flush=True)
    ray.shutdown()


if __name__ == "__main__":
    main()
