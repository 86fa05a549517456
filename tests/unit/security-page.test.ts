/** The limits that docs/security.md names are those of the code. */
import { readFileSync } from 'node:fs';
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
  ['5 s', 'engine/reward/program.ts', 'default: 5,'],
  ['512 MB', 'engine/reward/program.ts', 'default: 512,'],
  ['64 KB', 'engine/reward/program.ts', 'default: 64,'],
  ['60 s', 'engine/reward/lean.ts', 'default: 60,'],
  ['60 s', 'engine/reward/custom.ts', 'default: 60,'],
  ['64 MB', 'engine/system/bounded.ts', 'const FILE_BLOCKS = 131_072;'],
  ['500 MB', 'engine/data/text-file.ts', 'const MAX_BYTES = 500_000_000;'],
  ['500 MB', 'engine/data/readers.ts', 'const MAX_UNPACKED = 500_000_000;'],
  ['20,000,000', 'engine/data/parquet/footer.ts', 'const MAX_ROWS = 20_000_000;'],
  ['half', 'engine/data/parquet/budget.ts', 'limit = heapLeft() / 2'],
  ['1,000', 'engine/data/json.ts', 'export const MAX_DEPTH = 1000;'],
];

test('the limits of the page are those of the code', () => {
  const section = read('docs/security.md').split('## Limits\n')[1]!.split('\n## ')[0]!;
  const rows = [...section.matchAll(/^\| ([^|]+) \| [^|]+ \| `([\w/.-]+)` \|$/gm)].map(([, limit, file]) => [
    limit,
    file,
  ]);
  expect(rows).toEqual(LIMITS.map(([limit, file]) => [limit, file]));
  for (const [, file, code] of LIMITS) expect(read(file), `${file}: ${code}`).toContain(code);
});
