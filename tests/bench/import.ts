/**
 * Importing the dump of another trainer:
 *   generate <path> <megabytes> <form>   writes one in the form of a trainer (`dumps.ts`)
 *   import <path> <run> [one-thread]     imports it into a new run folder
 *   reference <path>                     reads its lines with Node's readline and JSON.parse, and does nothing with them
 * Prints one JSON line: bytes of the dump, seconds, peak resident memory of the process, and counts.
 */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AUTOMATIC } from '../../engine/grading/grader.ts';
import { importDump } from '../../engine/importers/import.ts';
import { importerFor } from '../../engine/importers/index.ts';
import { judgesFor } from '../../engine/importers/judges.ts';
import { FORMS, writeDump } from './dumps.ts';

const [kind, at, ...rest] = process.argv.slice(2);
if (!kind || !at) throw new Error('usage: generate|import|reference <path> …');
const before = performance.now();
const result = await run(kind, at, rest);
const seconds = (performance.now() - before) / 1000;
const { user, system } = process.cpuUsage();
const cpu = (user + system) / 1e6;
console.log(JSON.stringify({ seconds, cpu, bytes: process.resourceUsage().maxRSS * 1024, ...result }));

async function run(what: string, path: string, [first, second]: string[]): Promise<object> {
  switch (what) {
    case 'generate':
      if (!second || !(second in FORMS)) throw new Error(`forms: ${Object.keys(FORMS).join(', ')}`);
      return writeDump(path, Number(first) * 1e6, second as keyof typeof FORMS);
    case 'import': {
      const importer = await importerFor(path, 'auto', { map: {} });
      const report = await importDump(importer, path, first!, {
        map: {},
        rules: AUTOMATIC,
        follow: false,
        ...(second !== 'one-thread' && { judges: judgesFor }),
      });
      const { rollouts, steps, problems, faults } = report;
      return { dump: await sizeOf(path), format: importer.name, rollouts, steps, problems, faults };
    }
    case 'reference': {
      let rollouts = 0;
      for (const file of await filesIn(path)) {
        for await (const line of createInterface({
          input: createReadStream(file),
          crlfDelay: Number.POSITIVE_INFINITY,
        }))
          if (typeof JSON.parse(line) === 'object') rollouts++;
      }
      return { dump: await sizeOf(path), rollouts };
    }
    default:
      throw new Error(`unknown: ${what}`);
  }
}

async function filesIn(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function sizeOf(path: string): Promise<number> {
  const sizes = await Promise.all((await filesIn(path)).map(async (file) => (await stat(file)).size));
  return sizes.reduce((a, b) => a + b, 0);
}
