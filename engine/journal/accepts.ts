/**
 * A quick check of a value before zod: whether its schema would accept it unchanged. The records of a run are written
 * by Rollscope in the order of the schema, and one list reads ten thousand of them. Everything that is not accepted
 * here goes to zod, which reports errors, fills in defaults and drops unknown keys.
 */
import type * as z from 'zod';

type Schema = z.core.$ZodType;
type Accepts = (value: unknown) => boolean;

/** The parts of a definition that are needed. */
interface Definition extends z.core.$ZodTypeDef {
  shape?: Record<string, Schema>;
  catchall?: Schema;
  element?: Schema;
  innerType?: Schema;
  keyType?: Schema;
  valueType?: Schema;
  options?: readonly Schema[];
  discriminator?: string;
  in?: Schema;
  out?: Schema;
  transform?: (value: unknown) => unknown;
  coerce?: boolean;
  format?: string;
}
interface CheckDefinition extends z.core.$ZodCheckDef {
  minimum?: number;
  maximum?: number;
  value?: number;
  inclusive?: boolean;
}

const never: Accepts = () => false;
const cache = new WeakMap<Schema, Accepts>();

/** Whether zod would return such a value unchanged. false means nothing; zod then decides. */
export function acceptsOf(schema: Schema): Accepts {
  const found = cache.get(schema);
  if (found) return found;
  const accepts = createAccepts(schema, schema._zod.def as Definition);
  cache.set(schema, accepts);
  return accepts;
}

function createAccepts(schema: Schema, definition: Definition): Accepts {
  if (definition.coerce) return never;
  const kind = kindOf(schema, definition);
  const checks = (definition.checks ?? []).map(checkOf);
  const [first, ...others] = checks;
  if (!first) return kind;
  // Most have one, and lists of tokens have millions of items.
  if (others.length === 0) return (value) => kind(value) && first(value);
  return (value) => kind(value) && checks.every((check) => check(value));
}

function kindOf(schema: Schema, definition: Definition): Accepts {
  const { type, format, element, innerType } = definition;
  switch (type) {
    case 'unknown':
    case 'any':
      return () => true;
    case 'null':
      return (value) => value === null;
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'string':
      return format === undefined ? (value) => typeof value === 'string' : never;
    case 'number':
      if (format === 'safeint') return Number.isSafeInteger;
      return format === undefined ? Number.isFinite : never;
    case 'enum':
    case 'literal': {
      const { values } = schema._zod;
      return values ? (value) => (values as Set<unknown>).has(value) : never;
    }
    case 'nullable': {
      const inner = acceptsOf(innerType!);
      return (value) => value === null || inner(value);
    }
    case 'optional': {
      const inner = acceptsOf(innerType!);
      return (value) => value === undefined || inner(value);
    }
    case 'default':
    case 'prefault': {
      const inner = acceptsOf(innerType!);
      return (value) => value !== undefined && inner(value);
    }
    case 'array': {
      const inner = acceptsOf(element!);
      return (value) => Array.isArray(value) && value.every(inner);
    }
    case 'lazy': {
      let inner: Accepts | undefined;
      return (value) => {
        inner ??= acceptsOf((schema as z.core.$ZodLazy)._zod.innerType);
        return inner(value);
      };
    }
    default:
      return compoundOf(definition);
  }
}

function compoundOf(definition: Definition): Accepts {
  switch (definition.type) {
    case 'object':
      return objectOf(definition);
    case 'record':
      return recordOf(definition);
    case 'union':
      return unionOf(definition);
    case 'pipe':
      return pipeOf(definition);
    default:
      return never;
  }
}

/**
 * In the order of the schema, as zod returns it: what is derived from a value, such as its text, does not depend on who
 * checked it.
 */
function objectOf({ shape, catchall }: Definition): Accepts {
  if (catchall && catchall._zod.def.type !== 'never') return never;
  const keys = Object.keys(shape!);
  const fields = keys.map((key) => acceptsOf(shape![key]!));
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    let at = 0;
    for (const key in value) {
      for (; keys[at] !== key; at++) if (at >= keys.length || !fields[at]!(undefined)) return false;
      if (!fields[at]!((value as Record<string, unknown>)[key])) return false;
      at++;
    }
    for (; at < keys.length; at++) if (!fields[at]!(undefined)) return false;
    return true;
  };
}

function recordOf({ keyType, valueType }: Definition): Accepts {
  const key = keyType!._zod.def as Definition;
  if (key.type !== 'string' || key.checks?.length || key.format !== undefined) return never;
  const inner = acceptsOf(valueType!);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    return Object.entries(value).every(([name, one]) => name !== '__proto__' && inner(one));
  };
}

/** zod takes the first option that fits, after dropping keys; other options are considered only among plain values. */
function unionOf({ options, discriminator }: Definition): Accepts {
  if (discriminator === undefined) {
    const plain = options!.every(({ _zod }) => PLAIN_KINDS.has(_zod.def.type));
    const all = options!.map(acceptsOf);
    return plain ? (value) => all.some((accepts) => accepts(value)) : all[0]!;
  }
  const byKind = new Map<unknown, Accepts>();
  for (const option of options!) {
    const kinds = (option._zod.def as Definition).shape?.[discriminator]?._zod.values;
    if (!kinds) return never;
    for (const kind of kinds) byKind.set(kind, acceptsOf(option));
  }
  return (value) => {
    const kind = (value as Record<string, unknown> | null | undefined)?.[discriminator];
    return byKind.get(kind)?.(value) ?? false;
  };
}
const PLAIN_KINDS: ReadonlySet<string> = new Set(['string', 'number', 'boolean', 'null', 'literal', 'enum']);

/** For a value that is transformed before it is checked: one that the transformation leaves unchanged. */
function pipeOf({ in: first, out }: Definition): Accepts {
  const { type, transform } = first!._zod.def as Definition;
  if (type !== 'transform' || !transform) return never;
  const inner = acceptsOf(out!);
  return (value) => inner(value) && isSame(value, transform(value));
}

function isSame(before: unknown, after: unknown): boolean {
  if (before === after) return true;
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) return false;
  const keys = Object.keys(before);
  const others = Object.keys(after);
  return (
    keys.length === others.length &&
    keys.every((key, i) => {
      return others[i] === key && (before as Record<string, unknown>)[key] === (after as Record<string, unknown>)[key];
    })
  );
}

function checkOf(check: z.core.$ZodCheck): Accepts {
  const { check: kind, minimum, maximum, value: bound, inclusive } = check._zod.def as CheckDefinition;
  switch (kind) {
    case 'min_length':
      return (value) => (value as { length: number }).length >= minimum!;
    case 'max_length':
      return (value) => (value as { length: number }).length <= maximum!;
    case 'greater_than':
      return (value) => (inclusive ? (value as number) >= bound! : (value as number) > bound!);
    case 'less_than':
      return (value) => (inclusive ? (value as number) <= bound! : (value as number) < bound!);
    case 'custom':
      // Checks of texts are fast and always give the same result.
      return (value) => {
        if (typeof value !== 'string') return false;
        const payload = { value: value as never, issues: [] };
        return check._zod.check(payload) === undefined && payload.issues.length === 0 && payload.value === value;
      };
    default:
      return never;
  }
}
