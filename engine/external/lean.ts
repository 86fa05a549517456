/**
 * Lean verification: a proof either compiles or not.
 *
 * Compiling a Lean file can run code, so what is not needed for proofs is refused before Lean sees it, and what counts
 * in the end is what Lean says last of the theorem: the axioms that it rests on. The words refused are a list, and no
 * proof that none is missing: who must be sure has what Lean compiled checked by another program. Whoever calls this has
 * made sure that the workspace is trusted.
 */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';
import type { Check } from '../protocol/evidence.ts';
import { type BoundedResult, runBounded } from '../system/bounded.ts';
import { lastCodeBlock } from './code-blocks.ts';
import { findProgram } from './find-program.ts';
import { inParallel } from './pool.ts';

interface LeanOptions {
  /** Imports at the head of every file. */
  header: string;
  /** Time for one proof. */
  seconds: number;
}

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
    'The reward "lean" needs the program lean, which is not on the PATH.',
    'Install Lean 4 (https://lean-lang.org/install), or choose another reward.',
    { details: { reason: 'program-not-found', program: 'lean' } },
  );
}

/**
 * Words that a proof does not need and that could make Lean accept what is not proven, or run programs while it compiles:
 * gaps, axioms, trust in compiled code, other implementations, new syntax, code for Lean's own work (which could also
 * answer for it).
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
  'by_elab',
  'term_elab',
  'command_elab',
  'tactic',
  'term_parser',
  'command_parser',
  'tactic_parser',
  'simproc',
  'simproc_decl',
  'dsimproc',
  'dsimproc_decl',
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
 * The word of a response that is not allowed; null where there is none. Commands that begin with # are none of a proof's,
 * and could print what looks like an answer to ours. (`#s` is no command but the size of a set, and the statement may ask
 * for sets with longer names.)
 */
function refusedIn(bare: string, statement = ''): string | null {
  const numberSigns = (code: string): string[] => code.match(/#[A-Za-z]{2}[\w!?]*/g) ?? [];
  const given = numberSigns(statement);
  const command = numberSigns(bare).find((word) => !given.includes(word));
  if (command !== undefined) return command;
  // wherever it stands in a name: `_root_.sorryAx`
  if (/(?<![\p{L}\p{N}_])sorryAx(?![\p{L}\p{N}_!?'])/u.test(bare)) return 'sorryAx';
  const all = bare.matchAll(/(?<![.\p{L}\p{N}_])[\p{L}_][\p{L}\p{N}_!?']*/gu);
  return [...all].find(([word]) => REFUSED.has(word))?.[0] ?? null;
}

/** The full name of the first theorem of a text that follows a header: with the namespaces that are open there. */
function theoremIn(text: string, header: string): string | null {
  const found =
    /(?:^|\n)\s*(?:@\[[^\]]*\]\s*)*(?:(?:protected|noncomputable|nonrec)\s+)*(?:theorem|lemma)\s+([^\s:({[]+)/.exec(
      text,
    );
  if (!found) return null;
  const open: string[] = [];
  for (const [, word, name] of `${meaning(header)}\n${text.slice(0, found.index)}`.matchAll(
    /(?<![^\s])(namespace|section|end)\b[^\S\n]*([^\s]*)/g,
  )) {
    if (word === 'end') open.pop();
    else open.push(word === 'namespace' ? name! : '');
  }
  // `two.{u}` names the theorem and its universes
  const name = found[1]!.replace(/\.$/, '');
  return name.startsWith('_root_.') ? name.slice(7) : [...open.filter((part) => part !== ''), name].join('.');
}

interface ProofFile {
  source: string;
  /** The theorem that Lean is asked about; null where it has no name. */
  theorem: string | null;
}

/**
 * The file that Lean is to compile, or why there is none. With a statement the file is the statement and the proof, which
 * may repeat the statement; nothing of the response's stands before it, where it could change what the statement means.
 * Without a statement the response's own theorem is checked, whatever it says.
 */
function fileFor({ header }: LeanOptions, { response, statement }: LeanItem): ProofFile | { refused: string } {
  const proof = (lastCodeBlock(response, ['lean', 'lean4']) ?? response).trim();
  const bare = meaning(proof);
  const refused = refusedIn(bare, statement);
  if (refused !== null) return { refused: `the proof contains "${refused}", which is not allowed` };
  if (/\bset_option\s+debug\b/.test(bare)) return { refused: 'the proof sets a debug option, which is not allowed' };
  const asked = statement === undefined ? null : statement.replace(/:=\s*(?:by|sorry|by\s+sorry)?\s*$/, '').trim();
  let code = bare;
  if (asked) {
    const same = words(meaning(asked));
    const rest = words(bare).startsWith(same) ? afterWords(bare, same.length) : bare;
    code = `${asked} ${/^(?::=|\||where\b)/.test(rest) ? '' : ':= '}${rest}`;
  } else if (
    !/^\s*(?:@\[[^\]]*\]\s*)?(?:theorem|lemma|example|open|namespace|variable|section|noncomputable|def)\b/.test(bare)
  ) {
    return { refused: 'the response contains no theorem' };
  }
  const theorem = theoremIn(asked || code, header);
  const question = theorem === null ? '' : `\n\n#print axioms ${theorem}\n`;
  return { source: `${header}\n${code}${question}`, theorem };
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
 * asked of Lean where the theorem has a name); else 0. `native_decide` is not accepted: it trusts the compiler.
 * Lean gets the environment's LEAN_PATH and its like, and an empty folder.
 * @throws RollscopeError `config` without Lean, `canceled` where `signal` ended it
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

/** Why Lean does not accept a file; null where it does. */
async function compile(lean: string, file: ProofFile, seconds: number, signal?: AbortSignal): Promise<string | null> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'rollscope-lean-'));
  try {
    await fs.writeFile(path.join(folder, 'Proof.lean'), file.source);
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

function failureIn(
  { code, reason, stdout, stderr }: BoundedResult,
  seconds: number,
  theorem: string | null,
): string | null {
  if (reason === 'time') return `Lean exceeded the time limit of ${seconds} s`;
  if (reason === 'memory') return `Lean exceeded the memory limit of ${MEGABYTES} MB`;
  if (reason === 'output') return 'Lean exceeded the output limit';
  const output = `${stdout}\n${stderr}`;
  const error = /^(?:[^\n:]*:(\d+):\d+: )?error:?\s*([^\n]*)/m.exec(output);
  if (error) return `Lean rejects the proof${error[1] ? `, line ${error[1]}` : ''}: ${error[2]!.slice(0, 300)}`;
  if (code !== 0) return `Lean exited with status ${code}: ${words(output).slice(0, 300)}`;
  if (/declaration uses '?`?sorry/.test(output)) return 'the proof uses sorry';
  if (theorem === null) return null;
  const axioms = axiomsOf(theorem, stdout);
  if (axioms === null) return 'Lean did not report the axioms of the proof';
  const others = axioms.filter((axiom) => !ACCEPTED_AXIOMS.has(axiom));
  return others.length > 0 ? `the proof depends on axioms: ${others.join(', ')}` : null;
}

/** The axioms in the last thing that Lean says of a theorem, since our question comes last; null where it says none. */
function axiomsOf(theorem: string, output: string): string[] | null {
  const said =
    /^(?:[^\n']*:\d+:\d+: (?:info: )?)?'(.+)' (?:depends on axioms: \[([^\]]*)\]|does not depend on any axioms)/gm;
  const last = [...output.matchAll(said)].filter(([, name]) => name === theorem).at(-1);
  return last ? (last[2] ?? '').split(/[\s,]+/).filter((axiom) => axiom !== '') : null;
}
