/** Removes words around a value that do not change it: labels and hedges. */
import { fromWords } from './numerals.ts';

/** `The answer is`, `Answer:`, also in `\text{...}`. */
const ANSWER =
  /^(?:(?:so|thus|hence|therefore),? )?(?:the )?(?:(?:final|correct) )?(?:answer|result|solution)(?: (?:is|would be|should be))?[:=]? ?(?=[^ a-z:=]|[a-z]+$)/i;
/** `about` and the like; not `at least`, which changes the meaning. */
const HEDGE =
  /^(?:(?:about|approximately|approx\.?|around|roughly|nearly|almost|exactly|precisely|circa|ca\.|equals|(?:is )?equal to|just|only|either|both|(?:a )?total of|probably|(?:most )?likely|possibly|perhaps|maybe|certainly|definitely|surely|I (?:think|believe|guess)(?: that)?(?:,? (?:it|the answer)(?: is|'s))?|it(?: is|'s))(?![a-zA-Z])|\\approx(?![a-zA-Z])|\\sim(?= ?[-\d.\\$])|=) ?/i;
/** `Total cost:` */
const LABEL =
  /^(?![A-Z]{1,4}:|(?:[Oo]ption|[Cc]hoice|[Aa]nswer|[Ll]etter) [A-J]:)[A-Za-z][A-Za-z ]{2,40}: ?(?=[-\d.$([{\\])/;
const TAIL =
  /,? ?\(?(?:in total|in all|altogether|overall|respectively|approximately|approx\.?|exactly|rounded|\\?or (?:so|thereabouts))\)?$/i;

/** The value repeated: `1024 (= 2^{10})`. */
const REPEATED_VALUE = / ?\( ?(?:=|\\approx)[^()=]{1,60}\)$/;

/** `#7`, `No. 7` */
const NUMBER = /^(?:\\?#|(?:No\.|number) ?)(?=\d)/i;

/** `42 (forty-two)`: the number repeated in words. */
const NUMBER_IN_WORDS = /^(-?\d{1,12}) \(([a-zA-Z][a-zA-Z -]{2,60})\)/;

/** Words after a value that justify it: `6, which is even`, `6 as required`, `6 (since 2 \cdot 3 = 6)`. */
const REASON =
  /(?:[,;(]|\\text ?\{| ) ?(?:because|since|as (?:required|needed|expected|desired|stated|shown|claimed|wanted)|which (?:is|are|was|equals|means|makes|gives))(?![a-zA-Z])/;

/** The cleaned answer without labels, hedges and asides. */
export function withoutLead(cleaned: string): string {
  let text = cleaned;
  for (let i = 0; i < 4; i++) {
    const before = text;
    text = stripped(text);
    if (text === before) break;
  }
  return text;
}

function stripped(text: string): string {
  // the leading words without their markup
  const mark = /^\\text\{([^{}]{1,80})\} ?/.exec(text);
  const flat = mark ? `${mark[1]!.trimEnd()} ${text.slice(mark[0].length)}`.trim() : text;
  const lead = ANSWER.exec(flat) ?? HEDGE.exec(flat) ?? LABEL.exec(flat);
  if (lead && lead[0].length < flat.length && /[^ .:]/.test(flat.slice(lead[0].length))) {
    return flat.slice(lead[0].length).trim();
  }
  const number = NUMBER.exec(flat);
  if (number) return flat.slice(number[0].length);
  const said = NUMBER_IN_WORDS.exec(flat);
  if (said && fromWords(said[2]!) === said[1]) return `${said[1]}${flat.slice(said[0].length)}`;
  const reason = REASON.exec(text);
  const value = reason ? text.slice(0, reason.index).trim() : '';
  // the words before may be what the clause describes: `2-digit numbers which are prime`
  if (/\d/.test(value) && !/(?<![\\a-zA-Z])[a-zA-Z]{3,}/.test(value)) return value;
  const tail = TAIL.exec(text.slice(-40)) ?? REPEATED_VALUE.exec(text.slice(-80));
  const head = tail ? text.slice(0, text.length - tail[0].length) : '';
  return /\d/.test(head) ? head.trim() : text;
}
