/** A trainer's grader next to Rollscope's, and a reward that looks like a grader but is a vote. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { show } from '../../engine/cli/commands/show.ts';
import { importFrom } from '../support/import.ts';
import { keepPrinted } from '../support/printed.ts';
import { temporaryFolder } from '../support/processes.ts';

const printed = keepPrinted();

/** Rollouts of a problem with the reference 5: what they answer, and the trainer's score. */
type Scored = [answer: string, score: number];

/** A dump of verl with one group per step. */
async function imported(groups: readonly (readonly Scored[])[], extra: Record<string, unknown> = {}) {
  const dumps = path.join(temporaryFolder(), 'rollouts');
  mkdirSync(dumps);
  groups.forEach((group, index) => {
    const rows = group.map(([answer, score]) => ({
      ...{ input: 'user\n2 + 3?\nassistant\n', output: `\\boxed{${answer}}`, gts: '5', score, step: index + 1 },
      ...extra,
    }));
    writeFileSync(path.join(dumps, `${index + 1}.jsonl`), `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`);
  });
  const folder = path.join(temporaryFolder(), 'run');
  const { compared, disagreements, rewardIsVote } = await importFrom(dumps, folder);
  printed.text = '';
  await show(folder, { disagreements: true, json: true });
  const shown = JSON.parse(printed.text.trim().split('\n').at(-1)!);
  expect(shown).toMatchObject({ compared, rewardIsVote });
  expect(shown.disagreements).toHaveLength(disagreements);
  return { compared, disagreements, rewardIsVote };
}

const RIGHT: Scored[] = [
  ['5', 1],
  ['5', 1],
  ['6', 0],
];
const WRONG_VOTE: Scored[] = [
  ['6', 1],
  ['6', 1],
  ['5', 0],
];

describe('a reward of 0 and 1', () => {
  test('that grades is compared', async () => {
    // the second group: a grader that rewards a wrong minority
    const graded: Scored[] = [
      ['5', 1],
      ['5', 1],
      ['6', 1],
    ];
    expect(await imported([RIGHT, graded])).toEqual({ compared: 6, disagreements: 1, rewardIsVote: false });
  });

  test('that equals the vote in every group is not', async () => {
    expect(await imported([RIGHT, WRONG_VOTE])).toEqual({ compared: 0, disagreements: 0, rewardIsVote: true });
  });

  test('is not a vote if one group shows it', async () => {
    const graded: Scored[] = [
      ['6', 0],
      ['6', 0],
      ['5', 1],
    ];
    expect(await imported([WRONG_VOTE, graded])).toEqual({ compared: 6, disagreements: 3, rewardIsVote: false });
  });

  test('of a tie is a vote if one of the tied answers has it', async () => {
    const tie: Scored[] = [
      ['6', 1],
      ['5', 0],
    ];
    const both: Scored[] = [
      ['6', 1],
      ['5', 1],
    ];
    expect(await imported([WRONG_VOTE, tie])).toMatchObject({ rewardIsVote: true });
    expect(await imported([WRONG_VOTE, both])).toMatchObject({ rewardIsVote: false });
  });

  test('without any answer is a vote if nobody has it', async () => {
    const silent = (score: number): Scored[] => [
      ['', score],
      ['', score],
    ];
    expect(await imported([WRONG_VOTE, silent(0)])).toMatchObject({ rewardIsVote: true });
    expect(await imported([WRONG_VOTE, silent(1)])).toMatchObject({ rewardIsVote: false });
  });

  test('is compared if all majorities are right, whether it is a vote or not', async () => {
    expect(await imported([RIGHT])).toEqual({ compared: 3, disagreements: 0, rewardIsVote: false });
  });
});

test("a value with a grader's name is compared, whatever the reward is", async () => {
  expect(await imported([WRONG_VOTE], { acc: false })).toEqual({ compared: 3, disagreements: 1, rewardIsVote: false });
});
