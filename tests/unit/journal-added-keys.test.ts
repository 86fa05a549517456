/** Every file of a run, with keys that a newer version added in every object of it. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { checkpointFault } from '../../engine/journal/checkpoint-checks.ts';
import { listCheckpoints } from '../../engine/journal/checkpoints.ts';
import { crc32 } from '../../engine/journal/crc.ts';
import { FRAME_HEADER, FRAME_PREFIX } from '../../engine/journal/frame.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { type ImportState, readImportState, writeImportState } from '../../engine/journal/import-state.ts';
import { liveWriter, lockRun } from '../../engine/journal/lock.ts';
import { readNotes, writeNote } from '../../engine/journal/notes.ts';
import { openJournal } from '../../engine/journal/open.ts';
import { readPrompts, readRunFolder } from '../../engine/journal/reader.ts';
import type { GroupRecord } from '../../engine/protocol/records.ts';
import { isObject } from '../../engine/protocol/values.ts';
import { listEngines, publishAddress } from '../../engine/server/discovery.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

/** Objects whose keys are names that a person or a program chose, rather than fields. */
const MAPS = /^(?:versions|settings|foreign|rewards|columns|evidence|rewardOptions|parts)$/;
const ADDED = { deep: [{ more: null }] };

function withAdded(value: unknown, key = ''): unknown {
  if (MAPS.test(key)) return value;
  if (Array.isArray(value)) return value.map((item) => withAdded(item));
  if (!isObject(value)) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withAdded(item, name)]));
  // First, since a newer version may have its fields there. Checksums are a map of files.
  return key === 'checksums' ? inner : { added: ADDED, ...inner };
}

function addTo(file: string): void {
  const lines = readFileSync(file, 'utf8').trimEnd();
  const parts = file.endsWith('.jsonl') ? lines.split('\n') : [lines];
  const key = file.endsWith('checksums.json') ? 'checksums' : '';
  writeFileSync(file, parts.map((part) => `${JSON.stringify(withAdded(JSON.parse(part), key))}\n`).join(''));
}

/** Frames grow, so the records point to other places. */
function addToFrames(run: string): void {
  const file = join(run, 'rollouts-000.bin');
  const bytes = readFileSync(file);
  const moved = new Map<number, { offset: number; length: number }>();
  const frames: Buffer[] = [];
  let offset = 0;
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) {
    const begin = at + FRAME_HEADER;
    const end = begin + bytes.readUInt32LE(at + 12);
    const header = JSON.stringify(withAdded(JSON.parse(bytes.toString('utf8', begin, end))));
    const json = Buffer.from(header.padEnd(header.length + ((4 - (Buffer.byteLength(header) % 4)) % 4)));
    const frame = Buffer.concat([
      bytes.subarray(at, begin),
      json,
      bytes.subarray(end, at + bytes.readUInt32LE(at + 4)),
    ]);
    frame.writeUInt32LE(frame.length, 4);
    frame.writeUInt32LE(json.length, 12);
    frame.writeUInt32LE(crc32(frame.subarray(FRAME_PREFIX)), 8);
    frames.push(frame);
    moved.set(at, { offset, length: frame.length });
    offset += frame.length;
  }
  writeFileSync(file, Buffer.concat(frames));
  const events = join(run, 'events.jsonl');
  const records = readFileSync(events, 'utf8').trimEnd().split('\n');
  const pointed = records.map((line) => {
    const record = JSON.parse(line);
    if (record.frame) Object.assign(record.frame, moved.get(record.frame.offset));
    return `${JSON.stringify(record)}\n`;
  });
  writeFileSync(events, pointed.join(''));
}

let run: string;
beforeEach(async () => {
  run = join(temporaryFolder(), 'run');
  await writeRunFixture(run, { problems: 2, votes: 2, steps: 4, every: 1, outcome: 'stopped' });
});

