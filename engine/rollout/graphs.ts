/**
 * The graphs of sampling. `prefillGraph` turns prompts into keys and values; `decodeGraph` turns the last token of each
 * row into the next ones, drawn from the model's distribution (`draw.ts`); `repackGraph` leaves rows out.
 */
import type { KeyValueSet } from '../model/attention.ts';
import type { DecoderConfig } from '../model/config.ts';
import { Decoder, type LayerCache } from '../model/decoder.ts';
import type { Weights } from '../model/weights.ts';
import { byStatistic, TOKEN_STATISTICS, type TokenStatistic } from '../protocol/group.ts';
import {
  type Dim,
  Graph,
  type GraphFunction,
  type Named,
  op,
  type Port,
  product,
  type Shape,
  sum,
  type Tensor,
} from '../tensor/index.ts';
import { type CachePrecision, dequantized, type StoredCache, storedCacheInputs } from './cache-precision.ts';
import { type Controls, type Drawn, drawTokens } from './draw.ts';

export type BindWeights = (graph: Graph) => Weights;

/** Inputs that all graphs of a policy share: the trained parameters that a graph reads. */
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

/** From prompts, [P, Lp] tokens, to the keys and values of each layer. */
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

export interface DecodeOptions {
  positions: number;
  eosIds: readonly number[];
  /** Many steps a call in a loop inside the graph, or one step a call. */
  loops: boolean;
  /** Whether rows have generated tokens already; always true where `loops`. */
  started: boolean;
  /** How what was generated is held; float32 by default, and where a graph returns it. */
  cachePrecision?: CachePrecision;
  /** Without loops: whether top-p and top-k are looked at (with loops they always are). */
  truncates: boolean;
}

export type DecodeInputs<T extends Port = Port> = Parameters & {
  /** The last token of each row, int32 [P, G]. */
  readonly tokens: T;
  /** Its position, int64 [P*G, 1]. */
  readonly position: T;
  /** Keys and values of the prompts, [P*kv, Lp, d]. */
  readonly prompt: readonly LayerCache<T>[];
  /** Added to the scores of the prompts, [P, 1, 1, Lp]. */
  readonly promptBias: T;
  /** Keys and values of what was generated before, [P*kv*G, Lg, d]; null before the first call. */
  readonly generated: readonly LayerCache<StoredCache<T>>[] | null;
  /** A random number for each token, [T, P, G]. */
  readonly uniform: T;
  readonly controls: Controls<T>;
  /** With loops: which rows are done, bool [P, G]. */
  readonly done: T | null;
};

export type DecodeOutputs = {
  /** int32 [T', P, G], T' <= T: the loop ends early when every row is done. */
  readonly tokens: Port;
  /** [T', P, G] each. */
  readonly statistics: Readonly<Record<TokenStatistic, Port>>;
  /** With loops: of the T' tokens alone. Otherwise as the input, with one more. */
  readonly generated: readonly LayerCache<Port>[];
};

/** A decode graph while it is built. */
interface Decoding {
  readonly graph: Graph;
  readonly weights: Weights;
  readonly decoder: Decoder;
  readonly options: DecodeOptions;
  readonly inputs: Omit<DecodeInputs<Tensor>, 'parameters' | 'done'>;
  /** `meanUnembedding` of the weights. */
  readonly meanRow: Tensor;
}

/**
 * The results of the steps of a call: tokens and statistics stacked over them, and the keys and values that were added.
 */
interface Steps {
  readonly drawn: Drawn;
  readonly grown: readonly LayerCache[];
  readonly done: DecodeInputs['done'];
}

/** The last token of each row to the next ones, with their statistics and the caches that have grown by them. */
export function decodeGraph(bind: BindWeights, options: DecodeOptions): GraphFunction<DecodeInputs, DecodeOutputs> {
  const graph = new Graph();
  const weights = bind(graph);
  const decoder = new Decoder(weights, options.positions);
  const inputs = decodeInputs(graph, weights.config, options);
  const meanRow = weights.meanUnembedding();
  if (options.loops) decoder.shareAdapters();
  const decoding = { graph, weights, decoder, options, inputs, meanRow };
  const { drawn, grown, done } = options.loops ? manySteps(decoding) : oneStep(decoding);
  const longer = (old: Tensor | undefined, more: Tensor) => (old ? op.concat([old, more], 1) : more);
  const outputs: DecodeOutputs = {
    tokens: graph.output('tokens', drawn.token),
    statistics: byStatistic((name) => graph.output(name, drawn.statistics[name])),
    generated: grown.map(({ keys, values }, i) => {
      // If a call draws many tokens, its caller appends the new ones.
      const old = options.loops ? undefined : inputs.generated?.[i];
      const cache = { keys: longer(old?.keys.numbers, keys), values: longer(old?.values.numbers, values) };
      return cacheOutput(graph, 'generated', i, cache);
    }),
  };
  return { graph, inputs: { ...inputs, done, parameters: weights.inputs() }, outputs };
}

