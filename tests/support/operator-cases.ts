/**
 * Cases of every operator of the tensor graph: the ONNX encodings are compared on them on each device, and the gradient
 * rules are checked on them. Shapes mix numbers, named sizes, broadcasting and axes of length 0.
 */
import { type Dim, type OperatorName, op, type Shape, type Tensor } from '../../engine/tensor/index.ts';
import {
  floats,
  type Input,
  indices,
  integers,
  longs,
  type OperatorCase,
  one,
  positive,
  scalar,
} from './operator-case.ts';

type Binary = (a: Tensor, b: Tensor) => Tensor;
function binary(name: OperatorName, f: Binary, b: (...shape: Dim[]) => Input = floats): OperatorCase[] {
  const wanted = ['a', 'b'];
  const build = ({ a, b }: Record<string, Tensor>) => f(a!, b!);
  return [
    one(name, 'same shape', { a: floats('B', 3), b: b('B', 3) }, build, wanted),
    one(name, 'right side broadcast', { a: floats('B', 'L', 4), b: b(4) }, build, wanted),
    one(name, 'left side broadcast', { a: floats('L', 1), b: b('B', 'L', 4) }, build, wanted),
    one(name, 'both sides broadcast', { a: floats('L', 1), b: b(1, 4) }, build, wanted),
    one(name, 'scalar', { a: floats(2, 3), b: b() }, build, wanted),
    one(name, 'nothing', { a: floats('Z', 3), b: b(3) }, build, wanted),
  ];
}
function comparison(name: OperatorName, f: Binary): OperatorCase[] {
  const build = ({ a, b }: Record<string, Tensor>) => f(a!, b!);
  return [
    one(name, 'float32', { a: floats('B', 'L', 4), b: floats('L', 1) }, build),
    one(name, 'int32', { a: indices(3, 'B', 5), b: indices(3, 'B', 5) }, build),
    one(name, 'int64', { a: longs(3, 'B', 5), b: longs(3, 5) }, build),
  ];
}
function logical(name: OperatorName, f: Binary): OperatorCase {
  return one(name, 'bool', { a: floats('B', 6), b: floats(6) }, ({ a, b }) =>
    f(op.less(a!, 0.5), op.greater(b!, -0.5)),
  );
}
function unary(name: OperatorName, f: (x: Tensor) => Tensor, x: (...shape: Dim[]) => Input = floats): OperatorCase[] {
  return [
    one(name, 'named sizes', { x: x('B', 'L', 4) }, ({ x }) => f(x!), ['x']),
    one(name, 'scalar', { x: x() }, ({ x }) => f(x!), ['x']),
    one(name, 'nothing', { x: x('Z', 2) }, ({ x }) => f(x!), ['x']),
  ];
}
type Reduce = (x: Tensor, axes?: readonly number[], keep?: boolean) => Tensor;
function reduction(name: OperatorName, f: Reduce): OperatorCase[] {
  const x = { x: floats('B', 'L', 4) };
  return [
    one(name, 'all axes', x, ({ x }) => f(x!), ['x']),
    one(name, 'last axis', x, ({ x }) => f(x!, [-1]), ['x']),
    one(name, 'last axis, kept', x, ({ x }) => f(x!, [-1], true), ['x']),
    one(name, 'a named axis', x, ({ x }) => f(x!, [1]), ['x']),
    one(name, 'two axes, kept', x, ({ x }) => f(x!, [0, 2], true), ['x']),
    one(name, 'no axis', x, ({ x }) => f(x!, []), ['x']),
  ];
}
function products(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  for (const transA of [false, true]) {
    for (const transB of [false, true]) {
      const sides = `${transA ? 'transposed' : 'plain'} x ${transB ? 'transposed' : 'plain'}`;
      const build = ({ a, b }: Record<string, Tensor>) => op.matmul(a!, b!, { transA, transB });
      for (const lead of [[], ['B'], ['B', 2], ['B', 'L', 2]] as Dim[][]) {
        const a = floats(...lead, ...(transA ? [5, 'C'] : ['C', 5]));
        const b = floats(...lead, ...(transB ? [3, 5] : [5, 3]));
        cases.push(one('MatMul', `${sides}, ${lead.length + 2} axes`, { a, b }, build, ['a', 'b']));
      }
      const matrices = {
        a: floats(...(transA ? ['Z', 'C'] : ['C', 'Z'])),
        b: floats(...(transB ? [3, 'Z'] : ['Z', 3])),
      };
      cases.push(one('MatMul', `${sides}, nothing in between`, matrices, build, ['a', 'b']));
    }
  }
  // No such case for a batch with a transposed side: onnxruntime 1.30 leaves its product unset.
  const batch = { a: floats('B', 'C', 'Z'), b: floats('B', 'Z', 3) };
  cases.push(one('MatMul', 'a batch, nothing in between', batch, ({ a, b }) => op.matmul(a!, b!)));
  const rows = { a: floats('Z', 5), b: floats(3, 5) };
  cases.push(one('MatMul', 'no rows', rows, ({ a, b }) => op.linear(a!, b!), ['a', 'b']));
  return cases;
}

