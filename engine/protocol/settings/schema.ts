/**
 * The zod schema of described settings: strict where values are given, tolerant where a stored run is read, which may
 * have keys of a newer version and numbers that only an earlier one allowed.
 */
import * as z from 'zod';
import {
  type AnySection,
  type Fields,
  type InputsOf,
  isSection,
  type Setting,
  type SettingSection,
  type ValueKind,
  type ValuesOf,
} from './kit.ts';

export interface SchemaOptions {
  /**
   * Keys without a description: an error, or silently dropped (a run that a newer version wrote). With `drop`, numbers
   * have the bounds of earlier versions.
   */
  unknown: 'refuse' | 'drop';
}

/**
 * The schema of a section. It is created on first use: a
 * configuration has hundreds of parts, and most programs start without needing any.
 */
export function schemaOf<F extends Fields>(
  section: SettingSection<F, 'plain'>,
  options: SchemaOptions = { unknown: 'refuse' },
  extra: Record<string, z.ZodType> = {},
): z.ZodType<ValuesOf<F>, InputsOf<F>> {
  return z.lazy(() => objectOf(section, options, extra)) as unknown as z.ZodType<ValuesOf<F>, InputsOf<F>>;
}

function objectOf(section: AnySection, options: SchemaOptions, extra: Record<string, z.ZodType> = {}): z.ZodType {
  const shape = {
    ...Object.fromEntries(
      Object.entries(section.fields as Fields).map(([key, node]) => [
        key,
        isSection(node) ? sectionSchema(node, options) : settingSchema(node, options),
      ]),
    ),
    ...extra,
  };
  return options.unknown === 'refuse' ? z.strictObject(shape) : z.object(shape);
}

function sectionSchema(section: AnySection, options: SchemaOptions): z.ZodType {
  const object = objectOf(section, options);
  if (section.is === 'optional') return object.optional();
  if (section.is === 'nullable') return object.nullable().default(null);
  return hasRequired(section) ? object : object.prefault({});
}

function hasRequired({ fields }: AnySection): boolean {
  return Object.values(fields as Fields).some((node) => !isSection(node) && node.presence === 'required');
}

function settingSchema({ kind, presence, default: value, nullable }: Setting, options: SchemaOptions): z.ZodType {
  const one = kindSchema(kind, options);
  const schema = nullable ? one.nullable() : one;
  if (presence === 'optional') return schema.optional();
  return presence === 'given' ? schema.default(structuredClone(value)) : schema;
}

function kindSchema(kind: ValueKind, { unknown }: SchemaOptions): z.ZodType {
  switch (kind.type) {
    case 'integer':
    case 'number':
    case 'bytes': {
      let schema: z.ZodNumber = kind.type === 'integer' ? z.int() : z.number();
      if (kind.min !== undefined) schema = schema.min(kind.min);
      if (kind.above !== undefined) schema = schema.gt(kind.above);
      const max = (unknown === 'drop' && kind.formerMax) || kind.max;
      if (max !== undefined) schema = schema.max(max);
      if (kind.below !== undefined) schema = schema.lt(kind.below);
      return schema;
    }
    case 'text': {
      const schema = kind.empty ? z.string() : z.string().min(1);
      const { check } = kind;
      if (!check) return schema;
      return schema.superRefine((text, context) => {
        const wrong = check(text);
        if (wrong) context.addIssue({ code: 'custom', message: wrong.message, params: { hint: wrong.hint } });
      });
    }
    case 'choice': {
      const spellings = spellingsOf(kind.choices);
      return z.preprocess(
        (value) => (typeof value === 'string' ? (spellings.get(value) ?? value) : value),
        z.enum(Object.keys(kind.choices)),
      );
    }
    case 'switch':
      return z.boolean();
    case 'list': {
      const item = kind.choices ? z.enum(kind.choices as string[]) : z.string().min(1);
      const list = z.array(item).min(kind.least);
      return kind.most === undefined ? list : list.max(kind.most);
    }
  }
}

/** Other spellings of choices, with their meanings. */
export function spellingsOf(choices: Readonly<Record<string, { also?: readonly string[] }>>): Map<string, string> {
  return new Map(Object.entries(choices).flatMap(([name, { also = [] }]) => also.map((other) => [other, name])));
}
