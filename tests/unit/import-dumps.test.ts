/** Dumps that TRL and verl wrote become runs; followed, killed and continued imports give what one import gives. */
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { show } from '../../engine/cli/commands/show.ts';
import { loadDataset } from '../../engine/data/dataset.ts';
import type { GradingRules } from '../../engine/grading/grader.ts';
import { FaultLog } from '../../engine/importers/faults.ts';
import type { DumpPart, ReadContext } from '../../engine/importers/importer.ts';
import { judgeGroup } from '../../engine/importers/judge.ts';
import { type Judges, sameThreadJudge } from '../../engine/importers/judges.ts';
import { MetricsLines, plainMetrics } from '../../engine/importers/metrics-lines.ts';
import { parquetParts } from '../../engine/importers/parquet-file.ts';
import { LoggedProblems } from '../../engine/importers/problems.ts';
import { RowReader } from '../../engine/importers/rows.ts';
import { WholeFiles } from '../../engine/importers/step-files.ts';
import { readTableSteps } from '../../engine/importers/table-file.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { readProblems, readRunFolder } from '../../engine/journal/reader.ts';
import { DatasetConfig } from '../../engine/protocol/config.ts';
import type { JournalRecord } from '../../engine/protocol/records.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { importFrom } from '../support/import.ts';
import { keepPrinted } from '../support/printed.ts';
import { temporaryFolder } from '../support/processes.ts';
import { until } from '../support/wait.ts';

const DUMPS = path.join(import.meta.dirname, '../fixtures/dumps');
const TRL = path.join(DUMPS, 'trl-1.16.0');
const VERL = path.join(DUMPS, 'verl-0.9.1');

const runIn = (folder = temporaryFolder()) => path.join(folder, 'run');

/** What a run says, apart from times and from how its import was cut. */
async function saidBy(folder: string): Promise<unknown[]> {
  const { records } = await readRunFolder(folder);
  const kept = records.filter(({ type }) => !['lifecycle', 'end', 'problems', 'warning', 'metrics'].includes(type));
  return kept.map(({ seq, time, ...rest }: JournalRecord) => {
    const { frame: _, ...facts } = rest as typeof rest & { frame?: unknown };
    return facts;
  });
}

describe('a TRL output folder', () => {
  test('has groups, rewards by function, their sum if the log confirms it, and the log as curves', async () => {
    const folder = runIn();
    const report = await importFrom(TRL, folder);
    expect(report).toMatchObject({ importer: 'trl', problems: 4, groups: 8, rollouts: 32, steps: 4, faults: 0 });
    const { records, runFile } = await readRunFolder(folder);
    expect(runFile.foreign).toMatchObject({ job: 'imported', reward: 'accuracy_reward + format_reward', steps: 4 });
    const first = records.find((record) => record.type === 'group')!;
    const { rollouts } = await readGroup(folder, first as never);
    expect(rollouts.map(({ text, answer, rewards, reward }) => [text, answer, rewards, reward])).toEqual([
      ['', null, { accuracy_reward: 0, format_reward: null }, 0],
      ['?<assistant>\\boxed{3}', '3', { accuracy_reward: 0, format_reward: 0.5 }, 0.5],
      ['<assistant>\\boxed{6}', '6', { accuracy_reward: 1, format_reward: 0.5 }, 1.5],
      ['<assistant>\\boxed{2', null, { accuracy_reward: 0, format_reward: 0.5 }, 0.5],
    ]);
    expect(rollouts.map(({ advantage }) => advantage)).toEqual([
      expect.closeTo(-0.993, 3),
      expect.closeTo(-0.199, 3),
      expect.closeTo(1.391, 3),
      expect.closeTo(-0.199, 3),
    ]);
    expect(rollouts.map(({ foreign }) => foreign.has_box)).toEqual([false, true, true, true]);
    const { series } = await openColumns(folder);
    const logged = JSON.parse(readFileSync(path.join(TRL, 'trainer_state.json'), 'utf8')).log_history as {
      step: number;
      reward?: number;
      learning_rate?: number;
    }[];
    for (const { step, reward, learning_rate } of logged) {
      if (reward === undefined) continue;
      expect(series.at('proxyReward', step)).toBeCloseTo(reward, 5);
      expect(series.at('foreign/reward', step)).toBe(reward);
      expect(series.at('learningRate', step)).toBe(learning_rate);
    }
  });

  test('has references, ids and lines of the given dataset', async () => {
    const root = temporaryFolder();
    const file = path.join(root, 'sums.jsonl');
    const sums = [
      ['a', '7 - 4?', '3'],
      ['b', '9 - 3?', '6'],
    ];
    writeFileSync(file, sums.map(([id, question, answer]) => JSON.stringify({ id, question, answer })).join('\n'));
    const data = await loadDataset(DatasetConfig.parse({ path: file }));
    const report = await importFrom(TRL, runIn(root), { dataset: { name: file, data } });
    // the other two were not in it
    expect(report.unmatched).toBe(2);
    const problems = await readProblems(report.folder);
    expect(problems.find(({ text }) => text === '9 - 3?')).toMatchObject({
      id: 'b',
      answer: '6',
      source: file,
      line: 2,
    });
    expect(report.compared).toBeGreaterThan(0);
    expect(report.disagreements).toBe(0);
  });
});

