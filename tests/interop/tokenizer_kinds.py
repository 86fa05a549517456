"""Tokenizers of each kind that the supported families have, trained on the project's own texts: for `tokens.mjs`.

    python tests/interop/tokenizer_kinds.py FOLDER

SmolLM3 has the rules of `llama3`, Granite 3 those of `smollm`.
Writes FOLDER/<kind>/tokenizer.json. The rules (normalizer, pre-tokenizer, model, decoder) are those of the named models; only
the vocabularies are small. Needs the package `tokenizers` (environment `trl` of `node tests/interop/environments.mjs`).
"""

import glob
import json
import os
import sys

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
PHI4 = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def byte_level(use_regex=False):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)


def split(pattern):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), byte_level()])


def bytes_kind(pre, **options):
    tokenizer = Tokenizer(models.BPE(**options))
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, pre_tokenizers.ByteLevel.alphabet()


def sentencepiece_kind(normalizer, pre, decoder):
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizer
    if pre:
        tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoder
    return tokenizer, []


PREPENDED = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
REPLACED = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
deepseek = pre_tokenizers.Sequence(
    [
        pre_tokenizers.Split(Regex(r"\p{N}{1,3}"), "isolated"),
        pre_tokenizers.Split(Regex("[一-龥぀-ゟ゠-ヿ]+"), "isolated"),
        pre_tokenizers.Split(
            Regex(
                r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
            ),
            "isolated",
        ),
        byte_level(),
    ]
)

KINDS = {
    "llama3": lambda: bytes_kind(split(LLAMA3), ignore_merges=True),
    "olmo2": lambda: bytes_kind(split(LLAMA3)),
    "qwen2": lambda: bytes_kind(split(QWEN2)),
    "gpt2": lambda: bytes_kind(byte_level(True)),
    "smollm": lambda: bytes_kind(
        pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level(True)])
    ),
    "phi4": lambda: bytes_kind(split(PHI4)),
    "deepseek-r1": lambda: bytes_kind(deepseek),
    "llama2": lambda: sentencepiece_kind(PREPENDED, None, REPLACED),
    "mistral": lambda: sentencepiece_kind(
        None, pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False), REPLACED
    ),
    "gemma": lambda: sentencepiece_kind(
        normalizers.Replace(" ", "▁"), pre_tokenizers.Split(" ", "merged_with_previous"), REPLACED
    ),
}


def main(folder):
    root = os.path.join(os.path.dirname(__file__), "..", "..")
    files = sorted(glob.glob(os.path.join(root, "docs", "*.md")))
    texts = [open(file, encoding="utf-8").read() for file in files] + ["日本語 かな 한글 русский ñé 🙂 0123456789"] * 20
    for name, make in KINDS.items():
        tokenizer, alphabet = make()
        special = ["<unk>", "<s>", "</s>"] + ([] if alphabet else [f"<0x{b:02X}>" for b in range(256)])
        trainer = trainers.BpeTrainer(
            vocab_size=3000, special_tokens=special, initial_alphabet=alphabet, show_progress=False, max_token_length=16
        )
        parts = [part for text in texts for part in (text.split("\n") if name in ("llama2", "mistral") else [text])]
        tokenizer.train_from_iterator(parts, trainer)
        made = json.loads(tokenizer.to_str())
        # Bytes are tokens of the vocabulary, not texts that are looked for.
        made["added_tokens"] = [token for token in made["added_tokens"] if not token["content"].startswith("<0x")]
        home = os.path.join(folder, name)
        os.makedirs(home, exist_ok=True)
        with open(os.path.join(home, "tokenizer.json"), "w", encoding="utf-8") as file:
            json.dump(made, file, ensure_ascii=False)
        with open(os.path.join(home, "tokenizer_config.json"), "w", encoding="utf-8") as file:
            json.dump({"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}, file)
        with open(os.path.join(home, "config.json"), "w", encoding="utf-8") as file:
            json.dump({"eos_token_id": made["model"]["vocab"]["</s>"]}, file)
        print(name, len(made["model"]["vocab"]), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