function shapes(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  const reshape = (what: string, from: Shape, to: Shape) =>
    cases.push(one('Reshape', what, { x: floats(...from) }, ({ x }) => op.reshape(x!, to), ['x']));
  reshape('numbers', [2, 6], [3, 4]);
  reshape('a product of sizes', ['B', 'L', 4], ['B*L', 4]);
  reshape('split heads', ['B', 'L', 8], ['B', 'L', 2, 4]);
  reshape('two open axes', ['B', 2, 'L', 4], ['2*B', 'L', 4]);
  reshape('to a scalar', [1, 1], []);
  reshape('from a scalar', [], [1, 1]);
  reshape('nothing, copied axes', ['Z', 'B', 4], ['Z', '4*B']);
  reshape('nothing, moved axes', ['B', 'Z', 4], ['B*Z', 4]);
  reshape('nothing, a number', [0, 4], [2, 0]);
  cases.push(
    one(
      'Reshape',
      'sizes of another input',
      { x: floats('P*G', 'L'), p: floats('P'), g: floats('G') },
      ({ x }) => op.reshape(x!, ['P', 'G', 'L']),
      ['x'],
    ),
    one('Transpose', 'heads', { x: floats('B', 'L', 2, 4) }, ({ x }) => op.transpose(x!, [0, 2, 1, 3]), ['x']),
    one('Transpose', 'a cycle', { x: floats('B', 'L', 4) }, ({ x }) => op.transpose(x!, [2, 0, 1]), ['x']),
    one('Transpose', 'nothing', { x: floats('Z', 'L', 4) }, ({ x }) => op.transpose(x!, [2, 0, 1]), ['x']),
  );
  const expand = (what: string, from: Shape, to: Shape) =>
    cases.push(one('Expand', what, { x: floats(...from), s: floats('B', 'L') }, ({ x }) => op.expand(x!, to), ['x']));
  expand('numbers', [3, 1], [2, 3, 4]);
  expand('named sizes', ['B', 1, 4], ['B', 'L', 4]);
  expand('a scalar', [], ['B', 'L']);
  expand('nothing new', ['B', 'L'], ['B', 'L']);
  expand('to nothing', [1, 4], [0, 4]);
  cases.push(
    one(
      'Expand',
      'feeding an operator that broadcasts',
      { x: floats('B', 1), y: floats('B', 'L') },
      ({ x, y }) => op.mul(op.expand(x!, ['B', 'L']), y!),
      ['x', 'y'],
    ),
    one(
      'Expand',
      'both sides of an operator',
      { x: floats('B', 1), y: floats(1, 'L') },
      ({ x, y }) => op.mul(op.expand(x!, ['B', 'L']), op.expand(y!, ['B', 'L'])),
      ['x', 'y'],
    ),
    one('Concat', 'numbers', { a: floats(2, 3), b: floats(2, 4) }, ({ a, b }) => op.concat([a!, b!], 1), ['a', 'b']),
    one(
      'Concat',
      'named sizes, three parts',
      { a: floats('B', 'L', 2), b: floats('B', 'C', 2), c: floats('B', 1, 2) },
      ({ a, b, c }) => op.concat([a!, b!, c!], -2),
      ['a', 'b', 'c'],
    ),
    one(
      'Concat',
      'an empty part',
      { a: floats('B', 'Z', 2), b: floats('B', 'C', 2) },
      ({ a, b }) => op.concat([a!, b!], 1),
      ['a', 'b'],
    ),
    one('Split', 'numbers', { x: floats('B', 9) }, ({ x }) => op.split(x!, -1, [2, 3, 4]), ['x']),
    one(
      'Split',
      'named sizes',
      { x: floats('B', 'C+L'), s: floats('C', 'L') },
      ({ x }) => op.split(x!, 1, ['L', 'C']),
      ['x'],
    ),
    one('Split', 'one piece used', { x: floats(9, 'B') }, ({ x }) => op.split(x!, 0, [5, 4])[1]!, ['x']),
  );
  return cases;
}