describe("verl's dumps", () => {
  const printed = keepPrinted();

  test("are training and validation, with problems without the template, and the grader's verdicts", async () => {
    const folder = runIn();
    const report = await importFrom(VERL, folder);
    expect(report).toMatchObject({
      importer: 'verl',
      problems: 2,
      rollouts: 28,
      steps: 3,
      disagreements: 1,
      compared: 28,
    });
    printed.text = '';
    await show(folder, { disagreements: true, json: true });
    expect(JSON.parse(printed.text.trimEnd().split('\n').at(-1)!)).toMatchObject({
      compared: 28,
      disagreements: [
        { problem: '1', step: 3, rollout: 1, answer: '5', trainer: { name: 'acc', right: false }, rollscope: true },
      ],
    });
    expect((await readProblems(folder)).map(({ text, answer }) => [text, answer])).toEqual([
      ['What is 2 + 3?', '5'],
      ['What is 7 x 8?', '56'],
    ]);
    const { head, series } = await openColumns(folder);
    expect(head.evaluations.map(({ step, accuracy }) => [step, accuracy?.mean])).toEqual([
      [0, 1],
      [3, 1],
    ]);
    expect(series.at('foreign/critic/score/mean', 2)).toBe(0.5);
    expect(series.at('loss', 3)).toBeCloseTo(0.3, 9);
    const { records } = await readRunFolder(folder);
    const last = records.findLast((record) => record.type === 'group' && record.phase === 'train');
    const { rollouts } = await readGroup(folder, last as never);
    expect(rollouts.map(({ correct, reward }) => [correct, reward])).toEqual(Array(4).fill([false, 0]));
  });
});

