/**
 * Runs a reader on many inputs. It may refuse each (a `RollscopeError`) and must do nothing else: no other error, no
 * rejection that nobody handles. An input that does is saved below `tests/fuzz/cases`, and tried first from then on.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { RollscopeError } from '../../../engine/protocol/errors.ts';
import { ROOT } from '../../support/processes.ts';
import { within } from '../../support/wait.ts';
import { Random } from './mutate.ts';

/** Inputs of all targets together, and the seed; `npm run fuzz -- --inputs N --seed S` sets both. */
const INPUTS = Number(process.env.FUZZ_INPUTS ?? 10_000);
const SEED = Number(process.env.FUZZ_SEED ?? 1);
/** Milliseconds after which an input hangs, on a machine that is busy elsewhere. */
const HANG = 120_000;
const CASES = path.join(ROOT, 'tests', 'fuzz', 'cases');

export interface Target {
  /** Name of the test, and of the folder of its cases. */
  name: string;
  /** Part of all inputs, in thousandths; those of all targets add up to about 1000. */
  share: number;
  /** Makes an input. */
  make: (random: Random) => Buffer | Promise<Buffer>;
  /** Reads it. Throws RollscopeError where it refuses. */
  run: (input: Buffer) => unknown;
  /** Errors that are refusals here, in addition to RollscopeError. */
  refuses?: (error: unknown) => boolean;
}

export function fuzz({ name, share, make, run, refuses = () => false }: Target): void {
  test(name, async () => {
    const count = Math.max(1, Math.round((INPUTS * share) / 1000));
    const unhandled: unknown[] = [];
    const remember = (error: unknown) => {
      unhandled.push(error);
    };
    process.on('unhandledRejection', remember);
    let refused = 0;
    let slowest = 0;
    const fault = async (input: Buffer): Promise<unknown> => {
      const start = performance.now();
      try {
        await bounded(run(input));
      } catch (error) {
        if (!(error instanceof RollscopeError) && !refuses(error)) return error;
        if (error instanceof RollscopeError && error.code === 'internal') return error;
        refused++;
      }
      slowest = Math.max(slowest, performance.now() - start);
      // An unhandled rejection is reported after the tasks of this turn.
      await new Promise((resolve) => setImmediate(resolve));
      return unhandled.splice(0)[0];
    };
    try {
      for (const file of casesOf(name)) {
        const error = await fault(readFileSync(file));
        if (error !== undefined) throw finding(`The case ${path.relative(ROOT, file)}`, error);
      }
      for (let i = 0; i < count; i++) {
        const input = await make(new Random(SEED, keyOf(name), i));
        const error = await fault(input);
        if (error === undefined) continue;
        const file = save(name, input);
        throw finding(`Input ${i} of seed ${SEED}, saved as ${path.relative(ROOT, file)},`, error);
      }
    } finally {
      process.off('unhandledRejection', remember);
    }
    console.log(`fuzz ${name}: ${count} inputs, seed ${SEED}, ${refused} refused, ${Math.round(slowest)} ms at most`);
    expect(count).toBeGreaterThan(0);
  });
}

/** Something that neither comes to an end nor computes is a finding too. */
async function bounded(running: unknown): Promise<void> {
  let ended = false;
  const end = Promise.resolve(running).finally(() => {
    ended = true;
  });
  await within(HANG, end);
  if (!ended) throw new Error(`It has not ended after ${HANG / 1000} s.`);
  await end;
}

function finding(what: string, error: unknown): Error {
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Error(`${what} is neither read nor refused: ${cause}`, { cause: error });
}

function keyOf(name: string): number {
  return createHash('sha256').update(name).digest().readInt32LE(0);
}

function casesOf(name: string): string[] {
  const folder = path.join(CASES, name);
  return existsSync(folder) ? readdirSync(folder).map((file) => path.join(folder, file)) : [];
}

function save(name: string, input: Buffer): string {
  const folder = path.join(CASES, name);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, createHash('sha256').update(input).digest('hex').slice(0, 12));
  writeFileSync(file, input);
  return file;
}
