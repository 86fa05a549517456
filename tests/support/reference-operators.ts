/**
 * The semantics of each operator in float64, one element at a time. Loops and branches are in `reference-backend.ts`, which
 * runs their bodies.
 */
import {
  type Dim,
  type Each,
  elementsOf,
  type Node,
  type OperatorName,
  type Operators,
  type PlainOperatorName,
  type Tensor,
} from '../../engine/tensor/index.ts';

/** Integers and booleans (0, 1) are stored as doubles too. */
export interface Doubles {
  shape: readonly number[];
  data: Float64Array;
}

function filled(shape: readonly number[], element: (index: number[]) => number): Doubles {
  const data = new Float64Array(elementsOf(shape));
  const index = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = element(index);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
  return { shape, data };
}

/** The element at an index; missing leading axes and axes of size 1 broadcast. */
function elementAt(x: Doubles, index: readonly number[]): number {
  const lead = index.length - x.shape.length;
  let offset = 0;
  x.shape.forEach((size, axis) => {
    offset = offset * size + (size === 1 ? 0 : index[lead + axis]!);
  });
  return x.data[offset]!;
}

/** What an operator needs from the current run: the sizes of shapes. */
export interface Sizes {
  resolve(dim: Dim): number;
  shape(tensor: Tensor): number[];
}

/** An operator: computes the values of a node's outputs from those of its inputs. */
export type Run<K extends OperatorName, Frame = Sizes> = (
  xs: Each<Operators[K]['inputs'], Doubles>,
  node: Node<K>,
  frame: Frame,
) => readonly Doubles[];

/** An operator with one output, given that output's shape. */
function single<K extends OperatorName>(
  f: (xs: Each<Operators[K]['inputs'], Doubles>, shape: number[], node: Node<K>) => Doubles,
): Run<K> {
  return (xs, node, frame) => [f(xs, frame.shape(node.outputs[0]!), node)];
}

type Elementwise<Inputs extends readonly Tensor[]> = {
  [K in OperatorName]: Operators[K]['inputs'] extends Inputs ? K : never;
}[OperatorName];

function unary(f: (a: number) => number): Run<Elementwise<readonly [Tensor]>> {
  return ([x], node, frame) => [filled(frame.shape(node.outputs[0]!), (index) => f(elementAt(x, index)))];
}

function binary(f: (a: number, b: number) => number): Run<Elementwise<readonly [Tensor, Tensor]>> {
  return ([a, b], node, frame) => [filled(frame.shape(node.outputs[0]!), (i) => f(elementAt(a, i), elementAt(b, i)))];
}

function reduction(f: (values: number[]) => number): Run<'ReduceSum' | 'ReduceMean' | 'ReduceMax'> {
  return ([x], { outputs: [y], attributes: { axes } }, frame) => {
    const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const groups = filled(kept, () => 0).data;
    const values: number[][] = Array.from(groups, () => []);
    filled(x.shape, (index) => {
      let offset = 0;
      kept.forEach((size, axis) => {
        offset = offset * size + (axes.includes(axis) ? 0 : index[axis]!);
      });
      values[offset]!.push(elementAt(x, index));
      return 0;
    });
    return [{ shape: frame.shape(y), data: Float64Array.from(values, f) }];
  };
}

const total = (values: number[]) => values.reduce((a, b) => a + b, 0);

/** Rows along the last axis. */
function rows(x: Doubles): Float64Array[] {
  const length = x.shape.at(-1)!;
  return Array.from({ length: length === 0 ? 0 : x.data.length / length }, (_, i) =>
    x.data.slice(i * length, (i + 1) * length),
  );
}
const ofRows = (shape: readonly number[], made: Float64Array[]): Doubles => ({
  shape,
  data: Float64Array.from(made.flatMap((row) => [...row])),
});

/** Maps each row along the last axis to a row of the same length. */
function byRow(f: (row: Float64Array) => Float64Array): Run<'Softmax' | 'CumSum'> {
  return ([x], { outputs: [y] }, frame) => [ofRows(frame.shape(y), rows(x).map(f))];
}

const asNumber = (value: boolean) => (value ? 1 : 0);

