/**
 * Ctrl+C while each command works on something that takes long: it ends, says by its exit code that it was stopped, and leaves
 * nothing half-written. Commands come from the catalog, so that a new one has to be here too.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../engine/cli/catalog/index.ts';
import { CLI, isAlive, type Program, startCli, temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { until } from '../support/wait.ts';

const home = temporaryFolder();
const runs = path.join(home, 'runs');
const out = path.join(home, 'out');
const at = (name: string) => path.join(home, name);
const lines = (count: number, line: (i: number) => object) =>
  Array.from({ length: count }, (_, i) => `${JSON.stringify(line(i))}\n`).join('');

beforeAll(async () => {
  await writeRunFixture(path.join(runs, 'large'), { problems: 96, votes: 16, steps: 60, every: 20 });
  await writeRunFixture(path.join(runs, 'noted'), { problems: 4, steps: 2, every: 2 });
  const NOWHERE = { step: null, phase: null, problem: null, row: null, rollout: null, tokens: null, says: null };
  const notes = Array.from({ length: 900 }, (_, i) => {
    return { id: `n${i}`, time: '2026-01-01T00:00:00.000Z', text: 'seen '.repeat(1000), pinned: false, ...NOWHERE };
  });
  writeFileSync(path.join(runs, 'noted', 'notes.json'), JSON.stringify({ notes }));
  writeFileSync(at('python'), `#!/bin/sh\ntouch '${at('asked')}'\nexec sleep 600\n`);
  chmodSync(at('python'), 0o755);
  for (let i = 0; i < 5000; i++)
    mkdirSync(path.join(at('hub'), `models--o--m${i}`, 'snapshots', 'c'), { recursive: true });
  const begun = startCli(['train', '--out', runs, '--name', 'begun', ...ENDLESS], { home });
  await begun.printed(/step +[1-9]/i);
  begun.kill('SIGINT');
  await begun.ended;
  mkdirSync(out);
  writeFileSync(
    at('problems.jsonl'),
    lines(150_000, (i) => ({ id: `p${i}`, question: `${i}+1=`, answer: `${i + 1}` })),
  );
  writeFileSync(
    at('pairs.jsonl'),
    lines(200_000, (i) => ({ prediction: `\\boxed{${i}}`, reference: `${i}` })),
  );
  const responses = (i: number) => Array.from({ length: 16 }, (_, k) => `\\boxed{${i + (k % 5)}}`);
  writeFileSync(
    at('groups.jsonl'),
    lines(50_000, (i) => ({ id: i, responses: responses(i) })),
  );
  const rollout = (i: number) => ({ step: i >> 10, prompt: `${i % 99}+1=`, response: '\\boxed{1}', reward: 1 });
  writeFileSync(at('rollouts.jsonl'), lines(200_000, rollout));
});

/** Arguments, and when it has begun: it has read some of its input, unless something else is said. */
interface Use {
  args: string[];
  /** Written to its stdin, which stays open. */
  input?: string;
  env?: NodeJS.ProcessEnv;
  begun?: (program: Program) => Promise<unknown> | unknown;
  /** Where nothing takes long: it may be over when the signal comes. */
  brief?: true;
}

const ENDLESS = ['--steps', '100000', '--eval-samples', '1', '--eval-limit', '2', '--device', 'cpu'];
const reads = (file: string) => (program: Program) => until(`it reads ${file}`, () => opens(program, file));
const prints = (pattern: RegExp) => (program: Program) => program.printed(pattern);
const writes = (name: string) => () =>
  until(`it writes ${name}`, () => readdirSync(out).some((item) => item.startsWith(name)));

