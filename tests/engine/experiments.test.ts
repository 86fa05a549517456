/** Every experiment from the command line, as small as can be: on embedded models, and on models and problems of a user. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { experiments } from '../../engine/experiments/catalog/index.ts';
import { reproductionOf } from '../../engine/experiments/experiment.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { REPRODUCTIONS } from '../../engine/protocol/experiments.ts';
import { EMBEDDED_MODEL } from '../support/crafted-models.ts';
import { runCli, temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';

const MODEL = path.resolve(import.meta.dirname, '../../../shared/models/SmolLM2-135M-Instruct.Q4_1.gguf');
const NAMES = experiments.map(({ name }) => name);
/** Experiments of single problems have a run for each. */
const SINGLE = ['per-problem', 'theory'];
/** Every problem is probed with 32 rollouts first. */
const PROBING = ['test-time', 'generalization'];
/** Its judgments need a model that follows an instruction. */
const ON_REAL_MODEL = ['self-verification'];
/** Ten and more runs each, of which one experiment is enough to show that a user's model and problems are taken. */
const MANY_RUNS = ['failure-modes', 'hyperparameters', 'rise-then-fall'];

const home = temporaryFolder();

async function experiment(name: string, args: readonly string[]) {
  const ended = await runCli(['experiment', name, ...args, '--seeds', '1', '--device', 'cpu', '--json'], { home });
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  const result = JSON.parse(ended.stdout);
  expect(result.experiment).toBe(name);
  expect(REPRODUCTIONS).toContain(result.reproduction);
  expect(result.criteria.length).toBeGreaterThan(0);
  expect(result.reproduction).toBe(reproductionOf(result.criteria));
  const page = readFileSync(result.report, 'utf8');
  expect(page).toMatch(/^<!doctype html>.*<table/s);
  // What was not measured has a dash, and no number that is none.
  expect(page).not.toMatch(/\bNaN\b|\bInfinity\b|undefined|\[object/);
  return result;
}

describe('on embedded models', () => {
  test.each(NAMES)('%s', async (name) => {
    const limit = SINGLE.includes(name) ? '3' : '24';
    const size = ['--steps', '2', '--batch', '2', '--votes', '4', '--group', '4', '--eval-samples', '2'];
    const { report } = await experiment(name, [...size, '--limit', limit]);
    expect(readFileSync(report, 'utf8')).toContain('<svg');
  });
});

const write = (file: string, rows: object[]) =>
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
const NUMBERS = Array.from({ length: 9 }, (_, i) => i + 2);

/** The runs of an experiment on a user's model, each completed. */
async function expectRuns(folder: string, runs: number, model: string): Promise<void> {
  const made = readdirSync(path.join(folder, 'runs'));
  expect(made).toHaveLength(runs);
  for (const run of made) {
    const { runFile, records } = await readRunFolder(path.join(folder, 'runs', run));
    expect(runFile.config?.model).toBe(model);
    expect(records.some((record) => record.type === 'end' && record.reason === 'completed')).toBe(true);
  }
}

describe("on a user's copy of a small model, with problems for it", () => {
  const sums = path.join(home, 'small-sums.jsonl');
  const model = path.join(home, 'small-model');

  beforeAll(() => {
    cpSync(EMBEDDED_MODEL, model, { recursive: true });
    write(
      sums,
      NUMBERS.map((n) => ({ id: `p${n}`, prompt: `${n}+${n + 1}=`, answer: String(2 * n + 1) })),
    );
  });

  test.each(NAMES.filter((name) => !ON_REAL_MODEL.includes(name) && !MANY_RUNS.includes(name)))('%s', async (name) => {
    const size = ['--steps', '2', '--batch', '2', '--votes', '4', '--group', '4', '--eval-samples', '2'];
    const limit = SINGLE.includes(name) ? '2' : PROBING.includes(name) ? '4' : '9';
    const prompts = ['--template', '{{problem}}', '--max-tokens', '24', '--limit', limit];
    const { folder, runs } = await experiment(name, [sums, '--model', model, ...prompts, ...size]);
    await expectRuns(folder, runs, model);
  });
});

const present = requireOrSkip('SmolLM2', existsSync(MODEL), '../shared/models is not on this machine');

describe.runIf(present)("on SmolLM2-135M-Instruct, with a user's problems", () => {
  const targets = path.join(home, 'countdown.jsonl');

  beforeAll(() => {
    write(
      targets,
      NUMBERS.slice(0, 6).map((n) => ({
        prompt: `Use ${n}, 2 and 3 to make ${n + 5}.`,
        numbers: [n, 2, 3],
        target: n + 5,
      })),
    );
  });

  test.each(ON_REAL_MODEL)('%s', async (name) => {
    const size = ['--steps', '1', '--batch', '2', '--votes', '2', '--group', '2', '--eval-samples', '1'];
    const small = [...size, '--max-tokens', '8', '--judge-max-tokens', '8', '--memory', '3GB', '--limit', '2'];
    const { folder, runs } = await experiment(name, [targets, '--model', MODEL, ...small]);
    await expectRuns(folder, runs, MODEL);
  });
});
