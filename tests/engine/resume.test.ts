import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { generator } from '../../engine/rollout/philox.ts';
import { INDEX_FILE } from '../../engine/runs/index-file.ts';
import { createClient } from '../../engine/server/connection.ts';
import { listEngines } from '../../engine/server/discovery.ts';
import { cpuOf, type Fuse, groupsOf, killAt, reachStage, type Stage, withFuse } from '../support/killer.ts';
import { type Ended, type Program, runCli, startCli, temporaryFolder } from '../support/processes.ts';
import { checkpointsOf, expectSameOutcome, outcomeOf, type RunOutcome, recordsOf } from '../support/run-outcome.ts';
import { until } from '../support/wait.ts';
import { expectWords, linesWithoutNumbers } from '../support/wording.ts';

const CONFIG = { steps: 10, batch: 8 };
const CHECKPOINT_EVERY = 3;
const COMMON = [
  ...['--steps', `${CONFIG.steps}`, '--batch', `${CONFIG.batch}`, '--votes', '6', '--group', '4', '--limit', '16'],
  ...['--eval-samples', '4', '--eval-limit', '8', '--eval-every', '5', '--checkpoint-every', `${CHECKPOINT_EVERY}`],
  ...['--device', 'cpu', '--seed', '7', '--json', '--name', 'r'],
];
const DENSE = [...COMMON];
// Several updates per step, and a rate that changes from step to step.
const LORA = [...COMMON, '--lora', '4', '--lr', '2e-3', '--schedule', 'cosine', '--mini-batch', '4', '--epochs', '2'];

// Its base lies in blocks, so that the model runs layer by layer.
const LAYERED = [...COMMON, '--lora', '4', '--lr', '2e-3', '--base-precision', '4bit', '--mini-batch', '4'];

const isDue = (step: number) => step % CHECKPOINT_EVERY === 0 || step === CONFIG.steps;

interface Reference {
  folder: string;
  outcome: RunOutcome;
  result: Record<string, unknown>;
  /** What it computes until its first record, and in all, in seconds of a core. */
  cpu: { start: number; all: number };
}

/** What the uninterrupted run of these options gives; made once. */
function uninterrupted(args: readonly string[]): Promise<Reference> {
  const known = references.get(args) ?? runUninterrupted(args);
  references.set(args, known);
  return known;
}

const references = new Map<readonly string[], Promise<Reference>>();

async function runUninterrupted(args: readonly string[]): Promise<Reference> {
  const home = temporaryFolder();
  const folder = path.join(home, 'runs', 'r');
  const program = startCli(['train', ...args], { home });
  const cpu = { start: 0, all: 0 };
  const began = performance.now();
  let ended: Ended | null = null;
  void program.ended.then((result) => {
    ended = result;
  });
  const watched = await until('the run ends', () => {
    cpu.all = Math.max(cpu.all, cpuOf(program.pid) ?? (performance.now() - began) / 1000);
    if (cpu.start === 0 && existsSync(path.join(folder, 'events.jsonl'))) cpu.start = cpu.all;
    return ended;
  });
  expect(watched, watched.stderr).toMatchObject({ code: 0 });
  return { folder, outcome: outcomeOf(folder), result: resultOf(watched), cpu };
}

function resultOf({ stdout }: Ended): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
}

/** The final words of a run but those about speed and memory. */
function conclusionOf(ended: Ended): object {
  const { status, steps, before, after } = resultOf(ended);
  return { status, steps, before, after };
}

/** A run folder that may be interrupted, in a home of its own. */
class Attempt {
  readonly home = temporaryFolder();
  readonly folder = path.join(this.home, 'runs', 'r');

  constructor(private readonly args: readonly string[]) {}

  /** Begins the run, or resumes it once it exists. */
  start(env: NodeJS.ProcessEnv = {}): Program {
    const exists = existsSync(path.join(this.folder, 'run.json'));
    return startCli(exists ? ['resume', 'r', '--json'] : ['train', ...this.args], { home: this.home, env });
  }

