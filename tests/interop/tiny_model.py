"""A tiny random model that knows how an answer looks, for trainers that run on a CPU in seconds.

usage: python tiny_model.py <folder>     needs torch, transformers, tokenizers
"""

import random
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

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


if __name__ == "__main__":
    torch.manual_seed(7)
    random.seed(7)
    tiny(Path(sys.argv[1]))
