/**
 * What a setting is: one description, from which come its schema (`schema.ts`), its type, the option of the command line,
 * the setting of the editor, the tables of the documentation, and the messages about values that are out of range.
 * Plain data without zod, so that `--help` and the generators load nothing else. Pure.
 */

declare const VALUE: unique symbol;

/** How a setting is described to people, and where they can set it. */
export interface About {
  /** Its name as a heading, in title case: "Learning rate". */
  title: string;
  /** One phrase as `--help` prints it: lower case, without a period and without the default. */
  help: string;
  /** Unit of the value: "tokens", "seconds". */
  unit?: string;
  /** A value as a person types it, for messages; by default, a choice or the default value. */
  example?: string;
  /** Stands for the value in help: `rate` in `--lr <rate>`. */
  placeholder?: string;
  /** The option; `--no-...` for a switch that is on by default. */
  flag?: Flag;
  /** Other options that do the same, shown in help. */
  aliases?: readonly Flag[];
  /** Options of earlier versions that still work, not shown. */
  former?: readonly Flag[];
  /** An option that takes the value in the unit of another setting: `--min-lr 1e-7` instead of a share of the rate. */
  absolute?: { flag: Flag; of: string };
  /** Its name in TRL (GRPOConfig, LoraConfig) and in verl, for people who come from there. */
  trl?: string;
  verl?: string;
  /** The engines that it is for, if not all of them. */
  engines?: readonly string[];
  /** What applies if nothing is given and there is no default value: "all problems". */
  absent?: string;
  /** The VS Code setting, if it has one of its own. */
  editor?: EditorSetting;
}

export type Flag = `--${string}`;

/** A setting of VS Code: id below `rollscope.`, and what differs there from the description. */
export interface EditorSetting {
  id: string;
  /** Heading in the settings editor. */
  section: string;
  /** Whole sentences instead of `help`, in Markdown. */
  text?: string;
  scope?: 'machine' | 'machine-overridable' | 'resource';
  /** Ignored in Restricted Mode when a workspace sets it. */
  restricted?: true;
  multiline?: true;
  /** 0 in the editor means `null`, which a number field cannot express: rank 0 trains all weights. */
  zeroIsNull?: true;
  /** The editor's unit in units of the value: 2^30 for GiB of a value in bytes. */
  scale?: number;
  /** A value that cannot be shown by the type alone, such as a command link. */
  link?: string;
}

export interface Choice {
  help: string;
  /** Other spellings with the same meaning. */
  also?: readonly string[];
}

interface Range {
  min?: number;
  max?: number;
  /** Exclusive bounds. */
  above?: number;
  below?: number;
  /** The maximum of earlier versions, if that was larger: stored runs may have such a value. */
  formerMax?: number;
}

/** The kinds of values. */
export type ValueKind =
  | ({ type: 'integer' | 'number' | 'bytes' } & Range)
  | { type: 'text'; empty: boolean /** What is wrong with a text; null when nothing is. */; check?: TextCheck }
  | { type: 'choice'; choices: Readonly<Record<string, Choice>> }
  | { type: 'switch' }
  | { type: 'list'; least: number; most?: number; choices?: readonly string[] };
export type TextCheck = (text: string) => { message: string; hint?: string } | null;

/**
 * What a text or the items of a list name on this machine: `file`, `dataset` and `model` become absolute paths where
 * they are paths; `command` is split into words; `policy` is a model or `base`.
 */
export type Names = 'file' | 'template' | 'dataset' | 'model' | 'policy' | 'command';

/** `given`: has a default; `optional`: may be absent; `required`: must be written. */
export type Presence = 'given' | 'optional' | 'required';

export interface Setting<T = unknown, P extends Presence = Presence> extends About {
  kind: ValueKind;
  presence: P;
  default?: T;
  /** `null` is a value, and the default. */
  nullable: boolean;
  names?: Names;
  /** A list is given by repeating the option, not by commas. */
  repeat?: true;
  readonly [VALUE]?: T;
}

export type Fields = { readonly [key: string]: Setting | AnySection };

