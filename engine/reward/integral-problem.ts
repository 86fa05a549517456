/**
 * The integral of a problem: from the column of the data, or read from its text (`\int ... dx`, with bounds or without).
 */
import { isScalar, type MathNode, symbolsOf } from '../grading/node.ts';
import { understand } from '../grading/understand.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { withoutEnd } from '../protocol/trim-end.ts';
import type { Group } from './types.ts';

/** An integral as it is written: texts that are not yet understood. */
interface WrittenIntegral {
  integrand: string;
  /** null if no differential names it. */
  variable: string | null;
  bounds: [from: string, to: string] | null;
}

export interface Integral {
  text: string;
  integrand: MathNode;
  variable: string;
  bounds: [from: MathNode, to: MathNode] | null;
}

const SUBSCRIPTS = '₀₁₂₃₄₅₆₇₈₉₋';
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹⁻';
/** Characters from the sign of an integral on in which it is searched for. */
const MAX_INTEGRAL_LENGTH = 10_000;
const INTEGRAL = /\\int(?![a-zA-Z])|∫/;
/** `dx`, `\mathrm{d}x`, `\,dt`: the sign of the variable is captured. */
const DIFFERENTIAL =
  /(?:\\(?:mathrm|text|operatorname|rm)\s*\{\s*d\s*\}|d)(?:\\[,;:! ]|\s)*(\\(?!(?:int|frac|sqrt|left|right|cdot)(?![a-zA-Z]))[a-zA-Z]+|[a-zA-Z])(?![A-Za-z])/g;

/** A bound after `_` or `^`, and what follows it. */
function bound(text: string): { bound: string; rest: string } | null {
  const s = text.trimStart();
  if (s[0] === '{') {
    let depth = 0;
    for (let i = 0; i < s.length; i++) {
      if (s[i] === '{') depth++;
      else if (s[i] === '}' && --depth === 0) return { bound: s.slice(1, i), rest: s.slice(i + 1) };
    }
    return null;
  }
  const one = /^(?:\\[a-zA-Z]+|[^\\\s])/.exec(s)?.[0];
  return one === undefined ? null : { bound: one, rest: s.slice(one.length) };
}

/** The first integral in a text; null without one. */
export function findIntegral(text: string): WrittenIntegral | null {
  const sign = INTEGRAL.exec(text);
  if (!sign) return null;
  const digits = (run: string, of: string) => [...run].map((c) => '0123456789-'[of.indexOf(c)]).join('');
  let rest = text
    .slice(sign.index + sign[0].length, sign.index + MAX_INTEGRAL_LENGTH)
    .replace(new RegExp(`^[${SUBSCRIPTS}]+`), (run) => `_{${digits(run, SUBSCRIPTS)}}`)
    .replace(new RegExp(`^(_\\{[^}]*\\})?([${SUPERSCRIPTS}]+)`), (_, low: string | undefined, run: string) => {
      return `${low ?? ''}^{${digits(run, SUPERSCRIPTS)}}`;
    })
    .replace(/^\s*\\(?:no)?limits(?![a-zA-Z])/, '');
  const bounds: Record<string, string> = {};
  for (let found = /^\s*([_^])/.exec(rest); found; found = /^\s*([_^])/.exec(rest)) {
    const read = bound(rest.slice(found[0].length));
    if (!read || bounds[found[1]!] !== undefined) return null;
    bounds[found[1]!] = read.bound;
    rest = read.rest;
  }
  const end = /\$|\\\)|\\\]|\\end(?![a-zA-Z])|\n/.exec(rest.trimStart());
  const region = end ? rest.trimStart().slice(0, end.index) : rest.trimStart();
  const { _: low, '^': high } = bounds;
  if ((low === undefined) !== (high === undefined)) return null;
  return {
    ...withoutDifferential(region),
    bounds: low === undefined || high === undefined ? null : [low, high],
  };
}

/** Where `d` and the sign after it may be a differential: not within a command such as `\delta`. */
function* differentials(text: string): Generator<RegExpExecArray> {
  const pattern = new RegExp(DIFFERENTIAL);
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    let word = match.index;
    while (/[A-Za-z]/.test(text[word - 1] ?? '')) word--;
    if (text[word - 1] !== '\\') yield match;
    else pattern.lastIndex = match.index + 1;
  }
}

function withoutThinSpace(text: string): string {
  let end = text.length;
  for (;;) {
    if (/\s/.test(text[end - 1] ?? '')) end--;
    else if (/[,;:! ]/.test(text[end - 1] ?? '') && text[end - 2] === '\\') end -= 2;
    else if (text[end - 1] === '\\' && text[end] === ' ') end--;
    else return text.slice(0, end);
  }
}

/** Cuts at the differential; one inside of brackets (`\frac{dx}{x}`) becomes a factor of 1. */
function withoutDifferential(text: string): { integrand: string; variable: string | null } {
  for (const match of differentials(text)) {
    const before = withoutThinSpace(text.slice(0, match.index));
    const depth = [...before.replace(/\\[{}]/g, '')].reduce(
      (n, c) => n + ('{(['.includes(c) ? 1 : '})]'.includes(c) ? -1 : 0),
      0,
    );
    const variable = match[1]!;
    if (depth <= 0) return { integrand: before.trim() || '1', variable };
    const behind = text.slice(match.index + match[0].length);
    return { integrand: withoutEnd(`${before} {1} ${behind}`, /[\s.,;?!]/), variable };
  }
  return { integrand: withoutEnd(text, /[\s.,;?!]/), variable: null };
}

/** The expression that a text says: of equations the last side; null where it says none. */
export function expressionIn(text: string): MathNode | null {
  for (const reading of understand(text).readings) {
    const node =
      reading.kind === 'relation' && reading.operators.every((o) => o === '=' || o === '~')
        ? reading.sides.at(-1)!
        : reading;
    if (isScalar(node)) return node;
  }
  return null;
}

/** The integrand, its variable and bounds. Throws `dataset`, with the problem's id, where no integral can be read. */
export function readIntegral(group: Group, { column }: { column: string }): Integral {
  const { text: problem, columns } = group.problem;
  const own = columns?.[column];
  const text = own === undefined || own === null || own === '' ? problem : String(own);
  const written: WrittenIntegral | null =
    findIntegral(text) ?? (text === problem ? null : { ...withoutDifferential(text), bounds: null });
  const wrong = (reason: string, what: string) =>
    new RollscopeError(
      'dataset',
      `The problem "${problem.slice(0, 80)}" ${what}.`,
      `Write the integral as \\int x^2 dx in the problem, or the integrand into the column "${column}".`,
      { details: { reason, field: column, problem } },
    );
  if (!written) throw wrong('no-integral', 'contains no integral to check');
  const integrand = expressionIn(written.integrand);
  if (!integrand)
    throw wrong('bad-integrand', `has an integrand that cannot be read: ${written.integrand.slice(0, 80)}`);
  const symbols = [...symbolsOf(integrand)];
  const variable = written.variable?.replace('\\', '') ?? (symbols.length === 1 ? symbols[0]! : 'x');
  const ends = written.bounds?.map((end) => expressionIn(end));
  if (ends?.includes(null)) throw wrong('bad-bounds', `has bounds that cannot be read: ${written.bounds!.join(', ')}`);
  return {
    text: written.integrand.trim(),
    integrand,
    variable,
    bounds: ends ? [ends[0]!, ends[1]!] : null,
  };
}
