/** The rewards that ask a real model for more than rollouts: one step each on SmolLM2-135M, as small as can be. */

import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { graderOf } from '../../engine/grading/index.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { type GroupDetail, type GroupRecord, RunConfig } from '../../engine/protocol/index.ts';
import { mergeConfig, presetFor } from '../../engine/protocol/presets.ts';
import { rewardOf } from '../../engine/reward/index.ts';
import { groupOf } from '../../engine/reward/stored.ts';
import { startRun } from '../../engine/training/run/index.ts';
import type { KnownEvidence } from '../support/evidence.ts';
import { temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';
import { UNCANCELED } from '../support/wait.ts';

const MODEL = path.resolve(import.meta.dirname, '../../../shared/models/SmolLM2-135M-Instruct.Q4_1.gguf');
const present = requireOrSkip('SmolLM2', existsSync(MODEL), '../shared/models is not on this machine');

const home = temporaryFolder();
const PROBLEMS = path.join(home, 'problems.jsonl');
const ROWS = [{ id: 'sum', prompt: 'What is 2+3?', answer: '5', rephrasings: ['Add two and three.'] }];

interface Case {
  reward: string;
  options?: object;
  /** What must hold of the evidence of a group with this many rollouts. */
  check?: (evidence: KnownEvidence, group: GroupDetail) => void;
}

const CASES: Case[] = [
  {
    reward: 'empo',
    options: { empo: { clusters: 'model', maxTokens: 12 } },
    check: ({ empo }, { clusters }) => {
      for (const [a, b] of empo.equal) expect(a < b && b < clusters.length).toBe(true);
    },
  },
  {
    // No such column: the model writes the rephrasing itself.
    reward: 'co-reward',
    options: { coReward: { column: 'others', maxTokens: 24 } },
    check: (evidence, { rollouts }) => {
      const [written] = evidence['co-reward'].rephrasings;
      expect(written!.prompt.length).toBeGreaterThan(3);
      expect(written!.prompt).not.toMatch(/<\|im_/);
      expect(written!.answers).toHaveLength(rollouts.length);
    },
  },
  {
    reward: 'self-verification',
    options: { selfVerification: { samples: 2, maxTokens: 16 } },
    check: (evidence, { rollouts }) => {
      const { verdicts } = evidence['self-verification'];
      expect(verdicts.map((of) => of.length)).toEqual(rollouts.map(() => 2));
      for (const { text } of verdicts.flat()) expect(text).not.toMatch(/<\|im_/);
    },
  },
  {
    reward: 'covo',
    check: ({ covo }, { rollouts, clusters }) => {
      covo.likeliest.forEach((at, i) => {
        expect(at.length > 0).toBe(rollouts[i]!.answer !== null);
        for (const cluster of at) expect(cluster).toBeLessThan(clusters.length);
      });
    },
  },
  {
    reward: 'dual',
    options: { dual: { maxTokens: 16 } },
    check: ({ dual }, { rollouts }) => {
      expect(dual.question).toBe(ROWS[0]!.prompt.replace(dual.hidden, '[X]'));
      expect(dual.reconstructions.map((of) => of.length > 0)).toEqual(rollouts.map(({ answer }) => answer !== null));
    },
  },
  {
    reward: 'rlccf',
    options: { rlccf: { policies: ['base'] } },
    check: ({ rlccf }, { rollouts }) => {
      expect(rlccf.policies.map(({ name }) => name)).toEqual(['the policy being trained', 'base']);
      expect(rlccf.policies[1]!.answers).toHaveLength(rollouts.length);
    },
  },
];

describe.runIf(present)('SmolLM2-135M-Instruct', () => {
  beforeAll(() => {
    writeFileSync(PROBLEMS, ROWS.map((row) => `${JSON.stringify(row)}\n`).join(''));
  });

  let runs = 0;
  test.each(CASES)('trains by $reward', async ({ reward, options = {}, check }) => {
    const given = {
      // In so few tokens it answers now and then, if the prompt says how.
      dataset: { path: PROBLEMS, template: '{{prompt}} Reply with one sentence: "The answer is ..."' },
      ...{ reward, rewardOptions: options, steps: 1, batch: 1, votes: 6, group: 2 },
      sampling: { maxTokens: 20, temperature: 0.7 },
      evaluation: { samples: 0 },
      ...{ lora: { rank: 4, alpha: 8 }, device: 'cpu', seed: 5, loss: { measureKl: false } },
    };
    const config = RunConfig.parse(mergeConfig(presetFor(MODEL, false), given));
    const folder = path.join(home, `run-${runs++}`);
    const handle = await startRun({ signal: UNCANCELED, config, folder });
    expect(await handle.done).toMatchObject({ reason: 'completed', step: 1 });
    const { records, problems } = await readRunFolder(folder);
    const [group] = records.filter((record): record is GroupRecord => record.type === 'group');
    const stored = await readGroup(folder, group!);
    const { vocabulary } = records.find((record) => record.type === 'run')!.model;
    const of = rewardOf(config.reward, config.rewardOptions);
    expect(Object.keys(stored.evidence).sort()).toEqual([...of.evidence].sort());
    const { rewards } = of.score(groupOf(stored, problems[0]!, vocabulary, graderOf()));
    expect(stored.rollouts.map((rollout) => rollout.reward)).toEqual(rewards);
    // Some of them answer, else nothing would be asked.
    expect(stored.clusters.length).toBeGreaterThan(0);
    check?.(stored.evidence as unknown as KnownEvidence, stored);
  });
});
