/** AdamW as a graph. */
import { Graph, type Tensor } from './graph.ts';
import * as op from './operators.ts';

export interface AdamwOptions {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Decoupled from the gradient: every step multiplies the parameters by 1 - lr * weightDecay. */
  weightDecay: number;
  /** Largest norm of all gradients together; null: no clipping. */
  clipNorm: number | null;
}

export interface Parameter {
  name: string;
  shape: readonly number[];
}

/** Added to the norm before dividing by it, as in torch.nn.utils.clip_grad_norm_. */
const NORM_EPSILON = 1e-6;

/** Elements up to which parameters are stacked. */
const SMALL = 1 << 16;

/**
 * One step of AdamW (arXiv 1711.05101, Algorithm 2, as PyTorch computes it) with clipping by the global norm.
 *
 * Inputs: `p.<name>`, `g.<name>`, `m.<name>`, `v.<name>` for every parameter, its gradient and its two moments, and the
 * scalars `lr`, `step` (1 for the first step) and `scale`, by which every gradient is multiplied first. Outputs: the next
 * `p.<name>`, `m.<name>`, `v.<name>`, and `norm`, the global norm of the scaled gradients before clipping.
 */
export function adamwGraph(parameters: readonly Parameter[], options: AdamwOptions): Graph {
  const { beta1, beta2, epsilon, weightDecay, clipNorm } = options;
  const graph = new Graph();
  const [lr, step, scale] = ['lr', 'step', 'scale'].map((name) => graph.input(name, 'float32', [])) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const groups = stacks(parameters).map((names) => {
    const [p, g, m, v] = ['p', 'g', 'm', 'v'].map((kind) => {
      const parts = names.map(({ name, shape }) => graph.input(`${kind}.${name}`, 'float32', shape));
      return op.concat(parts, 0);
    });
    return { names, p: p!, g: g!, m: m!, v: v! };
  });

  const squares = groups.map(({ g }) => op.reshape(op.reduceSum(op.mul(g, g)), [1]));
  const norm = op.mul(op.sqrt(op.reduceSum(op.concat(squares, 0))), scale);
  graph.output('norm', norm);
  const clip = clipNorm === null ? null : op.minimum(op.div(clipNorm, op.add(norm, NORM_EPSILON)), 1);
  const factor = clip ? op.mul(scale, clip) : scale;

  // p' = keep p - rate m' / (sqrt(v') + epsilon sqrt(c2)) with rate = lr sqrt(c2) / c1: the bias corrections c1 and c2
  // are taken out of the tensors.
  const c1 = oneMinusPower(beta1, step);
  const rootC2 = op.sqrt(oneMinusPower(beta2, step));
  const rate = op.div(op.mul(lr, rootC2), c1);
  const softening = op.mul(rootC2, epsilon);
  const keep = op.sub(1, op.mul(lr, weightDecay));

  for (const { names, p, g, m, v } of groups) {
    const gradient = op.mul(g, factor);
    const nextM = op.add(op.mul(m, beta1), op.mul(gradient, 1 - beta1));
    const nextV = op.add(op.mul(v, beta2), op.mul(op.mul(gradient, gradient), 1 - beta2));
    const update = op.div(op.mul(nextM, rate), op.add(op.sqrt(nextV), softening));
    const nextP = op.sub(weightDecay === 0 ? p : op.mul(p, keep), update);
    for (const [kind, stack] of Object.entries({ p: nextP, m: nextM, v: nextV })) {
      const rows = names.map(({ shape }) => shape[0]!);
      op.split(stack, 0, rows).forEach((tensor, i) => {
        graph.output(`${kind}.${names[i]!.name}`, tensor);
      });
    }
  }
  return graph;
}

/**
 * Parameters to be computed on as one tensor: small ones whose shapes differ in the first axis only. That makes an
 * adapter's hundreds of matrices a handful; large ones are not worth the copy.
 */
function stacks(parameters: readonly Parameter[]): Parameter[][] {
  const groups = new Map<string, Parameter[]>();
  for (const parameter of parameters) {
    const { name, shape } = parameter;
    const small = shape.length > 0 && shape.reduce((a, b) => a * b, 1) <= SMALL;
    const key = small ? `[${shape.slice(1)}]` : name;
    groups.set(key, [...(groups.get(key) ?? []), parameter]);
  }
  return [...groups.values()];
}

/** 1 - base^n, for a base in (0, 1), without the cancellation that a base near 1 brings in float32. */
function oneMinusPower(base: number, n: Tensor): Tensor {
  const x = op.mul(n, Math.log(base));
  // 1 - e^x = -x (1 + x/2 (1 + x/3 (1 + ...))), to 1e-9 for |x| < 0.5.
  let series = op.add(op.mul(x, 1 / 9), 1);
  for (let k = 8; k >= 2; k--) series = op.add(op.mul(op.mul(x, series), 1 / k), 1);
  return op.where(op.greater(x, -0.5), op.mul(op.neg(x), series), op.sub(1, op.exp(x)));
}