  get completed(): boolean {
    return recordsOf(this.folder).some((record) => record.type === 'end' && record.reason === 'completed');
  }

  /** Runs to the end and compares what came out with what an uninterrupted run gives. */
  async finish(reference: Reference): Promise<void> {
    if (!this.completed) {
      const ended = await this.start().ended;
      expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null });
      const { status, steps, before, after } = reference.result;
      expect(conclusionOf(ended)).toEqual({ status, steps, before, after });
    }
    expectSameOutcome(outcomeOf(this.folder, isDue), reference.outcome);
    expect(checkpointsOf(this.folder).at(-1)).toBe(CONFIG.steps);
    // A kill after the run's end leaves the lock of a process that is dead, which the next writer would take over. An
    // index is made by whatever opens a run.
    const files = readdirSync(this.folder).filter((name) => name !== 'lock' && name !== INDEX_FILE);
    expect(files.sort()).toEqual(readdirSync(reference.folder).sort());
    // Listing removes what killed engines left.
    expect(await listEngines(this.home)).toEqual([]);
  }
}

type Moment = Fuse['on'] | 'anytime';

/** One kill of each kind, and others at random moments. */
const KINDS: readonly Moment[] = [
  ...(['start', 'before-evaluation', 'anytime', 'rollout', 'write', 'update', 'checkpoint', 'anytime'] as const),
  ...(['update', 'write', 'rollout', 'checkpoint', 'after-evaluation'] as const),
];
/** Of each of the two runs below; `npm run kills -- --count 1000` asks for more. */
const COUNT = Math.max(KINDS.length, Math.ceil(Number(process.env.KILLS ?? 0) / 2));
const MOMENTS = Array.from({ length: COUNT }, (_, i) => KINDS[i % KINDS.length]!);
/** Seconds of a core that a checkpoint takes at most. */
const CHECKPOINT_TAKES = 0.06;

/** When to kill a run that has a checkpoint after `done` steps. */
function fuseOf(moment: Moment, done: number, { cpu }: Reference, random: () => number): Omit<Fuse, 'groups'> {
  const left = CONFIG.steps - done;
  const step = (cpu.all - cpu.start) / (CONFIG.steps + 2);
  const upTo = (most: number) => 1 + Math.floor(Math.max(1, most) * random());
  const fuse = (nth: number, seconds: number) => ({
    ...CONFIG,
    on: moment as Fuse['on'],
    nth,
    seconds: seconds * random(),
  });
  switch (moment) {
    case 'start':
      return fuse(1, cpu.start);
    case 'anytime':
      return { ...fuse(1, cpu.start + step * left), on: 'start' };
    case 'write':
      // of two files for each group
      return fuse(upTo(Math.min(left, 4) * CONFIG.batch * 2), 1);
    case 'update':
      return fuse(upTo(Math.min(left - 1, 3)), step * 0.7);
    case 'checkpoint':
      return fuse(1, CHECKPOINT_TAKES);
    case 'rollout':
      return fuse(upTo(Math.min(left, 3) * (CONFIG.batch - 1)), step * 0.1);
    default:
      return fuse(upTo(3), step * 0.1);
  }
}

/** Whether it came to that: the run may end before, and what a moment waits for may have passed for good. */
async function kill(attempt: Attempt, moment: Moment, random: () => number, reference: Reference): Promise<boolean> {
  const fuse = fuseOf(moment, checkpointsOf(attempt.folder).at(-1) ?? 0, reference, random);
  const program = attempt.start(withFuse({ ...fuse, groups: groupsOf(attempt.folder) }));
  const ended = await program.ended;
  if (ended.signal !== 'SIGKILL') expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null });
  return ended.signal === 'SIGKILL';
}

