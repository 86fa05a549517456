/**
 * Lean verification: a proof either compiles or not.
 *
 * Compiling a Lean file can run code, so what is not needed for proofs is refused before Lean sees it, and what counts
 * in the end is the kernel's word: the axioms that the theorem rests on. Whoever calls this has made sure that the
 * workspace is trusted.
 */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { RewardOptions } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { Check } from '../protocol/evidence.ts';
import { type BoundedResult, runBounded } from './bounded.ts';
import { lastCodeBlock } from './code-blocks.ts';
import { findProgram } from './find-program.ts';
import { inParallel } from './pool.ts';

type LeanOptions = Pick<RewardOptions['lean'], 'header' | 'seconds'>;

export interface LeanItem {
  response: string;
  /** What is to be proven, up to `:=`; a name that `#print axioms` can ask for follows from it. */
  statement?: string;
}

/** Lean maps its libraries, so a limit on memory must be wide. */
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
    'The reward "lean" needs the program lean, which is not on the path.',
    'Install Lean 4 (https://lean-lang.org/install), or choose another reward.',
  );
}

/**
 * Words that a proof does not need and that could make Lean accept what is not proven, or run programs while it compiles:
 * gaps, axioms, trust in compiled code, other implementations, new syntax, commands that compute.
 */
const REFUSED = new Set([
  'sorry',
  'admit',
  'axiom',
  'unsafe',
  'partial',
  'opaque',
  'native_decide',
  'implemented_by',
  'extern',
  'csimp',
  'macro',
  'macro_rules',
  'syntax',
  'notation',
  'infix',
  'infixl',
  'infixr',
  'prefix',
  'postfix',
  'elab',
  'elab_rules',
  'declare_syntax_cat',
  'initialize',
  'builtin_initialize',
  'run_cmd',
  'run_elab',
  'run_meta',
  'run_tac',
  '#eval',
  '#exit',
  '#reduce',
  'import',
  'IO',
]);
/** Axioms of Lean that mathematics rests on. */
const ACCEPTED_AXIOMS = new Set(['propext', 'Classical.choice', 'Quot.sound']);

/** Lean code without its comments, which nest. For code without strings: a string may hold what looks like a comment. */
function withoutComments(code: string): string {
  let out = '';
  let depth = 0;
  for (let i = 0; i < code.length; i++) {
    const two = code.slice(i, i + 2);
    if (two === '/-') depth++;
    else if (depth > 0 && two === '-/') depth--;
    else if (depth === 0 && two === '--') i = code.indexOf('\n', i) < 0 ? code.length : code.indexOf('\n', i) - 2;
    else {
      if (depth === 0) out += code[i];
      continue;
    }
    i++;
    out += ' ';
  }
  return out;
}

/** What of a text means something to Lean. Where there are strings, all of it is looked at. */
const meaning = (code: string) => (code.includes('"') ? code : withoutComments(code)).trim();

const words = (text: string) => text.replace(/\s+/g, ' ').trim();

/**
 * The file that Lean is to compile, or why there is none. With a statement the file is the statement and the proof, which
 * may repeat the statement; nothing of the response's stands before it, where it could change what the statement means.
 * Without a statement the response's own theorem is checked, whatever it says.
 */
