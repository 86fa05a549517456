/** The limits that docs/security.md names are those of the code. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/processes.ts';

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

/** Each limit of the page, by its file: what the code says. */
const LIMITS: readonly (readonly [limit: string, file: string, code: string])[] = [
  ['10 s', 'engine/server/server.ts', 'const GREETING_LIMIT = 10_000;'],
  ['64 KiB', 'engine/server/server.ts', 'untrusted: 64 * 2 ** 10'],
  ['32', 'engine/server/server.ts', 'const UNGREETED = 32;'],
  ['256', 'engine/server/server.ts', 'const CONNECTIONS = 256;'],
  ['16 MiB', 'engine/server/server.ts', 'message: 16 * 2 ** 20'],
  ['5', 'engine/cli/commands/serve.ts', 'const ERROR_LIMIT = 5;'],
  ['5 s', 'engine/reward/program.ts', 'default: 5,'],
  ['512 MB', 'engine/reward/program.ts', 'default: 512,'],
  ['64 KB', 'engine/reward/program.ts', 'default: 64,'],
  ['60 s', 'engine/reward/lean.ts', 'default: 60,'],
  ['8,192 MB', 'engine/external/lean.ts', 'const MEGABYTES = 8192;'],
  ['100,000', 'engine/external/proof-file.ts', 'const LONGEST_PROOF = 100_000;'],
  ['1 MiB', 'engine/external/lean.ts', 'const OUTPUT_BYTES = 1024 * 1024;'],
  ['60 s', 'engine/reward/custom.ts', 'default: 60,'],
  ['64 MB', 'engine/system/bounded.ts', 'const FILE_BLOCKS = 131_072;'],
  ['16 MiB', 'engine/system/program.ts', 'const OUTPUT_BYTES = 16 * 2 ** 20;'],
  ['500 MB', 'engine/data/text-file.ts', 'const MAX_BYTES = 500_000_000;'],
  ['500 MB', 'engine/data/readers.ts', 'const MAX_UNPACKED = 500_000_000;'],
  ['10,000', 'engine/data/readers.ts', 'const MOST_ENTRIES = 10_000;'],
  ['3', 'engine/data/readers.ts', 'const MAX_DEPTH = 3;'],
  ['20,000', 'engine/model/hub-dataset.ts', 'const MOST_FILES = 20_000;'],
  ['1,000', 'engine/data/json.ts', 'export const MAX_DEPTH = 1000;'],
  ['1,000,000', 'engine/data/python-literal.ts', 'const MAX_LENGTH = 1_000_000;'],
  ['64', 'engine/data/python-literal.ts', 'const MAX_DEPTH = 64;'],
  ['10,000', 'engine/data/labels.ts', 'const MOST_ACCEPTED = 10_000;'],
  ['20,000,000', 'engine/data/parquet/footer.ts', 'const MAX_ROWS = 20_000_000;'],
  ['20,000', 'engine/data/parquet/footer.ts', 'const MAX_ELEMENTS = 20_000;'],
  ['24', 'engine/data/parquet/footer.ts', 'const MAX_NESTING = 24;'],
  ['32', 'engine/data/parquet/thrift.ts', 'const MAX_DEPTH = 32;'],
  ['512 MiB', 'engine/data/parquet/unpack.ts', 'const MAX_PAGE = 1 << 29;'],
  ['1,048,576', 'engine/data/parquet/delta.ts', 'const MAX_BLOCK = 1 << 20;'],
  ['64 bytes', 'engine/data/parquet/column.ts', 'const MAX_DECIMAL = 64;'],
  ['half', 'engine/data/parquet/budget.ts', 'limit = heapLeft() / 2'],
  ['128 KiB', 'engine/data/zstd/output.ts', 'export const MAX_BLOCK = 128 * 1024;'],
  ['2,048', 'engine/model/config.ts', 'const MOST_LAYERS = 2048;'],
  ['2^31', 'engine/model/fields.ts', 'const MOST = 2 ** 31;'],
  ['16,777,216', 'engine/model/tokenizer-json.ts', 'const MOST_TOKENS = 2 ** 24;'],
  ['64', 'engine/model/tokenizer-patterns.ts', 'const MOST_GROWTH = 64;'],
  ['100 MB', 'engine/model/safetensors.ts', 'const MAX_HEADER = 100_000_000;'],
  ['20', 'engine/model/hub.ts', 'const MOST_TEMPLATES = 20;'],
  ['10 s', 'engine/model/hub.ts', 'const OPTIONAL_LIMIT = 10_000;'],
  ['256 KiB', 'engine/training/run/chat-template.ts', 'const MOST = 256 * 1024;'],
  ['200,000', 'engine/model/bounded-jinja.ts', 'const MOST_STEPS = 200_000;'],
  ['1,048,576', 'engine/model/bounded-jinja.ts', 'const MOST_CHARACTERS = 2 ** 20;'],
  ['20,000', 'engine/model/bounded-jinja.ts', 'const MOST_ITEMS = 20_000;'],
  ['4,194,304', 'engine/model/bounded-jinja.ts', 'const MOST_HELD = 2 ** 22;'],
  ['1,000', 'engine/grading/span.ts', 'export const MAX_ANSWER = 1000;'],
  ['100,000', 'engine/grading/extract.ts', 'export const WINDOW = 100_000;'],
  ['4,000', 'engine/grading/last-number.ts', 'const TAIL = 4000;'],
  ['20,000', 'engine/grading/rules.ts', 'const PATTERN_WINDOW = 20_000;'],
  ['500,000', 'engine/grading/rules.ts', 'const PATTERN_STEPS = 500_000;'],
  ['1,000', 'engine/grading/pattern.ts', 'const MAX_SIZE = 1000;'],
  ['999', 'engine/grading/pattern-syntax.ts', 'const MOST_TIMES = 999;'],
  ['100', 'engine/grading/statement.ts', 'const MAX_HASHES = 100;'],
  ['40', 'engine/grading/statement.ts', 'const MAX_CUES = 40;'],
  ['40', 'engine/grading/value-first.ts', 'const MAX_STATEMENTS = 40;'],
  ['20', 'engine/grading/tags.ts', 'const MAX_TAGS = 20;'],
  ['400', 'engine/grading/family.ts', 'const LONGEST = 400;'],
  ['300', 'engine/grading/name-of-value.ts', 'const LONGEST = 300;'],
  ['1,000', 'engine/grading/span.ts', 'const MAX_END_TOKENS = 1000;'],
  ['200,000', 'engine/grading/understand.ts', 'const READING_STEPS = 200_000;'],
  ['200,000', 'engine/grading/equivalence.ts', 'export const COMPARISON_STEPS = 200_000;'],
  ['100,000', 'engine/grading/scalar.ts', 'const STEPS_PER_ANSWER = 100_000;'],
  ['100,000', 'engine/grading/compare-as.ts', 'const STEPS = 100_000;'],
  ['2,000', 'engine/grading/clean.ts', 'export const MAX_LENGTH = 2000;'],
  ['1,000', 'engine/grading/compare-as.ts', 'const MAX_LENGTH = 1000;'],
  ['60', 'engine/grading/scanner.ts', 'export const MAX_DEPTH = 60;'],
  ['1,500', 'engine/grading/scanner.ts', 'const MAX_NODES = 1500;'],
  ['1,024', 'engine/grading/rational.ts', 'const MAX_HEX_DIGITS = 1024;'],
  ['48', 'engine/grading/compare.ts', 'const MAX_ITEMS = 48;'],
  ['216', 'engine/grading/matrix.ts', 'const MAX_MATRIX_WORK = 216;'],
  ['64', 'engine/grading/region.ts', 'const MAX_INTERVALS = 64;'],
  ['200', 'engine/grading/evaluate.ts', 'const MAX_TERMS = 200;'],
  ['8', 'engine/grading/over.ts', 'const MOST = 8;'],
  ['1,000', 'engine/reward/countdown-expression.ts', 'const LONGEST = 1000;'],
  ['100', 'engine/reward/countdown-expression.ts', 'const DEEPEST = 100;'],
  ['10,000', 'engine/reward/integral-problem.ts', 'const LONGEST_INTEGRAL = 10_000;'],
  ['300,000', 'engine/reward/covo.ts', 'const SEPARATOR_STEPS = 300_000;'],
  ['256 MiB', 'engine/journal/lines.ts', 'const LONGEST = 256 * 2 ** 20;'],
  ['512 MiB', 'engine/journal/repair.ts', 'const LARGEST = 512 * 2 ** 20 - 24;'],
  ['1,000,000', 'engine/journal/repair.ts', 'const MOST_REPLACED = 1_000_000;'],
  ['1,024 MiB', 'engine/journal/groups.ts', 'const LONGEST_FRAME = 1024 * 2 ** 20;'],
  ['256 MiB', 'engine/system/regular-file.ts', 'const MOST_WHOLE = 256 * 2 ** 20;'],
  ['256 MiB', 'engine/importers/line-index.ts', 'const LONGEST_LINE = 256 * 2 ** 20;'],
  ['16 MiB', 'engine/importers/tensorboard/records.ts', 'const LONGEST = 16 * 2 ** 20;'],
  ['200,000', 'engine/importers/prompt-text.ts', 'const LONGEST = 200_000;'],
  ['8,388,608', 'engine/importers/pipeline.ts', 'const MOST_WAITING = 8 * 2 ** 20;'],
  ['2,000', 'engine/importers/find.ts', 'const MOST_FOLDERS = 2000;'],
  ['6', 'engine/importers/find.ts', 'const DEEPEST = 6;'],
  ['64 MiB', 'engine/verl/http.ts', 'const MOST_BYTES = 64 * 2 ** 20;'],
  ['64 MiB', 'engine/verl/log-stream.ts', 'const MOST_BYTES = 64 * 2 ** 20;'],
  ['100,000', 'engine/verl/job-log.ts', 'const LONGEST = 100_000;'],
  ['30 s', 'engine/verl/ray-jobs.ts', 'const PATIENCE = 30 * SECONDS;'],
  ['600 s', 'engine/verl/ray-jobs.ts', 'const UPLOAD_PATIENCE = 600 * SECONDS;'],
  ['20 s', 'engine/verl/run.ts', 'const LOG_PATIENCE = 20_000;'],
  ['500 MiB', 'engine/verl/ray-jobs.ts', 'const MOST_BYTES = 500 * 2 ** 20;'],
  ['60 s', 'engine/runs/export/trackio.ts', 'const TIMEOUT_MS = 60_000;'],
];

