/**
 * The two graphs of sampling. `prefillGraph` turns prompts into keys and values; `decodeGraph` turns the last token of
 * each row into the next ones, drawn from the model's distribution, with everything that a certainty reward needs to
 * know about each token.
 */
import { Decoder, type LayerCache, MASKED, type Weights } from '../model/decoder.ts';
import {
  type Dim,
  Graph,
  type GraphFunction,
  type Named,
  op,
  type Port,
  product,
  type Shape,
  type Tensor,
} from '../tensor/index.ts';

export type BindWeights = (graph: Graph) => Weights;

/** What the graphs of a policy have in common as inputs: the parameters that train, as far as a graph reads them. */
type Parameters = { readonly parameters: Named<Port> };

export type PrefillInputs = Parameters & {
  /** int32 [P, Lp], right-padded. */
  readonly tokens: Port;
  /** int64 [P, Lp]. */
  readonly position: Port;
  /** [1, 1, Lp, Lp], added to the scores. */
  readonly causal: Port;
};

/** Keys and values of each layer, [P*kv, Lp, d]. */
export type PrefillOutputs = readonly LayerCache<Port>[];

/** Prompts to their keys and values. */
export function prefillGraph(bind: BindWeights, positions: number): GraphFunction<PrefillInputs, PrefillOutputs> {
  const graph = new Graph();
  const weights = bind(graph);
  const decoder = new Decoder(weights, positions);
  const tokens = graph.input('tokens', 'int32', ['P', 'Lp']);
  const position = graph.input('position', 'int64', ['P', 'Lp']);
  const causal = graph.input('causal', 'float32', [1, 1, 'Lp', 'Lp']);
  const outputs = decoder
    .prompt(decoder.stream(tokens, position), causal)
    .map((cache, layer) => cacheOutput(graph, 'prompt', layer, cache));
  return { graph, inputs: { tokens, position, causal, parameters: weights.inputs() }, outputs };
}

type Caches = 'prompt' | 'generated';

function cacheInput(graph: Graph, which: Caches, layer: number, shape: Shape): LayerCache {
  return {
    keys: graph.input(`${which}.keys.${layer}`, 'float32', shape),
    values: graph.input(`${which}.values.${layer}`, 'float32', shape),
  };
}

function cacheOutput(graph: Graph, which: Caches, layer: number, { keys, values }: LayerCache): LayerCache<Port> {
  return {
    keys: graph.output(`${which}.keys.${layer}`, keys),
    values: graph.output(`${which}.values.${layer}`, values),
  };
}

/** What is known about each token that is drawn. */
export const STATISTICS = ['logprob', 'entropy', 'logsumexp', 'meanLogit', 'top1', 'top2'] as const;
export type Statistic = (typeof STATISTICS)[number];

/** The record with `f(name)` for each statistic. */
export function statistics<T>(f: (name: Statistic) => T): Record<Statistic, T> {
  return {
    logprob: f('logprob'),
    entropy: f('entropy'),
    logsumexp: f('logsumexp'),
    meanLogit: f('meanLogit'),
    top1: f('top1'),
    top2: f('top2'),
  };
}

/** How tokens are drawn, all scalar: `temperature` and `topP` float32, `topK` int32, `greedy` bool. */
type Controls<T = Tensor> = { readonly temperature: T; readonly greedy: T; readonly topP: T; readonly topK: T };

/** Halvings of the interval in which a truncation threshold is looked for: below float32 resolution. */
const BISECTIONS = 30;

/** The largest threshold (by bisection) above which `enough` of the masses [B, V] still holds; the rest becomes 0. */
function keepAbove(mass: Tensor, loops: boolean, enough: (kept: Tensor) => Tensor): Tensor {
  const graph = mass.graph;
  const above = (threshold: Tensor) => op.where(op.greater(mass, threshold), mass, 0);
  const halve = (from: Tensor, to: Tensor): [Tensor, Tensor] => {
    const middle = op.mul(op.add(from, to), 0.5);
    const holds = enough(above(middle));
    return [op.where(holds, middle, from), op.where(holds, to, middle)];
  };
  let from = op.expand(graph.scalar(0), [mass.shape[0]!, 1]);
  let to = op.reduceMax(mass, [-1], true);
  if (loops) {
    const trips = graph.scalar(BISECTIONS, 'int64');
    from = op.loop(trips, [from, to], BISECTIONS, (_, [a, b]) => ({ carried: halve(a!, b!), stacked: [] })).carried[0]!;
  } else {
    for (let i = 0; i < BISECTIONS; i++) [from, to] = halve(from, to);
  }
  return above(from);
}

