/** Dumps with damaged values: each import reads what is whole, names the rest, or refuses the dump; none fails otherwise. */
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readGroup } from '../../engine/journal/groups.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { RollscopeError } from '../../engine/protocol/errors.ts';
import { isObject } from '../../engine/protocol/values.ts';
import { importFrom } from '../support/import.ts';
import { temporaryFolder } from '../support/processes.ts';

const DUMPS = path.join(import.meta.dirname, '../fixtures/dumps');
const ROUNDS = Number(process.env.ROLLSCOPE_DAMAGED_ROUNDS ?? 6);

/** What is put in the place of a value. */
const OTHERS: unknown[] = [
  null,
  -1,
  1e9,
  0.5,
  '',
  'text',
  true,
  [],
  [null],
  ['a'],
  [1, 'a'],
  {},
  { a: null },
  [[1]],
  '[1, 2',
];

/** Numbers from 0 to 1, the same for a seed. */
function randomOf(seed: number): () => number {
  let state = seed * 2654435761;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return ((state ^ (state >>> 12)) >>> 0) / 2 ** 32;
  };
}

/** The value with one of its parts replaced or taken away. */
function damaged(value: unknown, random: () => number): unknown {
  const keys = Array.isArray(value) ? [...value.keys()] : isObject(value) ? Object.keys(value) : [];
  if (keys.length === 0 || random() < 0.1) return OTHERS[Math.floor(random() * OTHERS.length)];
  const key = keys[Math.floor(random() * keys.length)]!;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
  if (random() < 0.1) delete copy[key];
  else copy[key] = damaged(copy[key], random);
  return copy;
}

function damage(file: string, random: () => number): void {
  const bytes = readFileSync(file);
  if (!/\.jsonl?$/.test(file)) {
    const at = Math.floor(random() * bytes.length);
    if (random() < 0.5) bytes[at]! ^= 1 << Math.floor(random() * 8);
    writeFileSync(file, random() < 0.3 ? bytes.subarray(0, at) : bytes);
    return;
  }
  const lines = file.endsWith('.json') ? [bytes.toString()] : bytes.toString().trimEnd().split('\n');
  const texts = lines.map((line) => (random() < 0.5 ? JSON.stringify(damaged(JSON.parse(line), random)) : line));
  const torn = random() < 0.1 ? texts.map((text) => text.slice(0, Math.floor(random() * text.length))) : texts;
  writeFileSync(file, `${torn.join('\n')}\n`);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((file) => statSync(file).isFile())
    .sort();
}

test.each(readdirSync(DUMPS).filter((name) => !name.includes('.md')))('%s', async (name) => {
  let imported = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const random = randomOf(round);
    const root = temporaryFolder();
    const source = path.join(root, 'dump');
    cpSync(path.join(DUMPS, name), source, { recursive: true });
    for (const file of filesIn(source)) if (random() < 0.7) damage(file, random);
    const format = name.replace(/-(?:\d|rlloggingboard).*$/, '');
    try {
      const { folder } = await importFrom(source, path.join(root, 'run'), { format });
      // What it wrote can be read.
      for (const record of (await readRunFolder(folder)).records) {
        if (record.type !== 'group') continue;
        for (const { text } of (await readGroup(folder, record)).rollouts) expect(typeof text).toBe('string');
      }
      imported++;
    } catch (error) {
      if (!(error instanceof RollscopeError)) throw new Error(`round ${round}`, { cause: error });
    }
  }
  expect(imported).toBeGreaterThan(0);
});
