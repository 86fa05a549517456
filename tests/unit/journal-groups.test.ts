import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { crc32 } from '../../engine/journal/crc.ts';
import { decodeFrame, encodeFrame } from '../../engine/journal/frame.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import {
  type GroupDetail,
  groupSummary,
  majorityOf,
  NO_STATISTICS,
  type Rollout,
} from '../../engine/protocol/index.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectThrow } from '../support/refusals.ts';

const FORMAT2 = join(import.meta.dirname, '..', 'fixtures', 'run-format2');

const NOTHING: Rollout = {
  text: '',
  answer: null,
  cluster: null,
  correct: null,
  reward: null,
  advantage: null,
  tokens: null,
  logprob: null,
  entropy: null,
  repetition: null,
  finish: 'stop',
  rewards: {},
  why: [],
  foreign: {},
  ids: null,
  tokenTexts: null,
  statistics: { ...NO_STATISTICS },
};

function detail(rollouts: Partial<Rollout>[], clusters: GroupDetail['clusters'] = []): GroupDetail {
  const all = rollouts.map((rollout) => ({ ...NOTHING, ...rollout }));
  const majority = majorityOf({ clusters, rollouts: all });
  return { phase: 'train', step: 3, problem: 1, clusters, majority, rollouts: all, evidence: {} };
}

const column = (...values: number[]) => Float32Array.from(values);

describe('a frame', () => {
  test('preserves all facts about a rollout of the engine', () => {
    const statistics = {
      logprob: column(-0.5, -1, -1.5),
      entropy: column(1, 2, 3),
      logsumexp: column(14, 15, 16),
      meanLogit: column(1, 1, 1),
      top1: column(0.9, 0.8, 0.7),
      top2: column(0.1, 0.1, 0.2),
    };
    const vote = { kind: 'vote' as const, winner: '12', won: true, tied: false, text: 'the largest' };
    const group = detail(
      [
        {
          text: 'a½b',
          answer: '12.0',
          cluster: 0,
          correct: true,
          reward: 1,
          advantage: 0.5,
          rewards: { 'majority-vote': 1, 'token-entropy': -2 },
          why: [vote, { kind: 'result', reward: 1, text: 'reward 1' }],
          ids: Int32Array.of(5, 6, 5),
          tokenTexts: ['a', '½', 'b'],
          statistics,
          tokens: 3,
          logprob: -1,
          entropy: 2,
          repetition: 0,
        },
        {
          text: 'é',
          tokenTexts: ['<0xC3>', '<0xA9>'],
          tokens: 2,
          correct: false,
          reward: 0,
          why: [],
          finish: 'length',
        },
        { text: '12', answer: '12', cluster: 0, correct: true, why: [vote] },
      ],
      [{ answer: '12', members: [0, 2], correct: true }],
    );
    expect(decodeFrame(encodeFrame(group), 'test')).toEqual(group);
    // A part of an explanation that rollouts share is stored once.
    expect(Buffer.from(encodeFrame(group)).toString('latin1').split('the largest')).toHaveLength(2);
  });

  test("preserves another trainer's facts, and null for missing ones", () => {
    const group = detail([
      {
        text: 'x',
        foreign: { format_reward: 0.5, note: 'ok', cut: true, none: null },
        rewards: { accuracy: 1, format: null },
      },
      { text: 'ab', tokens: 2, ids: Int32Array.of(1, 2), finish: null, logprob: -0.25 },
      { text: 'ab', tokens: 2, statistics: { ...NO_STATISTICS, logprob: column(-1, -2) }, logprob: -1.5 },
    ]);
    group.evidence = { empo: { equal: [[0, 1]] } };
    expect(decodeFrame(encodeFrame(group), 'test')).toEqual(group);
    expect(groupSummary(group)).toMatchObject({
      rollouts: 3,
      unanswered: 3,
      truncated: 0,
      majority: null,
      clusters: [],
    });
    expect(groupSummary(group).means).toEqual({
      reward: null,
      correct: null,
      tokens: 2,
      logprob: -0.875,
      entropy: null,
    });
  });

  test('drops keys that a newer version added', () => {
    const bytes = encodeFrame(detail([{ text: 'x', reward: 1 }]));
    const group = decodeFrame(
      rewritten(bytes, (header) => ({ ...header, mood: 'good', rollouts: [{ ...header.rollouts[0], hue: 3 }] })),
      'test',
    );
    expect(group.rollouts).toEqual([{ ...NOTHING, text: 'x', reward: 1 }]);
  });

  test('is refused if a number is invalid, or columns differ in length', () => {
    expect(() => encodeFrame(detail([{ reward: Number.NaN }]))).toThrow("a frame's reward is NaN");
    const wrong = { tokens: 2, statistics: { ...NO_STATISTICS, top2: column(1) } };
    expect(() => encodeFrame(detail([wrong]))).toThrow('2 tokens, but 1 values of top2');
    expect(() => encodeFrame(detail([{ tokens: 2, tokenTexts: ['ab'] }]))).toThrow('1 token texts');
  });

  test('detects any changed byte and any missing byte', () => {
    const bytes = encodeFrame(detail([{ text: 'ab', tokens: 1, ids: Int32Array.of(7) }]));
    for (let index = 0; index < bytes.length; index++) {
      const damaged = bytes.slice();
      damaged[index]! ^= 0x10;
      for (const wrong of [damaged, bytes.subarray(0, index)]) {
        expectThrow(() => decodeFrame(wrong, 'here'), 'run-broken', { reason: 'damaged-rollouts', place: 'here' });
      }
    }
  });
});

