/** Refusals: tests assert code and details; the wording is in `tests/wording/refusals.txt`. */
import { expect } from 'vitest';
import { type ErrorData, RollscopeError } from '../../engine/protocol/index.ts';
import { expectWords } from './wording.ts';

type Facts = Record<string, unknown>;

/**
 * Checks that an error is a refusal with this code and these facts (including its reason), and that its wording is known.
 */
export function expectRefusal(error: unknown, code: ErrorData['code'], facts: Facts): void {
  const { message, hint, details, ...rest } = error as ErrorData;
  if (error instanceof Error && !(error instanceof RollscopeError)) throw error;
  expect({ code: rest.code, details }, message).toMatchObject({ code, details: facts });
  if (!details) throw new Error(`The error has no details: ${message}`);
  // In hints, numbers are advice rather than facts of the error.
  const texts = Object.fromEntries(Object.entries(details).filter(([, value]) => typeof value === 'string'));
  const advice = hint === undefined ? '' : `\n→ ${withNames(hint, texts)}`;
  expectWords('refusals', `${code} ${details.reason}`, `${withNames(message, details)}${advice}`);
}

/** The error that `work` is refused with. */
export async function refusalOf(work: Promise<unknown>): Promise<RollscopeError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof RollscopeError) return error;
  throw error ?? new Error('It was not refused.');
}

/** Checks that a promise is refused with this code and these facts. */
export async function expectRejection(work: Promise<unknown>, code: ErrorData['code'], facts: Facts): Promise<void> {
  expectRefusal(await refusalOf(work), code, facts);
}

/** Checks that a function is refused with this code and these facts. */
export function expectThrow(work: () => unknown, code: ErrorData['code'], facts: Facts): void {
  let error: unknown = new Error('It was not refused.');
  try {
    work();
  } catch (thrown) {
    error = thrown;
  }
  expectRefusal(error, code, facts);
}

/** Facts that are words themselves and stay. */
const KEYWORD_FACTS: ReadonlySet<string> = new Set(['reason', 'fault', 'state', 'message', 'expected']);
/** Facts that may be any word: replaced only in quotes. */
const ANY_WORD: ReadonlySet<string> = new Set(['value', 'field', 'found', 'nearest', 'text']);

/** Facts that are texts from other programs. */
const FOREIGN_TEXT_FACTS: ReadonlySet<string> = new Set(['system', 'output']);

/** A text whose values are replaced by the names of the details that contain them. */
export function withNames(text: string, details: Facts): string {
  const facts = Object.entries(details)
    .filter(([name, value]) => !KEYWORD_FACTS.has(name) && (typeof value === 'string' || typeof value === 'number'))
    .map(([name, value]) => [name, String(value)] as const)
    .filter(([name, value]) => value !== '' && (value !== name || name === 'run'))
    .sort(([, a], [, b]) => b.length - a.length);
  return facts.reduce((left, [name, value]) => {
    if (FOREIGN_TEXT_FACTS.has(name)) return left.replaceAll(value, `{${name}}`);
    const literal = value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const isWord = /^[a-z]+$/i.test(value);
    const inQuotes = isWord && ANY_WORD.has(name);
    // A run may be named `run`, or any word.
    if (isWord && name === 'run') return left.replace(new RegExp(`(?<=\\brun |')${literal}(?![\\w}])`, 'g'), '{run}');
    const [joins, ends] = isWord ? ['\\w.{/-', '\\w}/-'] : ['\\w.{', '\\w}'];
    const pattern = inQuotes ? `(?<=['"])${literal}(?=['"])` : `(?<![${joins}])${literal}(?![${ends}]|\\.\\w)`;
    // A word may occur again in its ordinary meaning.
    return left.replace(new RegExp(pattern, isWord && !inQuotes ? '' : 'g'), `{${name}}`);
  }, text);
}
