/**
 * Reward expressions: a name, a weighted sum, or one reward gated by another.
 *
 *   majority-vote
 *   majority-vote + 0.1*trajectory-entropy
 *   self-certainty if majority-vote
 *   probability if empo > 0.6
 *
 * Grammar: `expression = sum ["if" sum [">" number]]`, `sum = term {("+" | "-") term}`, `term = [number "*"] factor`,
 * `factor = name | "(" expression ")"`. A minus sign is between spaces, because names hold hyphens. Pure.
 */

import { RollscopeError } from './errors.ts';
import { capitalized } from './texts.ts';

/** Default threshold of a gate. */
export const GATE = 0.5;

export type RewardExpression<Name extends string = string> =
  | { kind: 'reward'; name: Name }
  | { kind: 'sum'; terms: { weight: number; of: RewardExpression<Name> }[] }
  | { kind: 'gate'; of: RewardExpression<Name>; by: RewardExpression<Name>; above: number };

const TOKEN = /\s*(?:(\d+(?:\.\d+)?(?:e[+-]?\d+)?)|([a-z][a-z0-9]*(?:-[a-z0-9]+)*)|([-+*()>]))/iy;

/** What can be expected at a position, as a detail of the error and in its text. */
const EXPECTED = { reward: 'a reward', number: 'a number', '*': '"*"', ')': '")"', end: 'the end' } as const;

interface Token {
  kind: 'number' | 'name' | 'sign';
  text: string;
}

/** The error for a text, from the reason and the details. */
type Complaint = (
  message: string,
  facts: { fault: string; found?: string | null; expected?: string },
) => RollscopeError;

function tokensOf(text: string, wrong: Complaint): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) {
      const found = text.slice(at).trim()[0]!;
      throw wrong(`unexpected "${found}"`, { fault: 'unexpected', found });
    }
    const [, number, name, sign] = match;
    tokens.push(
      number !== undefined
        ? { kind: 'number', text: number }
        : name !== undefined
          ? { kind: 'name', text: name }
          : { kind: 'sign', text: sign! },
    );
  }
  const tooLarge = tokens.find(({ kind, text }) => kind === 'number' && !Number.isFinite(Number(text)));
  if (tooLarge) throw wrong(`the number ${tooLarge.text} is too large`, { fault: 'too-large', found: tooLarge.text });
  return tokens;
}

/**
 * Parses an expression; names must be among `names` if given.
 * @throws RollscopeError `config`, with the names that exist or what was expected
 */
export function parseReward<Name extends string>(text: string, names?: readonly Name[]): RewardExpression<Name> {
  const listed = names ? ` Rewards: ${names.join(', ')}.` : '';
  const wrong: Complaint = (message, facts) =>
    new RollscopeError(
      'config',
      `${capitalized(message)} in "${text}".`,
      `Write a name, a sum such as "majority-vote + 0.1*trajectory-entropy", or a gate such as "self-certainty if majority-vote".${listed}`,
      { details: { reason: 'bad-expression', value: text, ...facts } },
    );
  const tokens = tokensOf(text, wrong);
  let next = 0;
  let depth = 0;
  const take = (kind: Token['kind'], ...texts: string[]): string | null => {
    const token = tokens[next];
    if (token?.kind !== kind || (texts.length > 0 && !texts.includes(token.text))) return null;
    next++;
    return token.text;
  };
  const expected = (name: keyof typeof EXPECTED) => {
    const found = tokens[next]?.text ?? null;
    const what = EXPECTED[name];
    const message = found === null ? `${what} is missing at the end` : `"${found}" found where ${what} is expected`;
    return wrong(message, { fault: 'unexpected', found, expected: name });
  };
  const factor = (): RewardExpression<Name> => {
    if (take('sign', '(')) {
      if (++depth > 50) throw wrong('parentheses are nested too deeply', { fault: 'too-deep' });
      const inner = expression();
      depth--;
      if (!take('sign', ')')) throw expected(')');
      return inner;
    }
    const name = take('name');
    if (name === null || name === 'if')
      throw next > 0 && name === 'if'
        ? wrong('"if" needs a reward before it', { fault: 'unexpected', found: 'if', expected: 'reward' })
        : expected('reward');
    if (names && !(names as readonly string[]).includes(name)) {
      throw new RollscopeError('config', `Unknown reward "${name}".`, listed.trim(), {
        details: { reason: 'unknown-reward', value: name },
      });
    }
    return { kind: 'reward', name: name as Name };
  };
  const term = (sign: number) => {
    const number = take('number');
    if (number === null) return { weight: sign, of: factor() };
    if (!take('sign', '*')) throw expected('*');
    return { weight: sign * Number(number), of: factor() };
  };
  const sum = (): RewardExpression<Name> => {
    const terms = [term(take('sign', '-') ? -1 : 1)];
    for (let sign = take('sign', '+', '-'); sign !== null; sign = take('sign', '+', '-')) {
      terms.push(term(sign === '-' ? -1 : 1));
    }
    return terms.length === 1 && terms[0]!.weight === 1 ? terms[0]!.of : { kind: 'sum', terms };
  };
  const expression = (): RewardExpression<Name> => {
    const of = sum();
    if (!take('name', 'if')) return of;
    const by = sum();
    if (!take('sign', '>')) return { kind: 'gate', of, by, above: GATE };
    const sign = take('sign', '-') ? -1 : 1;
    const above = take('number');
    if (above === null) throw expected('number');
    return { kind: 'gate', of, by, above: sign * Number(above) };
  };
  const result = expression();
  if (next < tokens.length) throw expected('end');
  return result;
}

/** The names in an expression, each once, in order. */
export function rewardsIn<Name extends string>(expression: RewardExpression<Name>): Name[] {
  const names = (e: RewardExpression<Name>): Name[] =>
    e.kind === 'reward'
      ? [e.name]
      : e.kind === 'sum'
        ? e.terms.flatMap(({ of }) => names(of))
        : [...names(e.of), ...names(e.by)];
  return [...new Set(names(expression))];
}
