/** Reading is tolerant: of older formats, of what a newer version added, and of damage, which is named and can be repaired. */
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { findRun } from '../../engine/cli/runs.ts';
import { listCheckpoints } from '../../engine/journal/checkpoints.ts';
import { repairHint } from '../../engine/journal/events.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { writeImportState } from '../../engine/journal/import-state.ts';
import { checkWhole, openJournal } from '../../engine/journal/open.ts';
import { readPrompts, readRunFile, readRunFolder } from '../../engine/journal/reader.ts';
import { repairRun } from '../../engine/journal/repair.ts';
import { ERROR_CODES } from '../../engine/protocol/errors.ts';
import { type GroupRecord, RUN_FORMAT } from '../../engine/protocol/index.ts';
import { rolloutRows } from '../../engine/runs/export/rows.ts';
import { listRuns, readRunInfo } from '../../engine/runs/list.ts';
import { temporaryFolder } from '../support/processes.ts';
import { isReplaying } from '../support/records.ts';
import { expectRefusal, expectRejection, expectThrow, refusalOf, withNames } from '../support/refusals.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { expectWords } from '../support/wording.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');
const SMALL = { problems: 2, votes: 2, steps: 2, every: 1 };

// biome-ignore lint/suspicious/noExplicitAny: what is written here need not be a record.
type Json = any;

let root: string;
let folder: string;
beforeEach(() => {
  root = temporaryFolder();
  folder = join(root, 'run');
});

