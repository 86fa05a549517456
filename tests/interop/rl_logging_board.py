"""Writes RLLoggingBoard's files: what its README asks a trainer to write, of a random model of TRL's kind, with its tokens.

Each of two processes writes its share of every step, with padding behind the tokens, as the README's example has it.

usage: python rl_logging_board.py <folder>     needs torch, transformers, tokenizers
"""

import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

PROBLEMS = [("What is 2 + 3?", "5"), ("Wie viel ist 7 × 8?", "56")]


def byte_level() -> PreTrainedTokenizerFast:
    """Of the kind that Qwen and Llama 3 have: tokens are written as bytes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<PAD>", "<EOD>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["The answer is \\boxed{5}", "Die Antwort ist \\boxed{56}"] * 4, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<PAD>", eos_token="<EOD>")


def logprobs_of(model, prompt: list[int], response: list[int]) -> list[float]:
    with torch.no_grad():
        logits = model(torch.tensor([prompt + response])).logits[0, len(prompt) - 1 : -1]
    return logits.log_softmax(-1).gather(-1, torch.tensor(response)[:, None])[:, 0].tolist()


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    tokenizer = byte_level()
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    policy, reference = Qwen2ForCausalLM(config), Qwen2ForCausalLM(config)
    for rank in range(2):
        with open(folder / f"rollout_data_rank{rank}.jsonl", "w") as out:
            for step in (1, 2):
                for i, (question, answer) in enumerate(PROBLEMS):
                    for sample in range(2):
                        given = answer if sample == 0 or step == 2 else "4"
                        text = f"{'Größe: ' if i else ''}The answer is \\boxed{{{given}}}<EOD>"
                        prompt = tokenizer(question, add_special_tokens=False)["input_ids"]
                        response = tokenizer(text, add_special_tokens=False)["input_ids"]
                        padded = response + [tokenizer.pad_token_id] * (i + 1)
                        row = {
                            "prompt": "<PAD>" + question,
                            "response": text + "<PAD>" * (i + 1),
                            "response_tokens": tokenizer.convert_ids_to_tokens(padded),
                            "logprobs": logprobs_of(policy, prompt, response),
                            "ref_logprobs": logprobs_of(reference, prompt, response),
                            "values": [0.5] * len(response),
                            "token_rewards": [0.0] * (len(response) - 1) + [float(given == answer)],
                            "reward": float(given == answer),
                            "step": step,
                            "ground_truth": answer,
                        }
                        out.write(json.dumps(row, ensure_ascii=False) + "\n")


main()
