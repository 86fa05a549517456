"""One LoRA gradient of the policy loss in PyTorch: python gradient.py <model.gguf> <threads> <prompt> <new> <batch>.

On-policy loss as in TRL: minus the advantage times the log-probability of the response's tokens. Logits are computed for
the response only (`logits_to_keep`), as TRL does.
"""

import sys
import time

from common import load, lora, peak_bytes, report, start

model_file, threads, prompt, new, batch = sys.argv[1], *map(int, sys.argv[2:6])
torch = start(threads)
_, model = load(model_file)
model = lora(model, 16)
model.train()
ids = torch.randint(100, 40_000, (batch, prompt + new))
advantage = torch.linspace(-1, 1, batch)[:, None]


def gradient():
    model.zero_grad()
    logits = model(input_ids=ids, attention_mask=torch.ones_like(ids), logits_to_keep=new + 1).logits[:, :-1]
    logprob = torch.log_softmax(logits, -1).gather(-1, ids[:, prompt:, None])[..., 0]
    loss = -(advantage * torch.exp(logprob - logprob.detach())).mean()
    loss.backward()


gradient()
begin = time.perf_counter()
gradient()
report(seconds=time.perf_counter() - begin, peakBytes=peak_bytes())