/**
 * Probabilities with all but the nucleus set to 0: first the K likeliest tokens (0: all), then of these the smallest set
 * whose share reaches P (arXiv 1904.09751). Tokens that tie with the last one kept are kept too.
 */
function truncate(probability: Tensor, { topP, topK }: Controls, loops: boolean): Tensor {
  const limit = op.where(op.greater(topK, 0), op.cast(topK, 'float32'), 0);
  const count = (kept: Tensor) => op.reduceSum(op.cast(op.greater(kept, 0), 'float32'), [-1], true);
  const size = op.where(op.greater(limit, 0), limit, probability.shape[1] as number);
  const likeliest = keepAbove(probability, loops, (kept) => op.greaterOrEqual(count(kept), size));
  const wanted = op.mul(op.reduceSum(likeliest, [-1], true), topP);
  return keepAbove(likeliest, loops, (kept) => op.greaterOrEqual(op.reduceSum(kept, [-1], true), wanted));
}

/** Width of the blocks in which a large vocabulary is searched. */
const BLOCK = 128;

/** Draws an index from unnormalised masses [B, V] by a number in (0, 1] for each row: int32 [B]. */
function draw(mass: Tensor, u: Tensor): Tensor {
  const [B, V] = mass.shape as [Dim, number];
  const find = (m: Tensor, target: Tensor): { index: Tensor; before: Tensor } => {
    const running = op.cumulativeSum(m);
    const below = op.less(running, target);
    const last = (m.shape.at(-1) as number) - 1;
    const index = op.minimum(op.reduceSum(op.cast(below, 'int32'), [-1]), last);
    const before = op.reduceMax(op.where(below, running, 0), [-1], true);
    return { index, before };
  };
  const row = op.reshape(u, [B, 1]);
  if (V < 8 * BLOCK || V % BLOCK !== 0) {
    // Rounding must not let the target pass the last token that has any mass.
    const target = op.mul(row, op.mul(op.reduceSum(mass, [-1], true), 1 - 1e-6));
    return find(mass, target).index;
  }
  const blocks = V / BLOCK;
  const byBlock = op.reshape(mass, [B, blocks, BLOCK]);
  const sums = op.reduceSum(byBlock, [-1]);
  const target = op.mul(row, op.mul(op.reduceSum(sums, [-1], true), 1 - 1e-6));
  const { index: block, before } = find(sums, target);
  // Rows of the flattened blocks: row * blocks + block.
  const rows = op.cast(op.cumulativeSum(op.expand(mass.graph.scalar(1), [B])), 'int32');
  const at = op.add(op.mul(op.sub(rows, 1), blocks), block);
  const inside = op.gather(op.reshape(byBlock, [product(B, blocks), BLOCK]), at);
  const rest = op.minimum(op.sub(target, before), op.mul(op.reduceSum(inside, [-1], true), 1 - 1e-6));
  return op.add(op.mul(block, BLOCK), find(inside, rest).index);
}

interface Sampled {
  token: Tensor;
  statistics: Record<Statistic, Tensor>;
}

/** The next token of every row and its statistics, from final hidden states [B, hidden]. */
function sample(
  weights: Weights,
  hidden: Tensor,
  meanRow: Tensor,
  u: Tensor,
  controls: Controls,
  options: DecodeOptions,
): Sampled {
  const graph = hidden.graph;
  const V = weights.config.vocabularySize;
  const B = hidden.shape[0]!;
  const warm = op.div(hidden, controls.temperature);
  const logits = op.linear(warm, weights.unembedding());
  const probability = op.softmax(logits);
  const best = op.argMax(logits);
  const top1 = op.reduceMax(probability, [-1]);
  const others = op.where(op.equal(op.iota(graph, V), op.reshape(best, [B, 1])), 0, probability);
  const top2 = op.reduceMax(others, [-1]);
  const logsumexp = op.sub(op.reduceMax(logits, [-1]), op.log(top1));
  const dot = op.matmul(op.reshape(probability, [B, 1, V]), op.reshape(logits, [B, 1, V]), { transB: true });
  const entropy = op.sub(logsumexp, op.reshape(dot, [B]));
  const meanLogit = op.reshape(op.matmul(warm, meanRow, { transB: true }), [B]);
  const kept = options.loops
    ? op.branch(
        op.or(op.less(controls.topP, 1), op.greater(controls.topK, 0)),
        () => [truncate(probability, controls, true)],
        () => [op.stopGradient(probability)],
      )[0]!
    : options.truncates
      ? truncate(probability, controls, false)
      : probability;
  const token = op.where(controls.greedy, best, draw(kept, u));
  const logprob = op.sub(op.pick(logits, token), logsumexp);
  return { token, statistics: { logprob, entropy, logsumexp, meanLogit, top1, top2 } };
}

