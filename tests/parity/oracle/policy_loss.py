"""Golden numbers of the policy's optimisation: losses and gradients, advantages, and learning rates.

Writes `tests/parity/golden/policy-loss.json`. Needs trl beside torch and transformers. Losses come from TRL's
GRPOTrainer where it has them ("source": "trl"), else from the few lines of torch below ("torch"), which are compared with
TRL's wherever both exist. The models are so small that their weights are drawn by a hash of the index, here and in the
test. One has a small vocabulary and one a large one, for the engine computes the two in different ways.
"""

from collections import defaultdict
from types import SimpleNamespace

from common import GOLDEN, numbers, single_thread, write_json

torch = single_thread()
from transformers import (  # noqa: E402
    LlamaConfig,
    LlamaForCausalLM,
    get_cosine_with_min_lr_schedule_with_warmup,
    get_linear_schedule_with_warmup,
)
from trl import GRPOTrainer  # noqa: E402

TEMPERATURE = 0.8
MAX_TOKENS = 7
CONFIG = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1,
              max_position_embeddings=64, rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=True,
              bos_token_id=None, eos_token_id=1)
VOCABULARIES = {"small": 40, "large": 2304}
# How far the reference policy's weights are from the policy's.
APART = 0.125

# Prompt, and (tokens, advantage, truncated) of each response; tokens are shares of the vocabulary.
GROUPS = [
    ([0.1, 0.4, 0.9], [([0.3, 0.95, 0.2, 0.6], 1.5, False), ([0.7, 0.3], -0.5, False), ([0.05], -1.0, False)]),
    ([0.55], [([0.8, 0.8, 0.1, 0.35, 0.5, 0.9, 0.15], -1.25, True), ([0.2, 0.65, 0.4], 0.75, False)]),
    ([0.3, 0.2, 0.85, 0.6], [([0.5, 0.1], 0.0, False), ([0.75, 0.25, 0.45, 0.9], 0.0, False)]),
]
# log p - old of every token, in order: within the clipping range, beyond it on both sides, and beyond a dual clip of 3.
SHIFTS = [0.05, 0.41, -0.6, 0.31, 1.35, 1.2, -0.52, 0.9, 1.31, -0.1, 1.24, 0.16, 0.72, -0.47, 0.5, 0.29, 0.02, 0.3, -0.3,
          0.1, 0.2, -0.4, 0.6]

DEFAULTS = dict(normalizer="dapo", ratio="token", clipLow=0.2, clipHigh=0.2, dualClip=None, klCoefficient=0.0,
                klEstimator="k3", entropyCoefficient=0.0, maskTruncated=False)
HIGHER = dict(clipHigh=0.28)
CASES = [
    ("GRPO", False, dict(normalizer="grpo")),
    ("token-level normaliser", False, {}),
    ("Dr. GRPO", False, dict(normalizer="dr-grpo")),
    ("truncated responses masked", False, dict(maskTruncated=True)),
    ("DAPO: clip higher", True, HIGHER),
    ("GRPO with old log-probs", True, dict(normalizer="grpo")),
    ("Dr. GRPO with old log-probs", True, dict(normalizer="dr-grpo")),
    ("dual clip", True, dict(HIGHER, dualClip=3.0)),
    ("GSPO", True, dict(normalizer="grpo", ratio="sequence")),
    ("GSPO, on-policy", False, dict(normalizer="grpo", ratio="sequence")),
    ("GSPO with dual clip", True, dict(normalizer="grpo", ratio="sequence", dualClip=1.5)),
    ("GSPO, tokens alike", True, dict(ratio="sequence")),
    ("KL k3", False, dict(klCoefficient=0.3)),
    ("KL k3 with old log-probs", True, dict(normalizer="grpo", klCoefficient=0.3)),
    ("KL k2", True, dict(klCoefficient=0.3, klEstimator="k2")),
    ("KL k1", True, dict(klCoefficient=0.3, klEstimator="k1")),
    ("entropy bonus", False, dict(entropyCoefficient=0.2)),
    ("entropy bonus, responses alike", True, dict(normalizer="grpo", entropyCoefficient=0.2)),
    ("entropy minimised", False, dict(normalizer="dr-grpo", entropyCoefficient=-0.2)),
    ("everything", True, dict(HIGHER, dualClip=3.0, klCoefficient=0.1, entropyCoefficient=0.05, maskTruncated=True)),
]


