"""What post-processors of tokenizer.json make of one text: tests/parity/golden/post-processors.json, by `tokenizers`."""

import json
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, processors

WORDS = ["<unk>", "<s>", "</s>", "<a>", "<b>", "hello", "world"]
VOCAB = {token: i for i, token in enumerate(WORDS)}
SPECIAL = ["<s>", "</s>", "<a>", "<b>"]


def template(single, pair="$A $B", **tokens):
    names = {"s": "<s>", "X": "X"}
    used = [(name, VOCAB[name]) for name in SPECIAL if name in f"{single} {pair}".split()]
    others = [{"id": names[name], "ids": ids, "tokens": texts} for name, (ids, texts) in tokens.items()]
    taken = {other["id"] for other in others}
    return processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[one for one in used if one[0] not in taken] + others
    )


BERT = processors.BertProcessing(("</s>", 2), ("<s>", 1))
ROBERTA = processors.RobertaProcessing(("</s>", 2), ("<s>", 1))
LEVEL = processors.ByteLevel()
START = template("<s> $A", "<s> $A $B")
CASES = {
    "two tokens": template("<s> <a> $A </s>"),
    "one name for two tokens": template("X $A", X=([1, 3], ["<s>", "<a>"])),
    "behind the text": template("$A </s>"),
    "the text twice": template("<s> $A <a> $A"),
    "an id with another name": template("<s> $A", s=([4], ["<s>"])),
    "BertProcessing": BERT,
    "BertProcessing with another id": processors.BertProcessing(("</s>", 2), ("<s>", 4)),
    "RobertaProcessing": ROBERTA,
    "ByteLevel": LEVEL,
    "no processor in a sequence": processors.Sequence([]),
    "ByteLevel, template": processors.Sequence([LEVEL, START]),
    "sequence in a sequence": processors.Sequence([processors.Sequence([LEVEL, START]), LEVEL]),
    "template, template": processors.Sequence([START, template("<a> $A", "<a> $A $B")]),
    "template, template for a pair": processors.Sequence([START, template("<a> $A", "<b> $A <a> $B")]),
    "template, template that swaps": processors.Sequence([START, template("<a> $A", "$B <a> $A")]),
    "BertProcessing, template": processors.Sequence([BERT, template("<a> $A </s>", "<b> $A $B")]),
    "template, BertProcessing": processors.Sequence([template("<b> $A", "<b> $A $B"), BERT]),
    "template, RobertaProcessing": processors.Sequence([template("<b> $A", "<b> $A $B"), ROBERTA]),
    "BertProcessing, RobertaProcessing": processors.Sequence(
        [BERT, processors.RobertaProcessing(("</s>", 2), ("<a>", 3))]
    ),
}


def main():
    results = []
    for name, processor in CASES.items():
        tokenizer = Tokenizer(models.WordLevel(VOCAB, unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        tokenizer.add_special_tokens(SPECIAL)
        tokenizer.post_processor = processor
        ids = tokenizer.encode("world").ids
        stored = json.loads(tokenizer.to_str())["post_processor"]
        results.append({"name": name, "post_processor": stored, "tokens": [WORDS[i] for i in ids]})
    out = Path(__file__).parent.parent / "golden" / "post-processors.json"
    lines = ",\n".join(json.dumps(result) for result in results)
    out.write_text(f"[\n{lines}\n]\n")


main()
