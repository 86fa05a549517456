/** Combinations of operators, for which gradients and encodings must be correct together. */
import { type Dim, op, type Tensor } from '../../engine/tensor/index.ts';
import { floats, type Input, indices, longs, type OperatorCase, one } from './operator-case.ts';

function decoderLayer(): OperatorCase {
  const [length, heads, width] = [3, 2, 8];
  const weights = (...shape: Dim[]): Input => ({ dtype: 'float32', shape, low: -1, high: 1 });
  const inputs = {
    x: weights('B', length, width),
    position: longs(5, 'B', length),
    cos: weights(5, 2),
    sin: weights(5, 2),
    mask: { ...weights(1, 1, length, length), values: [0, -9, -9, 0, 0, -9, 0, 0, 0] },
    norm: weights(width),
    q: weights(width, width),
    k: weights(width, width),
    v: weights(width, width),
    o: weights(width, width),
    up: weights(12, width),
    gate: weights(12, width),
    down: weights(width, 12),
  };
  const build = (t: Record<string, Tensor>): Tensor => {
    const flat = op.reshape(op.rmsNorm(t.x!, t.norm!, 1e-5), [`${length}*B`, width]);
    const project = (w: Tensor) => op.reshape(op.linear(flat, w), ['B', length, width]);
    const turn = (y: Tensor) => op.rotary(y, t.position!, t.cos!, t.sin!, heads);
    const split = (y: Tensor) => op.transpose(op.reshape(y, ['B', length, heads, width / heads]), [0, 2, 1, 3]);
    const [q, k, v] = [split(turn(project(t.q!))), split(turn(project(t.k!))), split(project(t.v!))];
    const scores = op.add(op.mul(op.matmul(q!, k!, { transB: true }), 0.5), t.mask!);
    const mixed = op.transpose(op.matmul(op.softmax(scores), v!), [0, 2, 1, 3]);
    const joined = op.reshape(mixed, [`${length}*B`, width]);
    const attended = op.add(op.reshape(t.x!, [`${length}*B`, width]), op.linear(joined, t.o!));
    const fed = op.mul(op.silu(op.linear(attended, t.gate!)), op.linear(attended, t.up!));
    return op.add(attended, op.linear(fed, t.down!));
  };
  const wanted = ['x', 'norm', 'q', 'k', 'v', 'o', 'up', 'gate', 'down'];
  return one('MatMul', 'a decoder layer', inputs, build, wanted);
}

export const COMPOSITE_CASES: readonly OperatorCase[] = [
  decoderLayer(),
  one(
    'Split',
    'a tensor used several times, and in pieces of which one is unused',
    { x: floats('B', 6) },
    ({ x }) => {
      const [a, , c] = op.split(op.mul(x!, x!), 1, [2, 3, 1]);
      return op.add(op.exp(a!), op.mul(c!, op.reduceMean(x!, [1], true)));
    },
    ['x'],
  ),
  one(
    'Pick',
    'log-probabilities of chosen tokens under a tied embedding',
    { x: floats('B', 'L', 6), e: floats(11, 6), i: indices(11, 'B', 'L') },
    ({ x, e, i }) => {
      const flat = op.reshape(op.add(x!, op.gather(e!, i!)), ['B*L', 6]);
      const logits = op.linear(flat, e!);
      const shifted = op.sub(logits, op.stopGradient(op.reduceMax(logits, [-1], true)));
      const chosen = op.pick(shifted, op.reshape(i!, ['B*L']));
      return op.sub(chosen, op.log(op.reduceSum(op.exp(shifted), [-1])));
    },
    ['x', 'e'],
  ),
];