/** Kills runs of these options, one after the other, until each moment has had its kill, and compares each of them. */
async function killAgain({ name, args, seed }: { name: string; args: readonly string[]; seed: number }) {
  const reference = await uninterrupted(args);
  const random = generator(seed, 'shuffle', 0);
  const kills: Moment[] = [];
  let attempt = new Attempt(args);
  for (let tries = 0; kills.length < MOMENTS.length; tries++) {
    expect(tries, `killed at ${kills.join(', ')}`).toBeLessThan(2 * MOMENTS.length);
    const moment = MOMENTS[kills.length]!;
    if (await kill(attempt, moment, random, reference)) {
      kills.push(moment);
      if (kills.length % 25 === 0)
        console.log(`kills, ${name}: ${kills.length} of ${MOMENTS.length} in ${tries + 1} starts, no difference`);
    }
    if (!attempt.completed) continue;
    // The moment had passed already: the run is as good as any, and the next one gets the kill.
    await attempt.finish(reference);
    attempt = new Attempt(args);
  }
  await attempt.finish(reference);
  return kills;
}

test('runs that are repeatedly killed at any moment and resumed give the same results as uninterrupted ones', async () => {
  // Next to each other: each of them waits for its files and processes half of the time.
  const all = await Promise.all([
    killAgain({ name: 'all weights', args: DENSE, seed: 1 }),
    killAgain({ name: 'LoRA with several updates per step', args: LORA, seed: 2 }),
  ]);
  for (const kills of all) expect(new Set(kills)).toEqual(new Set(KINDS));
});

test.each(['rollout', 'update'] as const)(
  'a layered run on a 4-bit base that is killed during %s gives the same results when resumed',
  async (stage) => {
    const reference = await uninterrupted(LAYERED);
    const attempt = new Attempt(LAYERED);
    expect(await killAt(attempt.start(), attempt.folder, CONFIG, stage, 1)).toBe(true);
    await attempt.finish(reference);
  },
);

