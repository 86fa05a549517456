/** Typed access to a JSON object or to GGUF metadata, with errors that name the file and the field. */
import { RollscopeError } from '../protocol/errors.ts';

/** Far above any size in a model, so that products of a few sizes stay exact. */
const MAX_SIZE = 2 ** 31;

/** The fields of one file. Methods throw RollscopeError `model` for a missing or invalid field. */
export class ConfigFields {
  constructor(
    readonly file: string,
    private readonly values: Readonly<Record<string, unknown>>,
    /** Prefix of every name in GGUF metadata: the architecture and a dot. */
    private readonly prefix = '',
  ) {}

  /** Whether the field is present, even if it is null. */
  has(name: string): boolean {
    return this.prefix + name in this.values;
  }

  /** The value; null counts as missing. */
  get(name: string): unknown {
    return this.values[this.prefix + name] ?? undefined;
  }

  private bad(name: string, wanted: string): RollscopeError {
    const value = this.get(name);
    const found = value === undefined ? 'is missing' : `is ${shortJson(value)}`;
    return new RollscopeError(
      'model',
      `${this.file}: field "${this.prefix}${name}" ${found}; expected ${wanted}.`,
      'The file is damaged or not a language model; download the model again.',
      { details: { reason: 'bad-field', file: this.file, field: this.prefix + name, value: shownValue(value) } },
    );
  }

  count(name: string, fallback?: number): number {
    const value = this.get(name) ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_SIZE) return value;
    throw this.bad(name, `a whole number from 1 to ${MAX_SIZE}`);
  }

  positive(name: string, fallback?: number): number {
    const value = this.get(name) ?? fallback;
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    throw this.bad(name, 'a positive number');
  }

  positives(name: string): readonly number[] {
    const value = this.get(name);
    const isPositive = (x: unknown) => typeof x === 'number' && Number.isFinite(x) && x > 0;
    if (Array.isArray(value) && value.length > 0 && value.every(isPositive)) return value as number[];
    throw this.bad(name, 'a list of positive numbers');
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.get(name) ?? fallback;
    if (typeof value === 'boolean') return value;
    throw this.bad(name, 'true or false');
  }

  /** The error for a value that this engine does not support. */
  unsupported(name: string, value: unknown = this.get(name)): RollscopeError {
    return unsupported(this.file, this.prefix + name, value, OTHER_MODEL);
  }
}

export const OTHER_MODEL = 'Choose another model.';

/** A `model` error about a value that the format allows and Rollscope does not support; `hint` says what to do. */
export function unsupported(file: string, field: string, value: unknown, hint: string): RollscopeError {
  return new RollscopeError('model', `${file}: ${field} ${shortJson(value)} is not supported.`, hint, {
    details: { reason: 'unsupported', file, field, value: shownValue(value) },
  });
}

/** Maximum characters of a value in an error: a list may have a million items. */
const MAX_SHOWN_CHARACTERS = 200;

function shortJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}

/** The value, shortened if it is long. */
function shownValue(value: unknown): unknown {
  const text = JSON.stringify(value) ?? '';
  return text.length > MAX_SHOWN_CHARACTERS ? shortJson(value) : value;
}
