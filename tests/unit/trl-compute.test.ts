/** The conversation with the Python side of a run: order, pause, stop, crash. The other side is `tests/fixtures/trl-side.cjs`. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PolicyRollout } from '../../engine/protocol/index.ts';
import type { SampleOptions } from '../../engine/training/policy/contract.ts';
import { TrlCompute } from '../../engine/trl/compute.ts';
import type { Launch } from '../../engine/trl/launch.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { refusalOf } from '../support/refusals.ts';
import { until } from '../support/wait.ts';

const SIDE = path.join(ROOT, 'tests', 'fixtures', 'trl-side.cjs');
const sampling = { temperature: 1, topP: 1, topK: 0, maxTokens: 4, stop: [], stopAtAnswer: false };
const train = (step: number): SampleOptions => ({ problems: [0, 1], rows: 2, sampling, stream: 'rollout', step });
const evaluate = (step: number): SampleOptions => ({ problems: [0], rows: 3, sampling, stream: 'evaluation', step });

let folder: string;
let compute: TrlCompute;
let heard: string[];
let groups: [problem: number, rollouts: PolicyRollout[]][];
const onGroup = (problem: number, rollouts: PolicyRollout[]) => groups.push([problem, rollouts]);

function start(fault?: string): TrlCompute {
  const own = path.join(folder, 'trl');
  mkdirSync(own);
  const launch: Launch = {
    ...{ command: process.execPath, args: [SIDE, own, ...(fault ? [fault] : [])], env: process.env },
    run: 'mine',
    ...{ logFile: path.join(own, 'python.log'), eventsFile: path.join(own, 'events.jsonl') },
    ...{ rolloutsFolder: path.join(own, 'rollouts'), batches: [[0, 1]] },
    checkpointFolder: (step) => path.join(folder, 'checkpoints', String(step)),
  };
  heard = [];
  groups = [];
  const listener = {
    tick: ({ activity }: { activity: string }) => heard.push(activity),
    paused: () => heard.push('paused'),
    continued: () => heard.push('continued'),
  };
  return new TrlCompute(listener, launch, { tokenTexts: (ids) => Array.from(ids, (id) => `<${id}>`) });
}

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  await compute.close();
});

test('a step: rollouts with their training data, metrics, a checkpoint', async () => {
  compute = start();
  expect(await compute.ready()).toMatchObject({ processes: 2, trainable: 10 });
  const logged: [number, object][] = [];
  compute.onMetrics = (step, values) => logged.push([step, values]);
  expect(compute.batch(1)).toEqual([0, 1]);
  await compute.sample(train(1), onGroup);
  expect(groups.map(([problem, rollouts]) => [problem, rollouts.map(({ text }) => text)])).toEqual([
    [0, ['<0>', '<1>']],
    [1, ['<0>', '<1>']],
  ]);
  expect(groups[0]![1][0]!.logprob).toEqual(Float32Array.of(-1));
  expect(compute.groupOf(1, 1)).toEqual({ evidence: {}, rewards: [0, 1], advantages: [-0.5, 0.5] });
  expect(await compute.update()).toMatchObject({ loss: 0.25, gradientNorm: 1.5, kl: null });
  expect(logged).toEqual([[1, expect.objectContaining({ 'rewards/rollscope/mean': 0.5 })]]);
  // The journal has the rollouts now.
  expect(readdirSync(path.join(folder, 'trl', 'rollouts'))).toEqual([]);
  const checkpoint = path.join(folder, 'checkpoints', '1');
  await compute.save(checkpoint);
  expect(existsSync(path.join(checkpoint, 'trainer_state.json'))).toBe(true);
  // Asked for once more, it is a copy of what was moved.
  const aside = path.join(folder, 'aside');
  await compute.save(aside);
  expect(readdirSync(aside)).toEqual(['trainer_state.json']);
  expect(await compute.deviceSeconds()).toBeGreaterThan(0);
});

test('before the first step there is nothing to save', async () => {
  compute = start();
  await compute.ready();
  await compute.sample(evaluate(0), onGroup);
  expect(groups[0]![1]).toHaveLength(3);
  await compute.save(path.join(folder, 'checkpoints', '0'));
  expect(existsSync(path.join(folder, 'checkpoints', '0'))).toBe(false);
});

test('a pause delays the next sampling', async () => {
  compute = start();
  await compute.ready();
  compute.pause();
  let done = false;
  const sampled = compute.sample(train(1), onGroup).then(() => {
    done = true;
  });
  await until('paused', () => heard.includes('paused'));
  expect([done, heard.includes('sampling')]).toEqual([false, false]);
  compute.continue();
  await sampled;
  expect(heard.slice(0, 3)).toEqual(['loading', 'paused', 'continued']);
});

describe('a stop', () => {
  test('lets the current step end, and rejects later requests', async () => {
    compute = start();
    await compute.ready();
    const sampled = compute.sample(train(1), onGroup);
    compute.cancel();
    await sampled;
    expect(await compute.update()).toMatchObject({ loss: 0.25 });
    expect(await refusalOf(compute.sample(train(2), onGroup))).toMatchObject({ code: 'canceled' });
    compute.reset();
    await compute.save(path.join(folder, 'checkpoints', '1'));
  });

  test('ends a pause', async () => {
    compute = start();
    await compute.ready();
    compute.pause();
    const sampled = compute.sample(train(1), onGroup);
    await until('paused', () => heard.includes('paused'));
    compute.cancel();
    expect(await refusalOf(sampled)).toMatchObject({ code: 'canceled' });
  });

  test('does not wait for an evaluation, whose late result is dropped', async () => {
    compute = start('slow');
    await compute.ready();
    const sampled = compute.sample(evaluate(0), onGroup);
    await until('sampling', () => heard.includes('sampling'));
    compute.cancel();
    expect(await refusalOf(sampled)).toMatchObject({ code: 'canceled' });
    compute.reset();
    const saved = compute.save(path.join(folder, 'checkpoints', '0'));
    writeFileSync(path.join(folder, 'trl', 'go'), '');
    await saved;
    await compute.sample(train(1), onGroup);
    expect(groups.map(([problem]) => problem)).toEqual([0, 1]);
  });
});

test('a crash is reported with its cause and the last lines', async () => {
  compute = start('crash');
  await compute.ready();
  const error = await refusalOf(compute.sample(train(1), onGroup));
  expect(error).toMatchObject({ code: 'engine-stopped', details: { reason: 'trl-ended', code: 1 } });
  expect(error.message).toContain('ValueError: out of luck');
  expect(error.message).toContain('launcher: bye');
  expect(error.hint).toContain('python.log');
  expect(error.hint).toContain('rollscope resume mine');
  // Whatever is asked of it later fails at once.
  expect(await refusalOf(compute.save(path.join(folder, 'x')))).toMatchObject({ code: 'engine-stopped' });
});

test('a missing program is a crash too', async () => {
  mkdirSync(path.join(folder, 'trl'));
  const own = path.join(folder, 'trl');
  heard = [];
  const launch: Launch = {
    ...{ command: path.join(folder, 'no-python'), args: [], env: process.env, batches: [] },
    run: 'mine',
    ...{ logFile: path.join(own, 'python.log'), eventsFile: path.join(own, 'e'), rolloutsFolder: own },
    checkpointFolder: String,
  };
  const listener = { tick: () => {}, paused: () => {}, continued: () => {} };
  compute = new TrlCompute(listener, launch, { tokenTexts: () => [] });
  expect(await refusalOf(compute.ready())).toMatchObject({ code: 'engine-stopped', details: { reason: 'trl-ended' } });
});