function fileFor(options: LeanOptions, { response, statement }: LeanItem): { source: string } | { refused: string } {
  const proof = (lastCodeBlock(response, ['lean', 'lean4']) ?? response).trim();
  const bare = meaning(proof);
  const found = [...bare.matchAll(/(?<![.\p{L}\p{N}_])#?[\p{L}_][\p{L}\p{N}_!?']*/gu)].find(([word]) =>
    REFUSED.has(word),
  );
  if (found) return { refused: `the proof contains "${found[0]}", which is not allowed` };
  if (/\bset_option\s+debug\b/.test(bare)) return { refused: 'the proof sets a debug option, which is not allowed' };
  const asked = statement === undefined ? null : statement.replace(/:=\s*(?:by|sorry|by\s+sorry)?\s*$/, '').trim();
  let theorem = bare;
  if (asked) {
    const same = words(meaning(asked));
    const rest = words(bare).startsWith(same) ? afterWords(bare, same.length) : bare;
    theorem = `${asked} ${/^(?::=|\||where\b)/.test(rest) ? '' : ':= '}${rest}`;
  } else if (
    !/^\s*(?:@\[[^\]]*\]\s*)?(?:theorem|lemma|example|open|namespace|variable|section|noncomputable|def)\b/.test(bare)
  ) {
    return { refused: 'the response holds no theorem' };
  }
  const name = /(?:^|\n)\s*(?:theorem|lemma)\s+([^\s:({[]+)/.exec(asked ?? theorem)?.[1];
  const question = name === undefined ? '' : `\n\n#print axioms ${name}\n`;
  return { source: `${options.header}\n${theorem}${question}` };
}

/** What follows the first `length` characters of a text, counted with single blanks. */
function afterWords(text: string, length: number): string {
  let at = 0;
  for (let seen = 0; seen < length; seen++) {
    if (/\s/.test(text[at]!)) while (/\s/.test(text[at]!)) at++;
    else at++;
  }
  return text.slice(at).trim();
}

/**
 * Checks the proof in each response: the last closed block of Lean code, or the whole response. The score is 1 if Lean
 * accepts it without errors, without gaps, and on Lean's own axioms alone (`propext`, `Classical.choice`, `Quot.sound`,
 * asked of the kernel where the theorem has a name); else 0. `native_decide` is not accepted: it trusts the compiler.
 * Lean gets the environment's LEAN_PATH and its like, and an empty folder.
 * @throws RollscopeError `config` without Lean, `cancelled` where `signal` ended it
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
    const failure = await compile(lean, file.source, options.seconds, signal);
    return failure === null ? { score: 1, detail: 'Lean accepts the proof' } : { score: 0, detail: failure };
  });
}

/** Why Lean does not accept a file; null where it does. */
async function compile(lean: string, source: string, seconds: number, signal?: AbortSignal): Promise<string | null> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'rollscope-lean-'));
  try {
    await fs.writeFile(path.join(folder, 'Proof.lean'), source);
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
    return failureIn(result, seconds, source);
  } finally {
    await fs.rm(folder, { recursive: true, force: true });
  }
}

/** Where elan keeps its toolchains, and where Lean finds libraries. */
function leanVariables(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) =>
    /^(?:HOME|USERPROFILE|LEAN_.*|ELAN_.*|LAKE_.*)$/.test(name),
  );
  return Object.fromEntries(kept);
}

function failureIn({ code, reason, stdout, stderr }: BoundedResult, seconds: number, source: string): string | null {
  if (reason === 'time') return `Lean takes more than ${seconds} s`;
  if (reason === 'memory') return `Lean takes more than ${MEGABYTES} MB of memory`;
  if (reason === 'output') return 'Lean prints too much';
  const output = `${stdout}\n${stderr}`;
  const error = /^(?:[^\n:]*:(\d+):\d+: )?error:?\s*([^\n]*)/m.exec(output);
  if (error) return `Lean refuses the proof${error[1] ? `, line ${error[1]}` : ''}: ${error[2]!.slice(0, 300)}`;
  if (code !== 0) return `Lean ended with status ${code}: ${words(output).slice(0, 300)}`;
  if (/declaration uses '?`?sorry/.test(output)) return 'Lean says that the proof uses sorry';
  if (!source.includes('#print axioms')) return null;
  const rests = /depends on axioms: \[([^\]]*)\]/.exec(output);
  if (!rests)
    return /does not depend on any axioms/.test(output) ? null : 'Lean did not say which axioms the proof uses';
  const others = rests[1]!.split(/[\s,]+/).filter((axiom) => axiom !== '' && !ACCEPTED_AXIOMS.has(axiom));
  return others.length > 0 ? `the proof rests on ${others.join(', ')}` : null;
}
