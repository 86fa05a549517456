/** Answers in tags: `<answer>x</answer>`, `<final_answer>x</final_answer>`, `[ANSWER]x[/ANSWER]`. */
import { type Found, MAX_ANSWER, trimmedSpan } from './span.ts';

/** The tags in which models put a final answer. */
const NAMES = '(?:(?:final|correct)[_ -]?)?answer|ans';
/** One opening or closing answer tag. */
export const ANSWER_TAG = new RegExp(`<\\/?(?:${NAMES})>|\\[\\/?ANSWER\\]`, 'i');
const ANSWER_TAGS = new RegExp(`<(\\/?)(${NAMES})>|\\[(\\/?)(ANSWER)\\]`, 'gi');

/** Maximum number of complete tags that are tried, from the end. */
const MAX_TAGS = 20;

interface Tag {
  start: number;
  end: number;
  name: string;
  closes: boolean;
}

/** Content of the last complete tag that is not empty; `cut` if a later one is unfinished. `name`: a custom tag. */
export function lastTag(text: string, name?: string): Found | 'cut' | null {
  if (!/[<[]/.test(text)) return null;
  const tags = tagsOf(text, name);
  const last = tags.at(-1);
  if (last && !last.closes && isUnfinished(text.slice(last.end))) return 'cut';
  let close = tags.length - 1;
  for (let tries = 0; close >= 0 && tries < MAX_TAGS; close--) {
    const { closes, name: closed, start } = tags[close]!;
    const open = closes ? tags[close - 1] : undefined;
    if (!open || open.closes || open.name !== closed) continue;
    const found = trimmedSpan(text, open.end, start);
    if (found) return found;
    tries++;
  }
  return null;
}

function tagsOf(text: string, name: string | undefined): Tag[] {
  const pattern = name === undefined ? ANSWER_TAGS : new RegExp(`<(\\/?)(${name.replace(/-/g, '\\-')})>`, 'gi');
  return Array.from(text.matchAll(pattern), (found) => ({
    start: found.index,
    end: found.index + found[0].length,
    name: (found[2] ?? found[4])!.toLowerCase(),
    closes: (found[1] ?? found[3]) === '/',
  }));
}

function isUnfinished(rest: string): boolean {
  return rest.length <= MAX_ANSWER && !/\n\s*\n/.test(rest) && !/^\s?(?:tags?\b|["'`])/.test(rest);
}
