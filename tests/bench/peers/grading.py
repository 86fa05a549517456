"""Grading with Math-Verify: python grading.py <pairs.json>. Responses are parsed and verified as its documentation recommends."""

import json
import logging
import sys
import time

from math_verify import parse, verify

logging.disable(logging.CRITICAL)
with open(sys.argv[1], encoding="utf-8") as file:
    pairs = json.load(file)


def grade(pairs):
    return "".join(
        str(int(verify(parse(f"${pair['reference']}$"), parse(pair["response"])))) for pair in pairs
    )


grade(pairs[:100])
begin = time.perf_counter()
verdicts = grade(pairs)
print(json.dumps({"seconds": time.perf_counter() - begin, "verdicts": verdicts}), flush=True)