describe('a run of format 2', () => {
  let folder: string;
  beforeEach(() => {
    folder = join(temporaryFolder(), 'run');
    cpSync(FORMAT2, folder, { recursive: true });
  });

  test('has its groups in the current form: facts of the record, texts of the frame', async () => {
    const lines = readFileSync(join(folder, 'events.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const groups = lines.filter(({ type }) => type === 'group');
    for (const record of groups) {
      const group = await readGroup(folder, record.frame);
      expect(await readGroup(folder, record)).toEqual(group);
      const { phase, step, problem, clusters } = record;
      expect(group).toMatchObject({ phase, step, problem, clusters });
      expect(group.majority).toMatchObject(record.majority);
      expect(group.rollouts).toMatchObject(record.rollouts);
      for (const { text, tokenTexts, ids, statistics, tokens, logprob, why } of group.rollouts) {
        expect(tokenTexts!.join('')).toBe(text);
        expect([ids!.length, statistics.top2!.length]).toEqual([tokens, tokens]);
        expect(logprob).toBeCloseTo(statistics.logprob!.reduce((a, b) => a + b, 0) / tokens!, 12);
        expect(why).toEqual([]);
      }
    }
    expect(groups).toHaveLength(64);
  });
});

/** A frame with another header, and the checksum that belongs to it. */
// biome-ignore lint/suspicious/noExplicitAny: the header's own shape is what is changed.
function rewritten(bytes: Uint8Array, change: (header: any) => object): Uint8Array {
  const length = new DataView(bytes.buffer).getUint32(12, true);
  const header = JSON.parse(Buffer.from(bytes.subarray(16, 16 + length)).toString());
  const json = Buffer.from(JSON.stringify(change(header)));
  const padded = Math.ceil(json.length / 4) * 4;
  const changed = new Uint8Array(16 + padded + bytes.length - 16 - length).fill(0x20);
  changed.set(bytes.subarray(0, 12));
  changed.set(json, 16);
  changed.set(bytes.subarray(16 + length), 16 + padded);
  const view = new DataView(changed.buffer);
  view.setUint32(4, changed.length, true);
  view.setUint32(12, padded, true);
  view.setUint32(8, crc32(changed.subarray(12)), true);
  return changed;
}
