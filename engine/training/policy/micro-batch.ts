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
