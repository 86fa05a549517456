/**
 * Jinja's interpreter with a budget: it counts steps and sizes, and refuses operations before they make a text or list
 * that is too large. So a template can neither block the engine nor exhaust its memory, and stops at the same point on
 * every machine.
 */
import { Environment, Interpreter } from '@huggingface/jinja';

/** Maximum length of a text or list that a template may create. */
const MAX_CHARACTERS = 2 ** 20;
const MAX_ITEMS = 20_000;
/** Maximum characters of a list or dictionary including everything in it, as it may be joined or printed. */
const MAX_TOTAL_CHARACTERS = 2 ** 22;
/** Step limit per rendering: each expression, loop iteration, item, and 256 output characters count as one. */
const MAX_STEPS = 200_000;
const CHARACTERS_PER_STEP = 256;
/** Slicing a text splits it into characters first. */
const CHARACTERS_PER_SLICE_STEP = 32;
/** Characters around an item of a list or dictionary when printed. */
const CHARACTERS_PER_ITEM = 4;

type Evaluate = Interpreter['evaluate'];
type Statement = NonNullable<Parameters<Evaluate>[0]>;
type Value = ReturnType<Evaluate>;

interface SyntaxNode extends Statement {
  operand?: SyntaxNode;
  object?: SyntaxNode;
  computed?: boolean;
  property?: SyntaxNode & { value?: unknown };
  filter?: SyntaxNode & { value?: string; callee?: { value?: string }; args?: SyntaxNode[] };
  value?: unknown;
}

interface NestedSize {
  characters: number;
  depth: number;
}

/** The variable that passes a value to an expression; templates cannot use this name. */
const OPERAND = ' operand';
const OPERAND_NODE = { type: 'Identifier', value: OPERAND };

function withOperand(value: Value, environment: Environment): Environment {
  const scope = new Environment(environment);
  scope.variables.set(OPERAND, value);
  return scope;
}

/** An interpreter for one rendering. Throws an Error if the template exceeds its budget. */
export class BoundedInterpreter extends Interpreter {
  #left = MAX_STEPS;
  /** Sizes of lists and dictionaries in characters; these never change after creation. */
  readonly #held = new WeakMap<object, NestedSize>();
  readonly #guarded = new WeakSet<object>();

  override evaluate(...[statement, environment]: Parameters<Evaluate>): Value {
    const node = statement as SyntaxNode | undefined;
    if (node?.type === 'Identifier' && node.value === OPERAND) return super.evaluate(statement, environment);
    this.#spend(1);
    const isMember = node?.type === 'MemberExpression' && node.property?.type !== 'SliceExpression';
    const result =
      node?.type === 'MemberExpression'
        ? this.#member(node, environment)
        : node?.type === 'FilterExpression'
          ? this.#filter(node, environment)
          : super.evaluate(statement, environment);
    // named values already exist and have been checked
    const isNew = node !== undefined && node.type !== 'Identifier' && !isMember;
    if (isNew) this.#spendOn(result.value);
    if (result.type === 'NamespaceValue' || (isNew && typeof result.value === 'object')) this.#heldBy(result);
    return result;
  }

