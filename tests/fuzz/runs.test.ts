/** Run folders: journals, frames, indexes and checkpoints that are damaged anywhere. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { listCheckpoints } from '../../engine/journal/checkpoints.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { recoverRun } from '../../engine/journal/recovery.ts';
import { listRuns } from '../../engine/runs/list.ts';
import { openColumns } from '../../engine/runs/open.ts';
import { problemView } from '../../engine/runs/problem-view.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { fuzz } from './support/fuzz.ts';
import { mutateBytes, mutateJson, type Random } from './support/mutate.ts';

const root = temporaryFolder();
const cache = path.join(root, 'cache');
const whole = path.join(root, 'whole');
await writeRunFixture(whole, { problems: 2, votes: 2, steps: 2, every: 1, outcome: 'stopped' });
await openColumns(whole, { cache });

/** A copy of the run of which one file is replaced by each input. */
function ofRun(file: string, share: number, make?: (random: Random, whole: Buffer) => Buffer): void {
  const bytes = readFileSync(path.join(whole, file));
  const folder = path.join(root, file.replaceAll('/', '-'));
  const run = path.join(folder, 'run');
  fuzz({
    name: file.replaceAll('/', '-'),
    share,
    make: (random) => (make && random.below(2) === 0 ? make(random, bytes) : mutateBytes(random, [bytes])),
    run: async (input) => {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      cpSync(whole, run, { recursive: true });
      writeFileSync(path.join(run, file), input);
      await listRuns(folder);
      await listCheckpoints(run);
      const columns = await openColumns(run, { cache });
      for (const problem of columns.sampled) problemView(columns, problem);
      const { records } = await readRunFolder(run);
      for (const record of records.slice(0, 6))
        if (record.type === 'group' && record.frame) await readGroup(run, record);
      await recoverRun(run);
    },
  });
}

const json = (random: Random, bytes: Buffer) =>
  Buffer.from(JSON.stringify(mutateJson(random, JSON.parse(bytes.toString()))));
const lines = (random: Random, bytes: Buffer) => {
  const all = bytes.toString().trimEnd().split('\n');
  const at = random.below(all.length);
  return Buffer.from(`${all.with(at, JSON.stringify(mutateJson(random, JSON.parse(all[at]!)))).join('\n')}\n`);
};
ofRun('run.json', 15, json);
ofRun('problems.jsonl', 10, lines);
ofRun('prompts.jsonl', 5, lines);
ofRun('events.jsonl', 40, lines);
ofRun('rollouts-000.bin', 30);
ofRun('view.index', 20);
ofRun('checkpoints/1/journal.json', 10, json);
