/** Compares greedy tokens of GGUF files in llama.cpp (`tests/interop/llama.mjs`) with ours. */
import path from 'node:path';
import { expect } from 'vitest';
import type { SampledRollout } from '../../engine/rollout/sampler.ts';
import { Answering } from './answering.ts';
import { nodeEnvironment } from './interop.ts';
import { ROOT } from './processes.ts';

/** Number of tokens that llama.cpp draws. */
const TOKENS = 12;

/** For each prompt and drawn token: the most likely tokens with their log-probabilities, in descending order. */
type Drawn = [token: number, logprob: number][][];

/** Three prompts of token ids below `size`. */
export function somePrompts(size: number): number[][] {
  return [3, 9, 20].map((length) => Array.from({ length }, (_, i) => (7 * i + length) % size));
}

let llama: Answering | undefined;

export async function llamaDraws(file: string, prompts: number[][]): Promise<Drawn[]> {
  const script = path.join(ROOT, 'tests', 'interop', 'llama.mjs');
  llama ??= new Answering(process.execPath, [script, nodeEnvironment('llama')!]);
  return (await llama.ask({ file, prompts, tokens: TOKENS, likeliest: 2 })) as Drawn[];
}

/** Fails unless the same tokens were drawn with similar log-probabilities; after a near tie the texts may differ. */
export function expectSameDraws(ours: readonly SampledRollout[], theirs: readonly Drawn[], within: number): void {
  theirs.forEach((steps, prompt) => {
    for (const [i, [[token, logprob], [, next]]] of (steps as [[number, number], [number, number]][]).entries()) {
      if (logprob - next < 2 * within && ours[prompt]!.tokens[i] !== token) return;
      expect(ours[prompt]!.tokens[i], `token ${i} of prompt ${prompt}`).toBe(token);
      const difference = Math.abs(ours[prompt]!.logprob[i]! - logprob);
      expect(difference, `token ${i} of prompt ${prompt}`).toBeLessThan(within);
    }
  });
}