function indexing(): OperatorCase[] {
  return [
    one('Gather', 'rows', { x: floats(6, 4), i: indices(6, 'B', 'L') }, ({ x, i }) => op.gather(x!, i!), ['x']),
    one('Gather', 'one row', { x: floats(6, 4), i: indices(6) }, ({ x, i }) => op.gather(x!, i!), ['x']),
    one('Gather', 'elements', { x: floats(6), i: indices(6, 'B', 'L') }, ({ x, i }) => op.gather(x!, i!), ['x']),
    one('Gather', 'nothing', { x: floats(6, 4), i: indices(6, 'Z') }, ({ x, i }) => op.gather(x!, i!), ['x']),
    one('Pick', 'two axes', { x: floats('B', 'L', 5), i: indices(5, 'B', 'L') }, ({ x, i }) => op.pick(x!, i!), ['x']),
    one('Pick', 'no axis', { x: floats(5), i: indices(5) }, ({ x, i }) => op.pick(x!, i!), ['x']),
    one('Pick', 'nothing', { x: floats('Z', 5), i: indices(5, 'Z') }, ({ x, i }) => op.pick(x!, i!), ['x']),
    one('ScatterAdd', 'rows', { i: indices(4, 'B', 'L'), x: floats('B', 'L', 3) }, ({ x, i }) =>
      op.scatterAdd(i!, x!, 4),
    ),
    one('ScatterAdd', 'elements', { i: indices(4, 9), x: floats(9) }, ({ x, i }) => op.scatterAdd(i!, x!, 4)),
    one('ScatterAdd', 'matrices', { i: indices(4, 9), x: floats(9, 2, 3) }, ({ x, i }) => op.scatterAdd(i!, x!, 4)),
    one('ScatterAdd', 'nothing', { i: indices(4, 'Z'), x: floats('Z', 3) }, ({ x, i }) => op.scatterAdd(i!, x!, 4)),
    one('ArgMax', 'float32', { x: floats('B', 'L', 7) }, ({ x }) => op.argMax(x!)),
    one('ArgMax', 'the first of equal ones', { x: { ...floats(2, 4), values: [1, 3, 3, 0, 2, 2, 2, 2] } }, ({ x }) =>
      op.argMax(x!),
    ),
    one('CumSum', 'float32', { x: floats('B', 'L', 7) }, ({ x }) => op.cumulativeSum(x!)),
    one('CumSum', 'one axis', { x: floats(7) }, ({ x }) => op.cumulativeSum(x!)),
    one('CumSum', 'int32', { x: integers('B', 7) }, ({ x }) => op.cumulativeSum(x!)),
  ];
}

function casts(): OperatorCase[] {
  return [
    one('Cast', 'float32 to int32', { x: floats('B', 5) }, ({ x }) => op.cast(op.mul(x!, 3), 'int32')),
    one('Cast', 'int32 to float32', { x: integers('B', 5) }, ({ x }) => op.cast(x!, 'float32')),
    one('Cast', 'int32 to int64', { x: integers('B', 5) }, ({ x }) => op.cast(x!, 'int64')),
    one('Cast', 'int64 to int32', { x: longs(9, 'B', 5) }, ({ x }) => op.cast(x!, 'int32')),
    one('Cast', 'int64 to float32', { x: longs(9, 'B', 5) }, ({ x }) => op.cast(x!, 'float32')),
    one('Cast', 'bool to float32', { x: floats('B', 5) }, ({ x }) => op.cast(op.less(x!, 0), 'float32')),
    one('Cast', 'bool to int32', { x: floats('B', 5) }, ({ x }) => op.cast(op.less(x!, 0), 'int32')),
    one('Cast', 'int32 to bool', { x: integers('B', 5) }, ({ x }) => op.cast(x!, 'bool')),
  ];
}

