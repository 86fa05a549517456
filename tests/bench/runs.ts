/**
 * Opening a large run, and listing many:
 *   generate <folder> <problems> <steps> <groups per step> <rollouts per group>   writes one, through the journal's writer
 *   journal <folder> <problems> <megabytes>   writes one with so large a journal, whose groups have no rollouts
 *   everything <folder>   reads and folds all records, as every opening did before there were columns
 *   first <folder>        opens it without an index, and writes one
 *   index <folder>        opens it from its index
 *   copies <folder> <n>   writes a small run, and n - 1 copies of it, into a folder of runs
 *   list <folder>         lists the runs of a folder
 *   newest <folder> <n>   lists the newest n of them, as `rollscope runs` and the Runs view do
 *   page <folder>         prepares what the panel shows from the columns: pack, copy, unpack, view all problems
 * Prints one JSON line: seconds, those of the CPU, peak resident memory of the process, and counts.
 */
import { once } from 'node:events';
import { createWriteStream, readFileSync, statSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { type GroupDetail, groupSummary } from '../../engine/protocol/index.ts';
import type { RunColumns } from '../../engine/runs/columns.ts';
import { columnsOf } from '../../engine/runs/fold.ts';
import { INDEX_FILE } from '../../engine/runs/index-file.ts';
import { listRuns, RunList } from '../../engine/runs/list.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { pack, unpack } from '../../engine/runs/packed.ts';
import { problemView } from '../../engine/runs/problem-view.ts';
import { step as stepRecord } from '../support/records.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { benchGroup, createBenchJournal } from './journal.ts';

const TOKENS = ['is', ' ', 'it', ' ', '7', ''];

const [kind, folder, ...counts] = process.argv.slice(2);
if (!kind || !folder)
  throw new Error('usage: generate|everything|first|index|page|copies|list|newest <folder> [counts]');
const before = performance.now();
const result = await run(kind, folder, counts.map(Number));
const seconds = (performance.now() - before) / 1000;
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const cpu = (userCPUTime + systemCPUTime) / 1e6;
console.log(JSON.stringify({ seconds, cpu, bytes: maxRSS * 1024, ...result }));

async function run(what: string, at: string, [problems, steps, groups, rollouts]: number[]): Promise<object> {
  switch (what) {
    case 'generate':
      await generate(at, problems!, steps!, groups!, rollouts!);
      return { journal: statSync(join(at, 'events.jsonl')).size };
    case 'journal':
      return { journal: await generateJournal(at, problems!, steps!) };
    case 'everything':
      return found(columnsOf((await readRunFolder(at)).records));
    case 'first': {
      await rm(join(at, INDEX_FILE), { force: true });
      let reports = 0;
      return { ...found(await openColumns(at, { onProgress: () => reports++ })), reports };
    }
    case 'index':
      return { ...found(await openColumns(at)), index: statSync(join(at, INDEX_FILE)).size };
    case 'page': {
      const host = await openColumns(at);
      const began = performance.now();
      const page = unpack(structuredClone(pack(host)), null);
      const copied = performance.now();
      const views = page.sampled.map((problem) => problemView(page, problem));
      return { ...found(page), copy: copied - began, views: performance.now() - copied, shown: views.length };
    }
    case 'copies': {
      await writeRunFixture(join(at, 'run-0'));
      // A list does not read rollouts: left out, since 10,000 copies of them take 10 GB.
      const filter = (source: string) => !basename(source).startsWith('rollouts-');
      for (let i = 1; i < problems!; i++)
        await cp(join(at, 'run-0'), join(at, `run-${i}`), { recursive: true, filter });
      return {};
    }
    case 'list':
      return { runs: (await listRuns(at)).length };
    case 'newest': {
      const list = await RunList.open(at);
      return { runs: (await list.newest(problems!)).length, total: list.total };
    }
    default:
      throw new Error(`unknown: ${what}`);
  }
}

function found({ groups, series, head }: RunColumns) {
  return { groups: groups.length, steps: series.steps.length, ended: head.end?.reason ?? null };
}

/** Answers to a problem, which agree more and more. */
function answersAt(problem: number, step: number, rollouts: number): (string | null)[] {
  const share = 0.3 + (0.7 * ((step * 7 + problem * 13) % 1000)) / 1000;
  return Array.from({ length: rollouts }, (_, i) => {
    const place = (i + 0.5) / rollouts;
    if (place < share) return String(problem);
    return place > 0.97 ? null : String(problem + 1 + ((i * 31 + step) % 9));
  });
}

async function generate(at: string, problems: number, steps: number, groups: number, rollouts: number): Promise<void> {
  const journal = await createBenchJournal(at, { problems, steps, groups, rollouts });
  for (let step = 1; step <= steps; step++) {
    for (let i = 0; i < groups; i++) {
      const problem = (step * groups + i) % problems;
      const answers = answersAt(problem, step, rollouts);
      journal.appendGroup(groupOf(problem, step, answers));
    }
    const { seq: _, time: __, ...record } = stepRecord(0, step, { groundTruthReward: 0.5, loss: 1 / step });
    journal.append(record);
  }
  journal.append({ type: 'end', reason: 'completed', step: steps });
  await journal.close();
}

/** Lines as the journal's writer writes them. */
async function generateJournal(at: string, problems: number, megabytes: number): Promise<number> {
  const [batch, rollouts] = [64, 16];
  await generate(at, problems, 1, batch, rollouts);
  const events = join(at, 'events.jsonl');
  // the end record makes room for more
  const lines = readFileSync(events, 'utf8').trimEnd().split('\n').slice(0, -1);
  const time = new Date(0).toISOString();
  const out = createWriteStream(events);
  let seq = lines.length;
  let bytes = 0;
  const write = async (records: readonly object[]) => {
    const text = records.map((record) => `${JSON.stringify({ ...record, seq: seq++, time })}\n`).join('');
    bytes += text.length;
    if (!out.write(text)) await once(out, 'drain');
  };
  out.write(`${lines.join('\n')}\n`);
  // Judging takes much longer than writing: a few groups, again and again.
  const summaries = Array.from({ length: 4 * batch }, (_, i) => {
    const { clusters, rollouts: found, majority } = groupOf(i, i, answersAt(i, i, rollouts));
    return groupSummary({ phase: 'train', step: i, problem: i, clusters, majority, rollouts: found });
  });
  for (let step = 2; bytes < megabytes * 2 ** 20; step++) {
    const groups = Array.from({ length: batch }, (_, i) => {
      const problem = (step * batch + i) % problems;
      const frame = { file: 'rollouts-000.bin', offset: seq * 4096, length: 4096 };
      const summary = summaries[(step * batch + i) % summaries.length]!;
      return { type: 'group', seq: 0, time, ...summary, step, problem, frame };
    });
    const record = stepRecord(0, step, { groundTruthReward: 0.5, loss: 1 / step });
    const updates = groups.map(({ problem }) => ({ problem, kl: 0.01, clipFraction: 0 }));
    await write([...groups, { ...record, problems: updates }]);
  }
  out.end();
  await finished(out);
  return statSync(events).size;
}

function groupOf(problem: number, step: number, answers: (string | null)[]): GroupDetail {
  return benchGroup({ problem, step }, answers, String(problem), { text: 'is it 7', tokenTexts: TOKENS });
}
