/**
 * DeepSeek-R1's distills: checkpoints with their configuration, their tokenizers' rules and special tokens, and their chat
 * template, small and random, which transformers makes and runs (`r1_distills.py`); then Rollscope.
 */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openModel } from '../../engine/model/source.ts';
import { Weights } from '../../engine/model/weights.ts';
import { type SampledRollout, Sampler } from '../../engine/rollout/sampler.ts';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import type { Graph } from '../../engine/tensor/index.ts';
import { DEEPSEEK_R1 } from '../support/deepseek-r1.ts';
import { farthest, goldenDifferences } from '../support/golden-gradients.ts';
import { interpreter, runScript } from '../support/interop.ts';
import { temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';
import { modelWithNumbers } from '../support/tiny-model.ts';

const python = interpreter('trl');
const there = requireOrSkip(
  'transformers and peft',
  python !== null,
  'node tests/interop/environments.mjs .cache/interop trl makes them',
);

interface Answer {
  text: string;
  rendered: string;
  ids: number[];
  /** Of the text alone. */
  plain: number[];
  /** The likeliest tokens one after the other. */
  answer: number[];
  logprobs: number[];
}

describe.runIf(there)("DeepSeek-R1's distills", () => {
  let backend: Backend;
  let answers: Record<string, Answer[]> = {};
  const folder = temporaryFolder();

  beforeAll(async () => {
    const script = path.join(import.meta.dirname, 'r1_distills.py');
    answers = JSON.parse(await runScript(python!, script, [folder, DEEPSEEK_R1]));
    backend = await openDevice('cpu', { threads: 1 });
  });
  afterAll(async () => backend?.release());

  describe.each(['qwen', 'llama'])('%s', (name) => {
    const open = () => openModel(path.join(folder, name), { cacheDir: temporaryFolder() });

    test('prompts equal those of transformers, and begin an answer with <think>', async () => {
      const { tokenizer } = await open();
      expect(answers[name]).not.toHaveLength(0);
      for (const { text, rendered, ids, plain } of answers[name]!) {
        const prompt = tokenizer.encodePrompt({ user: text }, new Date(0));
        expect(prompt.text).toBe(rendered);
        expect([...prompt.tokens]).toEqual(ids);
        expect(prompt.text).toMatch(/^<｜begin▁of▁sentence｜><｜User｜>.*<｜Assistant｜><think>\n$/s);
        // One beginning, the template's; a text alone gets that of the tokenizer.
        expect([...tokenizer.encode(text)]).toEqual(plain.slice(1));
        expect(plain[0]).toBe(ids[0]);
      }
    });

    test('greedy answers equal those of transformers', async () => {
      const { config, tensors, tokenizer } = await open();
      const bind = (graph: Graph) => new Weights(graph, config, tensors, null);
      const sampler = new Sampler({
        ...{ backend, bind, config, eosIds: [], positions: 256, memory: 2 ** 30 },
        parameters: () => values,
      });
      const values = await (await modelWithNumbers(path.join(folder, name), false)).values(backend);
      const found: SampledRollout[] = [];
      await sampler.sample({
        prompts: answers[name]!.map(({ text }, problem) => ({
          problem,
          tokens: tokenizer.encodePrompt({ user: text }, new Date(0)).tokens,
        })),
        ...{ rows: 1, seed: 0, stream: 'rollout', step: 0 },
        sampling: { temperature: 0, topP: 1, topK: 0, maxTokens: answers[name]![0]!.answer.length },
        onGroup: (prompt, [rollout]) => {
          found[prompt] = rollout!;
        },
      });
      for (const [i, { answer, logprobs }] of answers[name]!.entries()) {
        expect([...found[i]!.tokens]).toEqual(answer);
        expect(farthest(found[i]!.logprob, logprobs).difference).toBeLessThan(1e-4);
      }
      await sampler.release();
    });

    test('log-probs and gradients equal those of transformers', async () => {
      const model = await modelWithNumbers(path.join(folder, name), false);
      const { logprob, entropy, gradients } = await goldenDifferences(backend, model, 64);
      expect(Math.max(logprob, entropy)).toBeLessThan(1e-4);
      for (const [key, { difference, size }] of gradients) expect(difference / size, key).toBeLessThan(1e-3);
    });
  });
});
