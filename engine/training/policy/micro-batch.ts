/** Cutting a batch of groups into micro-batches that fit the memory, and the padded arrays of each. */
import type { DecoderConfig } from '../../model/config.ts';
import type { LossConfig } from '../../protocol/index.ts';
import { causalMask, promptBatch } from '../../rollout/batch.ts';
import type { Backend, Value } from '../../runtime/backend.ts';
import type { Values } from '../../runtime/function.ts';
import type { LossInputs } from './loss-graph.ts';
import type { BatchInputs } from './score-graph.ts';

export interface TrainedResponse {
  tokens: Int32Array;
  /** Log-probabilities at the time of sampling, nats; read when off-policy, and to measure the KL. */
  logprob: Float32Array;
  advantage: number;
  truncated: boolean;
}

/** A problem's responses that train. */
export interface TrainedGroup {
  prompt: Int32Array;
  responses: TrainedResponse[];
  /** Names the problem in errors. */
  problem: number;
}

/** Part of a group that runs at once. */
export interface Piece {
  prompt: Int32Array;
  problem: number;
  /** `weight`: of each token in the loss; `reference`: log-probabilities under the reference policy, nats. */
  responses: { response: TrainedResponse; weight: number; reference?: Float32Array }[];
}

/** Bytes of activations that one token of a micro-batch keeps until its gradient is done, measured and rounded up. */
export function tokenBytes(config: DecoderConfig, context: number): number {
  const { hiddenSize, intermediateSize, layers, heads, kvHeads, headDim } = config;
  const projections = 10 * hiddenSize + 6 * intermediateSize + 5 * (heads + kvHeads) * headDim;
  return layers * (projections + 4 * heads * context) * 4;
}

/** Weight of every token of a response in the loss, by the normalizer (see LossConfig); null: it does not count. */
export function responseWeights(
  responses: readonly TrainedResponse[],
  loss: Pick<LossConfig, 'normalizer' | 'maskTruncated'>,
  maxTokens: number,
): (number | null)[] {
  const counts = (r: TrainedResponse) => r.tokens.length > 0 && !(loss.maskTruncated && r.truncated);
  const counted = responses.filter(counts);
  const total = counted.reduce((n, r) => n + r.tokens.length, 0);
  return responses.map((r) => {
    if (!counts(r)) return null;
    const tokens = { grpo: counted.length * r.tokens.length, dapo: total, 'dr-grpo': counted.length * maxTokens };
    return 1 / tokens[loss.normalizer];
  });
}

function longest(piece: Piece): number {
  return Math.max(...piece.responses.map(({ response }) => response.tokens.length));
}

/**
 * Micro-batches: grids of problems by responses that fit the memory (bytes). Groups of similar size and length go
 * together, so that little is padded; a group that is too large by itself is cut. The order is a function of the groups.
 */
export function microBatches(groups: readonly Piece[], config: DecoderConfig, memory: number): Piece[][] {
  const bytes = (pieces: readonly Piece[]) => {
    const Lp = Math.max(...pieces.map((p) => p.prompt.length));
    const L = Math.max(...pieces.map(longest));
    const G = Math.max(...pieces.map((p) => p.responses.length));
    return pieces.length * (Lp * tokenBytes(config, Lp) + G * L * tokenBytes(config, Lp + L));
  };
  const cut = (group: Piece, parts: number): Piece[] => {
    const size = Math.ceil(group.responses.length / parts);
    return Array.from({ length: Math.ceil(group.responses.length / size) }, (_, i) => ({
      ...group,
      responses: group.responses.slice(i * size, (i + 1) * size),
    }));
  };
  const pieces = groups.flatMap((group) => {
    let parts = 1;
    while (parts < group.responses.length && cut(group, parts).some((part) => bytes([part]) > memory)) parts++;
    return cut(group, parts);
  });
  const order = pieces
    .map((piece, i) => ({ piece, i, G: piece.responses.length, L: longest(piece) }))
    .sort((a, b) => a.G - b.G || a.L - b.L || a.i - b.i);
  const batches: Piece[][] = [];
  for (const { piece, G } of order) {
    const last = batches.at(-1);
    // Packing must not cost more in padding than it saves in calls.
    if (last && bytes([...last, piece]) <= memory && last[0]!.responses.length * 2 > G) last.push(piece);
    else batches.push([piece]);
  }
  return batches;
}

/** Arrays of a micro-batch, as the graphs of training take them. */
export interface BatchFeeds {
  batch: Values<BatchInputs>;
  /** `reference` is null where no response has it. */
  loss: Record<Exclude<keyof LossInputs, 'reference'>, Value> & { reference: Value | null };
}

export function batchFeeds(backend: Backend, batch: readonly Piece[], temperature: number): BatchFeeds {
  const P = batch.length;
  const G = Math.max(...batch.map((p) => p.responses.length));
  const L = Math.max(...batch.map(longest));
  const prompts = promptBatch(
    backend,
    batch.map((p) => p.prompt),
  );
  const tokens = new Int32Array(P * G * L);
  const targets = new Int32Array(P * G * L);
  const position = new BigInt64Array(P * G * L);
  const advantage = new Float32Array(P * G);
  const weight = new Float32Array(P * G * L);
  const old = new Float32Array(P * G * L);
  const reference = new Float32Array(P * G * L);
  const referred = batch.some(({ responses }) => responses.some((entry) => entry.reference));
  batch.forEach(({ prompt, responses }, p) => {
    for (let g = 0; g < G; g++) {
      const row = p * G + g;
      const at = row * L;
      for (let t = 0; t < L; t++) position[at + t] = BigInt(prompt.length - 1 + t);
      const entry = responses[g];
      if (!entry) continue;
      const { response } = entry;
      tokens[at] = prompt.at(-1)!;
      tokens.set(response.tokens.subarray(0, -1), at + 1);
      targets.set(response.tokens, at);
      weight.fill(entry.weight, at, at + response.tokens.length);
      old.set(response.logprob, at);
      if (entry.reference) reference.set(entry.reference, at);
      advantage[row] = response.advantage;
    }
  });
  const rows = (data: Float32Array) => backend.value('float32', [P * G, L], data);
  return {
    batch: {
      prompt: prompts,
      tokens: backend.value('int32', [P, G, L], tokens),
      targets: backend.value('int32', [P, G, L], targets),
      position: backend.value('int64', [P * G, L], position),
      causal: causalMask(backend, L),
      temperature: backend.value('float32', [], Float32Array.of(temperature)),
    },
    loss: {
      advantage: backend.value('float32', [P * G, 1], advantage),
      weight: rows(weight),
      old: rows(old),
      reference: referred ? rows(reference) : null,
    },
  };
}