def uniform(count, seed):
    """Numbers in [-0.5, 0.5), exact in float32: the finaliser of MurmurHash3 over index and seed."""
    mask = 0xFFFFFFFF
    values = []
    for i in range(count):
        h = (i + seed * 0x9E3779B9) & mask
        h = ((h ^ (h >> 16)) * 0x85EBCA6B) & mask
        h = ((h ^ (h >> 13)) * 0xC2B2AE35) & mask
        h ^= h >> 16
        values.append((h >> 8) / 2**24 - 0.5)
    return torch.tensor(values, dtype=torch.float32)


def draw(model, apart):
    """Gives every parameter its values: norms 1, matrices by the hash; `apart` moves all towards another draw."""
    with torch.no_grad():
        for seed, (_, parameter) in enumerate(model.named_parameters(), start=1):
            value = uniform(parameter.numel(), seed).reshape(parameter.shape)
            if parameter.dim() == 1:
                value = torch.ones_like(parameter)
            other = uniform(parameter.numel(), 100 + seed).reshape(parameter.shape)
            parameter.copy_(value + apart * other)


def rows_of(vocabulary):
    """Every response with its prompt, as rows; `shift` is log p - old."""
    token = lambda share: int(share * vocabulary)  # noqa: E731
    rows, at = [], 0
    for prompt, responses in GROUPS:
        for completion, advantage, truncated in responses:
            rows.append(SimpleNamespace(prompt=[token(t) for t in prompt], completion=[token(t) for t in completion],
                                        shift=SHIFTS[at : at + len(completion)], advantage=advantage,
                                        truncated=truncated))
            at += len(completion)
    assert at == len(SHIFTS), at
    return rows


def score(model, rows):
    """Log-probs and entropies [rows, longest], and the mask of the tokens."""
    longest = max(len(row.completion) for row in rows)
    logps, entropies, mask = [], [], []
    for row in rows:
        ids = torch.tensor([row.prompt + row.completion])
        logits = model(input_ids=ids, use_cache=False).logits[0, len(row.prompt) - 1 : -1].float() / TEMPERATURE
        logp = torch.log_softmax(logits, -1)
        pad = (0, longest - len(row.completion))
        chosen = logp.gather(1, ids[0, len(row.prompt) :, None])[:, 0]
        logps.append(torch.nn.functional.pad(chosen, pad))
        entropies.append(torch.nn.functional.pad(-(logp.exp() * logp).sum(-1), pad))
        mask.append(torch.nn.functional.pad(torch.ones(len(row.completion)), pad))
    return torch.stack(logps), torch.stack(entropies), torch.stack(mask)


def surrogate(case, logps, old, mask, advantages):
    """Per-token gain, and whether the token is without a gradient because of a bound."""
    difference = (logps - old) * mask
    if case["ratio"] == "sequence":
        difference = (difference.sum(1, keepdim=True) / mask.sum(1, keepdim=True)).expand_as(mask)
    ratio = difference.exp()
    advantage = advantages[:, None].expand_as(ratio)
    clipped = ((advantage > 0) & (ratio > 1 + case["clipHigh"])) | ((advantage < 0) & (ratio < 1 - case["clipLow"]))
    gain = torch.where(clipped, ratio.clamp(1 - case["clipLow"], 1 + case["clipHigh"]), ratio) * advantage
    if case["dualClip"] is not None:
        beyond = (advantage < 0) & (ratio > case["dualClip"])
        gain = torch.where(beyond, case["dualClip"] * advantage, gain)
        clipped = clipped | beyond
    bounds = [1 - case["clipLow"], 1 + case["clipHigh"]] + ([case["dualClip"]] if case["dualClip"] else [])
    near = min(((ratio - bound).abs() + 9 * (1 - mask)).min().item() for bound in bounds)
    assert near > 1e-3, f"a ratio is too near to a bound: {near}"
    return gain, clipped & mask.bool()


def normalised(case, values, mask):
    """One number of the tokens' numbers, by the normaliser."""
    sums = (values * mask).sum()
    if case["normalizer"] == "dapo":
        return sums / mask.sum()
    if case["normalizer"] == "dr-grpo":
        return sums / (mask.shape[0] * MAX_TOKENS)
    return ((values * mask).sum(1) / mask.sum(1)).mean()


def torch_loss(case, logps, entropies, mask, old, reference, advantages):
    gain, _ = surrogate(case, logps, old, mask, advantages)
    d = (reference - logps) * mask
    kl = {"k1": -d, "k2": d**2 / 2, "k3": d.exp() - d - 1}[case["klEstimator"]]
    return normalised(case, -gain + case["klCoefficient"] * kl - case["entropyCoefficient"] * entropies, mask)


