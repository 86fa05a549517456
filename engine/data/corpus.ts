/**
 * Plain text as a dataset: each paragraph becomes a context (`prompt`) and the text that follows it (`continuation`), for
 * the reward `next-token`. Pure.
 */
import { createHash } from 'node:crypto';

/** Shorter paragraphs, such as headings, are left out. */
export const MIN_WORDS = 8;
/** Maximum length of a passage (one row), and of a continuation, in characters. */
const MAX_PASSAGE_LENGTH = 1200;
const MAX_CONTINUATION_LENGTH = 200;

interface CorpusRow {
  values: { id: string; prompt: string; continuation: string };
  line: number;
}

/**
 * Rows of a text. Blank lines separate paragraphs; white space inside one counts as one blank. A paragraph of more than
 * 1,200 characters is cut, at ends of words, into passages of about equal length, one row each. The cut between context
 * and continuation is after a word in the middle half of the passage's words, at a place that depends on the passage's
 * text only, so the same text gives the same rows. A continuation begins with its blank and has at most 200 characters.
 * Ids are the paragraph's number from 1 (`7`), followed by the passage's (`7.2`) if there are several; omitted paragraphs
 * count. Lines are those on which a passage begins, from 1.
 */
export function corpusRows(text: string): CorpusRow[] {
  const rows: CorpusRow[] = [];
  paragraphsOf(text.replace(/^\uFEFF/, '')).forEach((words, paragraph) => {
    if (words.length < MIN_WORDS) return;
    const passages = cut(words);
    passages.forEach((passage, at) => {
      const id = passages.length === 1 ? `${paragraph + 1}` : `${paragraph + 1}.${at + 1}`;
      rows.push({ values: { id, ...divide(passage.map((word) => word.text)) }, line: passage[0]!.line });
    });
  });
  return rows;
}

interface Word {
  text: string;
  line: number;
}

function paragraphsOf(text: string): Word[][] {
  const paragraphs: Word[][] = [];
  let open = false;
  text.split(/\r\n|\n|\r/).forEach((content, line) => {
    const words = content.split(/\s+/).filter(Boolean);
    if (words.length > 0 && !open) paragraphs.push([]);
    open = words.length > 0;
    const paragraph = paragraphs.at(-1);
    for (const text of words) paragraph?.push({ text, line: line + 1 });
  });
  return paragraphs;
}

/** Passages of about equal length, each of at least the minimum number of words. A longer word is a passage by itself. */
function cut(words: readonly Word[]): Word[][] {
  const length = words.reduce((n, { text }) => n + text.length + 1, -1);
  const most = length / Math.ceil(length / MAX_PASSAGE_LENGTH);
  const passages: Word[][] = [[]];
  let used = 0;
  for (const word of words) {
    const passage = passages.at(-1)!;
    if (passage.length >= MIN_WORDS && used + word.text.length > most) {
      passages.push([word]);
      used = word.text.length + 1;
    } else {
      passage.push(word);
      used += word.text.length + 1;
    }
  }
  // Too few words at the end belong to the passage before.
  if (passages.length > 1 && passages.at(-1)!.length < MIN_WORDS) passages.at(-2)!.push(...passages.pop()!);
  return passages;
}

function divide(words: readonly string[]): { prompt: string; continuation: string } {
  const share = createHash('sha256').update(words.join(' ')).digest().readUInt32LE(0) / 2 ** 32;
  const first = Math.ceil(words.length / 4);
  const last = Math.floor((3 * words.length) / 4);
  const at = first + Math.floor(share * (last - first + 1));
  let continuation = '';
  for (const word of words.slice(at)) {
    if (continuation.length + word.length + 1 > MAX_CONTINUATION_LENGTH && continuation !== '') break;
    continuation += ` ${word}`;
  }
  return {
    prompt: words.slice(0, at).join(' '),
    continuation: continuation.slice(0, MAX_CONTINUATION_LENGTH).replace(/[\uD800-\uDBFF]$/, ''),
  };
}