describe('a run', () => {
  let reference: Reference;

  beforeAll(async () => {
    reference = await uninterrupted(DENSE);
  });

  /** A program that works on a new run, and has come to a stage of step 3 or later. */
  async function under(attempt: Attempt, stage: Stage): Promise<Program> {
    const program = attempt.start();
    expect(await reachStage(program, attempt.folder, CONFIG, stage, { step: 3 }), program.output).toBe(true);
    return program;
  }

  test.each([
    { signal: 'SIGINT', stage: 'rollout' },
    { signal: 'SIGTERM', stage: 'update' },
  ] as const)(
    'stopped by $signal within a step, with a checkpoint, gives the same results when resumed',
    async ({ signal, stage }) => {
      const attempt = new Attempt(DENSE);
      const program = await under(attempt, stage);
      program.kill(signal);
      const ended = await program.ended;
      expect(ended, ended.stderr).toMatchObject({ code: 3, signal: null });
      expect(resultOf(ended)).toMatchObject({ status: 'stopped', folder: attempt.folder });
      const step = resultOf(ended).steps as number;
      expect(recordsOf(attempt.folder).at(-1)).toMatchObject({ type: 'end', reason: 'stopped', step });
      expect(step).toBeLessThan(CONFIG.steps);
      expect(checkpointsOf(attempt.folder).at(-1)).toBe(step);
      await attempt.finish(reference);
    },
  );

  test('that is paused does nothing, and gives the same results when it continues', async () => {
    const attempt = new Attempt(DENSE);
    const program = await under(attempt, 'rollout');
    const [address] = await listEngines(attempt.home);
    const client = await createClient(address!, { name: 'test' });
    const states: string[] = [];
    client.on('progress', ({ state }) => states.push(state));
    await client.request('subscribe', { run: 'r', from: 0 });
    await client.request('pause', { run: 'r' });
    const lifecycle = () =>
      recordsOf(attempt.folder).flatMap((record) => (record.type === 'lifecycle' ? record.event : []));
    await until('the run is paused', () => lifecycle().includes('paused') && states.includes('paused'));
    // Another program starts, reads the run and ends; meanwhile nothing is written.
    expect(await runCli(['show', 'r', '--json'], { home: attempt.home })).toMatchObject({ code: 0 });
    expect(recordsOf(attempt.folder).at(-1)).toMatchObject({ type: 'lifecycle', event: 'paused' });
    expect((await client.request('status', {})).active).toMatchObject({ run: 'r', state: 'paused' });
    await client.request('continue', { run: 'r' });
    expect(await program.ended).toMatchObject({ code: 0 });
    expect(lifecycle()).toEqual(['paused', 'continued']);
    client.close();
    await attempt.finish(reference);
  });

  test('that is stopped while paused gives the same results when resumed', async () => {
    const attempt = new Attempt(DENSE);
    const program = await under(attempt, 'update');
    const [address] = await listEngines(attempt.home);
    const client = await createClient(address!, { name: 'test' });
    await client.request('pause', { run: 'r' });
    await until('the run is paused', () => recordsOf(attempt.folder).some(({ type }) => type === 'lifecycle'));
    await client.request('stop', { run: 'r' });
    client.close();
    expect(await program.ended).toMatchObject({ code: 3 });
    await attempt.finish(reference);
  });

  describe('with damaged files resumes', () => {
    /** A copy of the finished run to damage. */
    function copy(): Attempt {
      const attempt = new Attempt(DENSE);
      cpSync(reference.folder, attempt.folder, { recursive: true });
      return attempt;
    }

    /** Where each record of the uninterrupted run begins. */
    function offsets(): number[] {
      const bytes = readFileSync(path.join(reference.folder, 'events.jsonl'));
      const found = [0];
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) found.push(at + 1);
      return found;
    }

    const random = generator(3, 'shuffle', 0);
    test.each([
      { what: 'within the last record', at: (size: number) => size - 5 },
      { what: 'just before its newline', at: (size: number) => size - 1 },
      { what: 'within the first record', at: () => 40 },
      { what: 'to nothing', at: () => 0 },
      { what: 'anywhere', at: (size: number) => Math.floor(size * random()) },
      { what: 'anywhere else', at: (size: number) => Math.floor(size * random()) },
    ])('from a journal cut $what, repeating what is missing', async ({ at }) => {
      const attempt = copy();
      const journal = path.join(attempt.folder, 'events.jsonl');
      truncateSync(journal, at(statSync(journal).size));
      await attempt.finish(reference);
    });

    test('from a journal that ends at a record after the last checkpoint', async () => {
      const attempt = copy();
      truncateSync(path.join(attempt.folder, 'events.jsonl'), offsets().at(-2)!);
      await attempt.finish(reference);
    });

    test('from a journal that ends in zeros or half a record, and from truncated rollouts', async () => {
      const attempt = copy();
      const journal = path.join(attempt.folder, 'events.jsonl');
      const checkpoint = recordsOf(reference.folder).findLastIndex(
        (record) => record.type === 'checkpoint' && record.step < CONFIG.steps,
      );
      // Three groups after the checkpoint, the last of them without its rollouts.
      const kept = recordsOf(reference.folder).slice(0, checkpoint + 4);
      truncateSync(journal, offsets()[kept.length]!);
      appendFileSync(journal, `{"type":"group","seq":${kept.length},"ti`);
      appendFileSync(journal, Buffer.alloc(512));
      const last = kept.at(-1)!;
      if (last.type !== 'group') throw new Error('a group was expected after the checkpoint');
      const frame = last.frame!;
      truncateSync(path.join(attempt.folder, frame.file), frame.offset + frame.length - 7);
      await attempt.finish(reference);
      const told = recordsOf(attempt.folder).find(
        (record) => record.type === 'lifecycle' && record.event === 'recovered',
      );
      const { message } = told as { message: string };
      expect(message.match(/\d+ bytes/g)).toHaveLength(2);
      expectWords('warnings', 'recovery', linesWithoutNumbers(message));
    });
  });
});