function composites(): OperatorCase[] {
  const norm = (what: string, ...shape: Dim[]) =>
    one('RmsNorm', what, { x: floats(...shape), w: floats(4) }, ({ x, w }) => op.rmsNorm(x!, w!, 1e-5), ['x', 'w']);
  const rotation = (what: string, batch: Dim, length: Dim) =>
    one(
      'Rotary',
      what,
      { x: floats(batch, length, 12), p: longs(9, batch, length), c: floats(9, 3), s: floats(9, 3) },
      ({ x, p, c, s }) => op.rotary(x!, p!, c!, s!, 2),
      ['x'],
    );
  return [
    norm('three axes', 'B', 'L', 4),
    norm('two axes', 'C', 4),
    norm('nothing', 'Z', 4),
    rotation('positions of each row', 'B', 'L'),
    rotation('one step', 'B', 1),
    one('Softmax', 'last axis', { x: floats('B', 'L', 7) }, ({ x }) => op.softmax(x!), ['x']),
    one('Softmax', 'masked', { x: floats('B', 5), y: floats('B', 5) }, ({ x, y }) =>
      op.softmax(op.where(op.less(y!, 1), x!, -1e30)),
    ),
    one('Softmax', 'no rows', { x: floats('Z', 5) }, ({ x }) => op.softmax(x!), ['x']),
    one('Identity', 'no gradient', { x: floats('B', 3) }, ({ x }) => op.mul(x!, op.stopGradient(op.neg(x!)))),
    one('Size', 'a name', { x: floats('B', 'L') }, (_, graph) => op.sizeOf(graph, 'L')),
    one('Size', 'a polynomial', { x: floats('B', 'L') }, (_, graph) => op.sizeOf(graph, '2*B*L+L')),
    one('Size', 'a number', { x: floats('B', 'L') }, (_, graph) => op.sizeOf(graph, 7)),
  ];
}

function control(): OperatorCase[] {
  const limited = { x: floats('B', 2), n: scalar('int64', 5), limit: scalar('float32', 50) };
  const growing = { x: floats('B', 1, 2), n: scalar('int64', 3) };
  return [
    one('Loop', 'carries and stacks', { x: floats('B', 2), n: scalar('int64', 4) }, ({ x, n }) => {
      const result = op.loop(n!, [x!], 'T', (turn, [c]) => {
        const next = op.add(op.mul(c!, 0.5), op.cast(turn, 'float32'));
        return { carried: [next], stacked: [op.reduceSum(next, [1]), next] };
      });
      return [...result.carried, ...result.stacked];
    }),
    one('Loop', 'stops early', limited, ({ x, n, limit }) => {
      const result = op.loop(n!, [x!], 'T', (_, [c]) => {
        const next = op.mul(c!, 3);
        return { carried: [next], stacked: [next], condition: op.less(op.reduceSum(op.abs(next)), limit!) };
      });
      return [...result.carried, ...result.stacked];
    }),
    one('Loop', 'carries an axis that grows', growing, ({ x, n }) => {
      const { carried, stacked } = op.loop(
        n!,
        [x!],
        'T',
        (_, [c]) => {
          // The flat view needs a size known only within the iteration.
          const flat = op.reshape(c!, ['B*H', 2]);
          const mean = op.reduceMean(op.reshape(op.tanh(flat), ['B', 'H', 2]), [1], true);
          const size = op.cast(op.sizeOf(c!.graph, 'H'), 'float32');
          return { carried: [op.concat([c!, mean], 1)], stacked: [op.mul(mean, size)] };
        },
        [['B', 'H', 2]],
      );
      // Two unknown axes: read from the loop's output.
      return [op.reshape(op.transpose(carried[0]!, [1, 0, 2]), ['B*H', 2]), stacked[0]!];
    }),
    one('Loop', 'hands values through', { ...growing, y: floats('B') }, ({ x, y, n }) => {
      const result = op.loop(n!, [x!, y!, y!], 'T', (_, [a, b, c]) => ({ carried: [a!, c!, b!], stacked: [y!, b!] }));
      return [...result.carried, ...result.stacked];
    }),
    one('Loop', 'inside a loop', { x: floats('B'), n: scalar('int64', 3) }, ({ x, n }) => {
      const outer = op.loop(n!, [x!], 'T', (turn, [a]) => {
        const inner = op.loop(n!, [a!], 'U', (_, [b]) => ({ carried: [op.add(b!, x!)], stacked: [] }));
        return { carried: [op.mul(inner.carried[0]!, 0.5)], stacked: [op.cast(turn, 'float32')] };
      });
      return [...outer.carried, ...outer.stacked];
    }),
    ...[0, 3].map((limit) =>
      one('If', limit ? 'then' : 'otherwise', { x: floats('B', 2), c: scalar('float32', limit) }, ({ x, c }) =>
        op.branch(
          op.greater(c!, 1),
          () => [op.mul(x!, 2), x!, op.reshape(x!, ['2*B'])],
          () => [x!, x!, op.reshape(op.neg(x!), ['2*B'])],
        ),
      ),
    ),
  ];
}

