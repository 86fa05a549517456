/**
 * Runs a graph with TensorFlow.js, node by node, including loops and branches. Tensors are freed after their last use, to
 * minimize memory.
 */
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import {
  type ControlFlowName,
  type Dim,
  type Each,
  each,
  evaluate,
  type Node,
  type OperatorName,
  type Operators,
  type PlainOperatorName,
  type Shape,
  type Tensor,
} from '../tensor/index.ts';
import type { Plan } from './plan.ts';
import { compute, type Tfjs, tfType } from './tfjs-operators.ts';

/** A node to compute, and the tensors to free after it. */
interface StepOf<K extends OperatorName> {
  node: Node<K>;
  operands: Operators[K]['inputs'];
  /** One per body. */
  bodies: Each<Operators[K]['bodies'], Scope>;
  frees: readonly Tensor[];
}
type Step<K extends OperatorName = OperatorName> = { [P in K]: StepOf<P> }[K];

/** The graph, a loop's body or a branch. */
export interface Scope {
  inputs: readonly Tensor[];
  outputs: readonly Tensor[];
  steps: readonly Step[];
}

type Part = Pick<Scope, 'inputs' | 'outputs'> & { nodes: readonly Node[] };

/** The nodes to compute, in order, with the tensors that each step frees. */
export function scopeOf(plan: Plan, { inputs, outputs, nodes }: Part): Scope {
  const live = nodes.filter((node) => plan.isLive(node));
  const own = new Set([...inputs, ...live.flatMap((node) => node.outputs)]);
  const lastRead = new Map<Tensor, number>();
  live.forEach((node, i) => {
    for (const tensor of [...node.outputs, ...tensorsRead(plan, node)]) if (own.has(tensor)) lastRead.set(tensor, i);
  });
  for (const tensor of outputs) lastRead.delete(tensor);
  const frees: Tensor[][] = live.map(() => []);
  for (const [tensor, i] of lastRead) frees[i]!.push(tensor);
  return { inputs, outputs, steps: live.map((node, i) => stepOf(plan, node, frees[i]!)) };
}

function stepOf<K extends OperatorName>(plan: Plan, node: Node<K>, frees: readonly Tensor[]): Step {
  const bodies = each(node.bodies, (body) => scopeOf(plan, body));
  const step: StepOf<K> = { node, operands: plan.operands(node), bodies, frees };
  return step as Step;
}

/** Everything that a node reads, including reads inside its bodies. */
function tensorsRead(plan: Plan, node: Node): Tensor[] {
  const inside = node.bodies.flatMap((body) => [
    ...body.nodes.filter((inner) => plan.isLive(inner)).flatMap((inner) => tensorsRead(plan, inner)),
    ...body.outputs,
  ]);
  return [...plan.operands(node), ...inside];
}

/** The tensors of a scope and its known sizes. Each loop iteration or branch has its own frame. */
export class Frame {
  private readonly values = new Map<Tensor, TfTensor>();
  private readonly numbers = new Map<string, number>();

  constructor(
    private readonly sizes: Map<string, number>,
    private readonly outer: { get(tensor: Tensor): TfTensor | undefined },
  ) {}

  inner(): Frame {
    return new Frame(new Map(this.sizes), this);
  }

  get(tensor: Tensor): TfTensor {
    const value = this.values.get(tensor) ?? this.outer.get(tensor);
    if (!value) throw new Error(`${tensor.name} has no value`);
    return value;
  }

  /** Takes ownership of a value. */
  set(tensor: Tensor, value: TfTensor): void {
    this.values.set(tensor, value);
  }

  /** Stores named sizes that no graph input has: the number of loop iterations, or an axis that grows in a loop. */
  learnSizes({ graph, shape }: Tensor, actual: readonly number[]): void {
    shape.forEach((dim, axis) => {
      if (typeof dim === 'string' && /^\w+$/.test(dim) && !graph.sizes.has(dim)) this.sizes.set(dim, actual[axis]!);
    });
    this.numbers.clear();
  }

  resolve(dim: Dim): number {
    if (typeof dim === 'number') return dim;
    let number = this.numbers.get(dim);
    if (number === undefined) {
      number = evaluate(dim, this.sizes);
      this.numbers.set(dim, number);
    }
    return number;
  }

  shape(shape: Shape): number[] {
    return shape.map((dim) => this.resolve(dim));
  }

  free(tensor: Tensor): void {
    this.values.get(tensor)?.dispose();
    this.values.delete(tensor);
  }