/** `nullable`: null by default, and null switches the whole section off. */
export interface SettingSection<F, P extends 'plain' | 'optional' | 'nullable'> {
  title: string;
  fields: F;
  is: P;
}
/** Any section, whatever is in it. */
export interface AnySection extends Omit<SettingSection<never, never>, 'fields' | 'is'> {
  fields: Fields;
  is: 'plain' | 'optional' | 'nullable';
}

// ---- types of values ---------------------------------------------------------------------------------------------

type Flat<T> = { [K in keyof T]: T[K] };
type OptionalKeys<F> = {
  [K in keyof F]: F[K] extends { presence: 'optional' } | { is: 'optional' } ? K : never;
}[keyof F];
type ValueOf<N> =
  N extends SettingSection<infer F, infer P>
    ? ValuesOf<F> | ('nullable' extends P ? null : never)
    : N extends Setting<infer T, Presence>
      ? T
      : never;
/** The values of a section as they are after defaults were filled in. */
export type ValuesOf<F> = Flat<
  { [K in Exclude<keyof F, OptionalKeys<F>>]: ValueOf<F[K]> } & { [K in OptionalKeys<F>]?: ValueOf<F[K]> | undefined }
>;

type HasRequired<F> = { [K in keyof F]: F[K] extends { presence: 'required' } ? true : never }[keyof F];
type RequiredKeys<F> = {
  [K in keyof F]: F[K] extends { presence: 'required' }
    ? K
    : F[K] extends SettingSection<infer G, 'plain'>
      ? [HasRequired<G>] extends [never]
        ? never
        : K
      : never;
}[keyof F];
type InputOf<N> =
  N extends SettingSection<infer F, infer P>
    ? InputsOf<F> | ('nullable' extends P ? null : never)
    : N extends Setting<infer T, Presence>
      ? T
      : never;
/** What a person writes: everything that is not required is optional. */
export type InputsOf<F> = Flat<
  { [K in RequiredKeys<F>]: InputOf<F[K]> } & { [K in Exclude<keyof F, RequiredKeys<F>>]?: InputOf<F[K]> | undefined }
>;

// ---- constructors ------------------------------------------------------------------------------------------------

type PresenceOf<S> = S extends { required: true } ? 'required' : S extends { default: unknown } ? 'given' : 'optional';
type OrNull<S> = S extends { default: null } ? null : never;
/** Keeps the id of the editor's setting in the type, for `EditorIds`. */
type InEditor<S> = S extends { editor: { id: infer Id extends string } }
  ? { editor: EditorSetting & { id: Id } }
  : object;
/** Ids of all settings of the editor that these fields have. */
export type EditorIds<F> = {
  [K in keyof F]: F[K] extends { fields: infer G }
    ? EditorIds<G>
    : F[K] extends { editor: { id: infer Id extends string } }
      ? Id
      : never;
}[keyof F];
interface Spec<T> extends About {
  default?: T | null;
  required?: true;
}

function setting<T, P extends Presence, S>(
  kind: ValueKind,
  spec: Spec<unknown>,
  more: Partial<Setting> = {},
): Setting<T, P> & InEditor<S> {
  const { required, default: value, ...about } = spec;
  const presence: Presence = required ? 'required' : value === undefined ? 'optional' : 'given';
  return {
    ...about,
    ...more,
    kind,
    presence: presence as P,
    nullable: value === null,
    ...(value !== undefined && { default: value as T }),
  } as Setting<T, P> & InEditor<S>;
}

type NumberSpec = Spec<number> & Range;

function ranged<S extends NumberSpec>(type: 'integer' | 'number' | 'bytes', spec: S) {
  const { min, max, above, below, formerMax, ...rest } = spec;
  const bounds = Object.entries({ min, max, above, below, formerMax }).filter(([, bound]) => bound !== undefined);
  const range: Range = Object.fromEntries(bounds);
  return setting<number | OrNull<S>, PresenceOf<S>, S>({ type, ...range }, rest);
}

