/** Cutting a batch of groups into micro-batches that fit the memory. */
import type { DecoderConfig } from '../../model/config.ts';
import { longestOf, type WeightedGroup } from './responses.ts';

/** Bytes of activations that one token of a micro-batch keeps until its gradient is done, measured and rounded up. */
export function tokenBytes(config: DecoderConfig, context: number): number {
  const { hiddenSize, intermediateSize, layers, heads, kvHeads, headDim } = config;
  const projections = 10 * hiddenSize + 6 * intermediateSize + 5 * (heads + kvHeads) * headDim;
  return layers * (projections + 4 * heads * context) * 4;
}

/**
 * The responses of a group in parts that fit into memory (bytes) if its prompt runs separately; null if the group fits
 * together with its prompt, has only one response, or has a prompt of one token, which belongs to the responses. All
 * parts but the last have the same number of responses.
 */
export function partsOfGroup(group: WeightedGroup, config: DecoderConfig, memory: number): WeightedGroup[] | null {
  const { prompt, responses } = group;
  const Lp = prompt.length;
  const token = tokenBytes(config, Lp + longestOf(group));
  const row = longestOf(group) * token;
  if (responses.length === 1 || Lp < 2 || Lp * tokenBytes(config, Lp) + responses.length * row <= memory) return null;
  // Keys and values of the prompt, the sums of their gradients before a part and after it.
  const caches = 3 * 2 * config.layers * config.kvHeads * config.headDim * Lp * 4;
  const most = Math.max(1, Math.floor((memory - caches) / row));
  const size = Math.ceil(responses.length / Math.ceil(responses.length / most));
  return Array.from({ length: Math.ceil(responses.length / size) }, (_, i) => ({
    ...group,
    responses: responses.slice(i * size, (i + 1) * size),
  }));
}

/**
 * Micro-batches: grids of problems by responses that fit the memory (bytes). Groups of similar size and length go
 * together, so that little is padded; a group that is too large by itself is cut. The order is a function of the groups.
 */
export function microBatches(
  groups: readonly WeightedGroup[],
  config: DecoderConfig,
  memory: number,
): WeightedGroup[][] {
  const bytes = (batch: readonly WeightedGroup[]) => {
    const Lp = Math.max(...batch.map((p) => p.prompt.length));
    const L = Math.max(...batch.map(longestOf));
    const G = Math.max(...batch.map((p) => p.responses.length));
    return batch.length * (Lp * tokenBytes(config, Lp) + G * L * tokenBytes(config, Lp + L));
  };
  const cut = (group: WeightedGroup, parts: number): WeightedGroup[] => {
    const size = Math.ceil(group.responses.length / parts);
    return Array.from({ length: Math.ceil(group.responses.length / size) }, (_, i) => ({
      ...group,
      responses: group.responses.slice(i * size, (i + 1) * size),
    }));
  };
  const cutGroups = groups.flatMap((group) => {
    let parts = 1;
    while (parts < group.responses.length && cut(group, parts).some((part) => bytes([part]) > memory)) parts++;
    return cut(group, parts);
  });
  const order = cutGroups
    .map((group, i) => ({ group, i, G: group.responses.length, L: longestOf(group) }))
    .sort((a, b) => a.G - b.G || a.L - b.L || a.i - b.i);
  const batches: WeightedGroup[][] = [];
  for (const { group, G } of order) {
    const last = batches.at(-1);
    // Packing must not cost more in padding than it saves in calls.
    if (last && bytes([...last, group]) <= memory && last[0]!.responses.length * 2 > G) last.push(group);
    else batches.push([group]);
  }
  return batches;
}
