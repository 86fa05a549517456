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
  ['100,000', 'engine/external/proof-file.ts', 'const MAX_PROOF_LENGTH = 100_000;'],
  ['1 MiB', 'engine/external/lean.ts', 'const OUTPUT_BYTES = 1024 * 1024;'],
  ['60 s', 'engine/reward/custom.ts', 'default: 60,'],
  ['64 MB', 'engine/system/bounded.ts', 'const FILE_BLOCKS = 131_072;'],
  ['16 MiB', 'engine/system/program.ts', 'const OUTPUT_BYTES = 16 * 2 ** 20;'],
  ['500 MB', 'engine/data/text-file.ts', 'const MAX_BYTES = 500_000_000;'],
  ['500 MB', 'engine/data/readers.ts', 'const MAX_UNPACKED = 500_000_000;'],
  ['10,000', 'engine/data/readers.ts', 'const MAX_FILES = 10_000;'],
  ['3', 'engine/data/readers.ts', 'const MAX_DEPTH = 3;'],
  ['20,000', 'engine/model/hub-dataset.ts', 'const MAX_FILES = 20_000;'],
  ['1,000', 'engine/data/json.ts', 'export const MAX_DEPTH = 1000;'],
  ['1,000,000', 'engine/data/python-literal.ts', 'const MAX_LENGTH = 1_000_000;'],
  ['64', 'engine/data/python-literal.ts', 'const MAX_DEPTH = 64;'],
  ['10,000', 'engine/data/labels.ts', 'const MAX_ACCEPTED_ANSWERS = 10_000;'],
  ['20,000,000', 'engine/data/parquet/footer.ts', 'const MAX_ROWS = 20_000_000;'],
  ['20,000', 'engine/data/parquet/footer.ts', 'const MAX_ELEMENTS = 20_000;'],
  ['24', 'engine/data/parquet/footer.ts', 'const MAX_NESTING = 24;'],
  ['32', 'engine/data/parquet/thrift.ts', 'const MAX_DEPTH = 32;'],
  ['512 MiB', 'engine/data/parquet/unpack.ts', 'const MAX_PAGE = 1 << 29;'],
  ['1,048,576', 'engine/data/parquet/delta.ts', 'const MAX_BLOCK = 1 << 20;'],
  ['64 bytes', 'engine/data/parquet/column.ts', 'const MAX_DECIMAL = 64;'],
  ['half', 'engine/data/parquet/budget.ts', 'limit = heapLeft() / 2'],
  ['128 KiB', 'engine/data/zstd/output.ts', 'export const MAX_BLOCK = 128 * 1024;'],
  ['2,048', 'engine/model/config.ts', 'const MAX_LAYERS = 2048;'],
  ['2^31', 'engine/model/fields.ts', 'const MAX_SIZE = 2 ** 31;'],
  ['16,777,216', 'engine/model/tokenizer-json.ts', 'const MAX_TOKENS = 2 ** 24;'],
  ['64', 'engine/model/tokenizer-patterns.ts', 'const MAX_GROWTH = 64;'],
  ['100 MB', 'engine/model/safetensors.ts', 'const MAX_HEADER = 100_000_000;'],
  ['20', 'engine/model/hub.ts', 'const MAX_TEMPLATES = 20;'],
  ['10 s', 'engine/model/hub.ts', 'const OPTIONAL_LIMIT = 10_000;'],
  ['256 KiB', 'engine/training/run/chat-template.ts', 'const MAX_TEMPLATE_LENGTH = 256 * 1024;'],
  ['200,000', 'engine/model/bounded-jinja.ts', 'const MAX_STEPS = 200_000;'],
  ['1,048,576', 'engine/model/bounded-jinja.ts', 'const MAX_CHARACTERS = 2 ** 20;'],
  ['20,000', 'engine/model/bounded-jinja.ts', 'const MAX_ITEMS = 20_000;'],
  ['4,194,304', 'engine/model/bounded-jinja.ts', 'const MAX_TOTAL_CHARACTERS = 2 ** 22;'],
  ['1,000', 'engine/grading/span.ts', 'export const MAX_ANSWER = 1000;'],
  ['100,000', 'engine/grading/extract.ts', 'export const WINDOW = 100_000;'],
  ['4,000', 'engine/grading/last-number.ts', 'const MAX_DISTANCE = 4000;'],
  ['20,000', 'engine/grading/rules.ts', 'const PATTERN_WINDOW = 20_000;'],
  ['500,000', 'engine/grading/rules.ts', 'const PATTERN_STEPS = 500_000;'],
  ['1,000', 'engine/grading/pattern.ts', 'const MAX_SIZE = 1000;'],
  ['999', 'engine/grading/pattern-syntax.ts', 'const MAX_REPETITIONS = 999;'],
  ['100', 'engine/grading/statement.ts', 'const MAX_HASHES = 100;'],
  ['40', 'engine/grading/statement.ts', 'const MAX_CUES = 40;'],
  ['40', 'engine/grading/value-first.ts', 'const MAX_STATEMENTS = 40;'],
  ['20', 'engine/grading/tags.ts', 'const MAX_TAGS = 20;'],
  ['400', 'engine/grading/family.ts', 'const MAX_LENGTH = 400;'],
  ['300', 'engine/grading/name-of-value.ts', 'const MAX_LENGTH = 300;'],
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
  ['8', 'engine/grading/over.ts', 'const MAX_FRACTIONS = 8;'],
  ['1,000', 'engine/reward/countdown-expression.ts', 'const MAX_LENGTH = 1000;'],
  ['100', 'engine/reward/countdown-expression.ts', 'const MAX_DEPTH = 100;'],
  ['10,000', 'engine/reward/integral-problem.ts', 'const MAX_INTEGRAL_LENGTH = 10_000;'],
  ['300,000', 'engine/reward/covo.ts', 'const SEPARATOR_STEPS = 300_000;'],
  ['256 MiB', 'engine/journal/lines.ts', 'const MAX_LINE_BYTES = 256 * 2 ** 20;'],
  ['512 MiB', 'engine/journal/repair-lines.ts', 'export const MAX_JOURNAL_BYTES = 512 * 2 ** 20 - 24;'],
  ['1,000,000', 'engine/journal/repair.ts', 'const MAX_REPLACED_PROBLEMS = 1_000_000;'],
  ['1,024 MiB', 'engine/journal/groups.ts', 'const MAX_FRAME_BYTES = 1024 * 2 ** 20;'],
  ['256 MiB', 'engine/system/regular-file.ts', 'const MAX_WHOLE_BYTES = 256 * 2 ** 20;'],
  ['256 MiB', 'engine/importers/line-index.ts', 'const MAX_LINE_BYTES = 256 * 2 ** 20;'],
  ['16 MiB', 'engine/importers/tensorboard/records.ts', 'const MAX_RECORD_BYTES = 16 * 2 ** 20;'],
  ['200,000', 'engine/importers/prompt-text.ts', 'const MAX_SEARCHED_LENGTH = 200_000;'],
  ['8,388,608', 'engine/importers/pipeline.ts', 'const MAX_QUEUED_CHARACTERS = 8 * 2 ** 20;'],
  ['2,000', 'engine/importers/find.ts', 'const MAX_FOLDERS = 2000;'],
  ['6', 'engine/importers/find.ts', 'const MAX_DEPTH = 6;'],
  ['64 MiB', 'engine/verl/http.ts', 'const MAX_RESPONSE_BYTES = 64 * 2 ** 20;'],
  ['64 MiB', 'engine/verl/log-stream.ts', 'const MAX_MESSAGE_BYTES = 64 * 2 ** 20;'],
  ['100,000', 'engine/verl/job-log.ts', 'const MAX_LINE_LENGTH = 100_000;'],
  ['30 s', 'engine/verl/ray-jobs.ts', 'const TIMEOUT_MS = 30 * SECONDS;'],
  ['600 s', 'engine/verl/ray-jobs.ts', 'const UPLOAD_TIMEOUT_MS = 600 * SECONDS;'],
  ['20 s', 'engine/verl/run.ts', 'const LOG_PATIENCE = 20_000;'],
  ['500 MiB', 'engine/verl/ray-jobs.ts', 'const MAX_UPLOAD_BYTES = 500 * 2 ** 20;'],
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
  'engine/data/corpus.ts: MAX_CONTINUATION_LENGTH',
  'engine/data/corpus.ts: MAX_PASSAGE_LENGTH',
  'engine/data/json-scan.ts: MAX_DEPTH',
  'engine/data/parquet/thrift.ts: MAX_VARINT',
  'engine/data/reply.ts: MAX_BEGINNING_LENGTH',
  'engine/data/reply.ts: MAX_LABEL_LENGTH',
  'engine/data/reply.ts: MAX_SEARCHED_LENGTH',
  'engine/data/shards.ts: MAX_LISTED_SHARDS',
  'engine/data/zstd/huffman.ts: MAX_BITS',
  'engine/data/zstd/sequences.ts: MAX_OFFSET_BITS',
  'engine/external/pool.ts: MAX_PARALLEL',
  'engine/grading/statement.ts: MAX_TITLE_LENGTH',
  'engine/grading/understand.ts: MAX_CACHED_ANSWERS',
  'engine/grading/understand.ts: MAX_CACHED_LENGTH',
  'engine/grading/understand.ts: MAX_COMPOUND_LENGTH',
  'engine/grading/understand.ts: MAX_NORMALIZED_LENGTH',
  'engine/importers/faults.ts: MAX_LISTED',
  'engine/importers/faults.ts: MAX_STORED_FAULTS',
  'engine/importers/formats/rollouts.ts: MAX_CHECKED_FILES',
  'engine/importers/formats/rollouts.ts: MAX_WHOLE_BYTES',
  'engine/importers/formats/verl.ts: MAX_EMPTY_FILES',
  'engine/importers/judges.ts: MAX_THREADS',
  'engine/importers/line-index.ts: MAX_WHOLE_BYTES',
  'engine/importers/named-steps.ts: MAX_SUBFOLDERS',
  'engine/importers/padding.ts: MAX_TOKEN_LENGTH',
  'engine/journal/groups.ts: MAX_CACHED_RUNS',
  'engine/journal/tolerant.ts: MAX_REPORTED_ISSUES',
  'engine/model/fields.ts: MAX_SHOWN_CHARACTERS',
  'engine/model/file-memory.ts: MAX_ENTRIES',
  'engine/reward/answer-place.ts: MAX_MARK_DISTANCE',
  'engine/reward/empo.ts: MAX_COMPARED_CLUSTERS',
  'engine/reward/integral-check.ts: MAX_VALUE',
  'engine/reward/program.ts: MAX_NESTING',
  'engine/reward/self-verification.ts: MAX_STORED_LENGTH',
  'engine/server/feed.ts: MAX_RECENT_RECORDS',
  'engine/server/log.ts: MAX_LOG_FILES',
  'engine/server/server.ts: DRAIN_LIMIT',
  'engine/verl/ray-jobs.ts: MAX_SHOWN_CHARACTERS',
  'engine/verl/run.ts: MAX_FAILED_CHECKS',
]);

test('the page has every limit of the rooms that read untrusted input', () => {
  const files = ROOMS.flatMap((room) =>
    readdirSync(path.join(ROOT, 'engine', room), { recursive: true, encoding: 'utf8' }).map(
      (name) => `engine/${room}/${name}`,
    ),
  );
  const named = /^(?:export )?const (MAX_[A-Z_]+|[A-Z_]+_(?:LIMIT|STEPS|TIMEOUT_MS)) = /gm;
  const limits = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...read(file).matchAll(named)].map(([code, name]) => ({ file, name: name!, code })));
  expect(limits.length).toBeGreaterThan(60);
  const listed = ({ file, code }: { file: string; code: string }) =>
    LIMITS.some(([, of, text]) => of === file && text.startsWith(code));
  const missing = limits.filter((limit) => !listed(limit)).map(({ file, name }) => `${file}: ${name}`);
  expect(missing.sort()).toEqual([...OTHERS].sort());
});