const eventsIn = (run: string) => join(run, 'events.jsonl');
function linesOf(run: string): Json[] {
  return readFileSync(eventsIn(run), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
function writeLines(run: string, lines: readonly (object | string)[]): void {
  const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  writeFileSync(eventsIn(run), texts.map((line) => `${line}\n`).join(''));
}
function editJson(path: string, change: (value: Json) => object): void {
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8'))), null, 2));
}

describe('additions of a newer version', () => {
  test('to records are dropped, wherever they are, and the run opens', async () => {
    await writeRunFixture(folder, SMALL);
    const before = await readRunFolder(folder);
    writeLines(
      folder,
      linesOf(folder).map((line) => {
        if (line.type === 'group') line.means.mood = 0.5;
        if (line.type === 'step') Object.assign(line, { novel: [1], metrics: { ...line.metrics, sparkle: 2 } });
        if (line.type === 'run') line.config.loss.novelty = { deep: true };
        return { ...line, shade: 'blue' };
      }),
    );
    editJson(join(folder, 'run.json'), (file) => ({ ...file, note: 'x', config: { ...file.config, aura: 1 } }));
    const problems = join(folder, 'problems.jsonl');
    writeFileSync(problems, readFileSync(problems, 'utf8').replaceAll('"row":', '"hue":7,"row":'));
    expect(await readRunFolder(folder)).toEqual(before);
    expect(await readRunInfo(folder)).toMatchObject({ status: 'completed', step: 2, steps: 2 });
  });

  test('of record types are skipped and counted, and a resumed run keeps them', async () => {
    await writeRunFixture(folder, { ...SMALL, outcome: 'stopped' });
    const lines = linesOf(folder);
    const at = 4;
    const wonder = { type: 'wonder', seq: at, time: 'then', anything: [1] };
    writeLines(
      folder,
      [...lines.slice(0, at), wonder, ...lines.slice(at)].map((line, seq) => ({ ...line, seq })),
    );
    // What the checkpoints say of numbers must fit the longer journal.
    for (const { folder: checkpoint } of await listCheckpoints(folder)) {
      editJson(join(checkpoint, 'journal.json'), (position) => ({ ...position, nextSeq: position.nextSeq + 1 }));
    }
    const { records, skipped } = await readRunFolder(folder);
    expect(skipped).toEqual({ wonder: 1 });
    expect(records.map(({ seq }) => seq)).toEqual([...lines.keys(), lines.length].filter((seq) => seq !== at));
    const journal = await openJournal(folder);
    const { seq } = journal.append({ type: 'lifecycle', event: 'resumed' });
    await journal.close();
    expect(seq).toBe(lines.length + 1);
    expect(linesOf(folder)[at]).toEqual(wonder);
    expect(journal.recordsFrom(at, 2).map((record) => record.seq)).toEqual([at + 1]);
  });

  test('to the format name the version to install, and say nothing about deleting', async () => {
    await writeRunFixture(folder, SMALL);
    editJson(join(folder, 'run.json'), (file) => ({ ...file, format: 9, versions: { rollscope: '3.1.4' } }));
    const newer = { reason: 'newer-format', file: join(folder, 'run.json'), format: 9, version: '3.1.4' };
    for (const read of [readRunFile, readRunFolder, readRunInfo, openJournal, repairRun]) {
      await expectRejection(read(folder), 'run-version', newer);
    }
    const error = { code: 'run-version', details: newer };
    expect(await listRuns(root)).toMatchObject([{ run: 'run', status: 'unreadable', error }]);
  });

  test.each(['0.0.1', undefined])(
    'to the format written by %s name no version that could not read it',
    async (version) => {
      await writeRunFixture(folder, SMALL);
      editJson(join(folder, 'run.json'), (file) => ({ ...file, format: 9, versions: { rollscope: version } }));
      const refused = await refusalOf(readRunFile(folder));
      expectRefusal(refused, 'run-version', { reason: 'newer-format', file: join(folder, 'run.json'), version: null });
      expect(refused.hint).not.toContain('0.0.1');
    },
  );
});

describe('damage', () => {
  test('to run.json: without it a run is found by its name, and reported as damaged by list and commands', async () => {
    await writeRunFixture(folder, SMALL);
    rmSync(join(folder, 'run.json'));
    const missing = { reason: 'missing-file', file: join(folder, 'run.json') };
    expect(await findRun('run', root)).toBe(folder);
    for (const read of [readRunFile, readRunFolder, readRunInfo, openJournal]) {
      await expectRejection(read(folder), 'run-broken', missing);
    }
    expect(await listRuns(root)).toMatchObject([{ run: 'run', status: 'unreadable', error: { details: missing } }]);
  });

  test('in a line is reported with its place, and the hint is to repair a copy', async () => {
    await writeRunFixture(folder, SMALL);
    const lines = linesOf(folder);
    writeLines(folder, lines.with(3, '{"type":"gr'));
    const error = await refusalOf(readRunFolder(folder));
    expectRefusal(error, 'run-broken', { reason: 'bad-record', file: eventsIn(folder), line: 4 });
    expect(error.hint).toBe(repairHint(folder));
  });

  test('is left out of the repaired copy, which opens and resumes; the run itself is unchanged', async () => {
    await writeRunFixture(folder, { ...SMALL, outcome: 'stopped' });
    const lines = linesOf(folder);
    const whole = await readRunFolder(folder);
    writeLines(folder, lines.with(3, '{"type":"gr'));
    const groups = lines.filter(({ type }) => type === 'group');
    const { frame } = groups.at(-1);
    const rollouts = join(folder, frame.file);
    const bytes = readFileSync(rollouts);
    bytes[frame.offset + 30]! ^= 1;
    writeFileSync(rollouts, bytes);
    writeFileSync(join(folder, 'prompts.jsonl'), 'spoilt\n');
    const before = readdirSync(folder).map((name) => [name, existsSync(join(folder, name))]);

    const { folder: copy, records, changes } = await repairRun(folder);
    expect(copy).toBe(`${folder}-repaired`);
    expect(records).toBe(lines.length - 1);
    expect(changes).toEqual([
      expect.stringContaining('events.jsonl line 4'),
      expect.stringContaining('1 group'),
      expect.stringContaining('prompts.jsonl'),
    ]);
    for (const change of changes) expectWords('repairs', 'changes', change);
    const repaired = await readRunFolder(copy);
    const kept = whole.records.filter(({ seq }) => seq !== 3);
    expect(repaired.records.map(({ type }) => type)).toEqual(kept.map(({ type }) => type));
    expect(repaired.records.map(({ seq }) => seq)).toEqual([...kept.keys()]);
    expect(repaired.records.findLast((record): record is GroupRecord => record.type === 'group')).toMatchObject({
      frame: null,
      rollouts: 2,
    });
    const journal = await openJournal(copy);
    expect(journal.checkpoint?.position.nextSeq).toBe((await listCheckpoints(folder)).at(-1)!.position.nextSeq - 1);
    await journal.close();
    expect(await listRuns(root)).toMatchObject([{ run: 'run-repaired', status: 'stopped' }, { run: 'run' }].reverse());
    expect(readdirSync(folder).map((name) => [name, existsSync(join(folder, name))])).toEqual(before);
    await expectRejection(readRunFolder(folder), 'run-broken', { reason: 'bad-record', line: 4 });
    await expectRejection(repairRun(folder), 'usage', { reason: 'target-exists', folder: copy });
  });

  test('of run.json and problems is repaired from the records', async () => {
    await writeRunFixture(folder, SMALL);
    const { runFile, problems } = await readRunFolder(folder);
    writeFileSync(join(folder, 'run.json'), '{"format":');
    const path = join(folder, 'problems.jsonl');
    writeFileSync(path, `${readFileSync(path, 'utf8').split('\n')[0]}\nnothing\n`);
    const { folder: copy, changes } = await repairRun(folder);
    expect(changes).toHaveLength(2);
    for (const change of changes) expectWords('repairs', 'changes', change);
    const repaired = await readRunFolder(copy);
    expect(repaired.runFile.config).toEqual(runFile.config);
    expect(repaired.problems[0]).toEqual(problems[0]);
    expect(repaired.problems[1]).toMatchObject({ index: 1, text: '', answer: null });
  });

  test.each(['problems', 'evaluationProblems'])(
    'in the number of %s is reported, and not filled with placeholders',
    async (key) => {
      await writeRunFixture(folder, SMALL);
      const path = join(folder, 'events.jsonl');
      const events = readFileSync(path, 'utf8');
      writeFileSync(path, events.replace(new RegExp(`"${key}":\\d+`), `"${key}":1000000000`));
      const problems = key === 'problems' ? 1e9 : 1e9 + SMALL.problems;
      await expectRejection(repairRun(folder), 'run-broken', { reason: 'lost-problems', problems });
      expect(existsSync(`${folder}-repaired`)).toBe(false);
    },
  );

  test('of checkpoints and notes is left out of the copy, which says so and resumes from what is left', async () => {
    await writeRunFixture(folder, { ...SMALL, steps: 4, outcome: 'stopped' });
    const [first, last] = await listCheckpoints(folder);
    writeFileSync(join(last!.folder, 'journal.json'), '');
    writeFileSync(join(folder, 'notes.json'), '{"notes":[{"id":5}]}');
    const { folder: copy, changes } = await repairRun(folder);
    expect(changes).toEqual([
      expect.stringContaining('notes.json'),
      expect.stringMatching(new RegExp(`step ${last!.step} .* step ${first!.step}`)),
    ]);
    for (const change of changes) expectWords('repairs', 'changes', change);
    const journal = await openJournal(copy);
    expect(journal.checkpoint?.step).toBe(first!.step);
    await journal.close();
    rmSync(copy, { recursive: true });
    writeFileSync(join(first!.folder, 'state.json'), 'changed');
    const all = await repairRun(folder);
    expect(all.changes.at(-1)).toContain(`steps ${first!.step}, ${last!.step} `);
    for (const change of all.changes) expectWords('repairs', 'changes', change);
    expect(await listCheckpoints(all.folder)).toEqual([]);
  });

  test('of the newest checkpoint is reported before a run resumes from an earlier one', async () => {
    await writeRunFixture(folder, { ...SMALL, steps: 4, outcome: 'stopped' });
    const { folder: checkpoint, step } = (await listCheckpoints(folder)).at(-1)!;
    rmSync(join(checkpoint, 'journal.json'));
    const damaged = { reason: 'damaged-checkpoint', folder: checkpoint, step };
    await expectRejection(openJournal(folder), 'run-broken', damaged);
    rmSync(checkpoint, { recursive: true });
    const journal = await openJournal(folder);
    expect(journal.checkpoint!.step).toBeLessThan(step);
    await journal.close();
  });

  test.each([
    ['a line is lost', (lines: Json[]) => lines.toSpliced(3, 1), ['1 record of events.jsonl is missing.'], -1],
    ['the first is lost', (lines: Json[]) => lines.slice(1), ['1 record of events.jsonl is missing.'], -1],
    [
      'a line comes twice',
      (lines: Json[]) => lines.toSpliced(3, 0, lines[3]),
      ['events.jsonl line 5 was skipped: record number 3 again.'],
      0,
    ],
    [
      'lines are in another order',
      (lines: Json[]) => lines.with(3, lines[4]).with(4, lines[3]),
      ['Lines of events.jsonl were put in the order of their numbers.'],
      0,
    ],
    [
      'a number is damaged',
      (lines: Json[]) => lines.with(3, { ...lines[3], seq: 7_000_003 }),
      ['events.jsonl line 4 is record number 3, not 7000003.'],
      0,
    ],
  ])('of lines is named and repaired where %s', async (_, spoil, said, records) => {
    await writeRunFixture(folder, SMALL);
    const { records: whole } = await readRunFolder(folder);
    writeLines(folder, spoil(linesOf(folder)));
    await expectRejection(readRunFolder(folder), 'run-broken', { reason: 'out-of-order' });
    const { folder: copy, changes } = await repairRun(folder);
    expect(changes).toEqual(said);
    for (const change of changes) expectWords('repairs', 'changes', change);
    const repaired = (await readRunFolder(copy)).records;
    expect(repaired).toHaveLength(whole.length + records);
    if (records === 0) expect(repaired).toEqual(whole);
  });

  test('of prompts is repaired, and a run without all of its lines is not resumed', async () => {
    await writeRunFixture(folder, { ...SMALL, outcome: 'stopped' });
    const path = join(folder, 'prompts.jsonl');
    writeFileSync(path, `${readFileSync(path, 'utf8').split('\n')[0]}\n`);
    const journal = await openJournal(folder);
    expectThrow(() => checkWhole(journal, 2), 'run-broken', {
      reason: 'missing-lines',
      file: path,
      lines: 1,
      needed: 2,
    });
    await journal.close();
    const { folder: copy, changes } = await repairRun(folder);
    expect(changes).toEqual([expect.stringContaining('prompts.jsonl')]);
    const repaired = await openJournal(copy);
    expect(() => checkWhole(repaired, 2)).not.toThrow();
    expectThrow(() => checkWhole(repaired, 3), 'run-broken', { file: join(copy, 'problems.jsonl'), lines: 2 });
    await repaired.close();
  });

  test('that leaves nothing of the run to read is said of the run, not of its copy', async () => {
    await writeRunFixture(folder, SMALL);
    writeLines(folder, linesOf(folder).slice(1));
    rmSync(join(folder, 'run.json'));
    const facts = { reason: 'nothing-readable', file: join(folder, 'run.json') };
    const refused = await refusalOf(repairRun(folder));
    expectRefusal(refused, 'run-broken', facts);
    expect(refused.hint).not.toContain('repair');
    expect(readdirSync(root)).toEqual(['run']);
  });

  test('of the description of an imported run keeps where it came from', async () => {
    await writeRunFixture(folder, SMALL);
    writeLines(
      folder,
      linesOf(folder).map((line) => (line.type === 'run' ? { ...line, config: null } : line)),
    );
    rmSync(join(folder, 'run.json'));
    rmSync(join(folder, 'prompts.jsonl'));
    await writeImportState(folder, {
      ...{ source: '/logs', format: 'verl', fromZero: false, identified: false, parts: {} },
      position: { nextSeq: 1, frames: { file: 0, offset: 0 } },
      counts: { groups: 0, rollouts: 0, steps: 0, faults: 0 },
    });
    const { folder: copy, changes } = await repairRun(folder);
    expect(changes).toHaveLength(1);
    expect(await readRunFile(copy)).toMatchObject({
      origin: { engine: 'verl', version: null, files: ['/logs'] },
      foreign: { job: 'imported', model: expect.any(String) },
    });
  });

  test('that replaces the folder of checkpoints is left out', async () => {
    await writeRunFixture(folder, SMALL);
    rmSync(join(folder, 'checkpoints'), { recursive: true });
    writeFileSync(join(folder, 'checkpoints'), 'x');
    const { folder: copy, changes } = await repairRun(folder);
    expect(changes).toEqual([expect.stringContaining('checkpoints is not a folder')]);
    expectWords('repairs', 'changes', changes[0]!);
    expect(existsSync(join(copy, 'checkpoints'))).toBe(false);
  });

  test('between lines that another program wrote is repaired, and keys of the same name stay', async () => {
    await writeRunFixture(folder, SMALL);
    const spaced = (line: Json) => JSON.stringify({ added: { seq: 77 }, ...line }, null, 1).replace(/\n */g, ' ');
    const lines = linesOf(folder).map(spaced);
    writeLines(folder, lines.with(3, 'nothing'));
    const { folder: copy } = await repairRun(folder);
    const { records } = await readRunFolder(copy);
    expect(records.map(({ seq }) => seq)).toEqual([...Array(lines.length - 1).keys()]);
    expect(linesOf(copy).every(({ added }) => added.seq === 77)).toBe(true);
  });

  test('that does not exist gives the same run again', async () => {
    await writeRunFixture(folder, SMALL);
    const { folder: copy, changes } = await repairRun(folder);
    expect(changes).toEqual([]);
    expect(await readRunFolder(copy)).toEqual(await readRunFolder(folder));
  });
});

describe('the list of runs', () => {
  test('shows a copied folder under its own name, and the copy opens', async () => {
    await writeRunFixture(folder, SMALL);
    cpSync(folder, join(root, 'copy'), { recursive: true });
    expect((await listRuns(root)).map(({ run }) => run)).toEqual(['copy', 'run']);
    expect((await readRunFolder(join(root, 'copy'))).records).toHaveLength(linesOf(folder).length);
  });

  test.each([
    [
      'run.json is broken',
      (run: string) => writeFileSync(join(run, 'run.json'), '{"format":'),
      (run: string) => ({ reason: 'not-json', place: join(run, 'run.json') }),
    ],
    [
      'run.json is missing',
      (run: string) => rmSync(join(run, 'run.json')),
      (run: string) => ({ reason: 'missing-file', file: join(run, 'run.json') }),
    ],
    [
      'problems are missing',
      (run: string) => rmSync(join(run, 'problems.jsonl')),
      (run: string) => ({ reason: 'missing-file', file: join(run, 'problems.jsonl') }),
    ],
    [
      'events are missing',
      (run: string) => rmSync(eventsIn(run)),
      (run: string) => ({ reason: 'missing-file', file: eventsIn(run) }),
    ],
    [
      'no record can be read',
      (run: string) => writeFileSync(eventsIn(run), 'a\nb\n'),
      (run: string) => ({ reason: 'bad-record', file: eventsIn(run) }),
    ],
    [
      'its steps cannot be read',
      (run: string) =>
        writeLines(
          run,
          linesOf(run).map((line) => (line.type === 'step' ? { ...line, step: 'two' } : line)),
        ),
      () => ({ reason: 'bad-record', fault: expect.stringContaining('step: ') }),
    ],
  ])('says so, and why, where %s', async (_, spoil, facts) => {
    await writeRunFixture(folder, SMALL);
    await writeRunFixture(join(root, 'other'), SMALL);
    spoil(folder);
    const runs = await listRuns(root);
    expect(runs).toHaveLength(2);
    expect(runs.find(({ run }) => run === 'run')).toMatchObject({
      status: 'unreadable',
      folder,
      created: expect.stringMatching(/^20/),
      error: { code: 'run-broken', details: facts(folder) },
    });
    expect(runs.find(({ run }) => run === 'other')).toMatchObject({ status: 'completed' });
  });

  test('omits folders that are not runs', async () => {
    await writeRunFixture(folder, SMALL);
    appendFileSync(join(root, 'notes.txt'), 'mine');
    cpSync(join(folder, 'checkpoints'), join(root, 'weights'), { recursive: true });
    expect((await listRuns(root)).map(({ run }) => run)).toEqual(['run']);
  });
});

test('the error about missing or damaged rollouts, or a missing run.json, says how to repair the run', async () => {
  await writeRunFixture(folder, SMALL);
  const exported = async () => {
    for await (const _ of rolloutRows(folder));
  };
  const hint = expect.stringContaining(repairHint(folder));
  const path = join(folder, 'rollouts-000.bin');
  const bytes = readFileSync(path);
  bytes[30]! ^= 1;
  writeFileSync(path, bytes);
  await expect(exported()).rejects.toMatchObject({ hint, details: { reason: 'damaged-rollouts' } });
  rmSync(path);
  await expect(exported()).rejects.toMatchObject({ hint, details: { reason: 'missing-rollouts' } });
  rmSync(join(folder, 'run.json'));
  expect(await listRuns(root)).toMatchObject([{ status: 'unreadable', error: { hint } }]);
});

describe('a run of format 2', () => {
  beforeEach(() => cpSync(join(FIXTURES, 'run-format2'), folder, { recursive: true }));

  test('opens, and has current records', async () => {
    const { runFile, problems, records, skipped } = await readRunFolder(folder);
    expect(runFile).toMatchObject({ format: 2, origin: { engine: 'rollscope', version: '0.1.0', files: [] } });
    expect(problems[1]).toMatchObject({ index: 1, text: '1+6+6+4+6+7=', answer: '30' });
    expect([skipped, await readPrompts(folder)]).toEqual([{}, null]);
    const groups = records.filter((record): record is GroupRecord => record.type === 'group');
    expect(records).toHaveLength(76);
    expect(groups[0]).toMatchObject({
      ...{ phase: 'evaluation', step: 0, problem: 0, rollouts: 4, unanswered: 0, truncated: 0 },
      clusters: [
        { answer: '5', count: 2, correct: false },
        { answer: '12', count: 2, correct: true },
      ],
      majority: { answer: '5', share: 0.5, rawShare: 0.5, correct: false, tied: true },
      means: { reward: null, correct: 0.5, tokens: 5.5 },
    });
    const detail = await readGroup(folder, groups[0]!);
    expect(detail.clusters[1]!.members).toEqual([0, 3]);
    expect(detail.majority).toEqual(groups[0]!.majority);
    expect(await readRunInfo(folder)).toMatchObject({ run: 'run', status: 'completed', step: 4 });
  });

  test('as format 1 wrote it, without later additions, opens too', async () => {
    writeLines(
      folder,
      linesOf(folder)
        .filter(({ type }) => !type.startsWith('forecast'))
        .map((line, seq) => {
          if (line.type === 'run') {
            delete line.config.rewardOptions;
            delete line.config.watch;
            delete line.model.vocabulary;
          }
          if (line.type === 'step') {
            delete line.problems;
            for (const later of ['kl', 'repetition', 'answerEntropy']) delete line.metrics[later];
          }
          if (line.type === 'group') for (const rollout of line.rollouts) delete rollout.repetition;
          if (line.type === 'evaluation') delete line.atK;
          return { ...line, seq };
        }),
    );
    editJson(join(folder, 'run.json'), ({ config: { rewardOptions, watch, ...config }, ...file }) => ({
      ...file,
      format: 1,
      config,
    }));
    const { records } = await readRunFolder(folder);
    expect(records.find((record) => record.type === 'run')).toMatchObject({ model: { vocabulary: null } });
    expect(records.find((record) => record.type === 'step')).toMatchObject({ metrics: { kl: null } });
    const group = records.find((record): record is GroupRecord => record.type === 'group')!;
    // Token ids are there, so that this is known after all.
    expect((await readGroup(folder, group)).rollouts[0]!.repetition).toBe(0);
  });
});

describe('an error code in its former spelling', () => {
  test.each([
    ['format 2', () => cpSync(join(FIXTURES, 'run-format2'), folder, { recursive: true })],
    ['today', () => writeRunFixture(folder, SMALL)],
  ])('is read under its current name, in a run of %s', async (_, make) => {
    await make();
    writeLines(
      folder,
      linesOf(folder).map((line) =>
        line.type === 'end' ? { ...line, reason: 'failed', error: { code: 'cancelled', message: 'x' } } : line,
      ),
    );
    expect((await readRunFolder(folder)).records.at(-1)).toMatchObject({ type: 'end', error: { code: 'canceled' } });
    expect(ERROR_CODES).not.toContain('cancelled');
  });
});

describe('a stopped run of format 2', () => {
  beforeEach(() => cpSync(join(FIXTURES, 'run-format2-stopped'), folder, { recursive: true }));

  test('has the current format once it is resumed', async () => {
    const before = (await readRunFolder(folder)).records;
    const journal = await openJournal(folder);
    expect(isReplaying(journal)).toBe(false);
    expect(journal).toMatchObject({ recovery: null, prompts: null });
    expect(journal.checkpoint?.step).toBe(3);
    await journal.writePrompts([{ problem: 0, text: 'p', tokens: [1] }]);
    await journal.close();
    expect(await readRunFile(folder)).toMatchObject({ format: RUN_FORMAT, origin: { engine: 'rollscope' } });
    expect(await readPrompts(folder)).toEqual([{ problem: 0, text: 'p', tokens: [1] }]);
    expect((await readRunFolder(folder)).records).toEqual(before);
  });

  test('recomputes what it recorded after its checkpoint, and says so', async () => {
    rmSync(join(folder, 'checkpoints', '3'), { recursive: true });
    const journal = await openJournal(folder);
    expect(journal.checkpoint?.step).toBe(2);
    expect(isReplaying(journal)).toBe(false);
    expect(journal.recovery).toMatchObject({ remade: 7 });
    expectWords('warnings', 'recovery', withNames(journal.recovery!.message, { remade: 7 }));
    // Of the records after the checkpoint, its own is kept.
    expect(journal.length).toBe(22);
    await journal.close();
  });
});
