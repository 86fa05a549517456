/** Readers of problem files: whatever a file contains, it is read, or refused with an error that names it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadDataset } from '../../engine/data/dataset.ts';
import { DatasetConfig } from '../../engine/protocol/config.ts';
import { importFrom } from '../support/import.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { fuzz } from './support/fuzz.ts';
import { mutateBytes, mutateJson, mutateText, overwrite, type Random } from './support/mutate.ts';

const folder = temporaryFolder();
const rows = [
  { id: 'a', problem: 'What is 2+3?', answer: '5', level: 1 },
  { id: 'b', question: 'What is 2^70?', answer: ['1180591620717411303424', '2**70'], choices: ['A', 'B'] },
  {
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: '#### 18' },
    ],
    answer: '18',
  },
  {
    conversations: [
      { from: 'human', value: 'Hi' },
      { from: 'gpt', value: '\\boxed{1}' },
    ],
  },
  { instruction: 'Add.', input: '1, 2', output: '3', reward_model: '{"ground_truth": "3"}' },
  { prompt: "[{'role': 'user', 'content': 'x'}]", extra_info: { index: 3 }, data_source: 'gsm8k' },
];
const csv = 'id,problem,answer\n1,"What, is ""2""?",4\n2,Why?,"a\nb"\n';

async function read(name: string, input: Buffer): Promise<void> {
  const file = path.join(folder, name);
  writeFileSync(file, input);
  await loadDataset(DatasetConfig.parse({ path: file }));
}

/** Rows of one kind, of which some are changed. */
const changed = (random: Random) => {
  const row = random.pick(rows);
  return [row, row, row].map((item) => (random.below(2) === 0 ? mutateJson(random, item) : item));
};
const json = (random: Random): Buffer => {
  const list = changed(random);
  return Buffer.from(JSON.stringify(random.below(2) === 0 ? list : { data: list }));
};
const jsonl = (random: Random): Buffer =>
  Buffer.from(
    changed(random)
      .map((row) => JSON.stringify(row))
      .join('\n'),
  );
const first = rows
  .slice(0, 1)
  .map((row) => `${JSON.stringify(row)}\n`)
  .join('')
  .repeat(3);
const bytesOf =
  (...seeds: (string | Buffer)[]) =>
  (random: Random): Buffer =>
    mutateBytes(
      random,
      seeds.map((seed) => Buffer.from(seed)),
    );

fuzz({ name: 'json', share: 50, make: json, run: (input) => read('a.json', input) });
fuzz({
  name: 'json-bytes',
  share: 40,
  make: bytesOf(JSON.stringify(rows), first),
  run: (input) => read('b.json', input),
});
fuzz({ name: 'jsonl', share: 60, make: jsonl, run: (input) => read('a.jsonl', input) });
fuzz({ name: 'jsonl-bytes', share: 50, make: bytesOf(first), run: (input) => read('b.jsonl', input) });
fuzz({ name: 'csv', share: 40, make: bytesOf(csv, csv.replaceAll(',', ';')), run: (input) => read('a.csv', input) });
fuzz({ name: 'tsv', share: 20, make: bytesOf(csv.replaceAll(',', '\t')), run: (input) => read('a.tsv', input) });
fuzz({ name: 'text', share: 10, make: bytesOf('What?\nWhy?\n'), run: (input) => read('a.txt', input) });
const zstd = readFileSync(path.join(ROOT, 'tests', 'fixtures', 'zstd', 'unchecked.zst'));
fuzz({ name: 'zstd', share: 40, make: bytesOf(zstd), run: (input) => read('a.jsonl.zst', input) });
fuzz({ name: 'gzip', share: 20, make: bytesOf(gzipSync(first)), run: (input) => read('a.jsonl.gz', input) });

const parquetsIn = (...folder: string[]) =>
  readdirSync(path.join(ROOT, 'tests', 'fixtures', ...folder), { withFileTypes: true }).flatMap((entry) =>
    entry.name.endsWith('.parquet') ? [readFileSync(path.join(entry.parentPath, entry.name))] : [],
  );
/** Half of the files keep their length, and so the places that the footer names; most keep their end, without which none is looked at. */
const parquet = (seeds: readonly Buffer[]) => (random: Random) => {
  const seed = random.pick(seeds);
  if (random.below(2) === 0) return overwrite(random, seed);
  const bytes = mutateBytes(random, [seed]);
  return random.below(8) === 0 ? bytes : Buffer.concat([bytes, seed.subarray(-8)]);
};
fuzz({ name: 'parquet', share: 100, make: parquet(parquetsIn('parquet')), run: (input) => read('a.parquet', input) });

const dump = [
  { step: 1, prompt: '2 + 3', completion: '\\boxed{5}', accuracy_reward: 1, advantage: 0.7, solution: '#### 5' },
  { step: 1, prompt: '2 + 3', completion: 'none', accuracy_reward: 0, advantage: -0.7, solution: '#### 5' },
  { step: 2, input: '7 * 8', output: '56', gts: '56', score: 1, uid: 'x' },
];
let imports = 0;
async function importing(name: string, input: Buffer): Promise<void> {
  const file = path.join(folder, name);
  writeFileSync(file, input);
  await importFrom(file, path.join(folder, `run-${imports++}`));
}
const dumped = dump.map((row) => JSON.stringify(row)).join('\n');
fuzz({
  name: 'import',
  share: 30,
  make: (random) => Buffer.from(dump.map((row) => JSON.stringify(mutateJson(random, row))).join('\n')),
  run: (input) => importing('dump.jsonl', input),
});
fuzz({ name: 'import-bytes', share: 20, make: bytesOf(dumped), run: (input) => importing('bytes.jsonl', input) });

fuzz({
  name: 'import-parquet',
  share: 20,
  make: parquet(parquetsIn('dumps', 'trl-1.16.0', 'completions')),
  run: (input) => importing('dump.parquet', input),
});

const cases = readFileSync(path.join(ROOT, 'README.md'), 'utf8').slice(0, 4000);
fuzz({
  name: 'markdown-as-jsonl',
  share: 5,
  make: (random) => Buffer.from(mutateText(random, [cases])),
  run: (input) => read('c.jsonl', input),
});
