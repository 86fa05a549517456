/** The one grading function: voting, rewards and every metric ask this. */
import { type Rule, sayTheSame } from './compare.ts';
import { within } from './meter.ts';
import { type Understood, understand } from './understand.ts';

interface EquivalenceOptions {
  /** 0.5 also equals 50% where the reference has no percent sign. */
  percent?: boolean;
}

/** Steps of one comparison; answers that would cost more are compared as text. */
export const COMPARISON_STEPS = 200_000;

/**
 * Whether the answer `a` is equivalent to the reference `b`: as text, exactly, or as mathematics (expressions at several
 * points). Never throws, never evaluates code, and its work is bounded: 2,000 characters, 60 levels, 1,500 parts, numbers
 * of 4,096 bits, and a budget of steps; beyond that, text decides. Symmetric but for one thing: 0.5 equals 50% only when
 * `b` has the percent sign.
 */
export function equivalent(a: string, b: string, options: EquivalenceOptions = {}): boolean {
  if (a.trim() === b.trim()) return a.trim() !== '';
  const x = understand(a);
  const y = understand(b);
  const rule: Rule = { percent: options.percent ? 'always' : 'reference' };
  return within(
    COMPARISON_STEPS,
    () => matches(x, y, rule) || chosen(a, y),
    () => x.key === y.key && x.key !== '',
  );
}

/** Two answers of equal standing, neither being the reference. */
export function matches(a: Understood, b: Understood, rule: Rule): boolean {
  if (a.key === b.key) return a.key !== '';
  if (a.unit !== null && b.unit !== null && a.unit !== b.unit) return false;
  return a.readings.some((x) => b.readings.some((y) => sayTheSame(x, y, rule)));
}

/** The letter of a choice, such as `(C) 12 apples` for C. */
function chosen(answer: string, reference: Understood): boolean {
  if (!/^\(?[A-J]\)?$/.test(reference.key)) return false;
  const letter = /^\W*(?:\\text\w*\{)?\s*\(?([A-J])\s*[).:}]/.exec(answer);
  return letter !== null && letter[1] === reference.key.replace(/[()]/g, '');
}
