/** Softmax attention over several sets of keys at once, as graphs: for all heads together, or head by head. */
import { type Dim, type Graph, op, product, type Shape, type Tensor } from '../tensor/index.ts';

/** Keys and values that queries may attend to. */
export interface KeyValueSet {
  keys: Tensor;
  values: Tensor;
  /** Number of keys. */
  length: Dim;
  /** Whether all G rows of a problem share one set ([P*kv, ...]), or each row has its own ([P*kv*G, ...]). */
  shared: boolean;
  /** Added to the scores, broadcast over [P, kv*G*heads/kv, L, length]; null: no mask. */
  bias: Tensor | null;
  /**
   * Position of the first key; the others follow consecutively: at the stream's own first position, at the prompt's
   * beginning, or at a position per row, int64 [P*G, 1].
   */
  first: 'own' | 'prompt' | (() => Tensor);
}

/** Queries are [P*kv, G*R*L, d]: G rows of L tokens for each of P problems, R heads per key-value head. */
export interface QueryGrid {
  P: Dim;
  kvHeads: number;
  G: Dim;
  R: number;
  L: Dim;
  headDim: number;
  /** Scores s become cap tanh(s / cap); null: no cap. */
  cap: number | null;
}

/** Applies the cap to scores, before a bias. */
function softCapped(scores: Tensor, cap: number | null): Tensor {
  return cap === null ? scores : op.mul(op.tanh(op.mul(scores, 1 / cap)), cap);
}

/** The derivative of `softCapped` from its result `found`: 1 - (found / cap)^2. */
function softCapSlope(found: Tensor, cap: number): Tensor {
  const inner = op.mul(found, 1 / cap);
  return op.sub(1, op.mul(inner, inner));
}

/**
 * Returns [P*kv, G*R*L, d]. The scores of all heads are in memory at once, and the gradient keeps several copies of
 * them.
 */
export function attendWhole(queries: Tensor, grid: QueryGrid, sets: readonly KeyValueSet[]): Tensor {
  const { P, kvHeads, G, R, L, headDim, cap } = grid;
  if (L === 1) return attendToken(queries, grid, sets);
  const all = [product(P, kvHeads), product(G, R, L)];
  const each = [product(P, kvHeads, G), product(R, L)];
  const shape = (set: KeyValueSet) => (set.shared ? all : each);
  const scores = sets.map((set) => {
    const q = set.shared ? queries : op.reshape(queries, [...each, headDim]);
    const plain = op.matmul(q, set.keys, { transB: true });
    const raw = softCapped(op.reshape(plain, [P, product(kvHeads, G, R), L, set.length]), cap);
    return set.bias ? op.add(raw, set.bias) : raw;
  });
  const mass = op.split(
    op.softmax(op.concat(scores, -1)),
    -1,
    sets.map((set) => set.length),
  );
  const parts = sets.map((set, i) => {
    const weights = op.reshape(mass[i]!, [...shape(set), set.length]);
    return op.reshape(op.matmul(weights, set.values), [...all, headDim]);
  });
  return parts.reduce((a, b) => op.add(a, b));
}

/** The same for one token per row: per-row matrices keep their shape, so that few of them need a reshape. */
function attendToken(
  queries: Tensor,
  { P, kvHeads, G, R, headDim, cap }: QueryGrid,
  sets: readonly KeyValueSet[],
): Tensor {
  const all = [product(P, kvHeads), product(G, R)];
  const each = [product(P, kvHeads, G), R];
  const scores = sets.map(({ keys, length, shared, bias }) => {
    const q = shared ? queries : op.reshape(queries, [...each, headDim]);
    const raw = softCapped(op.reshape(op.matmul(q, keys, { transB: true }), [...each, length]), cap);
    if (!bias) return raw;
    const byRow = op.reshape(op.expand(bias, [P, product(kvHeads, G), 1, length]), [each[0]!, 1, length]);
    return op.add(raw, byRow);
  });
  const mass = op.split(
    op.softmax(op.concat(scores, -1)),
    -1,
    sets.map((set) => set.length),
  );
  const parts = sets.map(({ values, length, shared }, i) => {
    const weights = shared ? op.reshape(mass[i]!, [...all, length]) : mass[i]!;
    return op.reshape(op.matmul(weights, values), [...each, headDim]);
  });
  const mixed = parts.reduce((a, b) => op.add(a, b));
  return op.reshape(mixed, [...all, headDim]);
}

/** What one head of one row attends to: matrices [length, d], and a bias [1 or L, length]. */
interface HeadContext {
  keys: Tensor;
  values: Tensor;
  bias: Tensor | null;
}

