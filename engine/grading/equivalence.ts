/** The single grading function, which voting, rewards and all metrics use. */
import { areNodesEquivalent, type Rule } from './compare.ts';
import { withStepLimit } from './meter.ts';
import { isScalar, type MathNode, symbolsOf } from './node.ts';
import { sameScalar } from './scalar.ts';
import { type Understood, understand } from './understand.ts';
import { type Unit, unitRelation } from './units.ts';

interface EquivalenceOptions {
  /** 0.5 equals 50% even if the reference has no percent sign. */
  percent?: boolean;
}

/** Step budget of one comparison; beyond it, answers are compared as text. */
export const COMPARISON_STEPS = 200_000;

/**
 * Whether the answer `a` is equivalent to the reference `b`: as text, exactly, or as mathematics (expressions at several
 * points). Never throws, never evaluates code, and its work is bounded: 2,000 characters, 60 levels, 1,500 nodes, numbers of
 * 4,096 bits, and a step budget; beyond these, the text decides. Symmetric with one exception: 0.5 equals 50% only if `b`
 * has the percent sign.
 */
export function equivalent(a: string, b: string, options: EquivalenceOptions = {}): boolean {
  if (a.trim() === b.trim()) return a.trim() !== '';
  const x = understand(a);
  const y = understand(b);
  const rule: Rule = { percent: options.percent ? 'always' : 'reference' };
  return withStepLimit(
    COMPARISON_STEPS,
    // `e` is a number, unless the reference is the choice E
    () => matches(x, y, rule) || (/^[ei]$/.test(x.key) && y.key === x.key.toUpperCase()),
    () => x.key === y.key && x.key !== '',
  );
}

/** Whether two answers match when neither is the reference. */
export function matches(a: Understood, b: Understood, rule: Rule): boolean {
  if (a.key === b.key) return a.key !== '';
  const chosen = sameChoice(a, b, rule);
  return chosen ?? sameValues(a, b, rule);
}

function sameValues(a: Understood, b: Understood, rule: Rule): boolean {
  const units = unitRelation(a.unit, b.unit);
  if (units === 'differ') return false;
  const [f, g] = [a.family, b.family];
  if (f && g) {
    return f.domain === g.domain && f.variants.some((x) => g.readings.some((y) => areNodesEquivalent(x, y, rule)));
  }
  return a.readings.some((x) =>
    b.readings.some((y) => {
      if (units === 'convert') return sameScalar(inUnits(x, a.unit!), inUnits(y, b.unit!));
      if (units === 'angle') return sameScalar(inRadians(x, a.unit!), inRadians(y, b.unit!));
      return areNodesEquivalent(x, y, rule);
    }),
  );
}

/** The value in the base unit of its dimension. */
function inUnits(value: MathNode, { factor }: Unit): MathNode {
  return { kind: 'product', factors: [value, { kind: 'number', value: factor, places: 0 }] };
}

function inRadians(value: MathNode, { name }: Unit): MathNode {
  return name === 'degree' && value.kind !== 'degrees' ? { kind: 'degrees', of: value } : value;
}

/**
 * If both answers have a choice letter, the letters decide, unless both also have values that differ: then one of them
 * confuses its choices. Text next to the letter counts if only one has it: `(B) 5` is B and 5.
 */
function sameChoice(a: Understood, b: Understood, rule: Rule): boolean | null {
  if (a.choice && b.choice) {
    if (a.choice.letter !== b.choice.letter) return false;
    const [x, y] = [a.choice.content, b.choice.content];
    return !(x && y && isValue(x) && isValue(y)) || matches(x, y, rule);
  }
  if (a.choice?.content && matches(a.choice.content, b, rule)) return true;
  if (b.choice?.content && matches(a, b.choice.content, rule)) return true;
  return null;
}

function isValue({ readings }: Understood): boolean {
  return readings.some((node) => isScalar(node) && symbolsOf(node).size === 0);
}