function decodeInputs(
  graph: Graph,
  config: DecoderConfig,
  { loops, started, cachePrecision = 'float32' }: DecodeOptions,
): Decoding['inputs'] {
  const { layers, kvHeads, headDim } = config;
  const caches = (which: Caches, rows: Dim, length: Dim): LayerCache[] =>
    Array.from({ length: layers }, (_, i) => cacheInput(graph, which, i, [rows, length, headDim]));
  const generated = () =>
    Array.from({ length: layers }, (_, i) => {
      const held = (which: 'keys' | 'values') =>
        storedCacheInputs(
          (part, dtype, shape) => graph.input(`generated.${which}.${i}${part}`, dtype, shape),
          cachePrecision,
          [product('P', kvHeads, 'G'), 'Lg', headDim],
        );
      return { keys: held('keys'), values: held('values') };
    });
  return {
    tokens: graph.input('tokens', 'int32', ['P', 'G']),
    position: graph.input('position', 'int64', [product('P', 'G'), 1]),
    promptBias: graph.input('prompt.bias', 'float32', ['P', 1, 1, 'Lp']),
    uniform: graph.input('uniform', 'float32', [loops ? 'T' : 1, 'P', 'G']),
    controls: {
      temperature: graph.input('temperature', 'float32', []),
      greedy: graph.input('greedy', 'bool', []),
      topP: graph.input('topP', 'float32', []),
      topK: graph.input('topK', 'int32', []),
    },
    prompt: caches('prompt', product('P', kvHeads), 'Lp'),
    generated: started ? generated() : null,
  };
}

/** Keys and values of the steps of this call, as a layer sees them. */
interface RecentCache {
  see: (layer: number, own: LayerCache) => LayerCache;
  length: Dim;
  bias: Tensor | null;
  first: KeyValueSet['first'];
}

/** Draws a token for each row: from its last token [P, G] at its position, by u [.., P, G]. Gives [P, G] each. */
function step(
  { weights, decoder, options, inputs, meanRow }: Decoding,
  token: Tensor,
  at: Tensor,
  u: Tensor,
  recent: RecentCache,
) {
  const { prompt, promptBias, generated, controls } = inputs;
  const { length, bias, first } = recent;
  const generatedFrom = () => op.sub(inputs.position, op.sizeOf(weights.graph, 'Lg'));
  const hidden = decoder.respond(decoder.stream(op.reshape(token, ['P', 'G', 1]), at), (layer, own) => {
    const seen = recent.see(layer, own);
    // Widened here, one layer at a time, and not before the loop.
    const before = generated?.[layer];
    return [
      { ...prompt[layer]!, length: 'Lp', shared: true, bias: promptBias, first: 'prompt' },
      ...(before
        ? [
            {
              ...{ keys: dequantized(before.keys), values: dequantized(before.values) },
              ...({ length: 'Lg', shared: false, bias: null, first: generatedFrom } as const),
            },
          ]
        : []),
      { ...seen, length, shared: false, bias, first },
    ];
  });
  const flat = op.reshape(u, [product('P', 'G')]);
  return reshaped(drawTokens(weights, hidden, meanRow, flat, controls, options), ['P', 'G']);
}

function reshaped({ token, statistics: numbers }: Drawn, shape: Shape): Drawn {
  return { token: op.reshape(token, shape), statistics: byStatistic((name) => op.reshape(numbers[name], shape)) };
}

/** Tokens of a loop's steps so far: the size of what it carries. */
const RECENT_TOKENS = 'Recent';

function oneStep(decoding: Decoding): Steps {
  const { tokens, position, uniform } = decoding.inputs;
  const grown: LayerCache[] = [];
  const see = (_: number, own: LayerCache): LayerCache => {
    grown.push(own);
    return own;
  };
  const drawn = step(decoding, tokens, position, uniform, { see, length: 1, bias: null, first: 'own' });
  return { drawn: reshaped(drawn, [1, 'P', 'G']), grown, done: null };
}

/** Up to T steps. Each step appends its keys and values to those of the previous steps. */
function manySteps(decoding: Decoding): Steps {
  const { graph, weights, options, inputs } = decoding;
  const { layers, kvHeads, headDim } = weights.config;
  const done = graph.input('done', 'bool', ['P', 'G']);
  const rows = product('P', kvHeads, 'G');
  const none = op.expand(graph.scalar(0), [rows, 0, headDim]);
  const before = [inputs.tokens, inputs.position, done];
  const { carried, stacked } = op.loop(
    op.sizeOf(graph, 'T'),
    [...before, ...Array.from({ length: 2 * layers }, () => none)],
    'Turns',
    (turn, [token, at, finished, ...earlier]) => {
      const after: Tensor[] = [];
      const put = (fresh: Tensor): Tensor => {
        const longer = op.concat([earlier[after.length]!, fresh], 1);
        after.push(longer);
        return longer;
      };
      const see = (_: number, { keys, values }: LayerCache) => ({ keys: put(keys), values: put(values) });
      const u = op.gather(inputs.uniform, op.reshape(op.cast(turn, 'int32'), [1]));
      const recent: RecentCache = { see, length: sum(RECENT_TOKENS, 1), bias: null, first: () => inputs.position };
      const drawn = step(decoding, token!, at!, u, recent);
      const ended = options.eosIds.map((id) => op.equal(drawn.token, id)).reduce((a, b) => op.or(a, b), finished!);
      const running = op.reduceSum(op.cast(op.not(ended), 'int32'));
      return {
        carried: [drawn.token, op.add(at!, 1), ended, ...after],
        stacked: [drawn.token, ...TOKEN_STATISTICS.map((name) => drawn.statistics[name])],
        condition: op.greater(running, 0),
      };
    },
    [...before.map(({ shape }) => shape), ...Array.from({ length: 2 * layers }, () => [rows, RECENT_TOKENS, headDim])],
  );
  const [token, ...numbers] = stacked;
  const recent = carried.slice(3);
  return {
    drawn: { token: token!, statistics: byStatistic((name) => numbers[TOKEN_STATISTICS.indexOf(name)]!) },
    grown: Array.from({ length: layers }, (_, i) => ({ keys: recent[2 * i]!, values: recent[2 * i + 1]! })),
    done,
  };
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
