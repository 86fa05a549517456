/** Addresses of places in runs, what is said of them, and notes that are kept at them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readNotes, writeNote } from '../../engine/journal/notes.ts';
import { type Address, addressIn, addressText, parseAddress, placeText } from '../../engine/protocol/address.ts';
import type { Note } from '../../engine/protocol/note.ts';
import type { Problem } from '../../engine/protocol/problem.ts';
import { checkClaim, claimText, claimValue } from '../../engine/runs/claims.ts';
import type { RunColumns } from '../../engine/runs/columns.ts';
import { problemIn, problemName } from '../../engine/runs/find-place.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection, expectThrow } from '../support/refusals.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

const NOWHERE = { step: null, phase: null, problem: null, row: null, rollout: null, tokens: null };
const RUN: Address = { folder: '/runs/my run', ...NOWHERE, says: null };

const ADDRESSES: readonly Address[] = [
  RUN,
  { ...RUN, step: 0 },
  { ...RUN, problem: 'a b/c?d#e&f=g%', row: 3, phase: 'evaluation', step: 12, rollout: 4, tokens: [2, 9] },
  { ...RUN, problem: 'sum-1', step: 3, from: 0, fromRun: '/runs/another one' },
  { ...RUN, from: 7 },
  { ...RUN, problem: '', says: 'share=0.88' },
  { ...RUN, folder: 'C:\\runs\\eins', problem: '日本 🙂', says: 'answer=a=b' },
];

describe('an address', () => {
  test.each(ADDRESSES)('survives a round trip: %o', (address) => {
    for (const scheme of ['vscode', 'vscode-insiders', 'codium']) {
      const text = addressText(address, scheme);
      expect(text).toMatch(new RegExp(`^${scheme}://rollscope\\.rollscope/run\\?folder=`));
      expect(parseAddress(` ${text}\n`)).toEqual(address);
      expect(addressIn(text.slice(text.indexOf('?') + 1))).toEqual(address);
    }
  });

  test('does not accept anything else', () => {
    const others = ['', 'latest', '/runs/one', 'https://example.org/run?folder=/x', 'vscode://rollscope.rollscope/run'];
    for (const text of [
      ...others,
      'vscode://rollscope.rollscope/run?step=3',
      'vscode://rollscope.rollscope/other?folder=x',
    ]) {
      expect(parseAddress(text)).toBeNull();
    }
  });

  test('drops invalid numbers, phases and ranges', () => {
    const text = 'vscode://rollscope.rollscope/run?folder=x&step=-1&phase=none&rollout=0&tokens=9-2&row=1.5';
    expect(parseAddress(text)).toEqual({ ...RUN, folder: 'x' });
  });

  test('is accepted as a place', () => {
    expect(placeText(NOWHERE)).toBe('the run');
    expect(placeText({ ...NOWHERE, problem: 'p', phase: 'evaluation', step: 2, rollout: 1, tokens: [3, 3] })).toBe(
      'problem p, evaluation at step 2, rollout 1, token 3',
    );
  });
});

describe('within a run', () => {
  let folder: string;
  let problems: Problem[];
  let columns: RunColumns;
  beforeAll(async () => {
    ({ folder, problems } = await writeRunFixture(path.join(temporaryFolder(), 'run'), {
      problems: 4,
      steps: 4,
      every: 2,
    }));
    columns = await openColumns(folder);
  });

  test('problems are found by id, and by row if two have the same id', () => {
    const twins = [problems[0]!, { ...problems[1]!, id: problems[0]!.id, row: 7 }];
    expect(problemName(twins, 1)).toEqual({ problem: problems[0]!.id, row: 7 });
    expect(problemIn(twins, { problem: problems[0]!.id, row: 7 })).toBe(1);
    // a link cannot hold half of a character
    const halves = [problems[0]!, { ...problems[1]!, id: 'half \ud800' }];
    const link = addressText({ folder, ...problemName(halves, 1) });
    expect(problemIn(halves, parseAddress(link)!)).toBe(1);
    expect(problemName(problems, 2)).toEqual({ problem: problems[2]!.id, row: null });
    expect(problemIn(problems, { problem: null, row: null })).toBeNull();
    const facts = { reason: 'unknown-problem', value: 'x' };
    expectThrow(() => problemIn(problems, { problem: 'x', row: null }), 'usage', facts);
  });

  test.each(['diagnosis', 'avg@k', 'maj@k', 'pass@k', 'answer', 'share', 'verdict', 'wrongSince', 'entropy'])(
    'what %s refers to holds until the run changes',
    (name) => {
      const { id } = problems[3]!;
      const value = claimValue(columns, name, 3, 4);
      const address: Address = { ...RUN, folder, problem: id, step: 4, says: `${name}=${value}` };
      const check = checkClaim(columns, problems, address)!;
      expect(check).toEqual({ name, said: value, now: value, holds: true });
      expect(claimText(check)).toBe(`The claim holds: ${name} is ${value}.`);
      const other = checkClaim(columns, problems, { ...address, says: `${name}=something` })!;
      expect(other.holds).toBe(false);
      expect(claimText(other)).toBe(`The claim does not hold: it says that ${name} is something, but it is ${value}.`);
    },
  );

  test('an address without details is not checked', () => {
    expect(checkClaim(columns, problems, { ...RUN, folder })).toBeNull();
    expect(claimValue(columns, 'toString', null, 4)).toBe('–');
  });

  test('notes are added, changed, removed, and kept as a whole', async () => {
    expect(await readNotes(folder)).toEqual([]);
    const note: Note = { ...NOWHERE, id: 'b', time: '2026-11-24T19:31:00.000Z', text: 'one', pinned: false, step: 2 };
    await writeNote(folder, note);
    const earlier = { ...note, id: 'a', time: '2026-11-23T19:31:00.000Z', text: '', pinned: true };
    expect(await writeNote(folder, earlier)).toEqual([earlier, note]);
    const changed = { ...note, text: 'two' };
    expect(await writeNote(folder, changed)).toEqual([earlier, changed]);
    expect(await readNotes(folder)).toEqual([earlier, changed]);
    expect(await writeNote(folder, { ...earlier, pinned: false })).toEqual([changed]);
    expect(readdirSync(folder).filter((name) => name.startsWith('notes'))).toEqual(['notes.json']);
  });

  test('a damaged notes file is reported and left unchanged', async () => {
    const file = path.join(folder, 'notes.json');
    writeFileSync(file, '{"notes": [{}]}');
    await expectRejection(readNotes(folder), 'run-broken', { reason: 'bad-record' });
    const note: Note = { ...NOWHERE, id: 'b', time: '2026-11-24T19:31:00.000Z', text: 'one', pinned: false };
    await expectRejection(writeNote(folder, note), 'run-broken', { reason: 'bad-record' });
    expect(readFileSync(file, 'utf8')).toBe('{"notes": [{}]}');
  });
});
