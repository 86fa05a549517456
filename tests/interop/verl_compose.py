"""Composes a job's overrides with verl's configuration, as verl's main does, and prints it as JSON.

usage: python verl_compose.py <job> [validate]     validate: also by verl's own code, which needs all of verl
"""

import importlib.util
import json
import sys
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

sys.path.insert(0, sys.argv[1])
from train import command  # noqa: E402

parts = command(Path("/shared/out"), [], False, "now")
overrides = parts[parts.index("verl.trainer.main_ppo") + 1 :]
[package] = importlib.util.find_spec("verl").submodule_search_locations
with initialize_config_dir(config_dir=str(Path(package) / "trainer" / "config"), version_base=None):
    config = compose("ppo_trainer", overrides=overrides)
if sys.argv[2:] == ["validate"]:
    from verl.trainer.ppo.utils import need_critic, need_reference_policy
    from verl.utils.config import omega_conf_to_dataclass, validate_config

    validate_config(config, need_reference_policy(config), need_critic(config))
    # Its RewardConfig cannot be made a dataclass in 0.9.1, whatever is in it; verl does not try.
    for part in (config.actor_rollout_ref.actor, config.actor_rollout_ref.rollout, config.algorithm):
        omega_conf_to_dataclass(part)
print(json.dumps(OmegaConf.to_container(config)))
