/** Removes words that do not change an answer: articles, `the statement is true`. Pure. */
import { isMathematics } from './measure.ts';

/** Gives `the Nile` the same key as `Nile`. A product that begins with `a` keeps it. */
export function withoutArticle(key: string): string {
  const found = /^(?:(the|an)|a) (?=[\p{L}])/iu.exec(key);
  if (!found || key.length > 200) return key;
  const rest = key.slice(found[0].length);
  if (found[1]?.toLowerCase() === 'the') return rest;
  // `a cat`, not `a b`, `a sin x` or `A minor`
  const words = rest.split(/[ '-]/);
  const said =
    words[0]!.length > 2 &&
    words.every((word) => /^\p{L}+$/u.test(word) && (word.length > 2 || /^(?:of|in|to|on|at|by|an?)$/.test(word))) &&
    !words.some((word) => isMathematics(word.toLowerCase())) &&
    !/^(?:minor|major|flat|sharp)$/i.test(words[0]!);
  return said ? rest : key;
}

/** `yes` for `Yes, it is`, whose remainder repeats it. `true` for `the statement is true`. */
export function yesOrNo(key: string): string {
  return (
    /^(yes|no|true|false)(?:,|;|:|\.|-)(?=[a-zA-Z])[^\d=\\]{2,120}$/.exec(key)?.[1] ??
    /^(?:(?:the|this|that|it) )?(?:statement|claim|assertion|proposition|conjecture) is (true|false)$/.exec(key)?.[1] ??
    key
  );
}