def trl_has(case):
    """TRL knows k3 only, and takes the entropy's mean over tokens whatever the normaliser."""
    known = case["klCoefficient"] == 0 or case["klEstimator"] == "k3"
    return known and (case["entropyCoefficient"] == 0 or case["normalizer"] == "dapo")


def trl_loss(case, logps, entropies, mask, old, reference, advantages):
    """GRPOTrainer's own loss, with a trainer that holds what the loss reads and no more."""
    trainer = SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *_, **__: (logps, entropies, None),
        model=SimpleNamespace(training=True),
        accelerator=SimpleNamespace(num_processes=1, sync_gradients=True, gather=lambda x: x,
                                    reduce=lambda x, reduction: x),
        args=SimpleNamespace(delta=case["dualClip"], use_bias_correction_kl=False, steps_per_generation=1),
        loss_type={"grpo": "grpo", "dapo": "dapo", "dr-grpo": "dr_grpo"}[case["normalizer"]],
        importance_sampling_level=case["ratio"],
        epsilon_low=case["clipLow"],
        epsilon_high=case["clipHigh"],
        beta=case["klCoefficient"],
        entropy_coef=case["entropyCoefficient"],
        _entropy_bonus_enabled=case["entropyCoefficient"] != 0,
        use_adaptive_entropy=False,
        top_entropy_quantile=1.0,
        off_policy_mask_threshold=None,
        use_vllm=False,
        vllm_importance_sampling_correction=False,
        aux_loss_enabled=False,
        current_gradient_accumulation_steps=1,
        max_completion_length=MAX_TOKENS,
        _metrics={"train": defaultdict(list)},
    )
    shape = mask.shape
    ones = torch.ones(shape, dtype=torch.long)
    inputs = dict(prompt_ids=ones, prompt_mask=ones, completion_ids=ones, completion_mask=mask, advantages=advantages,
                  old_per_token_logps=old, ref_per_token_logps=reference, num_items_in_batch=mask.sum())
    loss = GRPOTrainer._compute_loss(trainer, None, inputs)
    return loss, {key: values[0] for key, values in trainer._metrics["train"].items()}


def gradient_of(model, loss):
    model.zero_grad()
    loss.backward(retain_graph=True)
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


def projection(seed, gradient):
    return (uniform(gradient.numel(), 200 + seed) * gradient.flatten()).sum()


def loss_case(model, vocabulary, reference_all, name, off_policy, changes):
    case = {**DEFAULTS, **changes}
    everything = rows_of(vocabulary)
    kept = [i for i, row in enumerate(everything) if not (case["maskTruncated"] and row.truncated)]
    rows = [everything[i] for i in kept]
    logps, entropies, mask = score(model, rows)
    shift = torch.tensor([row.shift + [0.0] * (mask.shape[1] - len(row.shift)) for row in rows])
    old = logps.detach() - shift if off_policy else logps.detach()
    reference = reference_all[kept, : mask.shape[1]]
    advantages = torch.tensor([row.advantage for row in rows])

    loss = torch_loss(case, logps, entropies, mask, old, reference, advantages)
    gradients = gradient_of(model, loss)
    _, clipped = surrogate(case, logps, old, mask, advantages)
    clip_fraction = clipped.sum() / mask.sum()
    # Of the policy that sampled.
    d = (reference - old) * mask
    kl = ((d.exp() - d - 1) * mask).sum() / mask.sum()
    source = "torch"
    if trl_has(case):
        source = "trl"
        own, own_gradients = loss, gradients
        loss, metrics = trl_loss(case, logps, entropies, mask, old, reference, advantages)
        gradients = gradient_of(model, loss)
        assert abs(loss - own) < 1e-6, (name, loss, own)
        for key, value in gradients.items():
            assert (value - own_gradients[key]).abs().max() < 1e-6, (name, key)
        if case["dualClip"] is None and case["ratio"] == "token":
            assert abs(metrics["clip_ratio/region_mean"] - clip_fraction) < 1e-6, name
        if case["klCoefficient"] > 0 and not off_policy:
            assert abs(metrics["kl"] - kl) < 1e-6, name
        assert abs(metrics["entropy"] - (entropies * mask).sum() / mask.sum()) < 1e-6, name
    norm = torch.stack([value.norm() for value in gradients.values()]).norm()
    one = lambda x: numbers([x.detach()])[0]  # noqa: E731
    return {
        "name": name,
        "source": source,
        "offPolicy": off_policy,
        "loss": {key: value for key, value in case.items() if value is not None},
        "expected": {
            "loss": one(loss),
            "gradientNorm": one(norm),
            "clipFraction": one(clip_fraction),
            "kl": one(kl),
            "norms": numbers([value.norm() for value in gradients.values()]),
            "projections": numbers([projection(i, g) for i, g in enumerate(gradients.values(), start=1)]),
            "finalNorm": numbers(gradients["model.norm.weight"]),
        },
    }


