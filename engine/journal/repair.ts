/**
 * Repairs a damaged run: makes a copy of its folder in which unreadable parts are left out or replaced, so that it
 * opens. The run itself is not changed.
 */
import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { RUN_FORMAT } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { plural } from '../protocol/format.ts';
import { Problem } from '../protocol/problem.ts';
import type { JournalRecord } from '../protocol/records.ts';
import { type RunFile, UNKNOWN_RUN } from '../protocol/run-file.ts';
import { whileWriting, writeAtomically } from '../system/aside.ts';
import { copy, move, remove } from '../system/files.ts';
import { readRegular } from '../system/regular-file.ts';
import { parseChecked } from './checked.ts';
import { checkpointFault } from './checkpoint-checks.ts';
import { checkpointFolders, listCheckpoints, writePosition } from './checkpoints.ts';
import { upgradeProblem } from './formats/upgrade.ts';
import { isWholeFrame } from './frame.ts';
import { readFrameBytes } from './groups.ts';
import { readImportState } from './import-state.ts';
import {
  CHECKPOINTS,
  EVENTS_FILE,
  IMPORT_FILE,
  inRun,
  LOCK_FILE,
  PROBLEMS_FILE,
  PROMPTS_FILE,
  RUN_FILE,
} from './layout.ts';
import { refuseLinksOut } from './links.ts';
import { liveWriter } from './lock.ts';
import { NOTES_FILE, readNotes } from './notes.ts';
import { readProblems, readPrompts, readRunFile, readRunFolder } from './reader.ts';
import { type KeptLine, MAX_JOURNAL_BYTES, type ReadableLines, readableLines } from './repair-lines.ts';

export interface Repair {
  /** The repaired copy. */
  folder: string;
  /** Records that the copy has. */
  records: number;
  /** What the copy lacks or contains in another form, one sentence each; [] for an intact run. */
  changes: string[];
}

/**
 * Writes `<run>-repaired` next to a run and checks that it opens.
 * @throws RollscopeError `usage` where that folder exists or nothing of the run can be read, `run-in-use` while it is
 * written, `run-version` for a run of a newer format
 */
export async function repairRun(folder: string): Promise<Repair> {
  const source = resolve(folder);
  const target = `${source}-repaired`;
  if (existsSync(target)) {
    throw new RollscopeError('usage', `${target} already exists.`, 'Remove or rename it, then repair again.', {
      details: { reason: 'target-exists', folder: target },
    });
  }
  if (liveWriter(source) !== null) {
    throw new RollscopeError('run-in-use', `The run ${source} is being written.`, 'Stop it, then repair it.', {
      details: { reason: 'in-use', folder: source },
    });
  }
  if (!existsSync(inRun(source, EVENTS_FILE))) {
    throw new RollscopeError('usage', `${source} has no ${EVENTS_FILE}: there is nothing to repair.`, 'Choose a run.', {
      details: { reason: 'missing-file', file: inRun(source, EVENTS_FILE) },
    });
  }
  refuseLinksOut(source);
  await refuseNewer(source);
  const { lines, changes } = await readableLines(source);
  // An incomplete copy must not look like a complete one.
  const aside = `${target}.${process.pid}.partial`;
  await whileWriting(aside, async () => {
    try {
      await repairCopy(source, aside, { lines, changes });
      await move(aside, target);
    } catch (error) {
      await remove(aside);
      throw error;
    }
  });
  return { folder: target, records: lines.length, changes };
}

async function repairCopy(source: string, target: string, { lines, changes }: ReadableLines): Promise<void> {
  await copyRun(source, target);
  await repairFrames(target, lines, changes);
  await writeEvents(target, lines);
  const records = lines.flatMap(({ record }) => record ?? []);
  await repairRunFile(source, target, records, changes);
  await repairProblems(target, records, changes);
  await repairPrompts(target, changes);
  await repairNotes(target, changes);
  await repairCheckpoints(target, changes);
  await moveCheckpoints(target, lines);
  await readRunFolder(target);
}

async function refuseNewer(folder: string): Promise<void> {
  await readRunFile(folder).catch((error) => {
    if (error instanceof RollscopeError && error.code === 'run-version') throw error;
  });
}

