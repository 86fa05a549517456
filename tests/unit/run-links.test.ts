/** Links in a run folder from elsewhere: nothing outside of it is read, cut off, written or removed. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openJournal, openJournalAtEnd } from '../../engine/journal/open.ts';
import { readProblems, readRunFile, readRunFolder } from '../../engine/journal/reader.ts';
import { repairRun } from '../../engine/journal/repair.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

const root = temporaryFolder();
const whole = path.join(root, 'whole');
const MINE = 'all that I have written\n';
let count = 0;

/** A copy of the run in a folder of its own, with a folder next to it that is not its. */
function copied(): { run: string; outside: string } {
  const folder = path.join(root, String(count++));
  const run = path.join(folder, 'run');
  const outside = path.join(folder, 'mine');
  cpSync(whole, run, { recursive: true });
  mkdirSync(path.join(outside, '.tmp-9'), { recursive: true });
  writeFileSync(path.join(outside, 'thesis.txt'), MINE);
  writeFileSync(path.join(outside, '.tmp-9', 'draft.txt'), MINE);
  return { run, outside };
}

const OPENERS = { openJournal, openJournalAtEnd, repairRun, readRunFile, readProblems, readRunFolder };
const LINKS: Record<string, (run: string, outside: string) => string> = {
  'a file of rollouts': (run, outside) => linked(path.join(run, 'rollouts-001.bin'), path.join(outside, 'thesis.txt')),
  'the folder of checkpoints': (run, outside) => {
    const checkpoints = path.join(run, 'checkpoints');
    renameSync(checkpoints, path.join(outside, 'theirs'));
    return linked(checkpoints, outside);
  },
  'a checkpoint': (run, outside) => linked(path.join(run, 'checkpoints', '9'), outside),
  'a file of a checkpoint': (run, outside) => {
    const [step] = readdirSync(path.join(run, 'checkpoints'));
    return linked(path.join(run, 'checkpoints', step!, 'more.bin'), path.join(outside, 'thesis.txt'));
  },
  'what is not there yet': (run, outside) => linked(path.join(run, 'rollouts-001.bin'), path.join(outside, 'new.txt')),
};

function linked(place: string, to: string): string {
  symlinkSync(to, place);
  return place;
}

describe.runIf(process.platform !== 'win32')('a link out of a run folder', () => {
  beforeAll(async () => {
    await writeRunFixture(whole, { problems: 2, steps: 2, every: 1, outcome: 'interrupted' });
  });

  test.each(Object.keys(LINKS).flatMap((what) => Object.keys(OPENERS).map((opener) => [what, opener] as const)))(
    '%s is refused by %s',
    async (what, opener) => {
      const { run, outside } = copied();
      const file = LINKS[what]!(run, outside);
      const open = OPENERS[opener as keyof typeof OPENERS];
      await expectRejection(open(run) as Promise<unknown>, 'run-broken', { reason: 'link-out', file });
      expect(readFileSync(path.join(outside, 'thesis.txt'), 'utf8')).toBe(MINE);
      expect(existsSync(path.join(outside, '.tmp-9', 'draft.txt'))).toBe(true);
      expect(existsSync(path.join(outside, 'new.txt'))).toBe(false);
    },
  );

  test('that stays inside the folder, or leads to the whole folder, is allowed', async () => {
    const { run } = copied();
    linked(path.join(run, 'again.jsonl'), path.join(run, 'problems.jsonl'));
    const other = linked(path.join(root, 'other'), run);
    expect(await readProblems(other)).toHaveLength(2);
    const journal = await openJournal(other);
    await journal.close();
  });
});
