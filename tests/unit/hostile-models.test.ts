/**
 * Models of an attacker: each is read or refused, with an error that can be read itself, and none fills the memory or
 * takes minutes (which the time-out of the test would notice).
 */
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openModel } from '../../engine/model/source.ts';
import { RollscopeError } from '../../engine/protocol/errors.ts';
import { EMBEDDED_MODEL } from '../support/crafted-models.ts';
import { HOSTILE_MODELS } from '../support/hostile-models.ts';
import { RAW } from '../support/hostile-run.ts';
import { temporaryFolder } from '../support/processes.ts';

const root = temporaryFolder();

/** What using the model says: an error that is not one of Rollscope's is a bug. */
async function used(folder: string): Promise<{ tokens: number; refused: string | null }> {
  let tokens = 0;
  try {
    const { tokenizer } = await openModel(folder, { cacheDir: path.join(root, 'cache') });
    const ids = tokenizer.encode('1'.repeat(1000));
    tokens = ids.length;
    tokenizer.decode(ids);
    tokens += tokenizer.encodePrompt({ user: '1+1' }, new Date(0)).tokens.length;
    return { tokens, refused: null };
  } catch (error) {
    if (!(error instanceof RollscopeError) || error.code !== 'model') throw error;
    return { tokens, refused: `${error.message} ${error.hint} ${JSON.stringify(error.details)}` };
  }
}

test.each(Object.keys(HOSTILE_MODELS))('%s', async (name) => {
  const folder = path.join(root, name.replaceAll(/[^a-z0-9]/g, '-'));
  mkdirSync(folder);
  cpSync(EMBEDDED_MODEL, folder, { recursive: true });
  HOSTILE_MODELS[name]!(folder);
  const { tokens, refused } = await used(folder);
  expect(tokens).toBeLessThan(100_000);
  expect(refused ?? '').not.toMatch(RAW);
  expect((refused ?? '').length).toBeLessThan(2000);
});