/** Everything except the lock, files derived from others, and the state of an import, which refers to the old files. */
async function copyRun(source: string, target: string): Promise<void> {
  const isLeft = (name: string) => name === LOCK_FILE || name === IMPORT_FILE || name.endsWith('.index');
  await copy(source, target, (path) => !isLeft(basename(path)));
}

/** A group whose rollouts are lost keeps its counts. */
async function repairFrames(folder: string, lines: KeptLine[], changes: string[]): Promise<void> {
  let lost = 0;
  const statistics = lines.filter(({ record }) => record?.type === 'statistics');
  const gone = new Set<KeptLine>();
  for (const line of statistics) {
    if (line.record?.type !== 'statistics') continue;
    const bytes = await readFrameBytes(folder, line.record.frame);
    if (!bytes || !isWholeFrame(bytes)) gone.add(line);
  }
  // Without the statistics, the group's own record is still valid.
  if (gone.size > 0) {
    lines.splice(0, lines.length, ...lines.filter((line) => !gone.has(line)));
    changes.push(`The computed token statistics of ${plural(gone.size, 'group')} are lost.`);
  }
  for (const line of lines) {
    const { record } = line;
    if (record?.type !== 'group' || !record.frame) continue;
    const bytes = await readFrameBytes(folder, record.frame);
    if (bytes && isWholeFrame(bytes)) continue;
    lost++;
    line.record = { ...record, frame: null };
    line.text = JSON.stringify(line.record);
  }
  if (lost > 0) changes.push(`The rollouts of ${plural(lost, 'group')} are lost; their counts are kept.`);
}

/** Lines keep everything that this version does not know; only their numbers change. */
async function writeEvents(folder: string, lines: readonly KeptLine[]): Promise<void> {
  const numbered = lines.map((line, seq) => `${line.seq === seq ? line.text : renumbered(line.text, seq)}\n`);
  await writeAtomically(inRun(folder, EVENTS_FILE), numbered.join(''));
}

function renumbered(line: string, seq: number): string {
  return JSON.stringify({ ...(JSON.parse(line) as object), seq });
}

/** The run's first record has most of what an unreadable run.json had. */
async function repairRunFile(
  source: string,
  folder: string,
  records: readonly JournalRecord[],
  changes: string[],
): Promise<void> {
  const found = await readRunFile(folder).catch((error: RollscopeError) => error);
  if (!(found instanceof Error)) return;
  const run = records.find((record) => record.type === 'run');
  const file = inRun(source, RUN_FILE);
  if (!run) {
    throw new RollscopeError(
      'run-broken',
      `${file} cannot be read, and neither can the run's first record, which repeats it.`,
      'Restore the file from a backup.',
      { details: { reason: 'nothing-readable', file } },
    );
  }
  const imported = run.config === null ? await readImportState(source) : null;
  const runFile: RunFile = {
    format: RUN_FORMAT,
    created: run.time,
    origin: {
      engine: run.config ? 'rollscope' : (imported?.format ?? 'another trainer'),
      version: null,
      files: imported ? [imported.source] : [],
    },
    config: run.config,
    foreign: run.config ? null : { ...UNKNOWN_RUN, model: run.model.name },
    versions: {},
    modelFingerprint: run.model.fingerprint,
    dataFingerprint: run.dataFingerprint,
  };
  await writeAtomically(inRun(folder, RUN_FILE), `${JSON.stringify(runFile, null, 2)}\n`);
  changes.push(`${RUN_FILE} could not be read and was rebuilt from the run's first record.`);
}

/** Problems that can be replaced: a record that names more than that is damaged itself. */
const MAX_REPLACED_PROBLEMS = 1_000_000;

/**
 * A problem that cannot be read is replaced by one without text, because the others are known by their places.
 * @throws RollscopeError `run-broken` where the file lacks more than 1,000,000 problems that records name
 */
