/** Detects files whose contents do not match their extension, with a remedy. Pure. */
import { isObject } from '../protocol/values.ts';
import { readJson } from './json.ts';
import { scanObjects } from './json-scan.ts';
import { parsePython } from './python-literal.ts';

interface DetectedFormat {
  /** The actual contents, as a noun phrase. */
  as: string;
  hint: string;
  /** Only the file name is wrong. */
  isJson?: true;
}

const PYTHON: DetectedFormat = {
  as: 'rows in Python syntax',
  hint: 'Write them with json.dump(rows, file), or with pandas: to_json("problems.jsonl", orient="records", lines=True).',
};
const JOINED: DetectedFormat = {
  as: 'JSON objects one after another',
  hint: 'Write each object on a line of its own in a .jsonl file: jq -c . < objects.json > problems.jsonl',
};
const MEMBERS: DetectedFormat = {
  as: 'JSON objects with commas between them',
  hint: 'Put the objects between [ and ], or write each on a line of its own, without the commas, in a .jsonl file.',
};
const DOCUMENT: DetectedFormat = { as: 'JSON', hint: 'Give it a name that ends in .json.', isJson: true };
const LINES: DetectedFormat = { as: 'JSON Lines', hint: 'Give it a name that ends in .jsonl.', isJson: true };

/** Python syntax that JSON lacks: single quotes, and names of values. */
const PYTHONS_OWN = /[{[,:]\s{0,9}(?:[bu]?'|(?:None|True|False|array\()(?!\w))/;

const POINTER: DetectedFormat = {
  as: 'a Git LFS pointer, not the file itself',
  hint: 'Fetch the file: git lfs pull',
};
const PAGE: DetectedFormat = {
  as: 'a page of a website',
  hint: 'Download the file itself, not the page that shows it.',
};

/** The likely format of a text that begins with an object or a list of objects, or is not a data file; null for others. */
export function detectFormat(text: string): DetectedFormat | null {
  if (text.startsWith('version https://git-lfs.github.com/spec/')) return POINTER;
  if (/^\s{0,99}<(?:!doctype html|html)[\s>]/i.test(text)) return PAGE;
  const [head] = /^\s*\[?\s*/.exec(text)!;
  const isList = head.includes('[');
  if (text[head.length] !== '{') return null;
  const [first, second] = scanObjects(text, head.length - 1, 2);
  if (!first) return null;
  const source = text.slice(first.start, first.end);
  if (!isObject(jsonIn(source))) return PYTHONS_OWN.test(source) && isObject(parsePython(source)) ? PYTHON : null;
  if (isList) return DOCUMENT;
  const behind = text.slice(first.end, second?.start ?? text.length);
  if (behind.trim() === '') {
    if (!second) return DOCUMENT;
    return behind.includes('\n') && !source.includes('\n') ? LINES : JOINED;
  }
  return second && behind.trim() === ',' ? MEMBERS : null;
}

function jsonIn(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}
