/**
 * Folders that come from anybody may have pipes, devices, links to them and files without end in the place of files: they are
 * refused or passed over, and nothing waits for them.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadDataset } from '../../engine/data/dataset.ts';
import { readImportState } from '../../engine/journal/import-state.ts';
import { readLineBlocks, readLines, readLinesBackward } from '../../engine/journal/lines.ts';
import { readNotes } from '../../engine/journal/notes.ts';
import { isOwnRun } from '../../engine/journal/own-mark.ts';
import { readProblems, readRunFile } from '../../engine/journal/reader.ts';
import { openModel } from '../../engine/model/source.ts';
import { toErrorData } from '../../engine/protocol/errors.ts';
import { DatasetConfig } from '../../engine/protocol/index.ts';
import { listRuns } from '../../engine/runs/list.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { openRegular } from '../../engine/system/regular-file.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

const runs = temporaryFolder();
const KINDS: Record<string, (file: string) => void> = {
  'a named pipe': (file) => execFileSync('mkfifo', [file]),
  'a device': (file) => symlinkSync('/dev/zero', file),
  'a folder': (file) => mkdirSync(file),
};
const READ = [
  'run.json',
  'events.jsonl',
  'problems.jsonl',
  'notes.json',
  'view.index',
  'own.mark',
  'import.json',
  'lock',
];

describe.runIf(process.platform !== 'win32')('in a run folder', () => {
  beforeAll(async () => {
    for (const [i] of Object.keys(KINDS).entries()) {
      for (const name of READ) {
        const run = path.join(runs, `${i}-${name}`);
        await writeRunFixture(run, { problems: 2, steps: 2, every: 2 });
        rmSync(path.join(run, name), { force: true });
        Object.values(KINDS)[i]!(path.join(run, name));
      }
    }
  });

  test.each(Object.keys(KINDS).flatMap((kind, i) => READ.map((name) => [name, kind, i] as const)))(
    '%s that is %s',
    async (name, found, i) => {
      const run = path.join(runs, `${i}-${name}`);
      const file = path.join(run, name);
      // a run with a link out of its folder is not opened at all
      const isLink = found === 'a device' && name !== 'notes.json';
      const refused = isLink ? { reason: 'link-out', file } : { reason: 'not-a-file', file, found };
      const readers: Record<string, () => Promise<unknown>> = {
        'run.json': () => readRunFile(run),
        'events.jsonl': () => openColumns(run),
        'problems.jsonl': () => readProblems(run),
        'notes.json': () => readNotes(run),
      };
      const read = readers[name];
      if (read || isLink) await expectRejection((read ?? (() => openColumns(run)))(), 'run-broken', refused);
      // A cache, a mark or a lock that is none is as good as missing.
      else expect((await openColumns(run)).groups.length).toBeGreaterThan(0);
      expect(await isOwnRun(run)).toBe(false);
      if (name === 'import.json') await readImportState(run).catch(() => null);
    },
  );

  test('one such run does not hide the others from the list', async () => {
    await writeRunFixture(path.join(runs, 'good'), { problems: 2, steps: 2, every: 2 });
    const list = await listRuns(runs);
    expect(list.map(({ run }) => run)).toContain('good');
    expect(list).toHaveLength(Object.keys(KINDS).length * READ.length + 1);
  });
});

test.runIf(process.platform !== 'win32').each(Object.keys(KINDS).slice(0, 2))(
  'of models and datasets: %s',
  async (found) => {
    const folder = temporaryFolder();
    for (const name of ['config.json', 'm.gguf', 'd.jsonl', 'd.csv']) KINDS[found]!(path.join(folder, name));
    const refused = { reason: 'not-a-file' };
    await expectRejection(openModel(folder), 'model', { ...refused, found });
    await expectRejection(openModel(path.join(folder, 'm.gguf')), 'model', { ...refused, found });
    for (const name of ['d.jsonl', 'd.csv'])
      await expectRejection(loadDataset(DatasetConfig.parse({ path: path.join(folder, name) })), 'dataset', refused);
  },
);

test.runIf(process.platform !== 'win32')('circular links are not a bug', async () => {
  const file = path.join(temporaryFolder(), 'circle');
  symlinkSync(file, file);
  const error = await openRegular(file).catch((thrown: unknown) => thrown);
  expect(toErrorData(error)).toMatchObject({ code: 'disk', details: { reason: 'unreadable', file, errno: 'ELOOP' } });
  expect(toErrorData(Object.assign(new Error('no file'), { code: 'ELOOP' })).code).toBe('internal');
});

describe('lines', () => {
  const all = async <T>(lines: AsyncIterable<T>): Promise<T[]> => {
    const found: T[] = [];
    for await (const line of lines) found.push(line);
    return found;
  };

  test('longer than the chunks are read completely, forward and backward', async () => {
    const file = path.join(temporaryFolder(), 'lines');
    const texts = [1, 262_144, 262_143, 3_000_000, 0, 600_000, 262_145].map((length, i) => `${i % 10}`.repeat(length));
    writeFileSync(file, `${texts.join('\n')}\nnot yet`);
    expect((await all(readLines(file))).map(({ text }) => text.length)).toEqual(texts.map(({ length }) => length));
    const backward = await all(readLinesBackward(file));
    expect(backward.map(({ bytes }) => bytes.toString())).toEqual([...texts].reverse());
    const starts = texts.map((_, i) => texts.slice(0, i).reduce((sum, { length }) => sum + length + 1, 0));
    expect(backward.map(({ start }) => start)).toEqual(starts.reverse());
  });

  test('without end are refused', async () => {
    const file = path.join(temporaryFolder(), 'sparse');
    writeFileSync(file, '');
    truncateSync(file, 20e9);
    for (const read of [readLines, readLineBlocks, readLinesBackward])
      await expectRejection(all<unknown>(read(file)), 'run-broken', { reason: 'line-too-long', file });
  });
});