const USES: Record<string, Use[]> = {
  train: [
    { args: ['train', at('problems.jsonl'), '--out', out], begun: prints(/^Training /m) },
    { args: ['train', '--out', out, ...ENDLESS], begun: prints(/Run folder:/) },
  ],
  job: [
    {
      args: ['job', at('problems.jsonl'), '--for', 'verl', '--out', path.join(out, 'job')],
      begun: reads('problems.jsonl'),
      brief: true,
    },
  ],
  probe: [{ args: ['probe', at('problems.jsonl'), '--out', out], begun: prints(/^Probing /m) }],
  experiment: [{ args: ['experiment', 'rise-then-fall', '--out', out], begun: prints(/of \d+ runs/) }],
  resume: [
    { args: ['resume', 'large'], brief: true },
    { args: ['resume', 'begun'], begun: prints(/Run folder:/) },
  ],
  fork: [{ args: ['fork', 'large', at('problems.jsonl'), '--out', out], begun: reads('problems.jsonl'), brief: true }],
  runs: [{ args: ['runs'], begun: reads('events.jsonl'), brief: true }],
  show: [{ args: ['show', 'large', '--report'], begun: reads('rollouts-000.bin'), brief: true }],
  view: [{ args: ['view', 'large'], begun: prints(/http:\/\//) }],
  find: [{ args: ['find', 'large', '--regex', '(\\w+ )+x(.*)y'], begun: reads('rollouts-000.bin') }],
  note: [
    { args: ['note', 'large', 'text'], brief: true },
    { args: ['note', 'noted', 'text'], begun: reads('notes.json'), brief: true },
  ],
  analyze: [{ args: ['analyze', 'large'], begun: reads('rollouts-000.bin'), brief: true }],
  rescore: [{ args: ['rescore', 'large'], begun: reads('rollouts-000.bin') }],
  compare: [{ args: ['compare', 'large', 'large', '--step', '0,50'], begun: reads('events.jsonl'), brief: true }],
  report: [{ args: ['report', 'large', '--html', path.join(out, 'report.html')], begun: reads('rollouts-000.bin') }],
  export: [
    {
      args: ['export', 'large', '--format', 'jsonl', '--per-token', '--out', path.join(out, 'e.jsonl')],
      begun: writes('e.jsonl'),
    },
    {
      args: ['export', 'large', '--format', 'parquet', '--out', path.join(out, 'e.parquet')],
      begun: writes('e.parquet'),
    },
  ],
  import: [{ args: ['import', at('rollouts.jsonl'), '--out', path.join(out, 'run')], begun: prints(/steps?/) }],
  statistics: [
    { args: ['statistics', 'large', '--score-with', 'embedded'], begun: reads('rollouts-000.bin'), brief: true },
  ],
  repair: [
    {
      args: ['repair', 'large'],
      begun: () => until('a copy', () => readdirSync(runs).some((item) => item.includes('repaired'))),
    },
  ],
  grade: [{ args: ['grade', at('pairs.jsonl')], begun: prints(/"equal"/) }],
  vote: [{ args: ['vote', at('groups.jsonl')], begun: prints(/"majority"/) }],
  score: [{ args: ['score', at('groups.jsonl')], begun: prints(/"rewards"/) }],
  doctor: [
    { args: ['doctor'], brief: true },
    { args: ['doctor', '--python', at('python')], begun: () => until('it asks Python', () => existsSync(at('asked'))) },
  ],
  models: [
    { args: ['models'], brief: true },
    { args: ['models'], env: { HF_HUB_CACHE: at('hub') }, begun: reads('hub'), brief: true },
  ],
  serve: [{ args: ['serve'], begun: prints(/"pid"/) }],
  mcp: [
    { args: ['mcp'], brief: true },
    { args: ['mcp'], input: messages(null), begun: prints(/"serverInfo"/) },
    {
      args: ['mcp'],
      input: messages({ name: 'find_rollouts', arguments: { run: 'large', regex: '(\\w+ )+x(.*)y' } }),
      begun: (program) =>
        until('its command works', () => childrenOf(program).some((pid) => opens({ pid }, 'rollouts-000.bin'))),
    },
    {
      args: ['mcp', '--allow-start', '--out', out],
      input: messages({ name: 'start_run', arguments: { steps: 100_000 } }),
      begun: (program) => until('it trains', () => childrenOf(program).length > 0 && readdirSync(out).length > 0),
    },
  ],
};

/** What a client says to `mcp`: its greeting, and a call of a tool. */
function messages(tool: object | null): string {
  const client = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const said: object[] = [
    { id: 1, method: 'initialize', params: client },
    { method: 'notifications/initialized' },
    ...(tool ? [{ id: 2, method: 'tools/call', params: tool }] : []),
  ];
  return said.map((item) => `${JSON.stringify({ jsonrpc: '2.0', ...item })}\n`).join('');
}

/** Processes that a program has started; itself where the system does not tell. */
function childrenOf({ pid }: Program): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [pid];
  }
}

/** Whether a program has a file open; where the system does not tell, or it has ended, yes. */
function opens({ pid }: { pid: number }, file: string): boolean {
  const folder = `/proc/${pid}/fd`;
  const open = (name: string) => {
    try {
      return readlinkSync(path.join(folder, name)).endsWith(file);
    } catch {
      return false;
    }
  };
  try {
    return readdirSync(folder).some(open);
  } catch {
    return true;
  }
}

/** Files and folders below a folder. */
const below = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' });

test('every command is tried', () => {
  expect(Object.keys(USES).sort()).toEqual(COMMANDS.map(({ name }) => name).sort());
});

describe.runIf(process.platform !== 'win32' && existsSync(CLI))('Ctrl+C ends', () => {
  test.each(
    Object.values(USES)
      .flat()
      .map((use) => ({ ...use, title: use.args.slice(0, 4).join(' ') })),
  )('$title', async ({ args, input, env, begun, brief }) => {
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out);
    const before = readdirSync(runs).sort();
    const program = startCli(args, { home, env });
    if (input !== undefined) program.write(input);
    if (begun) await begun(program);
    else await until('it runs', () => opens(program, 'cli.js') || true);
    const children = args[0] === 'mcp' ? childrenOf(program) : [];
    program.kill('SIGINT');
    const { code, signal, stderr } = await program.ended;
    // Stopped in order (3, for a server 0), or at once by the signal itself; what takes no time may be done.
    const stopped = args[0] === 'view' || args[0] === 'serve' ? [0] : brief ? [0, 2, 3, 'SIGINT'] : [3, 'SIGINT'];
    expect(signal ?? code, stderr).toBeOneOf(stopped);
    await until('what it started has ended', () => !children.some(isAlive));
    expect(below(out).filter((name) => /\.partial$/.test(name))).toEqual([]);
    expect(readdirSync(runs).sort()).toEqual(before);
    for (const name of ['report.html', 'e.jsonl', 'e.parquet']) expect(below(out)).not.toContain(name);
  });
});
