/**
 * Lean verification: a proof either compiles or not.
 *
 * Compiling a Lean file can run code, so words that proofs do not need are rejected in advance (`proof-file.ts`), and the
 * last thing that Lean reports about the theorem decides: the axioms it depends on. For certainty, check the compiled file
 * with an independent program. Callers must make sure that the workspace is trusted.
 */

import path from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';
import type { Check, LeanItem, LeanOptions } from '../protocol/programs.ts';
import { type BoundedResult, runBounded } from '../system/bounded.ts';
import { inTemporaryFolder, writeInPlace } from '../system/files.ts';
import { findProgram } from './find-program.ts';
import { inParallel } from './pool.ts';
import { fileFor, type ProofFile, words } from './proof-file.ts';

/** Generous, since Lean memory-maps its libraries. */
const MEGABYTES = 8192;
const OUTPUT_BYTES = 1024 * 1024;

/**
 * Absolute path of `lean`.
 * @throws RollscopeError `config` that says what to install
 */
export async function requireLean(): Promise<string> {
  const found = await findProgram('lean');
  if (found !== null) return found;
  throw new RollscopeError(
    'config',
    'The reward "lean" needs the program lean, which is not on the PATH.',
    'Install Lean 4 (https://lean-lang.org/install), or choose another reward.',
    { details: { reason: 'program-not-found', program: 'lean' } },
  );
}

/** Lean's standard axioms. */
const ACCEPTED_AXIOMS = new Set(['propext', 'Classical.choice', 'Quot.sound']);

/**
 * Checks the proof in each response: the last closed Lean code block, or the whole response. The score is 1 if Lean accepts
 * it without errors or gaps, using only the standard axioms (`propext`, `Classical.choice`, `Quot.sound`; checked with
 * Lean if the theorem has a name); else 0. `native_decide` is not accepted, since it trusts the compiler. Lean gets
 * LEAN_PATH and similar variables, and an empty folder.
 * @throws RollscopeError `config` without Lean, `canceled` if aborted by `signal`
 */
export async function checkLean(
  options: LeanOptions,
  items: readonly LeanItem[],
  signal?: AbortSignal,
): Promise<Check[]> {
  const lean = await requireLean();
  return inParallel(items, async (item) => {
    const file = fileFor(options, item);
    if ('refused' in file) return { score: 0, detail: file.refused };
    const failure = await compile(lean, file, options.seconds, signal);
    return failure === null ? { score: 1, detail: 'Lean accepts the proof' } : { score: 0, detail: failure };
  });
}

/** Why Lean rejects a file; null if it accepts it. */
async function compile(lean: string, file: ProofFile, seconds: number, signal?: AbortSignal): Promise<string | null> {
  return inTemporaryFolder('rollscope-lean', async (folder) => {
    await writeInPlace(path.join(folder, 'Proof.lean'), file.source);
    const result = await runBounded({
      command: lean,
      args: ['Proof.lean'],
      cwd: folder,
      variables: leanVariables(),
      seconds,
      megabytes: MEGABYTES,
      outputBytes: OUTPUT_BYTES,
      signal,
    });
    return failureIn(result, seconds, file.theorem);
  });
}

/** Environment variables with the locations of elan's toolchains and Lean's libraries. */
function leanVariables(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) =>
    /^(?:HOME|USERPROFILE|LEAN_.*|ELAN_.*|LAKE_.*)$/.test(name),
  );
  return Object.fromEntries(kept);
}

function failureIn(
  { code, reason, stdout, stderr }: BoundedResult,
  seconds: number,
  theorem: string | null,
): string | null {
  if (reason === 'time') return `Lean exceeded the time limit of ${seconds} s`;
  if (reason === 'memory') return `Lean exceeded the memory limit of ${MEGABYTES} MB`;
  if (reason === 'output') return 'Lean exceeded the output limit';
  const output = `${stdout}\n${stderr}`;
  const error = errorIn(output);
  if (error) return `Lean rejects the proof${error.line ? `, line ${error.line}` : ''}: ${error.message.slice(0, 300)}`;
  if (code !== 0) return `Lean exited with status ${code}: ${words(output).slice(0, 300)}`;
  if (/declaration uses '?`?sorry/.test(output)) return 'the proof uses sorry';
  if (theorem === null) return null;
  const axioms = axiomsOf(theorem, stdout);
  if (axioms === null) return 'Lean did not report the axioms of the proof';
  const others = axioms.filter((axiom) => !ACCEPTED_AXIOMS.has(axiom));
  return others.length > 0 ? `the proof depends on axioms: ${others.join(', ')}` : null;
}

/** The first error reported by Lean. */
function errorIn(output: string): { line: string | undefined; message: string } | null {
  const lines = output.split('\n');
  for (const [i, line] of lines.entries()) {
    const found = /^(?:[^:]*:(\d+):\d+: )?error:?/.exec(line);
    if (!found) continue;
    const [message = ''] = lines.slice(i).join('\n').slice(found[0].length).trimStart().split('\n', 1);
    return { line: found[1], message };
  }
  return null;
}

/** The axioms in Lean's last report about a theorem, which answers our question; null if there is no report. */
function axiomsOf(theorem: string, output: string): string[] | null {
  const said = /' (?:depends on axioms: \[([^[\]]*)\]|does not depend on any axioms)/g;
  const last = [...output.matchAll(said)]
    .filter(({ index }) => {
      const line = output.slice(output.lastIndexOf('\n', index) + 1, index);
      const quote = line.indexOf("'");
      return (
        quote >= 0 &&
        line.slice(quote + 1) === theorem &&
        (quote === 0 || /:\d+:\d+: (?:info: )?$/.test(line.slice(0, quote)))
      );
    })
    .at(-1);
  return last ? (last[1] ?? '').split(/[\s,]+/).filter((axiom) => axiom !== '') : null;
}
