/** Overrides in Hydra's command-line syntax. Pure. */

export type HydraValue =
  | string
  | number
  | boolean
  | null
  | readonly HydraValue[]
  | { readonly [key: string]: HydraValue };
/** By key. The prefix `+` adds a key that the configuration lacks. */
export type Overrides = Readonly<Record<string, HydraValue>>;

/** `trainer.nnodes=1`, one per entry: Hydra parses each to the same value. */
export function overrideLines(overrides: Overrides): string[] {
  return Object.entries(overrides).map(([key, value]) => `${key}=${hydraText(value)}`);
}

function hydraText(value: HydraValue): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map(hydraText).join(',')}]`;
  const entries = Object.entries(value).map(([key, one]) => `${quoted(key)}:${hydraText(one)}`);
  return `{${entries.join(',')}}`;
}

/** Quotes a text that Hydra could parse as something else: a number, a list, an interpolation. */
function quoted(text: string): string {
  if (/^[A-Za-z_/.][\w./-]*$/.test(text) && !/^(?:true|false|null|nan|inf|yes|no|on|off)$/i.test(text)) return text;
  const parts = text.split("'").map(doubledAtEnd);
  return `'${parts.join("\\'").replaceAll('${', '\\${')}'`;
}

/** Doubles trailing backslashes, since a backslash is only special before a quote. */
function doubledAtEnd(part: string): string {
  let count = 0;
  while (part.at(-1 - count) === '\\') count++;
  return part + '\\'.repeat(count);
}
