"""Sampled decoding with transformers' `generate`: python decode.py <model.gguf> <threads> <prompt> <new> <batch>."""

import sys
import time

from common import load, peak_bytes, report, start

model_file, threads, prompt, new, batch = sys.argv[1], *map(int, sys.argv[2:6])
torch = start(threads)
_, model = load(model_file)
ids = torch.randint(100, 40_000, (1, prompt)).expand(batch, prompt)
options = dict(do_sample=True, temperature=1.0, top_k=0, top_p=1.0, use_cache=True, pad_token_id=2)


def run(tokens):
    with torch.inference_mode():
        model.generate(
            ids, attention_mask=torch.ones_like(ids), min_new_tokens=tokens, max_new_tokens=tokens, **options
        )


run(4)
begin, cpu = time.perf_counter(), time.process_time()
run(new)
seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu
report(seconds=seconds, cpuSeconds=cpu_seconds, tokensPerSecond=batch * new / seconds, peakBytes=peak_bytes())
