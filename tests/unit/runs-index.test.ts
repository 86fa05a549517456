/** The index of a run: made once, extended, and made again where it cannot be trusted. */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { RunColumns } from '../../engine/runs/columns.ts';
import { fold } from '../../engine/runs/fold.ts';
import { INDEX_FILE, indexPaths, readIndex, readIndexHead } from '../../engine/runs/index-file.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { pack } from '../../engine/runs/packed.ts';
import { temporaryFolder } from '../support/processes.ts';
import { group } from '../support/records.ts';
import { expectRejection } from '../support/refusals.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

async function run() {
  const { folder } = await writeRunFixture(`${temporaryFolder()}/run`, { problems: 6, votes: 4, steps: 8, every: 4 });
  return { folder, cache: temporaryFolder(), events: join(folder, 'events.jsonl'), index: join(folder, INDEX_FILE) };
}

async function foldedAnew(folder: string): Promise<RunColumns> {
  const columns = new RunColumns();
  for (const record of (await readRunFolder(folder)).records) fold(columns, record);
  return columns;
}

/** Columns as they can be compared. */
const plain = (columns: RunColumns) => JSON.parse(JSON.stringify(pack(columns)));

describe('the index of a run', () => {
  it('contains the columns of the journal, and is written when a run is first opened', async () => {
    const { folder, cache, index } = await run();
    expect(await readIndex(folder, cache)).toBeNull();
    const first = await openColumns(folder, { cache });
    expect(existsSync(index)).toBe(true);
    expect(plain(first)).toEqual(plain(await foldedAnew(folder)));
    const indexed = await readIndex(folder, cache);
    expect(plain(indexed!.columns)).toEqual(plain(first));
    let progress = 0;
    expect(plain(await openColumns(folder, { cache, onProgress: () => progress++ }))).toEqual(plain(first));
    expect(progress).toBe(0);
  });

  it('is ignored if its head is invalid', async () => {
    const { folder, cache, index } = await run();
    await openColumns(folder, { cache });
    expect((await readIndexHead(folder, cache, false))!.head).toEqual({ skipped: {}, warnings: [] });
    const bytes = readFileSync(index);
    const at = bytes.indexOf('"skipped":{}');
    bytes.write('"skipped":10', at);
    writeFileSync(index, bytes);
    expect(await readIndexHead(folder, cache, false)).toBeNull();
  });

  it('is extended by later records of the journal', async () => {
    const { folder, cache, events } = await run();
    const { seq } = await openColumns(folder, { cache });
    appendFileSync(events, `${JSON.stringify(group(seq + 1, 9, '7'))}\n`);
    expect(await readIndex(folder, cache)).not.toBeNull();
    const longer = await openColumns(folder, { cache });
    expect(longer.seq).toBe(seq + 1);
    expect(plain(longer)).toEqual(plain(await foldedAnew(folder)));
  });

  it('stores numbers in narrow types, which become wider if necessary', async () => {
    const { folder, cache, events } = await run();
    const { seq } = await openColumns(folder, { cache });
    const { columns } = (await readIndex(folder, cache))!;
    const { groups, clusters } = columns;
    expect(groups.columns.problem).toBeInstanceOf(Uint8Array);
    expect(groups.columns.share).toBeInstanceOf(Float32Array);
    expect(groups.columns.logprob).toBeInstanceOf(Float64Array);
    expect(clusters.columns.count).toBeInstanceOf(Uint8Array);

    // in place
    const before = groups.columns.share[0];
    groups.set(1, 'share', 0.1);
    groups.set(2, 'problem', 70_000);
    expect([groups.columns.share[0], groups.columns.share[1]]).toEqual([before, 0.1]);
    expect(groups.columns.problem[2]).toBe(70_000);

    // after what was cut off
    clusters.truncate(clusters.length - 1);
    const row = clusters.push({ answer: 70_000, count: 1_000_000, correct: -1 });
    expect([clusters.columns.answer[row], clusters.columns.count[row]]).toEqual([70_000, 1_000_000]);

    // from the journal
    const answers = Array.from({ length: 300 }, () => '7');
    appendFileSync(events, `${JSON.stringify(group(seq + 1, 100_000, '7', { answers, problem: 5 }))}\n`);
    expect(plain(await openColumns(folder, { cache }))).toEqual(plain(await foldedAnew(folder)));
  });

  it('is not trusted if the journal is another one, shorter, or changed in one byte', async () => {
    for (const change of [
      (text: string) => text.replace('"embedded"', '"embeddeD"'),
      (text: string) => `${text.split('\n').slice(0, -3).join('\n')}\n`,
      () => '',
    ]) {
      const { folder, cache, events } = await run();
      await openColumns(folder, { cache });
      writeFileSync(events, change(readFileSync(events, 'utf8')));
      utimesSync(events, new Date(0), new Date(0));
      expect(await readIndex(folder, cache)).toBeNull();
    }
  });

  it('is trusted if the same journal was only copied', async () => {
    const { folder, cache, events } = await run();
    await openColumns(folder, { cache });
    utimesSync(events, new Date(0), new Date(0));
    expect(await readIndex(folder, cache)).not.toBeNull();
  });

  it('is rebuilt if it is damaged, truncated, or of another version', async () => {
    const { folder, cache, index } = await run();
    const columns = await openColumns(folder, { cache });
    const whole = readFileSync(index);
    const damaged = [
      Buffer.from(whole.map((byte, i) => (i === whole.length - 9 ? byte ^ 1 : byte))),
      whole.subarray(0, whole.length / 2),
      whole.subarray(0, 3),
      Buffer.from(whole.map((byte, i) => (i === 4 ? byte + 1 : byte))),
    ];
    for (const bytes of damaged) {
      writeFileSync(index, bytes);
      expect(await readIndex(folder, cache)).toBeNull();
      expect(plain(await openColumns(folder, { cache }))).toEqual(plain(columns));
      expect(readFileSync(index)).toEqual(whole);
    }
  });

  it('is in the cache, or nowhere, if the run folder cannot be written', async () => {
    const { folder, cache, index } = await run();
    const [, elsewhere] = indexPaths(folder, cache);
    // A folder in the place of the file, which not even root can replace.
    const { mkdirSync } = await import('node:fs');
    mkdirSync(join(index, 'full'), { recursive: true });
    chmodSync(index, 0o555);
    const columns = await openColumns(folder, { cache });
    expect(existsSync(elsewhere!)).toBe(true);
    expect(plain((await readIndex(folder, cache))!.columns)).toEqual(plain(columns));
    rmSync(elsewhere!);
    writeFileSync(join(cache, 'file'), '');
    expect(plain(await openColumns(folder, { cache: join(cache, 'file') }))).toEqual(plain(columns));
    expect(readdirSync(cache).sort()).toEqual(['file', 'indexes']);
  });

  it('stops being read when nothing waits for it anymore', async () => {
    const { folder, cache, index } = await run();
    rmSync(index, { force: true });
    const controller = new AbortController();
    controller.abort();
    const opening = openColumns(folder, { cache, signal: controller.signal });
    await expectRejection(opening, 'canceled', { reason: 'reading-run' });
    expect(existsSync(index)).toBe(false);
  });
});
