/** A job for TRL: what it consists of, what it is configured with, and what is refused before it is written. */
import { describe, expect, test } from 'vitest';
import { SETTINGS } from '../../engine/config/settings.ts';
import { refusePrefill } from '../../engine/jobs/prepare.ts';
import { trlRow } from '../../engine/jobs/trl.ts';
import { trlReadme } from '../../engine/jobs/trl-readme.ts';
import { FOR_TRL, refuseForTrlJob, TRL_JOB_REFUSALS } from '../../engine/jobs/trl-refusals.ts';
import { type Problem, RunConfig, type RunConfigInput } from '../../engine/protocol/index.ts';
import { expectThrow } from '../support/refusals.ts';

const MACHINES = { nodes: 1, gpus: 2, tensorParallel: 1 };
const config = (input: Partial<RunConfigInput> = {}) =>
  RunConfig.parse({
    dataset: { path: 'p.jsonl' },
    ...{ model: 'Qwen/Qwen3-0.6B', votes: 8, group: 8, batch: 4, steps: 3 },
    ...input,
    evaluation: { samples: 0, greedy: false, ...input.evaluation },
  });
const problem = (more: Partial<Problem> = {}): Problem => ({
  ...{ index: 0, id: 'robe', text: 'How many?', answer: '3', source: 'p.jsonl', row: 0, line: 1 },
  ...more,
});

describe('an error refuses', () => {
  const cases: Record<string, Partial<RunConfigInput>> = {
    model: { model: 'model.gguf' },
    chatTemplate: { chatTemplate: 'tool_use' },
    'evaluation.samples': { evaluation: { samples: 4 } },
    'evaluation.greedy': { evaluation: { greedy: true } },
    'evaluation.dataset': { evaluation: { dataset: { path: 'other.jsonl' } } },
    forecast: { forecast: 8 },
    watch: { watch: 'stop' },
    device: { device: 'cpu' },
    threads: { threads: 4 },
    'engine.kind': { engine: { kind: 'trl' } },
    votes: { votes: 64, group: 32 },
    group: { votes: 1, group: 1 },
    steps: { steps: 0 },
    'sampling.stop': { sampling: { stop: ['END'] } },
    'sampling.stopAtAnswer': { sampling: { stopAtAnswer: true } },
    'loss.advantage': { loss: { advantage: 'reinforce++' } },
    'loss.dualClip': { loss: { dualClip: 1.1 } },
    'loss.klEstimator': { loss: { klCoefficient: 0.1, klEstimator: 'k1' } },
    'loss.miniBatch': { loss: { miniBatch: 2 } },
    'loss.epochs': { loss: { epochs: 2 } },
    basePrecision: { basePrecision: '4bit', lora: {} },
    rolloutPrecision: { rolloutPrecision: '4bit', lora: {} },
    cachePrecision: { cachePrecision: '8bit' },
    activationPrecision: { activationPrecision: '8bit' },
    memoryLimit: { memoryLimit: 2 ** 33 },
  };

  test.each([...new Set(TRL_JOB_REFUSALS.map(({ path: at }) => at))])('%s', (at) => {
    const placed = SETTINGS.find((setting) => setting.path === at);
    expectThrow(() => refuseForTrlJob(config(cases[at]), MACHINES, 100), 'config', {
      reason: 'not-in-trl-job',
      field: placed?.setting.flag ?? at,
    });
  });

  test('rollouts that the processes cannot share', () => {
    const odd = config({ batch: 3, group: 3, votes: 3 });
    const facts = { reason: 'not-in-trl-job', field: '--batch', value: 3 };
    expectThrow(() => refuseForTrlJob(odd, MACHINES, 100), 'config', facts);
    expect(() => refuseForTrlJob(odd, { ...MACHINES, gpus: 3 }, 100)).not.toThrow();
  });

  test('prompts that prefill the response', () => {
    const prompts = [{ user: 'How many?', prefill: '<think>' }];
    expectThrow(() => refusePrefill({ problems: [problem()], prompts }, FOR_TRL), 'dataset', {
      reason: 'not-in-trl-job',
      problem: 'robe',
    });
  });

  test('nothing else: the defaults are a job', () => {
    expect(() => refuseForTrlJob(config(), MACHINES, 100)).not.toThrow();
    expect(() => refuseForTrlJob(config({ engine: { nodes: 2, gpus: 4 } }), MACHINES, 100)).not.toThrow();
  });
});

test('a problem is a chat, or a text without a template, with the columns that its reward reads', () => {
  const prompt = { system: 'Be brief.', user: 'How many?' };
  const columns = { target: 24 };
  expect(trlRow(problem({ accepted: ['3', 'three'], columns, rule: 'boxed' }), prompt, config())).toEqual({
    id: 'robe',
    prompt: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'How many?' },
    ],
    reference: '3',
    problem: { text: 'How many?', answer: ['3', 'three'], columns, rule: 'boxed' },
  });
  const bare = trlRow(problem({ answer: null }), prompt, config({ chatTemplate: 'none' }));
  expect(bare).toMatchObject({ prompt: 'Be brief.\n\nHow many?', reference: null, problem: { text: 'How many?' } });
});

test('its README has the commands for one node and for several', () => {
  const text = trlReadme(config({ model: '/models/m' }), { nodes: 3, gpus: 8, tensorParallel: 1 }, 100);
  expect(text).toContain('accelerate launch --num_processes 8 train.py');
  expect(text).toContain('--num_machines 3 --num_processes 24 --machine_rank 0');
  expect(text).toContain('/models/m must be at the same path');
});