export const PLAIN_KERNELS: { readonly [K in PlainOperatorName]: Run<K> } = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: (xs, node, frame) => {
    const integer = node.outputs[0].dtype !== 'float32';
    return binary((a, b) => (integer ? Math.trunc(a / b) : a / b))(xs, node, frame);
  },
  Max: binary(Math.max),
  Min: binary(Math.min),
  Less: binary((a, b) => asNumber(a < b)),
  Greater: binary((a, b) => asNumber(a > b)),
  GreaterOrEqual: binary((a, b) => asNumber(a >= b)),
  Equal: binary((a, b) => asNumber(a === b)),
  And: binary((a, b) => asNumber(a === 1 && b === 1)),
  Or: binary((a, b) => asNumber(a === 1 || b === 1)),
  Not: unary((a) => asNumber(a === 0)),
  Neg: unary((a) => -a),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sqrt: unary(Math.sqrt),
  Abs: unary(Math.abs),
  Sigmoid: unary((a) => 1 / (1 + Math.exp(-a))),
  Tanh: unary(Math.tanh),
  Where: single(([condition, a, b], shape) =>
    filled(shape, (i) => elementAt(elementAt(condition, i) === 1 ? a : b, i)),
  ),
  Cast: (xs, node, frame) => {
    const { to } = node.attributes;
    return unary((a) => (to === 'float32' ? a : to === 'bool' ? asNumber(a !== 0) : Math.trunc(a)))(xs, node, frame);
  },
  Identity: unary((a) => a),
  Softmax: byRow((row) => {
    const peak = Math.max(...row);
    const powers = row.map((v) => Math.exp(v - peak));
    return powers.map((p) => p / total([...powers]));
  }),
  ReduceSum: reduction(total),
  ReduceMean: reduction((v) => total(v) / v.length),
  ReduceMax: reduction((v) => Math.max(...v)),
  ArgMax: single(([x], shape) => ({
    shape,
    data: Float64Array.from(rows(x), (row) => row.indexOf(Math.max(...row))),
  })),
  CumSum: byRow((row) => {
    let sum = 0;
    return row.map((v) => (sum += v));
  }),
  MatMul: single(([a, b], shape, { attributes: { transA, transB } }) => {
    const inner = transA ? a.shape.at(-2)! : a.shape.at(-1)!;
    return filled(shape, (index) => {
      const [lead, m, n] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
      let sum = 0;
      for (let k = 0; k < inner; k++) {
        // `elementAt` with full indices: axes of size 1 broadcast.
        sum +=
          elementAt(a, [...lead, ...(transA ? [k, m] : [m, k])]) *
          elementAt(b, [...lead, ...(transB ? [n, k] : [k, n])]);
      }
      return sum;
    });
  }),
  Reshape: single(([x], shape) => ({ shape, data: x.data })),
  Transpose: single(([x], shape, { attributes: { permutation } }) =>
    filled(shape, (index) => {
      const source: number[] = [];
      permutation.forEach((from, to) => {
        source[from] = index[to]!;
      });
      return elementAt(x, source);
    }),
  ),
  Expand: unary((a) => a),
  Concat: single((xs, shape, { attributes: { axis } }) =>
    filled(shape, (index) => {
      let offset = index[axis]!;
      const part = xs.find((x) => {
        if (offset < x.shape[axis]!) return true;
        offset -= x.shape[axis]!;
        return false;
      });
      return elementAt(part!, index.with(axis, offset));
    }),
  ),
  Split: ([x], { outputs, attributes: { axis } }, frame) => {
    let start = 0;
    return outputs.map((y) => {
      const shape = frame.shape(y);
      const from = start;
      start += shape[axis]!;
      return filled(shape, (index) => elementAt(x, index.with(axis, index[axis]! + from)));
    });
  },
  Gather: single(([x, index], shape) =>
    filled(shape, (i) => {
      const rank = index.shape.length;
      return elementAt(x, [bounded(elementAt(index, i.slice(0, rank)), x.shape[0]!), ...i.slice(rank)]);
    }),
  ),
  Pick: single(([x, index], shape) =>
    filled(shape, (i) => elementAt(x, [...i, bounded(elementAt(index, i), x.shape.at(-1)!)])),
  ),
  ScatterAdd: single(([index, updates], shape) => {
    const result = filled(shape, () => 0);
    const row = elementsOf(shape.slice(1));
    index.data.forEach((target, i) => {
      for (let j = 0; j < row; j++) result.data[bounded(target, shape[0]!) * row + j]! += updates.data[i * row + j]!;
    });
    return result;
  }),
  RmsNorm: ([x, weight], { outputs: [y, inverses], attributes: { epsilon } }, frame) => {
    const inverse = rows(x).map((row) => 1 / Math.sqrt(total([...row].map((v) => v * v)) / row.length + epsilon));
    const made = rows(x).map((row, i) => row.map((v, j) => v * inverse[i]! * weight.data[j]!));
    return [ofRows(frame.shape(y), made), { shape: frame.shape(inverses), data: Float64Array.from(inverse) }];
  },
  Rotary: single(([x, position, cos, sin], shape, { attributes: { heads } }) => {
    const head = shape[2]! / heads;
    const half = head / 2;
    return filled(shape, ([b, l, i]) => {
      const p = elementAt(position, [b!, l!]);
      const within = i! % head;
      const first = within < half;
      const partner = elementAt(x, [b!, l!, first ? i! + half : i! - half]);
      const [c, s] = [elementAt(cos, [p, within % half]), elementAt(sin, [p, within % half])];
      return elementAt(x, [b!, l!, i!]) * c + (first ? -partner : partner) * s;
    });
  }),
  Size: (_, { attributes: { dim } }, frame) => [{ shape: [], data: Float64Array.of(frame.resolve(dim)) }],
};

function bounded(index: number, size: number): number {
  if (!Number.isInteger(index) || index < 0 || index >= size) throw new Error(`index ${index} is not below ${size}`);
  return index;
}
