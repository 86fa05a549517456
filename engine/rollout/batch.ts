/** Padded arrays as inputs of the graphs for sampling and training. */
import { MASKED } from '../model/decoder.ts';
import type { Backend, Value } from '../runtime/backend.ts';

/** Scores added so that no token sees a later one: [1, 1, n, n]. */
export function causalMask(backend: Backend, n: number): Value {
  const data = new Float32Array(n * n);
  for (let i = 0; i < n; i++) data.fill(MASKED, i * n + i + 1, (i + 1) * n);
  return backend.value('float32', [1, 1, n, n], data);
}

/** Added to attention scores to mask the padding of prompts, without their last tokens: [P, 1, 1, length]. */
export function paddingMask(backend: Backend, prompts: readonly Int32Array[], length: number): Value {
  const data = new Float32Array(prompts.length * length);
  prompts.forEach((prompt, p) => {
    data.fill(MASKED, p * length + prompt.length - 1, (p + 1) * length);
  });
  return backend.value('float32', [prompts.length, 1, 1, length], data);
}

export interface PromptBatch {
  /** int32 [P, Lp], int64 [P, Lp], [P, 1, 1, Lp]. */
  tokens: Value;
  position: Value;
  bias: Value;
  causal: Value;
  length: number;
}

/**
 * Prompts without their last tokens, right-padded. A batch is at least one token wide, so that no tensor is empty;
 * padding is masked.
 */
export function promptBatch(backend: Backend, prompts: readonly Int32Array[]): PromptBatch {
  const P = prompts.length;
  const length = Math.max(1, ...prompts.map((p) => p.length - 1));
  const tokens = new Int32Array(P * length);
  const position = new BigInt64Array(P * length);
  prompts.forEach((prompt, p) => {
    tokens.set(prompt.subarray(0, prompt.length - 1), p * length);
    for (let i = 0; i < length; i++) position[p * length + i] = BigInt(i);
  });
  return {
    tokens: backend.value('int32', [P, length], tokens),
    position: backend.value('int64', [P, length], position),
    bias: paddingMask(backend, prompts, length),
    causal: causalMask(backend, length),
    length,
  };
}
