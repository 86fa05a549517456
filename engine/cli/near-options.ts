/** Suggests options for an unknown one by the parts of its name and by help texts. Light. */

/** An option as the parser defines it. */
export interface KnownOption {
  /** `--lora [rank]`. */
  flags: string;
  description: string;
}

/** Maximum number of suggestions. */
const MAX_SUGGESTIONS = 3;
/** Parts that occur in many names and convey little. */
const COMMON = new Set(['n', 'no', 'num', 'number', 'max', 'min', 'field', 'name', 'per', 'of', 'the', 'a']);
/** Weight of a match in the help, relative to one in the name. */
const HELP_WEIGHT = 0.5;

const FIRST_WORDS = 3;

/** Normalized parts of a name or words of a text: `evaluations` and `eval` share a prefix, so they match. */
function partsOf(text: string): string[] {
  return text
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9+]+/)
    .map((part) => (part.length > 3 ? part.replace(/s$/, '') : part))
    .filter((part) => part !== '');
}

function isSimilar(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short === long || (short.length >= 4 && long.startsWith(short));
}

/** The nearest options to an unknown one. */
export interface NearOptions {
  /** Long flags, best first; empty without a significant match. */
  flags: string[];
  /** Whether every part of the unknown name was found in the name or help of each. */
  whole: boolean;
}

/** Searches for `wanted`, as typed (`--lora-rank`), among the options of a command. */
export function nearOptions(wanted: string, options: readonly KnownOption[]): NearOptions {
  const parts = partsOf(wanted);
  const scored = options.flatMap(({ flags, description }) => {
    const flag = /--[\w+-]+/.exec(flags)?.[0];
    if (flag === undefined) return [];
    const [names, words] = [partsOf(flags), partsOf(description)];
    const within = (part: string, list: readonly string[]) => list.some((item) => isSimilar(part, item));
    const named = parts.filter((part) => within(part, names));
    const explained = parts.filter((part) => !named.includes(part) && within(part, words));
    // Without a significant match in the name, the first words of the help must match.
    const says = [...named, ...explained.filter((part) => within(part, words.slice(0, FIRST_WORDS)))];
    if (!says.some((part) => !COMMON.has(part))) return [];
    const foreign = partsOf(flag).filter((name) => !within(name, parts)).length;
    const whole = named.length + explained.length === parts.length;
    return [{ flag, whole, score: named.length + HELP_WEIGHT * explained.length - 0.1 * foreign }];
  });
  const best = Math.max(...scored.map(({ score }) => score));
  const nearest = scored.filter(({ score }) => score === best).slice(0, MAX_SUGGESTIONS);
  return { flags: nearest.map(({ flag }) => flag), whole: nearest.length > 0 && nearest.every(({ whole }) => whole) };
}
