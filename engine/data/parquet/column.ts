/** Reads the values of one column of a row group. */
import type { ParquetParsers } from 'hyparquet';
import { assembleLists } from 'hyparquet/src/assemble.js';
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { readJson } from '../json.ts';
import { type Budget, OBJECT, REFERENCE } from './budget.ts';
import type { Chunk } from './footer.ts';
import {
  type ColumnValues,
  cutPage,
  dictionaryValues,
  levelsAt,
  type PageColumn,
  type PageValues,
  pageValues,
} from './page.ts';

/** Bytes of parsed JSON per byte of its text, at most. */
const JSON_GROWTH = 16;
/** Maximum bytes of a decimal number; the largest in databases take 16. */
const MAX_DECIMAL = 64;

export const PARSERS: ParquetParsers = {
  ...DEFAULT_PARSERS,
  // exact numbers, and limited nesting
  jsonFromBytes: (bytes?: Uint8Array) => bytes && readJson(new TextDecoder().decode(bytes)),
  // a date without a time of day
  dateFromDays: (days: number) => day(days),
};

/** `2024-03-01`; null outside the range of dates. */
function day(days: number): string | null {
  const date = new Date(days * 86_400_000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString().split('T')[0]!;
}

/** Whether a column is neither a list nor part of another one. */
export function isFlat({ path }: Chunk): boolean {
  return path.length === 2 && path[1]!.element.repetition_type !== 'REPEATED';
}

/**
 * The column's values, as a list per row if it is nested in lists. `bytes`: the bytes of the column; `rows`: the rows of
 * its row group. Throws if it is damaged, or needs more memory than the budget allows.
 */
export function columnValues(chunk: Chunk, bytes: Uint8Array, rows: number, budget: Budget): unknown[] {
  const { path } = chunk;
  const element = path.at(-1)!.element;
  const column: PageColumn = { element, codec: chunk.codec, ...levelsAt(path) };
  const flat = isFlat(chunk);
  const output: unknown[] = [];
  let dictionary: ColumnValues | null = null;
  // while another page can follow: some writers leave a byte after the last page
  for (let at = 0; flat ? output.length < rows && at < bytes.length - 1 : at < bytes.length - 1; ) {
    const { page, end } = cutPage(bytes, at);
    at = end;
    const { type } = page.header;
    if (type === 'DICTIONARY_PAGE') {
      dictionary = converted(dictionaryValues(page, column, budget), chunk, budget);
      continue;
    }
    if (type !== 'DATA_PAGE' && type !== 'DATA_PAGE_V2') throw new Error(`parquet unsupported page type: ${type}`);
    if (!flat) budget.take(page.header.values * (REFERENCE + OBJECT * path.length));
    const found = pageValues(page, column, budget);
    const values = found.indexes ? lookUp(found.values, dictionary) : converted(found.values, chunk, budget);
    if (flat) append(output, found, values, column.definitions);
    else assemble(output, found, values, chunk);
  }
  return output;
}

function lookUp(places: ColumnValues, dictionary: ColumnValues | null): ColumnValues {
  if (!dictionary) throw new Error('a page that needs a dictionary, without one');
  return Array.from(places as Uint32Array, (place) => {
    if (place >= dictionary.length) throw new Error(`value ${place} of a dictionary of ${dictionary.length}`);
    return dictionary[place];
  });
}

function append(output: unknown[], { definitions }: PageValues, values: ColumnValues, highest: number): void {
  if (!definitions) {
    for (let i = 0; i < values.length; i++) output.push(values[i]);
    return;
  }
  let next = 0;
  for (const level of definitions) output.push(level === highest ? values[next++] : null);
}

function assemble(
  output: unknown[],
  { repetitions, definitions }: PageValues,
  values: ColumnValues,
  { path }: Chunk,
): void {
  // the library uses only the lengths and elements of levels
  const [repeated, defined] = [repetitions ?? [], definitions ?? []] as unknown as [number[], number[]];
  const found = assembleLists(output, defined, repeated, values as never, path);
  // without lists and nulls, it returns the values unchanged
  if (found !== output) for (const value of found) output.push(value);
}

/** Converts raw values to texts, dates and numbers. */
function converted(values: ColumnValues, { path, codec, name }: Chunk, budget: Budget): ColumnValues {
  const element = path.at(-1)!.element;
  const { converted_type: kind } = element;
  budget.take(values.length * REFERENCE);
  if (kind === 'JSON' || kind === 'DECIMAL') {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (!(value instanceof Uint8Array)) continue;
      if (kind === 'JSON') budget.take(value.length * JSON_GROWTH);
      else if (value.length > MAX_DECIMAL) throw new Error(`a decimal number of ${value.length} bytes`);
    }
  }
  const decoder = { pathInSchema: name.split('.'), element, schemaPath: path, parsers: PARSERS };
  return convert(values as never, { ...decoder, type: element.type, codec } as Parameters<typeof convert>[1]);
}