test('the limits on the page are those in the code', () => {
  const section = read('docs/security.md').split('## Limits\n')[1]!.split('\n## ')[0]!;
  const rows = [...section.matchAll(/^\| ([^|]+) \| [^|]+ \| `([\w/.-]+)` \|$/gm)].map(([, limit, file]) => [
    limit,
    file,
  ]);
  expect(rows).toEqual(LIMITS.map(([limit, file]) => [limit, file]));
  for (const [, file, code] of LIMITS) expect(read(file), `${file}: ${code}`).toContain(code);
});

/** Rooms that read what others wrote. */
const ROOMS = ['data', 'external', 'grading', 'importers', 'journal', 'messages', 'model', 'reward', 'server', 'verl'];
/** Constants with the name of a limit that bound nothing of others: how much is kept, shown or read at once. */
const OTHERS = new Set([
  'engine/data/corpus.ts: LONGEST_ROW',
  'engine/data/corpus.ts: LONGEST_CONTINUATION',
  'engine/data/json-scan.ts: DEEPEST',
  'engine/data/reply.ts: LONGEST_BEGINNING',
  'engine/data/reply.ts: LONGEST_LABEL',
  'engine/data/reply.ts: LONGEST_SOUGHT',
  'engine/data/parquet/thrift.ts: MAX_VARINT',
  'engine/data/zstd/huffman.ts: MAX_BITS',
  'engine/data/zstd/sequences.ts: MOST_OFFSET_BITS',
  'engine/grading/statement.ts: LONGEST_TITLE',
  'engine/grading/understand.ts: LONGEST_COMPOUND',
  'engine/grading/understand.ts: LONGEST_REMEMBERED',
  'engine/grading/understand.ts: LONGEST_SPACED',
  'engine/importers/judges.ts: MOST_THREADS',
  'engine/importers/padding.ts: LONGEST',
  'engine/model/file-memory.ts: MOST_ENTRIES',
  'engine/reward/integral-check.ts: LARGEST',
  'engine/reward/program.ts: MOST_NESTED',
  'engine/server/server.ts: DRAIN_LIMIT',
]);

test('the page has every limit of the rooms that read untrusted input', () => {
  const files = ROOMS.flatMap((room) =>
    readdirSync(path.join(ROOT, 'engine', room), { recursive: true, encoding: 'utf8' }).map(
      (name) => `engine/${room}/${name}`,
    ),
  );
  const named =
    /^(?:export )?const ((?:MAX|MOST|LONGEST|LARGEST|DEEPEST)(?:_[A-Z_]+)?|[A-Z_]+_(?:LIMIT|STEPS|PATIENCE)) = /gm;
  const limits = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...read(file).matchAll(named)].map(([code, name]) => ({ file, name: name!, code })));
  expect(limits.length).toBeGreaterThan(60);
  const listed = ({ file, code }: { file: string; code: string }) =>
    LIMITS.some(([, of, text]) => of === file && text.startsWith(code));
  const missing = limits.filter((limit) => !listed(limit)).map(({ file, name }) => `${file}: ${name}`);
  expect(missing.sort()).toEqual([...OTHERS].sort());
});
