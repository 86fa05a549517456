"""Makes a TRL output folder with TRL's own trainer: a tiny random model, two reward functions, logged completions.

usage: python trl_run.py <folder> [steps]     needs trl, torch, transformers, datasets, pandas, pyarrow
"""

import json
import random
import sys
from pathlib import Path

import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM
from trl import GRPOConfig, GRPOTrainer

SUMS = [("2 + 3", "5"), ("7 - 4", "3"), ("4 + 4", "8"), ("9 - 3", "6")]


def tiny(folder: Path):
    """A random model whose tokens are digits and the parts of an answer, so that some answers are right."""
    words = ["<pad>", "<eos>", "<user>", "<assistant>", "\\boxed{", "}"] + list("0123456789 +-=?")
    words += [" is ", "The answer"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="?"))
    pattern = "|".join(["<[a-z]+>", r"\\boxed\{", r"\}", "The answer", " is ", "."])
    from tokenizers import Regex

    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="isolated")
    from tokenizers import decoders

    tokenizer.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")
    fast.chat_template = (
        "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}"
        "{% if add_generation_prompt %}<assistant>{% endif %}"
    )
    config = Qwen2Config(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        eos_token_id=1,
        pad_token_id=0,
        tie_word_embeddings=True,
    )
    model = Qwen2ForCausalLM(config)
    teach(model, fast)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def teach(model, tokenizer):
    """A few steps on boxed digits, so that the rollouts have answers, some of them right."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(150):
        texts = [
            f"<user>{question}?<assistant>\\boxed{{{random.choice([answer, str(random.randrange(10))])}}}<eos>"
            for question, answer in SUMS
        ]
        ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts])
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def text_of(completion):
    return completion if isinstance(completion, str) else completion[0]["content"]


def accuracy_reward(completions, solution, **_):
    """Right where the boxed digit is the solution."""
    return [1.0 if f"\\boxed{{{s}}}" in text_of(c) else 0.0 for c, s in zip(completions, solution)]


def format_reward(completions, log_extra=None, **_):
    """Half a point for a box; nothing is said of an empty completion."""
    boxes = ["\\boxed{" in text_of(c) for c in completions]
    if log_extra:
        log_extra("has_box", boxes)
    return [None if text_of(c) == "" else 0.5 * box for c, box in zip(completions, boxes)]


def main():
    folder = Path(sys.argv[1])
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    torch.manual_seed(7)
    random.seed(7)
    model = tiny(folder / "model")
    rows = [
        {"prompt": [{"role": "user", "content": f"{question}?"}], "solution": answer} for question, answer in SUMS
    ]
    config = GRPOConfig(
        output_dir=str(folder / "output"),
        per_device_train_batch_size=8,
        num_generations=4,
        max_completion_length=12,
        max_steps=steps,
        logging_steps=1,
        save_steps=2,
        learning_rate=2e-3,
        log_completions=True,
        report_to=[],
        use_cpu=True,
        beta=0.04,
        seed=7,
        disable_tqdm=True,
    )
    trainer = GRPOTrainer(
        model=str(model),
        reward_funcs=[accuracy_reward, format_reward],
        args=config,
        train_dataset=Dataset.from_list(rows),
    )
    trainer.train()
    trainer.save_state()
    print(json.dumps({"output": config.output_dir, "steps": trainer.state.global_step}))


main()