/** A whole number from `min` to `max`; `above` and `below` are bounds that it may not reach. */
export const integer = <const S extends NumberSpec>(spec: S) => ranged('integer', spec);

/** A finite number from `min` to `max`; `above` and `below` are bounds that it may not reach. */
export const number = <const S extends NumberSpec>(spec: S) => ranged('number', spec);
/** A number of bytes, typed as a size: `4GB`. */
export const bytes = <const S extends NumberSpec>(spec: S) => ranged('bytes', spec);

interface TextSpec extends Spec<string> {
  /** The empty text is a value. */
  empty?: true;
  check?: TextCheck;
  names?: Names;
}

/**
 * A text, not empty unless the spec allows it.
 * @param spec `check` has further rules, `names` the kind of thing that it names
 */
export function text<const S extends TextSpec>(spec: S) {
  const { empty = false, check, names, ...rest } = spec as TextSpec;
  return setting<string, PresenceOf<S>, S>({ type: 'text', empty, ...(check && { check }) }, rest, names && { names });
}

/** One of a few words. `choices` describes each of them. */
export function choice<
  const C extends Readonly<Record<string, string | Choice>>,
  const S extends Omit<Spec<keyof C & string>, 'choices'>,
>(choices: C, spec: S) {
  const full = Object.fromEntries(
    Object.entries(choices).map(([name, about]) => [name, typeof about === 'string' ? { help: about } : about]),
  );
  return setting<keyof C & string, PresenceOf<S>, S>({ type: 'choice', choices: full }, spec);
}

/** A setting that is on or off: an option without a value on the command line, a checkbox in the editor. */
export function toggle<const S extends Spec<boolean>>(spec: S) {
  return setting<boolean, PresenceOf<S>, S>({ type: 'switch' }, spec);
}

interface ListSpec<T extends string> extends Spec<readonly T[]> {
  least?: number;
  most?: number;
  names?: Names;
  repeat?: true;
}

/** Texts, none of them empty. */
export function texts<const S extends ListSpec<string>>(spec: S) {
  const { least = 0, most, names, repeat, ...rest } = spec as ListSpec<string>;
  const more = { ...(names && { names }), ...(repeat && { repeat }) };
  return setting<string[], PresenceOf<S>, S>({ type: 'list', least, ...(most && { most }) }, rest, more);
}

/** Some of a few words. */
export function choices<const C extends readonly string[], const S extends ListSpec<C[number]>>(of: C, spec: S) {
  const { least = 1, ...rest } = spec as ListSpec<string>;
  return setting<C[number][], PresenceOf<S>, S>({ type: 'list', least, choices: of }, rest);
}

/** A setting that contains settings, an object in the configuration. */
export function section<const F extends Fields>(title: string, fields: F): SettingSection<F, 'plain'> {
  return { title, fields, is: 'plain' };
}

/** The same section, which a configuration can omit. */
export function optional<F extends Fields>(of: SettingSection<F, 'plain'>): SettingSection<F, 'optional'> {
  return { ...of, is: 'optional' };
}

/** The same section, which a configuration may set to null: off. */
export function nullable<F extends Fields>(of: SettingSection<F, 'plain'>): SettingSection<F, 'nullable'> {
  return { ...of, is: 'nullable' };
}

/** The words of a choice, in order. */
export function namesOf<T extends string>({ kind }: Setting<T>): readonly T[] {
  return kind.type === 'choice' ? (Object.keys(kind.choices) as T[]) : [];
}

/** Whether a node of the tree of settings has settings below it. */
export function isSection(node: Setting | AnySection): node is AnySection {
  return 'fields' in node;
}

/** A setting with its place in the configuration: `optimizer.lr`. */
export interface PlacedSetting {
  path: string;
  setting: Setting;
}

/** All settings of a section, in order, including those of its subsections. */
export function settingsIn({ fields }: { fields: Fields }, below = ''): PlacedSetting[] {
  return Object.entries(fields).flatMap(([key, node]) =>
    isSection(node) ? settingsIn(node, `${below}${key}.`) : [{ path: `${below}${key}`, setting: node }],
  );
}
