"""Golden trajectory of clip_grad_norm_ followed by AdamW: 5 steps on three small tensors.

Writes tests/parity/golden/adamw.json: initial parameters, gradients and rate of every step, and after every step the
gradient norm before clipping, parameters and both moments. Steps 2 and 4 stay under the clipping bound.
"""

from common import GOLDEN, numbers, single_thread, write_json

torch = single_thread()

SHAPES = {"matrix": (3, 4), "vector": (5,), "cube": (2, 2, 3)}
RATES = [1e-2, 2e-2, 1e-2, 5e-3, 1e-3]
SCALES = [2.0, 0.05, 1.0, 0.1, 30.0]
OPTIONS = {"beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8, "weightDecay": 0.05, "clipNorm": 1.0}


def flat(tensors):
    return {name: numbers(tensor.detach().flatten()) for name, tensor in tensors.items()}


def main():
    generator = torch.Generator().manual_seed(5)
    parameters = {k: torch.nn.Parameter(torch.randn(s, generator=generator)) for k, s in SHAPES.items()}
    initial = flat(parameters)
    optimizer = torch.optim.AdamW(parameters.values(), lr=RATES[0], betas=(OPTIONS["beta1"], OPTIONS["beta2"]),
                                  eps=OPTIONS["epsilon"], weight_decay=OPTIONS["weightDecay"])
    steps = []
    for rate, scale in zip(RATES, SCALES):
        for group in optimizer.param_groups:
            group["lr"] = rate
        for name, parameter in parameters.items():
            parameter.grad = torch.randn(SHAPES[name], generator=generator) * scale
        gradients = flat({k: p.grad for k, p in parameters.items()})
        norm = torch.nn.utils.clip_grad_norm_(parameters.values(), OPTIONS["clipNorm"])
        optimizer.step()
        state = {k: optimizer.state[p] for k, p in parameters.items()}
        steps.append({
            "lr": rate,
            "gradients": gradients,
            "norm": numbers([norm])[0],
            "parameters": flat(parameters),
            "firstMoment": flat({k: s["exp_avg"] for k, s in state.items()}),
            "secondMoment": flat({k: s["exp_avg_sq"] for k, s in state.items()}),
        })
    write_json(GOLDEN / "adamw.json", {"options": OPTIONS, "shapes": {k: list(v) for k, v in SHAPES.items()},
                                       "initial": initial, "steps": steps})


main()