def model_part(vocabulary):
    model = LlamaForCausalLM(LlamaConfig(vocab_size=vocabulary, **CONFIG, attn_implementation="eager")).float().eval()
    draw(model, APART)
    with torch.no_grad():
        reference, _, _ = score(model, rows_of(vocabulary))
    draw(model, 0.0)
    rows = rows_of(vocabulary)
    with torch.no_grad():
        logps, entropies, mask = score(model, rows)
    flat = lambda values: [numbers(v[: len(row.completion)]) for v, row in zip(values, rows, strict=True)]  # noqa: E731
    return {
        "vocabulary": vocabulary,
        "parameters": [name for name, _ in model.named_parameters()],
        "rows": [vars(row) for row in rows],
        "logprob": flat(logps),
        "entropy": flat(entropies),
        "reference": flat(reference),
        "cases": [loss_case(model, vocabulary, reference, *case) for case in CASES],
    }


REWARDS = [
    [[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0]],
    [[0.1, 0.4, 0.35, 0.9], [-3.0, 5.5], [0.7], [0.25, 0.25, 0.3]],
]


def advantage_part():
    cases = []
    for groups in REWARDS:
        tensors = [torch.tensor(group, dtype=torch.float64) for group in groups]
        everything = torch.cat(tensors)
        std = lambda x: x.std() if x.numel() > 1 else torch.zeros(())  # noqa: E731
        leave_one_out = [torch.stack([r[i] - torch.cat([r[:i], r[i + 1 :]]).mean() for i in range(len(r))])
                         if len(r) > 1 else torch.zeros_like(r) for r in tensors]
        centred = [r - r.mean() for r in tensors]
        whitened = (everything - everything.mean()) / (everything.std() + 1e-6)
        expected = {
            "grpo": [(r - r.mean()) / (std(r) + 1e-6) for r in tensors],
            "grpo-batch": [(r - r.mean()) / (everything.std() + 1e-6) for r in tensors],
            "dr-grpo": centred,
            "rloo": leave_one_out,
            "reinforce++": list(whitened.split([len(r) for r in tensors])),
            "reinforce++-baseline": [c / (torch.cat(centred).std() + 1e-6) for c in centred],
        }
        cases.append({"rewards": groups,
                      "expected": {key: [numbers(v, 12) for v in value] for key, value in expected.items()}})
    return cases


def schedule_part():
    """Rates of transformers' schedules for a rate of 1, from the end of the warm-up on."""
    steps, warmup = 20, 4

    def rates(make):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        scheduler = make(optimizer)
        found = []
        for _ in range(steps):
            found.append(scheduler.get_last_lr()[0])
            optimizer.step()
            scheduler.step()
        return numbers(found[warmup:], 12)

    cosine = lambda share: lambda o: get_cosine_with_min_lr_schedule_with_warmup(  # noqa: E731
        o, warmup, steps, min_lr_rate=share)
    return {
        "steps": steps,
        "warmup": warmup,
        "cases": [
            {"schedule": "linear", "minimum": 0, "rates": rates(lambda o: get_linear_schedule_with_warmup(o, warmup, steps))},
            {"schedule": "cosine", "minimum": 0, "rates": rates(cosine(0.0))},
            {"schedule": "cosine", "minimum": 0.1, "rates": rates(cosine(0.1))},
        ],
    }


write_json(GOLDEN / "policy-loss.json", {
    "temperature": TEMPERATURE,
    "maxTokens": MAX_TOKENS,
    "apart": APART,
    "config": {"model_type": "llama", **{k: v for k, v in CONFIG.items() if v is not None}},
    "models": {name: model_part(vocabulary) for name, vocabulary in VOCABULARIES.items()},
    "advantages": advantage_part(),
    "schedules": schedule_part(),
})
