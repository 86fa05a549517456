/**
 * Importing the dump of another trainer, in verl's form:
 *   generate <path> <megabytes> <file|folder>   writes one: a file of rollouts, or a folder with a file for each step
 *   import <path> <run> [one-thread]            imports it into a new run folder
 *   reference <path>                            reads it with Node's readline and JSON.parse, and does nothing with it
 * Prints one JSON line: bytes of the dump, seconds, peak resident memory of the process, and counts.
 */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { AUTOMATIC } from '../../engine/grading/grader.ts';
import { importDump } from '../../engine/importers/import.ts';
import { importerFor } from '../../engine/importers/index.ts';
import { judgesFor } from '../../engine/importers/judges.ts';

const PROBLEMS = 1000;
const GROUPS = 128;
const ROLLOUTS = 16;

const WORDS =
  'we have the sum of first two terms and then multiply by $x_1 = 3y + 2$ so that $\\frac{a}{b}$ is equal to which means number apples let us check this again since each "part" adds 12 more than before'.split(
    ' ',
  );

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
      return generate(path, Number(first) * 1e6, second === 'folder');
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
  return (await readdir(path)).map((name) => join(path, name));
}

async function sizeOf(path: string): Promise<number> {
  const sizes = await Promise.all((await filesIn(path)).map(async (file) => (await stat(file)).size));
  return sizes.reduce((a, b) => a + b, 0);
}

/** Steps of 128 problems with 16 rollouts each, until it has that many bytes. */
async function generate(path: string, bytes: number, asFolder: boolean): Promise<object> {
  if (asFolder) await mkdir(path, { recursive: true });
  let out = asFolder ? null : createWriteStream(path);
  let written = 0;
  let step = 0;
  for (step = 1; written < bytes; step++) {
    if (asFolder) out = createWriteStream(join(path, `${step}.jsonl`));
    for (let i = 0; i < GROUPS; i++) {
      const rows = Array.from({ length: ROLLOUTS }, (_, rollout) => `${JSON.stringify(row(step, i, rollout))}\n`);
      const text = Buffer.from(rows.join(''));
      written += text.length;
      if (!out!.write(text)) await once(out!, 'drain');
    }
    if (asFolder) await finished(out!.end());
  }
  if (!asFolder) await finished(out!.end());
  return { dump: written, steps: step - 1 };
}

/** Of verl, with a response of about 1,500 characters, and answers that agree more and more. */
function row(step: number, group: number, rollout: number): object {
  const problem = (step * GROUPS + group) % PROBLEMS;
  const random = generator(step * 1_000_003 + group * 1009 + rollout);
  const right = problem * 3 + 7;
  const answer = random(1000) < 300 + Math.min(600, step * 5) ? right : right + random(9) - 4;
  const sentences = Array.from({ length: 20 + random(16) }, () => sentence(random));
  const score = Number(answer === right);
  return {
    input: `system\nPlease reason step by step, and put your final answer within \\boxed{}.\nuser\nProblem ${problem}: a shop sells ${right} apples and ${problem} pears, none of which are equal. What is 3 times ${problem} plus 7?\nassistant\n`,
    output: `${sentences.join(' ')}\n\nTherefore the final answer is \\boxed{${answer}}.`,
    gts: String(right),
    score,
    step,
    acc: score === 1,
    pred: String(answer),
    request_id: requestId(random),
  };
}

function sentence(random: (below: number) => number): string {
  return `${Array.from({ length: 6 + random(8) }, () => WORDS[random(WORDS.length)]).join(' ')}.`;
}

/** A linear congruential generator: the same dump each time. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A UUID, as verl has. */
function requestId(random: (below: number) => number): string {
  const hex = Array.from({ length: 32 }, () => random(16).toString(16)).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