  #spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new Error(`it takes more than ${MAX_STEPS} steps`);
  }

  #spendOn(value: unknown): void {
    if (typeof value === 'string') {
      textOf(value.length);
      this.#spend(value.length / CHARACTERS_PER_STEP);
    } else if (Array.isArray(value)) {
      listOf(value.length);
      this.#spend(value.length);
    }
  }

  /** The size of a value as text. Throws if it is too large, and for namespaces inside values. */
  #heldBy({ type, value }: Value): NestedSize {
    if (typeof value === 'string') return { characters: value.length, depth: 0 };
    if (typeof value !== 'object' || value === null) return { characters: CHARACTERS_PER_ITEM, depth: 0 };
    const known = type === 'NamespaceValue' ? undefined : this.#held.get(value);
    if (known) return known;
    const held = { characters: 0, depth: 1 };
    for (const [key, item] of value instanceof Map ? value : Array.isArray(value) ? value.entries() : []) {
      if (item.type === 'NamespaceValue') throw new Error('it puts a namespace into a value');
      const { characters, depth } = this.#heldBy(item);
      held.characters += CHARACTERS_PER_ITEM + characters + (typeof key === 'string' ? key.length : 0);
      held.depth = Math.max(held.depth, depth + 1);
    }
    if (held.characters > MAX_TOTAL_CHARACTERS) throw new Error(`it makes a list of ${held.characters} characters`);
    if (type !== 'NamespaceValue') this.#held.set(value, held);
    return held;
  }

  /** Checks filters whose result may be much larger than their input before applying them. */
  #filter(node: SyntaxNode, environment: Parameters<Evaluate>[1]): Value {
    const operand = this.evaluate(node.operand, environment);
    const { callee, args = [], value } = node.filter!;
    const name = callee?.value ?? value;
    const given = GROWING.has(String(name)) ? this.#given(args, environment) : [];
    this.#admit(String(name), operand, given);
    return super.evaluate({ ...node, operand: OPERAND_NODE } as never, withOperand(operand, environment));
  }

  /** Values of the arguments, including keyword arguments. */
  #given(args: readonly SyntaxNode[], environment: Parameters<Evaluate>[1]): Value[] {
    return args.map((arg) => {
      const isNamed = arg.type === 'KeywordArgumentExpression';
      if (/^(?:Keyword)?SpreadExpression$/.test(arg.type)) throw new Error('it spreads arguments of a filter');
      return this.evaluate((isNamed ? arg.value : arg) as Statement, environment);
    });
  }

  /** Checks calls of string methods whose result may be much larger than the text. */
  #member(node: SyntaxNode, environment: Parameters<Evaluate>[1]): Value {
    const owner = this.evaluate(node.object, environment);
    if (node.property?.type === 'SliceExpression' && typeof owner.value === 'string') {
      this.#spend(owner.value.length / CHARACTERS_PER_SLICE_STEP);
    }
    const member = super.evaluate({ ...node, object: OPERAND_NODE } as never, withOperand(owner, environment));
    if (member.type !== 'FunctionValue' || typeof owner.value !== 'string' || this.#guarded.has(member)) return member;
    const name = node.computed ? undefined : node.property?.value;
    const call = member.value as (args: Value[], scope: Environment) => Value;
    this.#guarded.add(member);
    (member as { value: unknown }).value = (args: Value[], scope: Environment) => {
      for (const growing of ['replace', 'split']) {
        if (name === undefined || name === growing) this.#admit(growing, owner, args);
      }
      return call(args, scope);
    };
    return member;
  }

  /** Throws if the result of a filter or method would be too large. */
  #admit(name: string, { type, value }: Value, args: readonly Value[]): void {
    const texts = args.map((arg) => arg.value).filter((arg) => typeof arg === 'string');
    const longest = Math.max(0, ...texts.map((text) => text.length));
    if (typeof value === 'string') {
      const [part = '', by = ''] = texts;
      if (name === 'replace') textOf(value.length + occurrences(value, part) * Math.max(0, by.length - part.length));
      if (name === 'split') listOf(texts.length > 0 ? occurrences(value, part) : words(value));
      if (name === 'join') textOf(value.length * (1 + longest));
      if (name === 'indent') textOf(value.length + (1 + occurrences(value, '\n')) * Math.max(4, largest(args)));
    } else if (typeof value === 'object' && value !== null) {
      const { characters, depth } = this.#heldBy({ type, value } as Value);
      if (name === 'join') textOf(characters + ((value as { length?: number }).length ?? 0) * longest);
      // each item is at least CHARACTERS_PER_ITEM characters
      if (name === 'tojson')
        textOf(characters + (characters / CHARACTERS_PER_ITEM) * (longest + depth * largest(args)));
    }
  }
}

/** Filters whose output size grows with their arguments. */
const GROWING: ReadonlySet<string> = new Set(['replace', 'join', 'indent', 'tojson']);

function textOf(length: number): void {
  if (!(length <= MAX_CHARACTERS)) throw new Error(`it makes a text of ${length} characters`);
}

/** Counts a list of `length` items against the limit. Throws an `Error` above it, and for NaN. */
export function listOf(length: number): void {
  if (!(length <= MAX_ITEMS)) throw new Error(`it makes a list of ${length} items`);
}

/** How often a part occurs in a text; an empty one occurs at every position. */
function occurrences(text: string, part: string): number {
  if (part === '') return text.length + 1;
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}

function words(text: string): number {
  let count = 0;
  for (const _ of text.matchAll(/\S+/g)) if (++count > MAX_ITEMS) break;
  return count;
}

/** The largest number among arguments. */
function largest(args: readonly Value[]): number {
  return Math.max(0, ...args.map(({ value }) => (typeof value === 'number' ? value : 0)));
}