async function contents() {
  const { runFile, problems, records, skipped } = await readRunFolder(run);
  const groups = records.filter((record): record is GroupRecord => record.type === 'group');
  const details = await Promise.all(groups.map((group) => readGroup(run, group)));
  // where the rollouts are is another thing than what they are
  const facts = records.map((record) => ('frame' in record ? { ...record, frame: null } : record));
  const checkpoints = await listCheckpoints(run);
  const faults = await Promise.all(checkpoints.map(({ folder }) => checkpointFault(folder)));
  const positions = checkpoints.map(({ position, step }) => ({ step, nextSeq: position.nextSeq }));
  const [prompts, notes] = [await readPrompts(run), await readNotes(run)];
  return { runFile, problems, prompts, facts, skipped, details, positions, faults, notes };
}

test('a run is read as if they were not there, and resumes from its checkpoint', async () => {
  const at = { step: 1, phase: 'train', problem: null, row: null, rollout: null, tokens: null } as const;
  await writeNote(run, { id: 'n', time: '2026-01-01T00:00:00.000Z', text: 'here', pinned: false, ...at });
  const before = await contents();
  expect(before.positions.length).toBeGreaterThan(0);
  addToFrames(run);
  const files = readdirSync(run, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.jsonl?$/.test(name) && statSync(join(run, name)).isFile())
    // the checksums of a checkpoint are of these files as they were written
    .filter((name) => !/^checkpoints.*(?:state|adapter_config|config)\.json$/.test(name));
  expect(files.length).toBeGreaterThan(6);
  for (const name of files) addTo(join(run, name));
  const after = await contents();
  expect(after).toEqual(before);
  const journal = await openJournal(run);
  expect(journal.checkpoint?.position.nextSeq).toBe(before.positions.at(-1)!.nextSeq);
  await journal.close();
});

test('a note keeps them when it is changed or another is added', async () => {
  const at = { step: 1, phase: null, problem: null, row: null, rollout: null, tokens: null };
  const note = { id: 'n', time: '2026-01-01T00:00:00.000Z', text: 'here', pinned: false, ...at };
  await writeNote(run, note);
  const file = join(run, 'notes.json');
  addTo(file);
  await writeNote(run, { ...note, text: 'there' });
  expect(await writeNote(run, { ...note, id: 'm', text: 'too' })).toEqual([
    { ...note, text: 'there' },
    { ...note, id: 'm', text: 'too' },
  ]);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
    added: ADDED,
    notes: [{ id: 'n', text: 'there', added: ADDED }, { id: 'm' }],
  });
});

test('a writer of a newer version holds its lock', async () => {
  const lock = await lockRun(run);
  addTo(join(run, 'lock'));
  expect(liveWriter(run)).toMatchObject({ pid: process.pid });
  await expectRejection(openJournal(run), 'run-in-use', { reason: 'in-use' });
  lock.release();
  expect(liveWriter(run)).toBeNull();
});

test('an import resumes, and an engine is found', async () => {
  const state: ImportState = {
    ...{ source: '/rollouts', format: 'jsonl', fromZero: false, identified: true },
    position: { nextSeq: 3, frames: { file: 0, offset: 8 } },
    parts: { one: { stamp: '1', step: 1, phase: 'train' } },
    counts: { groups: 1, rollouts: 2, steps: 1, faults: 0 },
  };
  await writeImportState(run, state);
  const before = await readImportState(run);
  expect(before).toEqual(state);
  const file = join(run, 'import.json');
  const { parts, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...(withAdded(rest) as object), parts }));
  expect(await readImportState(run)).toEqual(state);

  const home = temporaryFolder();
  const address = {
    ...{ pid: process.pid, socket: '/none', token: 't', version: '0.1.0', rpc: 3 },
    started: '2026-01-01T00:00:00.000Z',
  };
  addTo(await publishAddress(home, address));
  expect(await listEngines(home)).toEqual([address]);
});
