/** Reads the rows of a data file, a folder of such files, or a dataset on the Hub. Errors name file, line and column. */
import fs from 'node:fs/promises';
import path from 'node:path';
import zlib from 'node:zlib';
import type { FieldMap } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { corpusRows, MIN_WORDS } from './corpus.ts';
import { csvRows } from './csv.ts';
import { detectFormat } from './detect-format.ts';
import type { RowValues } from './fields.ts';
import { jsonLinesRows, jsonRows } from './json-rows.ts';
import { parquetRows } from './parquet.ts';
import type { FileRows, Row } from './rows.ts';
import { type ChosenShards, chooseShards, isNamedSplit } from './shards.ts';
import { isTraining, noSplit } from './splits.ts';
import { decode } from './text-file.ts';
import { TooLong } from './zstd/output.ts';

export interface TableRow {
  values: RowValues;
  line: number | null;
  /** The file of the row, and the row's index in it, from 0. */
  file: string;
  row: number;
}

export interface DatasetTable {
  /** The name that users know: the file, the folder, or the dataset on the Hub. */
  name: string;
  rows: TableRow[];
  /** All column names, in order of first appearance. */
  columns: string[];
  /** Notes for the user about how it was read. */
  notes: string[];
}

export interface ReadOptions {
  fields?: FieldMap;
  /** The split to read from a folder or a dataset on the Hub. */
  split?: string | undefined;
  /** Cancels a download. */
  signal?: AbortSignal | null;
}

/** @param split the requested split of a single file; only JSON files contain splits */
type Reader = (file: string, bytes: Buffer, fields: FieldMap, split?: string) => FileRows | Promise<FileRows>;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['.jsonl', (file, bytes, fields, split) => jsonLinesRows(file, decode(file, bytes), fields, split)],
  ['.ndjson', (file, bytes, fields, split) => jsonLinesRows(file, decode(file, bytes), fields, split)],
  ['.json', (file, bytes, fields, split) => jsonRows(file, decode(file, bytes), fields, split)],
  ['.csv', (file, bytes) => plain(csvRows(file, decode(file, bytes)))],
  ['.tsv', (file, bytes) => plain(csvRows(file, decode(file, bytes)))],
  ['.parquet', async (file, bytes) => plain(await parquetRows(file, bytes))],
  ['.txt', (file, bytes) => plain(textRows(file, bytes))],
  ['.md', (file, bytes) => plain(textRows(file, bytes))],
]);
const EXTENSIONS = [...READERS.keys()];

function plain(rows: Row[]): FileRows {
  return { rows, notes: [] };
}

/** Reads a data file, a folder, or a dataset on the Hub (`owner/name@revision`). Throws RollscopeError `dataset`. */
export async function readTable(
  source: string,
  { fields = {}, split, signal }: ReadOptions = {},
): Promise<DatasetTable> {
  const { files, notes, isFile } = await filesOf(source, split, signal);
  const rows: TableRow[] = [];
  const columns = new Set<string>();
  for (const file of files) {
    const found = await readFile(file, fields, isFile ? split : undefined);
    notes.push(...found.notes);
    for (const [row, { values, line }] of found.rows.entries()) {
      for (const name of Object.keys(values)) columns.add(name);
      rows.push({ values, line, file, row });
    }
  }
  if (rows.length === 0) throw empty(source);
  return { name: source, rows, columns: [...columns], notes };
}

/** The files to read. `isFile`: the source is a single file, which may contain splits. */
async function filesOf(
  source: string,
  split?: string,
  signal?: AbortSignal | null,
): Promise<ChosenShards & { isFile?: true }> {
  const found = await fs.stat(source).catch(() => null);
  if (found?.isDirectory()) return inFolder(source, split);
  const { parseDatasetId } = await import('../protocol/dataset-id.ts');
  const id = found ? null : parseDatasetId(source);
  if (!id) return { files: [source], notes: [], isFile: true };
  const { fetchHubDataset } = await import('../model/hub-dataset.ts');
  let notes: string[] = [];
  const choose = (names: string[]) => {
    const chosen = chooseShards(source, names, split);
    notes = chosen.notes;
    return chosen.files;
  };
  const files = await fetchHubDataset(id, split ?? '', choose, signal);
  return { files, notes };
}

/** Maximum number of files found in a folder. */
const MAX_FILES = 10_000;
const MAX_DEPTH = 3;

async function inFolder(folder: string, split: string | undefined): Promise<ChosenShards> {
  const names: string[] = [];
  const look = async (below: string, depth: number): Promise<void> => {
    const entries = await fs.readdir(path.join(folder, below), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (names.length >= MAX_FILES || /^[._]/.test(entry.name)) continue;
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) {
        if (depth < MAX_DEPTH) await look(name, depth + 1);
      } else names.push(name);
    }
  };
  await look('', 0);
  const { files, notes } = chooseShards(folder, names, split);
  return { files: files.map((name) => path.join(folder, name)), notes };
}

