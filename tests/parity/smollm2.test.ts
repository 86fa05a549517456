/** SmolLM2-135M-Instruct from its GGUF file against transformers (`tests/parity/oracle/smollm2.py`). */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadDataset } from '../../engine/data/dataset.ts';
import { type ModelSource, openModel } from '../../engine/model/source.ts';
import { Weights } from '../../engine/model/weights.ts';
import { DatasetConfig } from '../../engine/protocol/index.ts';
import { rowBytes, type SampledRollout, Sampler } from '../../engine/rollout/sampler.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';

type Ids = number[] | { count: number; sha256: string };

interface Golden {
  model: string;
  maxTokens: number;
  texts: { text: string; times: number; ids: Ids; decoded?: string }[];
  decodings: { ids: number[]; text: string }[];
  chats: { messages: { role: string; content: string }[]; text: string; ids: number[] }[];
  prompts: {
    file: string;
    row: number;
    promptTokens: number;
    promptSha256: string;
    tokens: number[];
    logprob: number[];
    /** Distance of the best logit to the second: how near a tie was. */
    margin: number[];
  }[];
}

const SHARED = path.resolve(import.meta.dirname, '../../../shared');
const GOLDEN = path.join(import.meta.dirname, 'golden', 'smollm2.json');
const golden = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Golden;
const MODEL = path.join(SHARED, 'models', golden.model);

const present = requireOrSkip(
  'SmolLM2',
  existsSync(MODEL) && existsSync(path.join(SHARED, 'datasets')),
  '../shared/models or ../shared/datasets is not on this machine',
);

const digest = (ids: ArrayLike<number>) => createHash('sha256').update(Array.from(ids).join()).digest('hex');

function expectIds(ids: Int32Array, expected: Ids): void {
  if (Array.isArray(expected)) expect([...ids]).toEqual(expected);
  else expect({ count: ids.length, sha256: digest(ids) }).toEqual(expected);
}

describe.runIf(present)('SmolLM2-135M-Instruct', () => {
  let model: ModelSource;
  beforeAll(async () => {
    model = await openModel(MODEL, { cacheDir: temporaryFolder() });
  });

  test('has its weights, vocabulary and end token', () => {
    expect(model.parameters).toBe(134_515_008);
    expect(model.tokenizer).toMatchObject({ vocabularySize: 49_152, eosIds: [2], hasChatTemplate: true });
  });

  test.each(golden.texts)('splits text %# into the same tokens, and joins them again', (given) => {
    const ids = model.tokenizer.encode(given.text.repeat(given.times));
    expectIds(ids, given.ids);
    expect(model.tokenizer.decode(ids)).toBe(given.decoded ?? given.text.repeat(given.times));
  });

  test.each(golden.decodings)('decodes sequence %#', ({ ids, text }) => {
    expect(model.tokenizer.decode(ids)).toBe(text);
    expect(model.tokenizer.tokenTexts(ids)).toHaveLength(ids.length);
  });

  test.each(golden.chats)('renders chat %# to the same prompt', ({ messages, text, ids }) => {
    expect([...model.tokenizer.encode(text)]).toEqual(ids);
    const roles = messages.map(({ role }) => role).join();
    if (roles !== 'user' && roles !== 'system,user') return;
    const content = (role: string) => messages.find((m) => m.role === role)?.content;
    const prompt = { system: content('system'), user: content('user')! };
    const own = model.tokenizer.encodePrompt(prompt, new Date(0));
    expect(own.text).toBe(text);
    // transformers takes a special token's text in a message for the token
    const special = messages.some((message) => message.content.includes('<|im_'));
    if (!special) expect([...own.tokens]).toEqual(ids);
    else expect([...own.tokens].filter((id) => id === 2)).toHaveLength(2);
  });

  test('decodes problems greedily to the same tokens with the same log-probs', async (context) => {
    const texts = new Map<string, string[]>();
    for (const { file } of golden.prompts) {
      if (texts.has(file)) continue;
      const dataset = DatasetConfig.parse({ path: path.join(SHARED, 'datasets', file), limit: 20 });
      texts.set(
        file,
        (await loadDataset(dataset)).prompts.map(({ user }) => user),
      );
    }
    const prompts = golden.prompts.map(({ file, row }, problem) => ({
      problem,
      tokens: model.tokenizer.encodePrompt({ user: texts.get(file)![row]! }, new Date(0)).tokens,
    }));
    prompts.forEach(({ tokens }, i) => {
      const { promptTokens, promptSha256 } = golden.prompts[i]!;
      expectIds(tokens, { count: promptTokens, sha256: promptSha256 });
    });

    const backend = await openDevice('cpu', { threads: 2 });
    const { config, tensors, tokenizer } = model;
    const { maxTokens } = golden;
    const sampler = new Sampler({
      backend,
      // Nothing trains: all weights come from their file.
      bind: (graph) => new Weights(graph, config, tensors, { rank: 1, alpha: 1, targets: [] }),
      config,
      eosIds: tokenizer.eosIds,
      positions: 512,
      parameters: () => ({}),
      // Two batches of prompts of similar length.
      memory: 12 * rowBytes(config, maxTokens, backend),
    });
    const found: SampledRollout[] = [];
    await sampler.sample({
      prompts,
      rows: 1,
      sampling: { temperature: 0, topP: 1, topK: 0, maxTokens },
      seed: 0,
      stream: 'evaluation',
      step: 0,
      onGroup: (prompt, [rollout]) => {
        found[prompt] = rollout!;
      },
    });
    await sampler.release();
    await backend.release();

    let largest = 0;
    golden.prompts.forEach(({ file, row, tokens, logprob, margin }, i) => {
      const rollout = found[i]!;
      const split = tokens.findIndex((token, t) => rollout.tokens[t] !== token);
      const where = `${file}, row ${row}: other token at ${split}, where the margin is ${margin[split]}`;
      expect([...rollout.tokens], split < 0 ? file : where).toEqual(tokens);
      expect(rollout.finish).toBe(tokens.at(-1) === tokenizer.eosIds[0] ? 'stop' : 'length');
      logprob.forEach((value, t) => {
        largest = Math.max(largest, Math.abs(rollout.logprob[t]! - value));
      });
    });
    await context.annotate(`largest difference of a log-prob: ${largest.toExponential(2)}`);
    expect(largest).toBeLessThan(1e-3);
  });
});
