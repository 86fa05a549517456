/**
 * A plain text as a dataset: each paragraph becomes a context (`prompt`) and the text that follows it
 * (`continuation`), for the reward `next-token`. Pure.
 */
import { createHash } from 'node:crypto';

/** Shorter paragraphs, such as headings, are left out. */
export const FEWEST_WORDS = 8;
/** Longest piece of a paragraph that makes one row, and longest continuation, in characters. */
const LONGEST_PIECE = 1200;
const LONGEST_CONTINUATION = 200;

interface CorpusRow {
  values: { id: string; prompt: string; continuation: string };
  line: number;
}

/**
 * Rows of a text. Paragraphs are separated by blank lines; white space inside of one counts as one blank. A paragraph of
 * more than 1,200 characters is cut, at ends of words, into pieces of about equal length, a row each. The cut between
 * context and continuation lies at the end of a word in the middle half of the piece's words, at a place that follows
 * from the piece's text, so the same text gives the same rows. A continuation begins with its blank and has 200
 * characters at most. Ids are the paragraph's number from 1 (`7`), and the piece's (`7.2`) where there are several;
 * paragraphs that are left out count. Lines are those in which a piece begins, from 1.
 */
export function corpusRows(text: string): CorpusRow[] {
  const rows: CorpusRow[] = [];
  paragraphsOf(text.replace(/^\uFEFF/, '')).forEach((words, paragraph) => {
    if (words.length < FEWEST_WORDS) return;
    const pieces = cut(words);
    pieces.forEach((piece, at) => {
      const id = pieces.length === 1 ? `${paragraph + 1}` : `${paragraph + 1}.${at + 1}`;
      rows.push({ values: { id, ...divide(piece.map((word) => word.text)) }, line: piece[0]!.line });
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
    paragraphs.at(-1)?.push(...words.map((word) => ({ text: word, line: line + 1 })));
  });
  return paragraphs;
}

/** Pieces of about equal length, each of enough words. A word that is longer than a piece is one by itself. */
function cut(words: readonly Word[]): Word[][] {
  const length = words.reduce((n, { text }) => n + text.length + 1, -1);
  const most = length / Math.ceil(length / LONGEST_PIECE);
  const pieces: Word[][] = [[]];
  let used = 0;
  for (const word of words) {
    const piece = pieces.at(-1)!;
    if (piece.length >= FEWEST_WORDS && used + word.text.length > most) {
      pieces.push([word]);
      used = word.text.length + 1;
    } else {
      piece.push(word);
      used += word.text.length + 1;
    }
  }
  // What is left over at the end belongs to the piece before.
  if (pieces.length > 1 && pieces.at(-1)!.length < FEWEST_WORDS) pieces.at(-2)!.push(...pieces.pop()!);
  return pieces;
}

function divide(words: readonly string[]): { prompt: string; continuation: string } {
  const share = createHash('sha256').update(words.join(' ')).digest().readUInt32LE(0) / 2 ** 32;
  const first = Math.ceil(words.length / 4);
  const last = Math.floor((3 * words.length) / 4);
  const at = first + Math.floor(share * (last - first + 1));
  let continuation = '';
  for (const word of words.slice(at)) {
    if (continuation.length + word.length + 1 > LONGEST_CONTINUATION && continuation !== '') break;
    continuation += ` ${word}`;
  }
  return {
    prompt: words.slice(0, at).join(' '),
    continuation: continuation.slice(0, LONGEST_CONTINUATION).replace(/[\uD800-\uDBFF]$/, ''),
  };
}