describe('a file of rollouts', () => {
  const rows = [1, 2, 3].flatMap((step) =>
    ['a', 'b'].flatMap((id) =>
      ['1', '2', '1'].map((answer, i) => ({
        step,
        problem_id: id,
        prompt: `What is ${id}?`,
        response: `\\boxed{${answer}} ${i}`,
        reward: i,
        answer: '1',
      })),
    ),
  );
  const lines = rows.map((row) => JSON.stringify(row));
  /** The same lines, no two of a group together. */
  const shuffled = [0, 1, 2].flatMap((k) => lines.filter((_, i) => i % 3 === k)).toSorted();

  test('gives the same run in any order of its lines, and as a table', async () => {
    const root = temporaryFolder();
    const files = ['sorted.jsonl', 'shuffled.jsonl', 'list.json'].map((name) => path.join(root, name));
    const inOrder = shuffled.map((line) => JSON.parse(line) as (typeof rows)[number]);
    writeFileSync(
      files[0]!,
      inOrder
        .toSorted((a, b) => a.step - b.step || a.problem_id.localeCompare(b.problem_id))
        .map((row) => JSON.stringify(row))
        .join('\n'),
    );
    writeFileSync(
      files[1]!,
      `${inOrder
        .toSorted((a, b) => a.reward - b.reward)
        .map((row) => JSON.stringify(row))
        .join('\n')}\n`,
    );
    writeFileSync(files[2]!, JSON.stringify(inOrder));
    const said = await Promise.all(
      files.map(async (file, i) => saidBy((await importFrom(file, path.join(root, `run-${i}`))).folder)),
    );
    const votes = said.map((records) => records.filter((record) => (record as { type: string }).type === 'group'));
    expect(votes[0]).toHaveLength(6);
    expect(votes[0]).toMatchObject(
      Array(6).fill({
        rollouts: 3,
        clusters: [
          { answer: '1', count: 2, correct: true },
          { answer: '2', count: 1 },
        ],
      }),
    );
    expect(votes[2]).toEqual(votes[0]);
    const counts = (all: unknown[]) =>
      all.map((item) =>
        (item as { clusters: { answer: string; count: number }[] }).clusters.map(({ answer, count }) => [
          answer,
          count,
        ]),
      );
    expect(counts(votes[1]!)).toEqual(counts(votes[0]!));
  });

  describe('as Parquet, by row group', () => {
    const context = () => {
      const register = new LoggedProblems();
      const faults = new FaultLog();
      return { problems: register, faults, check: () => {} };
    };
    const options = { name: 'r.parquet', step: 1, phase: 'train' as const, rows: new RowReader() };
    const written = (given: typeof rows, rowGroupSize: number) => {
      const file = path.join(temporaryFolder(), 'r.parquet');
      const column = (name: keyof (typeof rows)[number], type: 'STRING' | 'INT32') => ({
        name,
        type,
        data: given.map((row) => row[name]),
      });
      const columnData = [
        column('step', 'INT32'),
        column('problem_id', 'STRING'),
        column('prompt', 'STRING'),
        column('response', 'STRING'),
        column('reward', 'INT32'),
        column('answer', 'STRING'),
      ];
      writeFileSync(file, new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize })));
      return file;
    };
    const groupsIn = async (parts: readonly DumpPart[], read: ReadContext) => {
      const found: unknown[] = [];
      for (const part of parts)
        for await (const { problem, rollouts } of part.groups(read))
          found.push([part.name, problem, rollouts.map(({ text, reward }) => [text, reward])]);
      return found;
    };

    test.each([1, 4, 100])('has the groups of the whole table (row groups of %i)', async (size) => {
      // no two rollouts of a group together
      const mixed = rows.toSorted((a, b) => a.reward - b.reward);
      const [byGroup, whole] = [context(), context()];
      const file = written(mixed, size);
      const parts = await parquetParts(file, 'now', options, byGroup);
      const steps = await readTableSteps(file, options, whole);
      const expected = steps.flatMap(({ step, groups }) =>
        groups.map(({ problem, rollouts }) => [
          `r.parquet#train-${step}`,
          problem,
          rollouts.map(({ text, reward }) => [text, reward]),
        ]),
      );
      expect(expected).toHaveLength(6);
      expect(await groupsIn(parts, byGroup)).toEqual(expected);
      expect(byGroup.problems.takeNew()).toEqual(whole.problems.takeNew());
    });

    test('names a damaged row group, and reads the others', async () => {
      const file = written(rows, 6);
      const bytes = readFileSync(file);
      const at = bytes.indexOf('What is a');
      bytes.fill(0xff, at - 40, at + 40);
      writeFileSync(file, bytes);
      const read = context();
      const parts = await parquetParts(file, 'now', options, read);
      expect(read.faults.stored).toMatchObject([{ place: expect.stringMatching(/^r\.parquet row group 1$/) }]);
      expect((await groupsIn(parts, read)).length).toBeGreaterThan(1);
      writeFileSync(file, bytes.subarray(0, 50));
      expect(await parquetParts(file, 'now', options, read)).toEqual([]);
      // what was there is gone, and says so
      expect(await groupsIn(parts, read)).toEqual([]);
      expect(read.faults.count).toBe(2);
    });
  });

  test('that counts from 0 starts at step 1', async () => {
    const root = temporaryFolder();
    const file = path.join(root, 'zero.jsonl');
    writeFileSync(file, rows.map((row) => JSON.stringify({ ...row, step: row.step - 1 })).join('\n'));
    const { folder } = await importFrom(file, runIn(root));
    expect((await openColumns(folder)).series.steps).toEqual([1, 2, 3]);
  });

  test('uses the columns that the user names', async () => {
    const root = temporaryFolder();
    const file = path.join(root, 'own.csv');
    writeFileSync(file, 'frage,antwort,note,gold,step\nWhat?,\\boxed{1},0.5,1,7\nWhat?,\\boxed{2},0,1,7\n');
    const map = { prompt: 'frage', response: 'antwort', reward: 'note', reference: 'gold' };
    const { folder, importer } = await importFrom(file, runIn(root), { map });
    expect(importer).toBe('rollouts');
    const { records } = await readRunFolder(folder);
    expect(records.find((record) => record.type === 'group')).toMatchObject({
      step: 7,
      means: { reward: 0.25, correct: 0.5 },
    });
  });

  test("finds answers by the user's rule", async () => {
    const root = temporaryFolder();
    const file = path.join(root, 'facts.jsonl');
    const facts = ['It is Cairo.', 'The capital is Cairo.', 'Thebes.'].map((response) => ({
      prompt: 'Capital of Egypt?',
      response,
      answer: 'Cairo',
    }));
    writeFileSync(file, facts.map((row) => JSON.stringify(row)).join('\n'));
    const rules = { answer: 'regex:([A-Z][a-z]+)\\.$', compare: 'text' } as const;
    const { folder } = await importFrom(file, runIn(root), { rules });
    const { records, runFile } = await readRunFolder(folder);
    expect(records.find((record) => record.type === 'group')).toMatchObject({
      majority: { answer: 'Cairo', correct: true },
    });
    expect(runFile.foreign?.grading).toEqual(rules);
  });

  test('is followed: steps are imported once they are complete, nothing twice, also after a restart', async () => {
    const root = temporaryFolder();
    const file = path.join(root, 'growing.jsonl');
    const folder = runIn(root);
    writeFileSync(file, `${lines.slice(0, 6).join('\n')}\n${lines[6]!.slice(0, 20)}`);
    const first = follow(file, folder);
    // a half of a line is no line, and the only step may not be whole
    await until('a look', () => first.looks > 1);
    expect(first.steps).toBe(0);
    appendFileSync(file, `${lines[6]!.slice(20)}\n${lines.slice(7, 13).join('\n')}\n`);
    await until('two steps', () => first.steps === 2);
    expect(await first.stop()).toMatchObject({ steps: 2, rollouts: 12, faults: 0, stopped: true });
    appendFileSync(file, `${lines.slice(13).join('\n')}\n`);
    const report = await importFrom(file, folder);
    expect(report).toMatchObject({ steps: 3, rollouts: 18, resumed: true, stopped: false });
    const once = await importFrom(file, path.join(root, 'once'));
    expect(await saidBy(folder)).toEqual(await saidBy(once.folder));
    expect(await readProblems(folder)).toEqual(await readProblems(once.folder));
  });

  test('is the same no matter which thread judges its groups, and when', async () => {
    const root = temporaryFolder();
    const file = path.join(root, 'rollouts.jsonl');
    writeFileSync(file, lines.join('\n'));
    const once = await importFrom(file, path.join(root, 'once'));
    const late: (() => void)[] = [];
    const judges = (rules: GradingRules): Judges => ({
      // the last one first
      judge: (group) =>
        new Promise((resolve) => {
          late.push(() => resolve(judgeGroup(group, rules)));
          setImmediate(() => late.pop()!());
        }),
      close: async () => {},
    });
    const report = await importFrom(file, path.join(root, 'late'), { judges });
    expect(report).toEqual({ ...once, folder: report.folder });
    expect(await saidBy(report.folder)).toEqual(await saidBy(once.folder));
    expect(await readProblems(report.folder)).toEqual(await readProblems(once.folder));
    const failing = (): Judges => ({ judge: () => Promise.reject(new Error('no thread')), close: async () => {} });
    await expect(importFrom(file, path.join(root, 'failed'), { judges: failing })).rejects.toThrow('no thread');
  });

  test.each([1, 2, 3, 4, 5])(
    'that is stopped in a step after %i groups is continued after the step before',
    async (groups) => {
      const root = temporaryFolder();
      const dump = path.join(root, 'dump');
      mkdirSync(dump);
      for (const step of [1, 2, 3]) {
        const own = lines.filter((line) => (JSON.parse(line) as { step: number }).step === step);
        writeFileSync(path.join(dump, `${step}.jsonl`), own.map((line) => asVerl(line)).join(''));
      }
      const once = await importFrom(dump, path.join(root, 'once'));
      const folder = path.join(root, 'stopped');
      const end = new AbortController();
      let judged = 0;
      const judges = (rules: GradingRules): Judges => ({
        ...sameThreadJudge(rules),
        judge: async (group) => {
          if (++judged > groups) end.abort();
          return judgeGroup(group, rules);
        },
      });
      // what is read next tells of the signal
      await importFrom(dump, folder, { judges, signal: end.signal }).catch(() => {});
      const report = await importFrom(dump, folder);
      expect(report).toMatchObject({ groups: 6, rollouts: 18, steps: 3 });
      expect(await saidBy(folder)).toEqual(await saidBy(once.folder));
    },
  );

  test('continues after the last complete step after it was killed', async () => {
    const root = temporaryFolder();
    const file = path.join(root, 'rollouts.jsonl');
    writeFileSync(file, lines.join('\n'));
    const once = await importFrom(file, path.join(root, 'once'));
    const copy = path.join(root, 'killed');
    cpSync(once.folder, copy, { recursive: true });
    // as a kill leaves it: the note of the second step, and records behind it of which the last is torn
    const state = JSON.parse(readFileSync(path.join(copy, 'import.json'), 'utf8'));
    const events = readFileSync(path.join(copy, 'events.jsonl'), 'utf8').split('\n');
    const second = events.findIndex((line) => line.includes('"type":"step"') && line.includes('"step":2'));
    const frames = JSON.parse(events[second - 1]!).frame;
    state.position = { nextSeq: second + 1, frames: { file: 0, offset: frames.offset + frames.length } };
    delete state.parts['rollouts.jsonl#train-3'];
    state.counts = { ...state.counts, groups: 4, rollouts: 12, steps: 2 };
    writeFileSync(path.join(copy, 'import.json'), JSON.stringify(state));
    writeFileSync(
      path.join(copy, 'events.jsonl'),
      `${events.slice(0, second + 2).join('\n')}\n${events[second + 2]!.slice(0, 30)}`,
    );
    const report = await importFrom(file, copy);
    expect(report).toMatchObject({ steps: 3, rollouts: 18, resumed: true });
    expect(await saidBy(copy)).toEqual(await saidBy(once.folder));
  });
});

