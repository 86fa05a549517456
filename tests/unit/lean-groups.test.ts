/** A group that is looked at: its columns are views of what was read, its token texts are cut when they are asked for. */
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from '../../engine/journal/frame.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { countOfTokenTexts, tokenOffset, tokenText, withoutTokenTexts } from '../../engine/protocol/cut-tokens.ts';
import type { GroupDetail, Rollout } from '../../engine/protocol/group.ts';
import { forkPoint, logprobUnder } from '../../engine/runs/fork-point.ts';
import { groupPage } from '../../engine/view/group-page.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

let run: OpenRun;
const id = { phase: 'train', step: 2, problem: 3 } as const;

beforeAll(async () => {
  const { folder } = await writeRunFixture(`${temporaryFolder()}/run`, { problems: 6, steps: 2, every: 2 });
  run = await OpenRun.read(folder);
});

const whole = (): Promise<GroupDetail> =>
  readGroup(run.folder, { ...id, frame: run.columns.frameOf(run.columns.find(id)!) });
const isCut = (rollout: Rollout) => Object.getOwnPropertyDescriptor(rollout, 'tokenTexts')!.get === undefined;

/** The buffers that would be sent along with a group. */
function buffersOf({ rollouts }: Pick<GroupDetail, 'rollouts'>): { bytes: number; needed: number } {
  const arrays = rollouts.flatMap(({ ids, statistics }) =>
    [ids, ...Object.values(statistics)].filter((item) => item !== null),
  );
  const buffers = new Set(arrays.map(({ buffer }) => buffer));
  return {
    bytes: [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0),
    needed: arrays.reduce((sum, { byteLength }) => sum + byteLength, 0),
  };
}

describe('a group for the page', () => {
  test('equals one that is read as a whole', async () => {
    const { detail } = await run.readGroup(id);
    const expected = await whole();
    expect(detail.rollouts.some(isCut)).toBe(false);
    expect(detail.rollouts.map(countOfTokenTexts)).toEqual(
      expected.rollouts.map(({ tokenTexts }) => tokenTexts!.length),
    );
    expect(detail).toEqual(expected);
    expect(detail.rollouts.every(isCut)).toBe(true);
    expect(detail.rollouts[0]!.tokenTexts).toBe(detail.rollouts[0]!.tokenTexts);
  });

  test('knows where its rollouts diverge without cutting all of their tokens', async () => {
    const expected = await whole();
    const lean = decodeFrame(encodeFrame(expected), 'here', undefined, true);
    for (const index of expected.rollouts.keys()) expect(forkPoint(lean, index)).toEqual(forkPoint(expected, index));
    expect(lean.rollouts.some(isCut)).toBe(false);
    expect(logprobUnder(lean.rollouts[1]!, lean.rollouts)).toEqual(
      logprobUnder(expected.rollouts[1]!, expected.rollouts),
    );
  });

  test('has the texts and positions of single tokens', async () => {
    const expected = await whole();
    const lean = decodeFrame(encodeFrame(expected), 'here', undefined, true);
    for (const [i, { tokenTexts }] of expected.rollouts.entries()) {
      for (const rollout of [lean.rollouts[i]!, expected.rollouts[i]!]) {
        const count = tokenTexts!.length;
        expect(Array.from({ length: count + 1 }, (_, t) => tokenText(rollout, t))).toEqual([...tokenTexts!, undefined]);
        const offsets = [0, 1, count, count + 5].map((t) => tokenOffset(rollout, t));
        expect(offsets).toEqual([0, 1, count, count + 5].map((t) => tokenTexts!.slice(0, t).join('').length));
      }
    }
    const without = withoutTokenTexts(lean.rollouts[0]!);
    expect(without).toEqual({ ...expected.rollouts[0]!, tokenTexts: null });
    expect([countOfTokenTexts(without), tokenText(without, 0), tokenOffset(without, 3)]).toEqual([null, undefined, 0]);
  });

  test('is sent with what it needs and nothing else', async () => {
    const read = buffersOf((await run.readGroup(id)).detail);
    expect(read.bytes).toBeGreaterThan(read.needed);
    const { detail } = await groupPage(run, id);
    const sent = buffersOf(detail);
    expect(sent.bytes).toBe(sent.needed);
    expect(detail.rollouts).toEqual((await whole()).rollouts);
  });

  test('is read from unaligned bytes, too', async () => {
    const expected = await whole();
    const frame = encodeFrame(expected);
    const shifted = new Uint8Array(frame.length + 1).subarray(1);
    shifted.set(frame);
    expect(decodeFrame(shifted, 'here', undefined, true)).toEqual(expected);
  });
});
