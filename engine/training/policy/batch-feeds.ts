/** The padded arrays of a micro-batch, as inputs of the training graphs. */
import { causalMask, promptBatch } from '../../rollout/batch.ts';
import type { Backend, Value } from '../../runtime/backend.ts';
import type { Values } from '../../runtime/function.ts';
import type { LossInputs } from './loss-graph.ts';
import { longestOf, type WeightedGroup } from './responses.ts';
import type { BatchInputs } from './score-graph.ts';

export interface BatchFeeds {
  batch: Values<BatchInputs>;
  /** `referenceLogprob` and `importance` are null where no response has them. */
  loss: Record<Exclude<keyof LossInputs, 'referenceLogprob' | 'importance'>, Value> &
    Record<'referenceLogprob' | 'importance', Value | null>;
}

/**
 * P problems with G responses of up to L tokens as inputs of the graphs: tokens and targets [P, G, L], per-token values
 * [P*G, L], advantages [P*G, 1]. Missing responses of a group, and the rest of shorter responses, are padding with
 * weight 0.
 */
export function batchFeeds(backend: Backend, batch: readonly WeightedGroup[], temperature: number): BatchFeeds {
  const P = batch.length;
  const G = Math.max(...batch.map((p) => p.responses.length));
  const L = Math.max(...batch.map(longestOf));
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
  const referenceLogprob = new Float32Array(P * G * L);
  const importance = new Float32Array(P * G * L).fill(1);
  const has = (what: 'referenceLogprob' | 'importance') =>
    batch.some(({ responses }) => responses.some((entry) => entry[what]));
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
      if (entry.referenceLogprob) referenceLogprob.set(entry.referenceLogprob, at);
      if (entry.importance) importance.set(entry.importance, at);
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
      referenceLogprob: has('referenceLogprob') ? rows(referenceLogprob) : null,
      importance: has('importance') ? rows(importance) : null,
    },
  };
}
