/**
 * Builds the file for Lean from a response, after rejecting words that proofs do not need. The list of rejected words is
 * not guaranteed to be complete. Pure.
 */

import { integer } from '../protocol/format.ts';
import type { LeanItem, LeanOptions } from '../protocol/programs.ts';
import { lastCodeBlock } from './code-blocks.ts';

/**
 * Words that proofs do not need, and that could make Lean accept something unproven or run programs at compile time: gaps,
 * axioms, trust in compiled code, alternative implementations, new syntax, metaprogramming (which could also forge Lean's
 * output).
 */
const FORBIDDEN_WORDS = new Set([
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

/** Lean code without its comments, which nest. Only for code without strings, which may contain comment marks. */
function withoutComments(code: string): string {
  const parts: string[] = [];
  let depth = 0;
  for (let at = 0; ; ) {
    const mark = depth > 0 ? MARKS_WITHIN : MARKS;
    mark.lastIndex = at;
    const found = mark.exec(code);
    if (depth === 0) parts.push(code.slice(at, found?.index));
    if (!found) break;
    parts.push(' ');
    at = found.index + 2;
    if (found[0] === '/-') depth++;
    else if (found[0] === '-/') depth--;
    else {
      at = code.indexOf('\n', at);
      if (at < 0) break;
    }
  }
  return parts.join('');
}

/** Matches the start of a comment; within one, the start or end of a comment. */
const [MARKS, MARKS_WITHIN] = [/\/-|--/g, /\/-|-\//g];

/** The code without comments; if it contains strings, the whole code. */
const codeWithoutComments = (code: string) => (code.includes('"') ? code : withoutComments(code)).trim();

/** Collapses white space to single spaces and trims it. */
export const words = (text: string) => text.replace(/\s+/g, ' ').trim();

/**
 * The first forbidden word of a response; null if there is none. Proofs do not need commands that begin with #, which
 * could print fake answers to our question. (`#s` is not a command but the size of a set, and the statement may contain
 * sets with longer names.)
 */
function refusedIn(bare: string, statement = ''): string | null {
  const numberSigns = (code: string): string[] => code.match(/#[A-Za-z]{2}[\w!?]*/g) ?? [];
  const given = numberSigns(statement);
  const command = numberSigns(bare).find((word) => !given.includes(word));
  if (command !== undefined) return command;
  // anywhere in a name: `_root_.sorryAx`
  if (/(?<![\p{L}\p{N}_])sorryAx(?![\p{L}\p{N}_!?'])/u.test(bare)) return 'sorryAx';
  const all = bare.matchAll(/(?<![.\p{L}\p{N}_])[\p{L}_][\p{L}\p{N}_!?']*/gu);
  return [...all].find(([word]) => FORBIDDEN_WORDS.has(word))?.[0] ?? null;
}

/** The position of the first theorem at the start of a line, including its attributes and modifiers, and its name. */
function declarationIn(text: string): { start: number; name: string } | null {
  const skip = (pattern: RegExp, from: number) => {
    pattern.lastIndex = from;
    return pattern.test(text) ? pattern.lastIndex : from;
  };
  const lastBracket = text.lastIndexOf(']');
  for (let start = 0; start >= 0; ) {
    let at = skip(/\s+/y, start);
    while (text.startsWith('@[', at) && at < lastBracket) at = skip(/\s+/y, text.indexOf(']', at) + 1);
    const named = /(?:(?:protected|noncomputable|nonrec)\s+)*(?:theorem|lemma)\s+([^\s:({[]+)/y;
    named.lastIndex = at;
    const found = named.exec(text);
    if (found) return { start, name: found[1]! };
    const line = text.indexOf('\n', Math.max(at, start + 1));
    start = line < 0 ? -1 : line + 1;
  }
  return null;
}

/** The full name of the first theorem in a text that follows a header, with the namespaces open there. */
function theoremIn(text: string, header: string): string | null {
  const found = declarationIn(text);
  if (!found) return null;
  const open: string[] = [];
  for (const [, word, name] of `${codeWithoutComments(header)}\n${text.slice(0, found.start)}`.matchAll(
    /(?<![^\s])(namespace|section|end)\b[^\S\n]*([^\s]*)/g,
  )) {
    if (word === 'end') open.pop();
    else open.push(word === 'namespace' ? name! : '');
  }
  // `two.{u}` is the theorem with its universes
  const name = found.name.replace(/\.$/, '');
  return name.startsWith('_root_.') ? name.slice(7) : [...open.filter((part) => part !== ''), name].join('.');
}

/** Maximum length of a proof, in characters. */
const MAX_PROOF_LENGTH = 100_000;

/** Commands with which a response may begin if there is no statement. */
const COMMAND = /^(?:theorem|lemma|example|open|namespace|variable|section|noncomputable|def)\b/;

export interface ProofFile {
  source: string;
  /** The theorem whose axioms are requested; null if it has no name. */
  theorem: string | null;
}

/**
 * The file for Lean, or why there is none. With a statement, the file contains the statement and the proof, which may
 * repeat the statement; no part of the response precedes the statement, so it cannot change its meaning. Without a
 * statement, the response's own theorem is checked, no matter what it says.
 */
export function fileFor({ header }: LeanOptions, { response, statement }: LeanItem): ProofFile | { refused: string } {
  const proof = (lastCodeBlock(response, ['lean', 'lean4']) ?? response).trim();
  if (proof.length > MAX_PROOF_LENGTH)
    return { refused: `the proof is longer than ${integer(MAX_PROOF_LENGTH)} characters` };
  const bare = codeWithoutComments(proof);
  const refused = refusedIn(bare, statement);
  if (refused !== null) return { refused: `the proof contains "${refused}", which is not allowed` };
  if (/\bset_option\s+debug\b/.test(bare)) return { refused: 'the proof sets a debug option, which is not allowed' };
  const asked =
    statement === undefined
      ? null
      : statement
          .trim()
          .replace(/:=\s*(?:by|sorry|by\s+sorry)?$/, '')
          .trim();
  let code = bare;
  if (asked) {
    const same = words(codeWithoutComments(asked));
    const rest = words(bare).startsWith(same) ? textAfter(bare, same.length) : bare;
    code = `${asked} ${/^(?::=|\||where\b)/.test(rest) ? '' : ':= '}${rest}`;
  } else if (!COMMAND.test(bare.replace(/^@\[[^\]]*\]/, '').trimStart())) {
    return { refused: 'the response contains no theorem' };
  }
  const theorem = theoremIn(asked || code, header);
  const question = theorem === null ? '' : `\n\n#print axioms ${theorem}\n`;
  return { source: `${header}\n${code}${question}`, theorem };
}

/** The text after the first `length` characters, counting white space as single spaces. */
function textAfter(text: string, length: number): string {
  let at = 0;
  for (let seen = 0; seen < length; seen++) {
    if (/\s/.test(text[at]!)) while (/\s/.test(text[at]!)) at++;
    else at++;
  }
  return text.slice(at).trim();
}