export const OPERATOR_CASES: readonly OperatorCase[] = [
  ...binary('Add', op.add),
  ...binary('Sub', op.sub),
  ...binary('Mul', op.mul),
  ...binary('Div', op.div, positive),
  ...binary('Max', op.maximum),
  ...binary('Min', op.minimum),
  one('Add', 'int64', { a: longs(9, 4), b: longs(9, 4) }, ({ a, b }) => op.add(a!, b!)),
  one('Mul', 'int32', { a: integers(4), b: integers(4) }, ({ a, b }) => op.mul(a!, b!)),
  one('Div', 'int32 towards zero', { a: integers(9) }, ({ a }) => op.div(a!, 2)),
  one('Max', 'int32', { a: integers('B', 4), b: integers(4) }, ({ a, b }) => op.maximum(a!, b!)),
  one('Min', 'int32', { a: integers('B', 4), b: integers(4) }, ({ a, b }) => op.minimum(a!, b!)),
  ...comparison('Less', op.less),
  ...comparison('Greater', op.greater),
  ...comparison('GreaterOrEqual', op.greaterOrEqual),
  ...comparison('Equal', op.equal),
  logical('And', op.and),
  logical('Or', op.or),
  one('Not', 'bool', { a: floats('B', 4) }, ({ a }) => op.not(op.less(a!, 0))),
  ...unary('Neg', op.neg),
  ...unary('Exp', op.exp),
  ...unary('Log', op.log, positive),
  ...unary('Sqrt', op.sqrt, positive),
  ...unary('Abs', op.abs),
  ...unary('Sigmoid', op.sigmoid),
  ...unary('Tanh', op.tanh),
  one('Neg', 'int32', { a: integers(4) }, ({ a }) => op.neg(a!)),
  one(
    'Where',
    'broadcast sides',
    { c: floats('B', 'L', 1), a: floats('L', 4), b: floats('B', 1, 4) },
    ({ c, a, b }) => op.where(op.less(c!, 0), a!, b!),
    ['a', 'b'],
  ),
  one('Where', 'broadcast condition', { c: floats(4), a: floats('B', 4) }, ({ c, a }) =>
    op.where(op.less(c!, 0), a!, 0),
  ),
  one('Where', 'int32', { c: floats(4), a: integers('B', 4) }, ({ c, a }) => op.where(op.less(c!, 0), a!, 7)),
  one('Where', 'int64', { c: floats(4), a: longs(9, 'B', 4) }, ({ c, a }) => op.where(op.less(c!, 0), a!, 7)),
  ...reduction('ReduceSum', op.reduceSum),
  ...reduction('ReduceMean', op.reduceMean),
  ...reduction('ReduceMax', op.reduceMax),
  one('ReduceSum', 'nothing', { x: floats('Z', 3) }, ({ x }) => op.reduceSum(x!, [0]), ['x']),
  one('ReduceSum', 'int32', { x: integers('B', 3) }, ({ x }) => op.reduceSum(x!, [1])),
  one('ReduceMax', 'int32', { x: integers('B', 3) }, ({ x }) => op.reduceMax(x!, [1])),
  ...products(),
  ...shapes(),
  ...indexing(),
  ...casts(),
  ...composites(),
  ...control(),
];
