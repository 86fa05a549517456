"""Golden tokens of a SentencePiece vocabulary in GGUF metadata.

Needs sentencepiece, gguf, transformers and torch (made with sentencepiece 0.2, gguf 0.19, transformers 5.24). Trains a small
vocabulary of pairs with byte fallback on README.md. From the repository's root:
`python tests/parity/oracle/gguf_sentencepiece.py`. Writes
  tests/parity/golden/gguf/sentencepiece.json   tokens, scores and types as llama.cpp's converter writes them, texts, and the
                                                ids that sentencepiece itself gives them
"""

import pathlib
import tempfile

import gguf
import sentencepiece
from common import GOLDEN, write_json

TEXTS = [
    "The reward rises, then the model collapses.",
    "  two spaces  first,\n\n\tthen a tab and lines \n",
    "12 + 30 = 42, \\boxed{42}",
    "naïve café ☕ 你好",
    " ",
    "rollouts rollout roll-outs",
]

with tempfile.TemporaryDirectory() as folder:
    prefix = str(pathlib.Path(folder) / "model")
    sentencepiece.SentencePieceTrainer.train(
        input="README.md",
        model_prefix=prefix,
        model_type="bpe",
        vocab_size=600,
        byte_fallback=True,
        character_coverage=0.999,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        split_digits=True,
        num_threads=1,
        minloglevel=2,
    )
    model = sentencepiece.SentencePieceProcessor(model_file=f"{prefix}.model")


def kind(i):
    if model.is_unknown(i):
        return gguf.TokenType.UNKNOWN
    if model.is_control(i):
        return gguf.TokenType.CONTROL
    return gguf.TokenType.BYTE if model.is_byte(i) else gguf.TokenType.NORMAL


ids = range(model.vocab_size())
write_json(
    GOLDEN / "gguf" / "sentencepiece.json",
    {
        "tokens": [model.id_to_piece(i) for i in ids],
        "scores": [model.get_score(i) for i in ids],
        "types": [int(kind(i)) for i in ids],
        "cases": [{"text": text, "ids": model.encode(text)} for text in TEXTS],
    },
)