export interface DecodeOptions {
  positions: number;
  eosIds: readonly number[];
  /** Many steps a call in a loop inside the graph, or one step a call. */
  loops: boolean;
  /** Whether rows have generated tokens already; always true where `loops`. */
  started: boolean;
  /** Without loops: whether top-p and top-k are looked at (with loops they always are). */
  truncates: boolean;
}

export type DecodeInputs = Parameters & {
  /** The last token of each row, int32 [P, G]. */
  readonly tokens: Port;
  /** Its position, int64 [P*G, 1]. */
  readonly position: Port;
  /** Keys and values of the prompts, [P*kv, Lp, d]. */
  readonly prompt: readonly LayerCache<Port>[];
  /** Added to the scores of the prompts, [P, 1, 1, Lp]. */
  readonly promptBias: Port;
  /** Keys and values of what was generated before, [P*kv*G, Lg, d]; null before the first call. */
  readonly generated: readonly LayerCache<Port>[] | null;
  /** A random number for each token, [T, P, G]. */
  readonly uniform: Port;
  readonly controls: Controls<Port>;
  /** With loops: int32 [T], 0 to T - 1, and which rows are done, bool [P, G]. */
  readonly loop: { readonly slots: Port; readonly done: Port } | null;
};

export type DecodeOutputs = {
  /** int32 [T', P, G], T' <= T: the loop ends early when every row is done. */
  readonly tokens: Port;
  /** [T', P, G] each. */
  readonly statistics: Readonly<Record<Statistic, Port>>;
  /** As the input, with T more tokens. */
  readonly generated: readonly LayerCache<Port>[];
};