async function repairProblems(folder: string, records: readonly JournalRecord[], changes: string[]): Promise<void> {
  const path = inRun(folder, PROBLEMS_FILE);
  const text = existsSync(path) ? (await readRegular(path, MAX_JOURNAL_BYTES)).trimEnd() : '';
  const lines = text === '' ? [] : text.split('\n');
  const run = records.find((record) => record.type === 'run');
  let count = run ? run.problems + run.evaluationProblems : lines.length;
  for (const record of records) {
    if (record.type === 'group') count = Math.max(count, record.problem + 1);
    if (record.type === 'problems') count = Math.max(count, record.total);
  }
  if (count - lines.length > MAX_REPLACED_PROBLEMS) {
    throw new RollscopeError(
      'run-broken',
      `${PROBLEMS_FILE} has ${plural(lines.length, 'problem')}, but the records refer to ${plural(count, 'problem')}.`,
      `Placeholders are made for at most ${plural(MAX_REPLACED_PROBLEMS, 'problem')}. If the file was shortened, restore it from a backup; otherwise correct the number in ${EVENTS_FILE}.`,
      { details: { reason: 'lost-problems', problems: count } },
    );
  }
  let replaced = 0;
  const problems = Array.from({ length: count }, (_, index): string => {
    try {
      const problem = parseChecked(Problem, lines[index] ?? '', PROBLEMS_FILE, { upgrade: upgradeProblem });
      if (problem.index === index) return lines[index]!;
    } catch {
      // Replaced below.
    }
    replaced++;
    const lost: Problem = { index, id: `lost-${index}`, text: '', answer: null, source: '', row: index, line: null };
    return JSON.stringify(lost);
  });
  if (replaced === 0 && lines.length === count) return;
  await writeAtomically(path, problems.map((line) => `${line}\n`).join(''));
  if (replaced > 0) changes.push(`${replaced} of ${count} problems could not be read; their text is missing.`);
}

/** Prompts are of all problems or of none; only those of other trainers and of older formats may be missing. */
async function repairPrompts(folder: string, changes: string[]): Promise<void> {
  const { config, format } = await readRunFile(folder);
  const expected = config && format === RUN_FORMAT ? (await readProblems(folder)).length : null;
  try {
    const prompts = await readPrompts(folder);
    if (expected === null || prompts?.length === expected) return;
  } catch {
    // Removed below.
  }
  await remove(inRun(folder, PROMPTS_FILE));
  changes.push(`${PROMPTS_FILE} could not be read and was skipped: a resumed run renders the prompts again.`);
}

async function repairNotes(folder: string, changes: string[]): Promise<void> {
  try {
    await readNotes(folder);
  } catch {
    await remove(inRun(folder, NOTES_FILE));
    changes.push(`${NOTES_FILE} could not be read and was skipped: notes and pins are lost.`);
  }
}

/** A run resumes from the checkpoint before a damaged one, with the same results. */
async function repairCheckpoints(folder: string, changes: string[]): Promise<void> {
  if (existsSync(inRun(folder, CHECKPOINTS)) && !statSync(inRun(folder, CHECKPOINTS)).isDirectory()) {
    await remove(inRun(folder, CHECKPOINTS));
    changes.push(`${CHECKPOINTS} is not a folder and was skipped: a resumed run starts from its beginning.`);
  }
  const lost: number[] = [];
  for (const { step, folder: checkpoint, position } of await checkpointFolders(folder)) {
    if (position && (await checkpointFault(checkpoint)) === null) continue;
    await remove(checkpoint);
    lost.push(step);
  }
  if (lost.length === 0) return;
  const which = lost.length === 1 ? `checkpoint of step ${lost[0]} is` : `checkpoints of steps ${lost.join(', ')} are`;
  const from = (await listCheckpoints(folder)).at(-1);
  changes.push(
    `The ${which} damaged and ${lost.length === 1 ? 'was' : 'were'} skipped: a resumed run starts from ${from ? `step ${from.step}` : 'its beginning'}.`,
  );
}

/** Checkpoints contain the number of the next record. */
async function moveCheckpoints(folder: string, lines: readonly KeptLine[]): Promise<void> {
  for (const { folder: checkpoint, position } of await listCheckpoints(folder)) {
    const nextSeq = lines.filter(({ was }) => was < position.nextSeq).length;
    if (nextSeq !== position.nextSeq) await writePosition(checkpoint, { ...position, nextSeq });
  }
}
