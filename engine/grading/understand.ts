/** From an answer's text to what it says: key for text comparison, readings as trees, unit. */
import { clean, MAX_LENGTH, textKey } from './clean.ts';
import { within } from './meter.ts';
import { children, isScalar, type Node, symbolsOf } from './node.ts';
import { parse, Unreadable } from './parse.ts';
import { OutOfBounds } from './rational.ts';
import { allot } from './scalar.ts';
import { type Measured, splitUnit } from './units.ts';

export interface Understood {
  /** Equal keys are equal answers. */
  key: string;
  /** What it says as mathematics, the likeliest reading first; none when it is only text. */
  readings: Node[];
  /** Canonical unit, where a known one was named. */
  unit: string | null;
}

/** What mathematics says in words: pattern of the key, common key, formula. */
const PHRASES: [RegExp, string, string][] = [
  [/^(?:x ?(?:in|is) ?)?(?:the )?(?:set of )?all real(?: number)?s?$|^all reals?$/, '\\mathbb{R}', '\\mathbb{R}'],
  [/^(?:there (?:is|are) )?no(?: real)? solutions?$|^(?:the )?empty set$/, '\\emptyset', '\\{\\}'],
  [/^(?:dne|DNE|does not exist)$/, 'does not exist', ''],
];

/** Steps that reading one answer may cost; an answer that would cost more is only text. */
const READING_STEPS = 200_000;

/** Never throws; work is bounded by the length and depth limits of the parts, and by a budget of steps. */
export function understand(answer: string): Understood {
  const asText = (): Understood => ({ key: spaced(answer), readings: [], unit: null });
  if (answer.length > MAX_LENGTH) return asText();
  return within(
    READING_STEPS,
    () => {
      const understood = read(answer);
      allot(understood.readings);
      return understood;
    },
    asText,
  );
}

/** With single spaces. */
function spaced(text: string): string {
  return text.trim().split(/\s+/).join(' ');
}

function read(answer: string): Understood {
  const cleaned = clean(answer);
  const key = textKey(cleaned);
  const phrase = PHRASES.find(([pattern]) => pattern.test(key));
  if (phrase) return { key: phrase[1], readings: readings(phrase[2]), unit: null };
  const clock = clockTime(cleaned);
  if (clock) return { key, ...clock };
  const measured = splitUnit(cleaned);
  if (measured) {
    const values = readings(measured.value).filter((node) => isScalar(node) && symbolsOf(node).size === 0);
    if (values.length > 0) {
      const percent = measured.unit === 'percent';
      return {
        key,
        readings: percent
          ? values.map((of) => ({ kind: 'percent', of }))
          : [...values, ...asVariable(cleaned, measured)],
        unit: percent ? null : measured.unit,
      };
    }
  }
  return { key, readings: [...readings(withoutUnits(cleaned)), ...decimalComma(cleaned)], unit: null };
}

/** `1000,99` and `0,5`, as half of the world writes decimals; `1,5` and `1,500` stay what they are. */
function decimalComma(cleaned: string): Node[] {
  return /^[-+]?(?:0,\d+|\d+,(?:\d\d|\d{4,}))$/.test(cleaned) ? readings(cleaned.replace(',', '.')) : [];
}

/** `8:34 p.m.`, `20:34:00`; the ratio `3:20` keeps its reading as a ratio. */
function clockTime(cleaned: string): Omit<Understood, 'key'> | null {
  const found = /^(\d{1,2}):([0-5]\d)(?::([0-5]\d))?\s*(?:(?:\\text\{)?\s*([ap])\.?\s?m\.?\s*\}?)?$/i.exec(cleaned);
  if (!found || Number(found[1]) > 24) return null;
  const [, hour, minute, second = '00', half] = found as unknown as [string, string, string, string?, string?];
  const at = (h: number): Node => ({ kind: 'symbol', name: `time ${h}:${minute}:${second}` });
  const times = [at(Number(hour))];
  if (half && Number(hour) <= 12) times.push(at((Number(hour) % 12) + (half.toLowerCase() === 'p' ? 12 : 0)));
  const ratio = half || minute.startsWith('0') || found[3] ? [] : readings(cleaned);
  return { readings: [...times, ...ratio], unit: half ? `${half.toLowerCase()}m` : null };
}

/** `2 m` may also be two times m. */
function asVariable(cleaned: string, { unit }: Measured): Node[] {
  return unit?.length === 1 ? readings(cleaned) : [];
}

/** `12 apples, 3 pears`: units of the parts of a list. */
function withoutUnits(cleaned: string): string {
  if (!/,(?!\d{3})|\\and|\\or/.test(cleaned) || /[()[\]{}|]/.test(cleaned.replace(/\\text\{[^{}]*\}/g, '')))
    return cleaned;
  return cleaned
    .split(/(\s*(?:,(?!\d{3}(?!\d))|\\and(?![a-zA-Z])|\\or(?![a-zA-Z]))\s*)/)
    .map((part) => splitUnit(part)?.value ?? part)
    .join('');
}

function readings(text: string): Node[] {
  const result: Node[] = [];
  for (const thousands of /\d,\d{3}(?!\d)/.test(text) ? [true, false] : [true]) {
    try {
      result.push(expand(parse(text, { thousands })));
    } catch (error) {
      if (!(error instanceof Unreadable) && !(error instanceof OutOfBounds)) throw error;
    }
  }
  return result;
}

/** Replaces ± by both signs: `1 ± 2` becomes the list `3, -1`. */
function expand(node: Node): Node {
  if (node.kind === 'list' || node.kind === 'set') {
    const items = node.items.flatMap((item) => {
      const expanded = expand(item);
      return expanded.kind === 'list' && item.kind !== 'list' ? expanded.items : [expanded];
    });
    return { ...node, items };
  }
  if (!hasBothSigns(node)) return node;
  return { kind: 'list', items: [withSign(node, 1), withSign(node, -1)], join: ',' };
}

function hasBothSigns(node: Node): boolean {
  if (node.kind === 'plus-minus') return true;
  return children(node).some(hasBothSigns);
}

function withSign(node: Node, sign: 1 | -1): Node {
  if (node.kind === 'plus-minus') {
    const right = withSign(node.right, sign);
    const term: Node = node.sign * sign > 0 ? right : { kind: 'negative', of: right };
    return node.left ? { kind: 'sum', terms: [withSign(node.left, sign), term] } : term;
  }
  return mapChildren(node, (child) => withSign(child, sign));
}

function mapChildren(node: Node, f: (child: Node) => Node): Node {
  switch (node.kind) {
    case 'number':
    case 'symbol':
    case 'constant':
      return node;
    case 'sum':
      return { ...node, terms: node.terms.map(f) };
    case 'product':
      return { ...node, factors: node.factors.map(f) };
    case 'negative':
    case 'percent':
    case 'degrees':
      return { ...node, of: f(node.of) };
    case 'quotient':
      return { ...node, over: f(node.over), under: f(node.under) };
    case 'power':
      return { ...node, base: f(node.base), exponent: f(node.exponent) };
    case 'call':
      return { ...node, args: node.args.map(f) };
    case 'plus-minus':
      return { ...node, left: node.left && f(node.left), right: f(node.right) };
    case 'tuple':
    case 'set':
    case 'list':
      return { ...node, items: node.items.map(f) };
    case 'matrix':
      return { ...node, rows: node.rows.map((row) => row.map(f)) };
    case 'relation':
      return { ...node, sides: node.sides.map(f) };
    case 'combined':
      return { ...node, left: f(node.left), right: f(node.right) };
  }
}