/**
 * The same, head by head and row by row: only one head's scores are in memory, forward and backward, since the gradient
 * recomputes them. With p = softmax(q K), o = p V and the gradient g of o: dV = p' g, ds = p (g V' - sum(p (g V'))), dq
 * = ds K, dK = ds' q.
 */
export function attendByHead(
  queries: Tensor,
  { P, kvHeads, G, R, L, headDim, cap }: QueryGrid,
  sets: readonly KeyValueSet[],
): Tensor {
  const { graph } = queries;
  const count = product(P, kvHeads, G, R);
  const trips = op.sizeOf(graph, count);
  const lengths = sets.map((set) => set.length);
  const heads = [count, L, headDim];

  /** Softmax of a head's scores, as one matrix [L, length] per set. */
  const mass = (q: Tensor, seen: readonly HeadContext[]): readonly Tensor[] => {
    const scores = seen.map(({ keys, bias }) => {
      const raw = softCapped(op.linear(q, keys), cap);
      return bias ? op.add(raw, bias) : raw;
    });
    return op.split(op.softmax(op.concat(scores, -1)), -1, lengths);
  };
  const see = (turn: Tensor): HeadContext[] =>
    sets.map(({ keys, values, shared, bias }) => {
      const at = floorDivide(graph, turn, shared ? product(G, R) : R);
      const seenBias = () => {
        const plain = bias!.shape.slice(2);
        if (bias!.shape[0] === 1) return op.reshape(bias!, plain);
        return op.reshape(selectRow(bias!, floorDivide(graph, turn, product(kvHeads, G, R))), plain);
      };
      return { keys: selectRow(keys, at), values: selectRow(values, at), bias: bias && seenBias() };
    });

  const [mixed] = graph.block(
    [queries, ...sets.flatMap(({ keys, values }) => [keys, values])],
    () => {
      const byHead = op.reshape(queries, heads);
      const { stacked } = op.loop(trips, [], count, (turn) => {
        const seen = see(turn);
        const parts = mass(selectRow(byHead, turn), seen).map((p, i) => op.matmul(p, seen[i]!.values));
        return { carried: [], stacked: [parts.reduce((a, b) => op.add(a, b))] };
      });
      return [op.reshape(stacked[0]!, queries.shape)];
    },
    () =>
      ([g]) => {
        const byHead = op.reshape(queries, heads);
        const given = op.reshape(g!, heads);
        const { stacked } = op.loop(trips, [], count, (turn) => {
          const seen = see(turn);
          const [q, dOut] = [selectRow(byHead, turn), selectRow(given, turn)];
          const parts = mass(q, seen);
          const whole = op.concat(parts, -1);
          const dMass = op.concat(
            seen.map(({ values }) => op.linear(dOut, values)),
            -1,
          );
          const inner = op.reduceSum(op.mul(whole, dMass), [-1], true);
          const dCapped = op.split(op.mul(whole, op.sub(dMass, inner)), -1, lengths);
          const dScores = dCapped.map((ds, i) =>
            cap === null ? ds : op.mul(ds, softCapSlope(softCapped(op.linear(q, seen[i]!.keys), cap), cap)),
          );
          const dQuery = dScores.map((ds, i) => op.matmul(ds, seen[i]!.keys)).reduce((a, b) => op.add(a, b));
          const others = dScores.flatMap((ds, i) => [
            op.matmul(ds, q, { transA: true }),
            op.matmul(parts[i]!, dOut, { transA: true }),
          ]);
          return { carried: [], stacked: [dQuery, ...others] };
        });
        const [dQueries, ...others] = stacked;
        const summed = sets.flatMap(({ keys, values, length, shared }, i) => {
          const [lead, copies] = shared ? [product(P, kvHeads), product(G, R)] : [product(P, kvHeads, G), R];
          return [keys, values].map((of, j) => {
            const byCopy = op.reshape(others[2 * i + j]!, [lead, copies, length, headDim]);
            return op.reshape(op.reduceSum(byCopy, [1]), of.shape);
          });
        });
        return [op.reshape(dQueries!, queries.shape), ...summed];
      },
  );
  return mixed!;
}

/** Row `at` (int64 scalar) of x [N, ...]: [...]. */
function selectRow(x: Tensor, at: Tensor): Tensor {
  const shape: Shape = x.shape.slice(1);
  return op.reshape(op.gather(x, op.reshape(op.cast(at, 'int32'), [1])), shape);
}

/** turn / size, rounded down (int64 scalars). */
function floorDivide(graph: Graph, turn: Tensor, size: Dim): Tensor {
  return size === 1 ? turn : op.div(turn, op.sizeOf(graph, size));
}