/** The last token of each row to the next ones, with their statistics and the caches that have grown by them. */
export function decodeGraph(bind: BindWeights, options: DecodeOptions): GraphFunction<DecodeInputs, DecodeOutputs> {
  const { loops, started, eosIds } = options;
  const graph = new Graph();
  const weights = bind(graph);
  const decoder = new Decoder(weights, options.positions);
  const { layers, kvHeads, headDim } = weights.config;
  const T: Dim = loops ? 'T' : 1;
  const tokens = graph.input('tokens', 'int32', ['P', 'G']);
  const position = graph.input('position', 'int64', [product('P', 'G'), 1]);
  const promptBias = graph.input('prompt.bias', 'float32', ['P', 1, 1, 'Lp']);
  const uniform = graph.input('uniform', 'float32', [T, 'P', 'G']);
  const controls: Controls = {
    temperature: graph.input('temperature', 'float32', []),
    greedy: graph.input('greedy', 'bool', []),
    topP: graph.input('topP', 'float32', []),
    topK: graph.input('topK', 'int32', []),
  };
  const caches = (which: Caches, rows: Dim, length: Dim): LayerCache[] =>
    Array.from({ length: layers }, (_, i) => cacheInput(graph, which, i, [rows, length, headDim]));
  const prompt = caches('prompt', product('P', kvHeads), 'Lp');
  const rows = product('P', kvHeads, 'G');
  const generated = started ? caches('generated', rows, 'Lg') : null;
  const meanRow = op.reduceMean(weights.unembedding(), [0], true);
  const B = product('P', 'G');

  const step = (
    token: Tensor,
    at: Tensor,
    u: Tensor,
    see: (layer: number, own: LayerCache) => LayerCache,
    bias: Tensor | null,
    length: Dim,
  ): Sampled => {
    const hidden = decoder.respond(decoder.stream(op.reshape(token, ['P', 'G', 1]), at), (layer, own) => {
      const recent = see(layer, own);
      return [
        { ...prompt[layer]!, length: 'Lp', shared: true, bias: promptBias },
        ...(generated ? [{ ...generated[layer]!, length: 'Lg', shared: false, bias: null }] : []),
        { ...recent, length, shared: false, bias },
      ];
    });
    const drawn = sample(weights, hidden, meanRow, op.reshape(u, [B]), controls, options);
    const square = (t: Tensor) => op.reshape(t, ['P', 'G']);
    return { token: square(drawn.token), statistics: statistics((name) => square(drawn.statistics[name])) };
  };
  const inputs = { tokens, position, prompt, promptBias, generated, uniform, controls };
  /** The outputs; `drawn` is stacked over the calls of `step`, `grown` are the keys and values that it has added. */
  const finish = (drawn: Sampled, grown: readonly LayerCache[], loop: DecodeInputs['loop']) => {
    const longer = (old: Tensor | undefined, more: Tensor) => (old ? op.concat([old, more], 1) : more);
    const outputs: DecodeOutputs = {
      tokens: graph.output('tokens', drawn.token),
      statistics: statistics((name) => graph.output(name, drawn.statistics[name])),
      generated: grown.map(({ keys, values }, i) => {
        const old = generated?.[i];
        const cache = { keys: longer(old?.keys, keys), values: longer(old?.values, values) };
        return cacheOutput(graph, 'generated', i, cache);
      }),
    };
    return { graph, inputs: { ...inputs, loop, parameters: weights.inputs() }, outputs };
  };

  if (!loops) {
    const fresh: LayerCache[] = [];
    const keep = (_: number, own: LayerCache): LayerCache => {
      fresh.push(own);
      return own;
    };
    const drawn = step(tokens, position, uniform, keep, null, 1);
    const stack = (t: Tensor) => op.reshape(t, [1, 'P', 'G']);
    const stacked = { token: stack(drawn.token), statistics: statistics((name) => stack(drawn.statistics[name])) };
    return finish(stacked, fresh, null);
  }

  const slots = graph.input('slots', 'int32', ['T']);
  const done = graph.input('done', 'bool', ['P', 'G']);
  const empty = op.expand(graph.scalar(0), [rows, 'T', headDim]);
  const recentAtFirst = Array.from({ length: 2 * layers }, () => empty);
  const { carried, stacked } = op.loop(
    op.sizeOf(graph, 'T'),
    [tokens, position, done, ...recentAtFirst],
    'Turns',
    (turn, [token, at, finished, ...recent]) => {
      const now = op.cast(turn, 'int32');
      const here = op.reshape(op.equal(slots, now), ['T', 1]);
      const bias = op.reshape(op.where(op.greater(slots, now), MASKED, op.mul(op.cast(slots, 'float32'), 0)), [
        1,
        1,
        1,
        'T',
      ]);
      const next: Tensor[] = new Array(2 * layers);
      const put = (index: number, fresh: Tensor): Tensor => {
        next[index] = op.where(here, fresh, recent[index]!);
        return next[index];
      };
      const u = op.gather(uniform, op.reshape(now, [1]));
      const drawn = step(
        token!,
        at!,
        u,
        (layer, own) => ({ keys: put(2 * layer, own.keys), values: put(2 * layer + 1, own.values) }),
        bias,
        'T',
      );
      const ended = eosIds.map((id) => op.equal(drawn.token, id)).reduce((a, b) => op.or(a, b), finished!);
      const running = op.reduceSum(op.cast(op.not(ended), 'int32'));
      return {
        carried: [drawn.token, op.add(at!, 1), ended, ...next],
        stacked: [drawn.token, ...STATISTICS.map((name) => drawn.statistics[name])],
        goOn: op.greater(running, 0),
      };
    },
  );
  const all = {
    token: stacked[0]!,
    statistics: statistics((name) => stacked[1 + STATISTICS.indexOf(name)]!),
  };
  const recent = carried.slice(3);
  const grown = Array.from({ length: layers }, (_, i) => ({ keys: recent[2 * i]!, values: recent[2 * i + 1]! }));
  return finish(all, grown, { slots, done });
}

export type RepackInputs = {
  /** int32 [N]. */
  readonly index: Port;
  /** [R, L, d] each. */
  readonly caches: readonly LayerCache<Port>[];
};
/** [N, L, d] each. */
export type RepackOutputs = readonly LayerCache<Port>[];

/** Gathers rows of caches. */
export function repackGraph(layers: number, headDim: number): GraphFunction<RepackInputs, RepackOutputs> {
  const graph = new Graph();
  const index = graph.input('index', 'int32', ['N']);
  const input = (name: string) => graph.input(`from.${name}`, 'float32', ['R', 'L', headDim]);
  const caches = Array.from({ length: layers }, (_, i) => ({ keys: input(`keys.${i}`), values: input(`values.${i}`) }));
  const output = (name: string, rows: Tensor) => graph.output(`to.${name}`, op.gather(rows, index));
  const outputs = caches.map(({ keys, values }, i) => ({
    keys: output(`keys.${i}`, keys),
    values: output(`values.${i}`, values),
  }));
  return { graph, inputs: { index, caches }, outputs };
}
