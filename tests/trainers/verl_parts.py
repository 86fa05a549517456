"""What verl's workers need to give rewards without a model: a tokenizer of bytes, and rollouts of given texts."""

from pathlib import Path

import numpy as np
import torch
from tensordict import TensorDict
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from verl import DataProto


def make_tokenizer(folder: Path) -> None:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {one: i for i, one in enumerate([*alphabet, "<|end|>"])}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|end|>", pad_token="<|end|>")
    made.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: "
    made.save_pretrained(folder)


def one_rollout(tokenizer, row: dict, uid: str, session: int, text: str, step: int = 1) -> DataProto:
    """As verl's agent loop makes it (AgentLoopWorker._compute_score)."""
    prompt = tokenizer.apply_chat_template(list(row["raw_prompt"]), add_generation_prompt=True, tokenize=False)
    prompts = torch.tensor(tokenizer.encode(prompt))
    responses = torch.tensor([*tokenizer.encode(text), tokenizer.eos_token_id])
    ids = torch.cat([prompts, responses])
    batch = {"prompts": prompts, "responses": responses, "input_ids": ids, "attention_mask": torch.ones_like(ids)}
    names = ("raw_prompt", "data_source", "reward_model", "extra_info", "index")
    facts = {name: row[name] for name in names} | {"uid": uid, "session_id": session, "global_steps": step}
    return DataProto(
        batch=TensorDict({name: one[None] for name, one in batch.items()}, batch_size=1),
        non_tensor_batch={name: np.array([one]) for name, one in facts.items()}
        | {"tool_extra_fields": np.array([{}], dtype=object)},
    )
