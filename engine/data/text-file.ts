/** Decodes text files: UTF-8, or UTF-16 as Excel and PowerShell save it. */
import { RollscopeError } from '../protocol/errors.ts';

/** Longer texts do not fit into one JavaScript string. */
const MAX_BYTES = 500_000_000;

/** Decodes a file without its byte order mark. Throws RollscopeError `dataset`. */
export function decode(file: string, bytes: Uint8Array): string {
  if (bytes.length > MAX_BYTES) {
    throw new RollscopeError(
      'dataset',
      `${file} has ${Math.round(bytes.length / 1e6)} MB; a text file may have at most ${MAX_BYTES / 1e6} MB.`,
      'Split it into several files in one folder, or convert it to Parquet.',
      { details: { reason: 'too-large', file } },
    );
  }
  const text = isParquet(bytes) ? null : decoded(bytes);
  if (text !== null) return text;
  const other = actualKind(bytes);
  throw new RollscopeError(
    'dataset',
    `${file} is not UTF-8 text.`,
    other?.hint ?? 'Save the file as UTF-8 (in Excel: "CSV UTF-8").',
    { details: { reason: 'not-utf8', file, ...(other && { found: other.what }) } },
  );
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Whether this is a Parquet file; tiny files with its mark are read as text. */
function isParquet(bytes: Uint8Array): boolean {
  return (
    bytes.length > 8 && [bytes.subarray(0, 4), bytes.subarray(-4)].every((end) => Buffer.from(end).equals(PARQUET))
  );
}

const PARQUET = Buffer.from('PAR1');

/** First bytes of other file types, with the extension that they should have. */
const BEGINNINGS: readonly (readonly [bytes: readonly number[], what: string, ending: string])[] = [
  [[0x1f, 0x8b], 'compressed by gzip', '.gz'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'compressed by zstd', '.zst'],
  [[0x50, 0x41, 0x52, 0x31], 'a Parquet file', '.parquet'],
  [[0x50, 0x4b, 0x03, 0x04], 'a ZIP archive or an Excel workbook', ''],
];

/** The actual type of a file whose extension is wrong, with a hint; null if unknown. */
function actualKind(bytes: Uint8Array): { what: string; hint: string } | null {
  const found = BEGINNINGS.find(([beginning]) => beginning.every((byte, i) => bytes[i] === byte));
  if (!found) return null;
  const [, what, ending] = found;
  const remedy = ending === '' ? 'Save its contents as CSV or JSON Lines.' : `Give it a name that ends in ${ending}.`;
  return { what, hint: `It is ${what}. ${remedy}` };
}

function encodingOf(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe && bytes.length % 2 === 0) return 'utf-16le';
  if (first === 0xfe && second === 0xff && bytes.length % 2 === 0) return 'utf-16be';
  // without a byte order mark: ASCII characters, each with a zero byte before or after it
  if (bytes.length % 2 === 0 && bytes.length >= 4) {
    if (first !== 0 && second === 0 && bytes[3] === 0) return 'utf-16le';
    if (first === 0 && second !== 0 && bytes[2] === 0) return 'utf-16be';
  }
  return 'utf-8';
}