  release(): void {
    for (const value of this.values.values()) value.dispose();
    this.values.clear();
  }
}

/** Runs operators with bodies. */
type ControlRuns = { readonly [K in ControlFlowName]: (step: Step<K>, frame: Frame) => TfTensor[] };

function isControl(step: Step): step is Step<ControlFlowName> {
  return step.bodies.length > 0;
}

/** Runs scopes on an instance of TensorFlow.js. The caller owns the results. */
export class Interpreter {
  constructor(private readonly tf: Tfjs) {}

  /** A scope's outputs. The frame takes ownership of `given` and is empty afterwards. */
  run({ inputs, outputs, steps }: Scope, given: readonly TfTensor[], frame: Frame): TfTensor[] {
    inputs.forEach((tensor, i) => {
      frame.set(tensor, given[i]!);
    });
    for (const step of steps) {
      const results = this.step(step, frame);
      step.node.outputs.forEach((tensor, i) => {
        frame.set(tensor, results[i]!);
      });
      for (const tensor of step.frees) frame.free(tensor);
    }
    const results = outputs.map((tensor) => this.tf.clone(frame.get(tensor)));
    frame.release();
    return results;
  }

  private step(step: Step, frame: Frame): TfTensor[] {
    return isControl(step) ? this.control(step, frame) : this.compute(step, frame);
  }

  private compute<K extends PlainOperatorName>({ node, operands }: Step<K>, frame: Frame): TfTensor[] {
    const shapes = each(node.outputs, (tensor) => frame.shape(tensor.shape));
    // Several operators of TensorFlow.js refuse axes of length 0.
    if (shapes.every((shape) => shape.includes(0))) {
      return shapes.map((shape, i) => this.tf.zeros(shape, tfType(node.outputs[i]!.dtype)));
    }
    const values = each(operands, (tensor) => frame.get(tensor));
    const resolve = (dim: Dim) => frame.resolve(dim);
    return this.tf.tidy(() => compute(this.tf, node, values, { shapes, resolve }));
  }

  private control<K extends ControlFlowName>(step: Step<K>, frame: Frame): TfTensor[] {
    const run: ControlRuns[K] = this.controls[step.node.op];
    return run(step, frame);
  }

  private readonly controls: ControlRuns = {
    Loop: (step, frame) => this.loop(step, frame),
    If: (step, frame) => this.branch(step, frame),
  };

  private loop({ node, operands, bodies: [body] }: Step<'Loop'>, frame: Frame): TfTensor[] {
    const [trips, ...initial] = each(operands, (tensor) => frame.get(tensor));
    const turns = trips.dataSync()[0]!;
    let carried = initial.map((x) => this.tf.clone(x));
    const stacked: TfTensor[][] = node.outputs.slice(initial.length).map(() => []);
    for (let turn = 0; turn < turns; turn++) {
      const inner = frame.inner();
      body.inputs.slice(1).forEach((tensor, i) => {
        inner.learnSizes(tensor, carried[i]!.shape);
      });
      const [condition, ...results] = this.run(body, [this.tf.scalar(turn, 'int32'), ...carried], inner);
      carried = results.slice(0, initial.length);
      results.slice(initial.length).forEach((x, i) => {
        stacked[i]!.push(x);
      });
      const ended = condition!.dataSync()[0] === 0;
      condition!.dispose();
      if (ended) break;
    }
    const results = [
      ...carried,
      ...stacked.map((slices, i) => this.stack(slices, node.outputs[initial.length + i]!, frame)),
    ];
    node.outputs.forEach((tensor, i) => {
      frame.learnSizes(tensor, results[i]!.shape);
    });
    return results;
  }

  /** Stacks the outputs of loop iterations. */
  private stack(slices: TfTensor[], { shape, dtype }: Tensor, frame: Frame): TfTensor {
    if (slices.length === 0) return this.tf.zeros([0, ...frame.shape(shape.slice(1))], tfType(dtype));
    const result =
      slices[0]!.size === 0
        ? this.tf.zeros([slices.length, ...slices[0]!.shape], tfType(dtype))
        : this.tf.stack(slices);
    for (const slice of slices) slice.dispose();
    return result;
  }

  private branch({ operands: [condition], bodies: [then, otherwise] }: Step<'If'>, frame: Frame): TfTensor[] {
    const holds = frame.get(condition).dataSync()[0] !== 0;
    return this.run(holds ? then : otherwise, [], frame.inner());
  }
}