describe('a log of metrics', () => {
  const context = { problems: { register: () => 0 }, faults: { add: () => {} }, check: () => {} };

  test('is read from where the last look ended, and again after it was rewritten', async () => {
    const file = path.join(temporaryFolder(), 'metrics.jsonl');
    let lines = 0;
    const log = new MetricsLines(file, 'metrics.jsonl', (values) => {
      lines++;
      return plainMetrics(values);
    });
    const values = async () => (await log.read(context)).map((item) => [item.step, item.values]);
    expect(await values()).toEqual([]);
    writeFileSync(file, '{"step": 1, "loss": 3}\n{"step": 2, "loss": 2}\n{"step": 2, "lo');
    expect(await values()).toEqual([
      [1, { loss: 3 }],
      [2, { loss: 2 }],
    ]);
    appendFileSync(file, 'ss": 1, "kl": NaN}\n');
    expect(await values()).toEqual([
      [1, { loss: 3 }],
      [2, { loss: 1 }],
    ]);
    expect(lines).toBe(3);
    writeFileSync(file, '{"step": 1, "loss": 9}\n');
    expect(await values()).toEqual([[1, { loss: 9 }]]);
  });
});

describe('a folder that is followed', () => {
  test('reads a file once, even if it is completed during the look', async () => {
    const file = path.join(temporaryFolder(), '1.jsonl');
    writeFileSync(file, '{"input": "1+1=",');
    const whole = new WholeFiles();
    let completing = true;
    const look = async () => {
      const files = [{ path: file, name: '1.jsonl', step: 1, phase: 'train' as const }];
      const { parts } = await whole.choose(files, true, new RowReader(), async () => {
        if (completing) writeFileSync(file, '{"input": "1+1=", "output": "2"}\n');
        completing = false;
        return true;
      });
      return parts.length;
    };
    // Not settled; completed meanwhile, and so another file; not settled; the file.
    expect([await look(), await look(), await look(), await look()]).toEqual([0, 0, 0, 1]);
  });

  test('waits for files that are being written, and imports again what the trainer writes again', async () => {
    const root = temporaryFolder();
    const dump = path.join(root, 'output');
    const completions = path.join(dump, 'completions');
    mkdirSync(completions, { recursive: true });
    const name = (step: number) => `completions_0000${step}.parquet`;
    const source = (step: number) => path.join(TRL, 'completions', name(step));
    copyFileSync(source(1), path.join(completions, name(1)));
    // half of a Parquet file has no footer
    writeFileSync(path.join(completions, name(2)), readFileSync(source(2)).subarray(0, 500));
    const folder = runIn(root);
    const following = follow(dump, folder);
    await until('the first step', () => following.steps === 1);
    copyFileSync(source(2), path.join(completions, name(2)));
    copyFileSync(source(3), path.join(completions, name(3)));
    await until('three steps', () => following.steps === 3);
    // the trainer resumed from step 1 and came to another second step
    // at once with its time, or the file would be another one twice
    copyFileSync(source(4), path.join(root, name(2)));
    utimesSync(path.join(root, name(2)), 1, 1);
    renameSync(path.join(root, name(2)), path.join(completions, name(2)));
    rmSync(path.join(completions, name(3)));
    await until('the second step again', () => following.steps === 4);
    await following.stop();
    const columns = await openColumns(folder);
    expect(columns.series.steps).toEqual([1, 2]);
    const expected = await importFrom(TRL, path.join(root, 'whole'));
    const whole = await openColumns(expected.folder);
    expect(columns.series.at('majorityShare', 2)).toBe(whole.series.at('majorityShare', 4));
  });
});

/** A line as verl writes it. */
function asVerl(line: string): string {
  const { prompt, response, answer, reward, step } = JSON.parse(line) as Record<string, unknown>;
  return `${JSON.stringify({ input: prompt, output: response, gts: answer, score: reward, step })}\n`;
}

/** Follows a dump in this process. */
function follow(source: string, folder: string) {
  const end = new AbortController();
  const state = { looks: 0, steps: 0 };
  const report = importFrom(source, folder, {
    follow: true,
    interval: 5,
    signal: end.signal,
    onProgress: ({ steps, waiting }) => {
      state.steps = steps;
      if (waiting) state.looks++;
    },
  });
  report.catch(() => {});
  return {
    get looks() {
      return state.looks;
    },
    get steps() {
      return state.steps;
    },
    stop: () => {
      end.abort();
      return report;
    },
  };
}
