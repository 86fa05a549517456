/** AdamW as a graph. */
import { Graph, type Tensor } from './graph.ts';
import * as op from './op.ts';
import type { GraphFunction, Named, Port } from './ports.ts';
import { elementsOf } from './tensor.ts';

export interface AdamwOptions {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Decoupled from the gradient: each step multiplies the parameters by 1 - lr * weightDecay. */
  weightDecay: number;
  /** Maximum global gradient norm; null: no clipping. */
  clipNorm: number | null;
}

/** A trainable parameter: its name (as in Hugging Face models or PEFT adapters) and shape. */
export interface Parameter {
  name: string;
  shape: readonly number[];
}

/** Added to the norm before dividing by it, as in torch.nn.utils.clip_grad_norm_. */
const NORM_EPSILON = 1e-6;

/** Maximum number of elements of stacked parameters. */
const MAX_STACKED_ELEMENTS = 1 << 16;

/** The parameters and their first and second moments, passed from step to step. */
export type AdamwState<T> = {
  readonly parameters: Named<T>;
  readonly first: Named<T>;
  readonly second: Named<T>;
};

export type AdamwInputs = {
  readonly state: AdamwState<Port>;
  readonly gradients: Named<Port>;
  /** Learning rate, scalar. */
  readonly lr: Port;
  /** Counted from 1, scalar. */
  readonly step: Port;
  /** Factor applied to every gradient first; scalar. */
  readonly scale: Port;
};

export type AdamwOutputs = {
  readonly state: AdamwState<Port>;
  /** Global norm of the scaled gradients before clipping, scalar. */
  readonly norm: Port;
};

/** One step of AdamW (arXiv 1711.05101, Algorithm 2, as PyTorch computes it) with clipping by the global norm. */
export function adamwGraph(
  parameters: readonly Parameter[],
  options: AdamwOptions,
): GraphFunction<AdamwInputs, AdamwOutputs> {
  const { beta1, beta2, epsilon, weightDecay, clipNorm } = options;
  const graph = new Graph();
  const lr = graph.input('lr', 'float32', []);
  const step = graph.input('step', 'float32', []);
  const scale = graph.input('scale', 'float32', []);
  const { ports: given, groups } = stackedInputs(graph, parameters);

  const squares = groups.map(({ g }) => op.reshape(op.reduceSum(op.mul(g, g)), [1]));
  const norm = op.mul(op.sqrt(op.reduceSum(op.concat(squares, 0))), scale);
  const normOutput = graph.output('norm', norm);
  const clip = clipNorm === null ? null : op.minimum(op.div(clipNorm, op.add(norm, NORM_EPSILON)), 1);
  const factor = clip ? op.mul(scale, clip) : scale;

  // p' = keep p - rate m' / (sqrt(v') + epsilon sqrt(c2)) with rate = lr sqrt(c2) / c1: the bias corrections c1 and c2
  // are applied to scalars instead of tensors.
  const c1 = oneMinusPower(beta1, step);
  const rootC2 = op.sqrt(oneMinusPower(beta2, step));
  const rate = op.div(op.mul(lr, rootC2), c1);
  const softening = op.mul(rootC2, epsilon);
  const keep = op.sub(1, op.mul(lr, weightDecay));

  const next: Record<'p' | 'm' | 'v', PortsByName> = { p: {}, m: {}, v: {} };
  for (const { members, p, g, m, v } of groups) {
    const gradient = op.mul(g, factor);
    const nextM = op.add(op.mul(m, beta1), op.mul(gradient, 1 - beta1));
    const nextV = op.add(op.mul(v, beta2), op.mul(op.mul(gradient, gradient), 1 - beta2));
    const update = op.div(op.mul(nextM, rate), op.add(op.sqrt(nextV), softening));
    Object.assign(
      next.p,
      unstackedOutputs(graph, 'p', members, op.sub(weightDecay === 0 ? p : op.mul(p, keep), update)),
    );
    Object.assign(next.m, unstackedOutputs(graph, 'm', members, nextM));
    Object.assign(next.v, unstackedOutputs(graph, 'v', members, nextV));
  }
  const state = ({ p, m, v }: Record<'p' | 'm' | 'v', Named<Port>>) => ({ parameters: p, first: m, second: v });
  return {
    graph,
    inputs: { state: state(given), gradients: given.g, lr, step, scale },
    outputs: { state: state(next), norm: normOutput },
  };
}

type PortsByName = Record<string, Port>;
/** Parameters, gradients, first and second moments. */
type Kind = 'p' | 'g' | 'm' | 'v';

/** Inputs for parameters, gradients and moments, and the stacked tensors to compute on. */
function stackedInputs(graph: Graph, parameters: readonly Parameter[]) {
  const ports: Record<Kind, PortsByName> = { p: {}, g: {}, m: {}, v: {} };
  const groups = groupStackable(parameters).map((members) => {
    const stack = (kind: Kind): Tensor => {
      const parts = members.map(({ name, shape }) => {
        const input = graph.input(`${kind}.${name}`, 'float32', shape);
        ports[kind][name] = input;
        return input;
      });
      return op.concat(parts, 0);
    };
    return { members, p: stack('p'), g: stack('g'), m: stack('m'), v: stack('v') };
  });
  return { ports, groups };
}

/** Outputs for the members of a stack. */
function unstackedOutputs(graph: Graph, kind: Kind, members: readonly Parameter[], stack: Tensor): PortsByName {
  const rows = members.map(({ shape }) => shape[0]!);
  return Object.fromEntries(
    op.split(stack, 0, rows).map((tensor, i) => {
      const { name } = members[i]!;
      return [name, graph.output(`${kind}.${name}`, tensor)];
    }),
  );
}

/**
 * Groups small parameters whose shapes differ in the first axis only, to compute on each group as one tensor. This turns
 * an adapter's hundreds of matrices into a handful; large ones are not worth the copy.
 */
function groupStackable(parameters: readonly Parameter[]): Parameter[][] {
  const groups = new Map<string, Parameter[]>();
  for (const parameter of parameters) {
    const { name, shape } = parameter;
    const small = shape.length > 0 && elementsOf(shape) <= MAX_STACKED_ELEMENTS;
    const key = small ? `[${shape.slice(1)}]` : name;
    groups.set(key, [...(groups.get(key) ?? []), parameter]);
  }
  return [...groups.values()];
}

/** 1 - base^n for a base in (0, 1), without the float32 cancellation for a base near 1. */
function oneMinusPower(base: number, n: Tensor): Tensor {
  const x = op.mul(n, Math.log(base));
  // 1 - e^x = -x (1 + x/2 (1 + x/3 (1 + ...))), accurate to 1e-9 for |x| < 0.5.
  let series = op.add(op.mul(x, 1 / 9), 1);
  for (let k = 8; k >= 2; k--) series = op.add(op.mul(op.mul(x, series), 1 / k), 1);
  return op.where(op.greater(x, -0.5), op.mul(op.neg(x), series), op.sub(1, op.exp(x)));
}
