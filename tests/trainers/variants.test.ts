/**
 * Models of every architecture with what the golden ones do not have (other numbers of heads, biases, ties, windows, scalings
 * of RoPE, experts): made and computed by transformers (`variant_models.py`), and then by Rollscope.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { goldenDifferences } from '../support/golden-gradients.ts';
import { interpreter } from '../support/interop.ts';
import { temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';
import { modelWithNumbers } from '../support/tiny-model.ts';

const python = interpreter('trl');
const there = requireOrSkip(
  'transformers and peft',
  python !== null,
  'node tests/interop/environments.mjs .cache/interop trl makes them',
);

/** What transformers computes and Rollscope refuses: the field that the error names. */
const REFUSED: Readonly<Record<string, string>> = {
  'gemma3-caps': 'attn_logit_softcapping',
  'gpt2-unscaled': 'scale_attn_weights',
};

describe.runIf(there)('variants', () => {
  let backend: Backend;
  const folder = temporaryFolder();

  beforeAll(async () => {
    execFileSync(python!, [path.join(import.meta.dirname, 'variant_models.py'), folder], { stdio: 'pipe' });
    backend = await openDevice('cpu', { threads: 1 });
  });
  afterAll(async () => backend?.release());

  test('log-probs and gradients equal those of transformers, or the model is refused', async () => {
    const names = readdirSync(folder);
    expect(names.length).toBeGreaterThan(30);
    const wrong: Record<string, unknown> = {};
    for (const name of names) {
      const model = await modelWithNumbers(path.join(folder, name), false).catch((error: unknown) => {
        const { details } = error as { details?: { reason: string; field?: string } };
        if (details?.field !== REFUSED[name] || !REFUSED[name]) wrong[name] = details ?? String(error);
        return null;
      });
      if (!model) continue;
      if (REFUSED[name]) wrong[name] = 'is not refused';
      const { logprob, entropy, gradients } = await goldenDifferences(backend, model, 64);
      if (Math.max(logprob, entropy) > 1e-4) wrong[name] = { logprob, entropy };
      const all = [...gradients.values()].reduce((most, { size }) => Math.max(most, size), 0);
      for (const [key, { difference, size }] of gradients) {
        // A gradient that is nothing but rounding, as that of a bias of all keys without rotation.
        if (difference / Math.max(size, 1e-3 * all) > 1e-3) wrong[`${name} ${key}`] = { difference, size };
      }
    }
    expect(wrong).toEqual({});
  });
});