async function readFile(file: string, fields: FieldMap, split?: string): Promise<FileRows> {
  const packed = /\.(?:gz|zst)$/i.exec(file)?.[0].toLowerCase() ?? null;
  const inner = packed ? file.slice(0, -packed.length) : file;
  const extension = path.extname(inner).toLowerCase();
  const reader = READERS.get(extension);
  if (!reader) {
    throw new RollscopeError(
      'dataset',
      `${file}: ${extension ? `files of type ${extension} are not supported` : 'the file has no extension'}.`,
      remedyOf(extension),
      { details: { reason: 'unsupported-type', file, value: extension } },
    );
  }
  const raw = await readBytes(file);
  const bytes = packed ? await unpacked(file, raw, packed) : raw;
  if (bytes.length === 0) throw empty(file);
  const found = await reader(inner === file ? file : inner, bytes, fields, split);
  if (found.rows.length === 0) throw empty(file);
  const isWhole = split === undefined || found.isDivided || isTraining(split);
  if (!isWhole && !isNamedSplit(path.basename(file), split)) throw noSplit(file, split, []);
  return found;
}

/** A hint for an unsupported file type. */
function remedyOf(extension: string): string {
  const known = `Use one of ${EXTENSIONS.join(', ')}.`;
  if (/^\.xlsx?$|^\.ods$/.test(extension)) return `Save the sheet as "CSV UTF-8". ${known}`;
  if (extension === '.arrow')
    return 'Write it with dataset.to_parquet("problems.parquet") or dataset.to_json("problems.jsonl").';
  if (/^\.(?:pkl|pickle|feather|orc)$/.test(extension))
    return `Write it with pandas: to_parquet or to_json(orient="records", lines=True). ${known}`;
  if (/^\.(?:zip|tar|7z)$/.test(extension)) return `Unpack it first. ${known}`;
  return known;
}

/** Maximum decompressed size in bytes, the same as for text files. */
const MAX_UNPACKED = 500_000_000;

async function unpacked(file: string, bytes: Buffer, extension: string): Promise<Buffer> {
  try {
    if (extension === '.gz') return zlib.gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED });
    const { unpackZstdFile } = await import('./zstd/index.ts');
    const found = unpackZstdFile(bytes, MAX_UNPACKED);
    return Buffer.from(found.buffer, found.byteOffset, found.byteLength);
  } catch (error) {
    if (error instanceof TooLong || (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new RollscopeError(
        'dataset',
        `${file} is larger than ${MAX_UNPACKED / 1e6} MB when unpacked.`,
        'Split it into several files in one folder, or convert it to Parquet.',
        { cause: error, details: { reason: 'too-large', file } },
      );
    }
    throw new RollscopeError(
      'dataset',
      `${file} cannot be unpacked: ${(error as Error).message}.`,
      'Unpack it, and use the file in it.',
      { cause: error, details: { reason: 'unreadable', file, system: (error as Error).message } },
    );
  }
}

async function readBytes(file: string): Promise<Buffer> {
  const found = await fs.stat(file).catch(() => null);
  // reading from a pipe could block forever, and from a device never ends
  if (found && !found.isFile() && !found.isDirectory()) {
    throw new RollscopeError(
      'dataset',
      `${file} is a named pipe or a device, not a file.`,
      'Write the problems into a file.',
      { details: { reason: 'not-a-file', file } },
    );
  }
  try {
    return await fs.readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw new RollscopeError('dataset', `${file} not found.`, 'Check the path of the dataset.', {
        details: { reason: 'not-found', file },
      });
    }
    if (code === 'EACCES' || code === 'EPERM') {
      throw new RollscopeError('dataset', `${file}: permission denied.`, 'Check the permissions of the file.', {
        details: { reason: 'forbidden', file },
      });
    }
    throw new RollscopeError('dataset', `${file} cannot be read: ${message}`, undefined, {
      details: { reason: 'unreadable', file, system: message },
    });
  }
}

function empty(file: string): RollscopeError {
  return new RollscopeError('dataset', `${file} contains no problems.`, 'Each row is one problem.', {
    details: { reason: 'empty', file },
  });
}

/** The rows of a text corpus. */
function textRows(file: string, bytes: Buffer): Row[] {
  const text = decode(file, bytes);
  const zero = text.indexOf('\0');
  if (zero >= 0) {
    throw new RollscopeError(
      'dataset',
      `${file}:${text.slice(0, zero).split('\n').length}: contains a NUL byte: not a text file.`,
      'Use UTF-8 text.',
      { details: { reason: 'nul-byte', file, line: text.slice(0, zero).split('\n').length } },
    );
  }
  const looks = detectFormat(text);
  if (looks) {
    throw new RollscopeError('dataset', `${file} holds ${looks.as}, not paragraphs of a text.`, looks.hint, {
      details: { reason: 'not-a-text', file },
    });
  }
  const rows = corpusRows(text);
  if (rows.length > 0) return rows.map(({ values, line }) => ({ values: { ...values }, line }));
  throw new RollscopeError(
    'dataset',
    `${file} contains no usable paragraph.`,
    `Paragraphs are separated by blank lines; paragraphs of fewer than ${MIN_WORDS} words are skipped.`,
    { details: { reason: 'no-paragraph', file, fewest: MIN_WORDS } },
  );
}
