"""Checkpoints of the two kinds of DeepSeek-R1 distills, random and small, with what transformers makes of them: r1_distills.py FOLDER TEMPLATE.

FOLDER/qwen and FOLDER/llama have config.json, generation_config.json and tokenizer_config.json with the fields and values
of the distills on the Hub (only sizes, vocabularies and so the ids of tokens are smaller), a tokenizer.json with their rules and
special tokens, the chat template that is given, and the numbers that `tests/parity/oracle/tiny_models.py` writes. Prints JSON: for each, the tokens of prompts and
texts, and what it answers greedily.
"""

import json
import os
import pathlib
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
TESTS = pathlib.Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "parity" / "oracle"), str(TESTS / "interop")]
from tiny_models import write_model  # noqa: E402  (one thread)
from tokenizer_kinds import LLAMA3, QWEN2, bytes_kind, split  # noqa: E402
import torch  # noqa: E402
from tokenizers import AddedToken, processors, trainers  # noqa: E402
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer  # noqa: E402

BOS, EOS, USER, ASSISTANT = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"
SIZES = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2)
SHARED = dict(hidden_act="silu", attention_dropout=0.0, initializer_range=0.02, max_position_embeddings=131072, torch_dtype="bfloat16",
              use_cache=True, tie_word_embeddings=False)
KINDS = {
    "qwen": dict(
        config=dict(SHARED, architectures=["Qwen2ForCausalLM"], model_type="qwen2", max_window_layers=21, rms_norm_eps=1e-6,
                    rope_theta=10000, sliding_window=4096, use_mrope=False, use_sliding_window=False),
        pattern=QWEN2, ignore_merges=False,
        added=[(EOS, True), (USER, False), (ASSISTANT, False), (BOS, True), ("<|EOT|>", False), ("<think>", False), ("</think>", False)],
    ),
    "llama": dict(
        config=dict(SHARED, architectures=["LlamaForCausalLM"], model_type="llama", attention_bias=False, mlp_bias=False, pretraining_tp=1,
                    rms_norm_eps=1e-5, rope_theta=500000.0,
                    rope_scaling=dict(factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192,
                                      rope_type="llama3")),
        pattern=LLAMA3, ignore_merges=True,
        added=[(BOS, True), (EOS, True), (USER, False), (ASSISTANT, False), ("<think>", False), ("</think>", False), ("<｜▁pad▁｜>", True)],
    ),
}
TEXTS = ["What is 2+3?", "Say <think> twice,\nplease: ١٢٣ 4567 naïve", "  two spaces", "日本語 and code: x[i]+=1;"]


def tokenizer_of(folder, kind, template):
    """A tokenizer with the rules and special tokens of the kind, trained on the project's own texts."""
    tokenizer, alphabet = bytes_kind(split(kind["pattern"]), ignore_merges=kind["ignore_merges"])
    texts = [file.read_text(encoding="utf-8") for file in sorted((TESTS.parent / "docs").glob("*.md"))]
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=700, initial_alphabet=alphabet, show_progress=False))
    for token, special in kind["added"]:
        added = AddedToken(token, normalized=False, special=special)
        (tokenizer.add_special_tokens if special else tokenizer.add_tokens)([added])
    bos = tokenizer.token_to_id(BOS)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{BOS} $A", pair=f"{BOS} $A {BOS}:1 $B:1", special_tokens=[(BOS, bos)])
    tokenizer.save(str(folder / "tokenizer.json"))
    token = lambda content: dict(__type="AddedToken", content=content, lstrip=False, normalized=True, rstrip=False, single_word=False)  # noqa: E731
    described = dict(add_bos_token=True, add_eos_token=False, bos_token=token(BOS), clean_up_tokenization_spaces=False, eos_token=token(EOS),
                     legacy=True, model_max_length=16384, pad_token=token(EOS), sp_model_kwargs={}, unk_token=None,
                     tokenizer_class="LlamaTokenizerFast", chat_template=template)
    (folder / "tokenizer_config.json").write_text(json.dumps(described, indent=2))
    return tokenizer


def make(folder, name, template):
    kind = KINDS[name]
    folder.mkdir(parents=True)
    # The numbers come first: they replace the folder.
    tokenizer = tokenizer_of(folder, kind, template)
    ids = dict(bos_token_id=tokenizer.token_to_id(BOS), eos_token_id=tokenizer.token_to_id(EOS))
    # Qwen's distills name the end of text as the beginning, too.
    own = dict(kind["config"], **SIZES, vocab_size=(tokenizer.get_vocab_size() + 15) // 16 * 16, **ids)
    if name == "qwen":
        own["bos_token_id"] = ids["eos_token_id"]
    (folder / "config.json").write_text(json.dumps(own))
    config = AutoConfig.from_pretrained(folder)
    write_model(folder, config, 7, False)
    tokenizer_of(folder, kind, template)
    (folder / "config.json").write_text(json.dumps(own, indent=2))
    (folder / "generation_config.json").write_text(json.dumps(dict(ids, do_sample=True, temperature=0.6, top_p=0.95)))


@torch.inference_mode()
def answers(folder, count=12):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    found = []
    for text in TEXTS:
        chat = [{"role": "user", "content": text}]
        rendered = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
        ids = tokenizer(rendered, add_special_tokens=False)["input_ids"]
        tokens, logprobs = list(ids), []
        for _ in range(count):
            logits = model(torch.tensor([tokens])).logits[0, -1]
            logprobs.append(float(torch.log_softmax(logits, -1).max()))
            tokens.append(int(logits.argmax()))
        found.append(dict(text=text, rendered=rendered, ids=ids, plain=tokenizer(text)["input_ids"],
                          answer=tokens[len(ids):], logprobs=logprobs))
    return found


def main():
    folder, template = pathlib.Path(sys.argv[1]), sys.argv[2]
    for name in KINDS:
        make(folder / name, name, template)
    print(json.dumps({name: answers(folder / name) for name in KINDS}))


if __name__ == "__main__":
    main()
