/** CSV and TSV: the separators and quotes of Excel, pandas and databases are detected. */
import { CsvError, parse } from 'csv-parse/sync';
import { RollscopeError } from '../protocol/errors.ts';
import type { Row } from './rows.ts';

const SEPARATORS = [',', ';', '\t', '|'] as const;
/** Number of records from which the separator is detected. */
const SAMPLED_RECORDS = 20;

interface Dialect {
  delimiter: string;
  quote: string;
  escape: string;
}

interface CsvRecord {
  record: string[];
  raw: string;
  info: { lines: number };
}

/** The rows of a CSV or TSV text. Throws RollscopeError `dataset` with the line. */
export function csvRows(file: string, given: string): Row[] {
  // A line break inside a cell counts as one line in any form; the parser would count \r\n twice.
  const lines = given.includes('\n') ? given.replaceAll('\r\n', '\n') : given.replaceAll('\r', '\n');
  // Excel's own declaration of the separator
  const named = /^sep=(.)\n/i.exec(lines);
  const text = named ? lines.slice(named[0].length) : lines;
  const above = named ? 1 : 0;
  const quote = /^\s*'[^'\n]*'\s*[,;\t|\n]/.test(text) ? "'" : '"';
  const delimiter = named?.[1] ?? separatorOf(text, quote, file.toLowerCase().includes('.tsv'));
  const read = (escaping: string) => records(file, text, above, { delimiter, quote, escape: escaping });
  let found: CsvRecord[];
  try {
    found = read(quote);
  } catch (error) {
    // databases escape a quote with a backslash
    if (!text.includes(`\\${quote}`)) throw error;
    try {
      found = read('\\');
    } catch {
      throw error;
    }
  }
  const [header, ...body] = found;
  if (!header) return [];
  const names = headerNames(file, header.record, above + 1);
  return body.map(({ record, raw, info }) => {
    // `lines` counts up to the end of the record; `raw` may begin with blank lines
    const inside = raw.trim().split('\n').length - 1;
    return { values: Object.fromEntries(names.map((name, i) => [name, record[i]])), line: info.lines - inside + above };
  });
}

function records(file: string, text: string, above: number, dialect: Dialect): CsvRecord[] {
  try {
    return parse(text, {
      ...dialect,
      bom: true,
      info: true,
      raw: true,
      // as in pandas, a quote inside an unquoted cell is an ordinary character
      relax_quotes: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as CsvRecord[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = (error as CsvError & { lines?: number }).lines;
    const message = error.message
      .replace(/:? (?:at|on) line \d+\b.*$/s, '')
      .replace(/: expect (\d+), got/, ': columns length is $1, got');
    throw new RollscopeError(
      'dataset',
      `${file}${line ? `:${line + above}` : ''}: broken CSV: ${message}.`,
      'Quote cells that contain the separator, a quote or a line break, and double quotes inside a quoted cell.',
      { details: { reason: 'broken-csv', file, line: line ? line + above : null, system: message } },
    );
  }
}

/** The separator with equal counts (outside quotes) in all of the first records; else the most frequent in the header. */
function separatorOf(text: string, quote: string, tabs: boolean): string {
  const counts = separatorCounts(text, quote);
  const [header] = counts;
  if (!header) return tabs ? '\t' : ',';
  const order = tabs ? (['\t', ',', ';', '|'] as const) : SEPARATORS;
  const even = order.filter((c) => header.get(c)! > 0 && counts.every((of) => of.get(c) === header.get(c)));
  const candidates = even.length > 0 ? even : order;
  return candidates.reduce((best, c) => (header.get(c)! > header.get(best)! ? c : best));
}

/** Occurrences of each separator in each of the first records. */
function separatorCounts(text: string, quote: string): Map<string, number>[] {
  const none = () => new Map<string, number>(SEPARATORS.map((c) => [c, 0]));
  const counts: Map<string, number>[] = [];
  let of = none();
  let quoted = false;
  let empty = true;
  for (let i = 0; i < text.length && counts.length < SAMPLED_RECORDS; i++) {
    const c = text[i]!;
    if (c === '\n' && !quoted) {
      if (!empty) counts.push(of);
      of = none();
      empty = true;
      continue;
    }
    // only at the beginning of a cell does a quote open
    if (c === quote)
      quoted = !quoted && (empty || of.has(text[i - 1]!) || text[i - 1] === quote || text[i - 1] === ' ');
    else if (!quoted && of.has(c)) of.set(c, of.get(c)! + 1);
    empty = false;
  }
  if (!empty && counts.length < SAMPLED_RECORDS && !quoted) counts.push(of);
  return counts;
}

/** The column names; columns without one, such as a pandas index, get a name. */
function headerNames(file: string, header: readonly string[], line: number): string[] {
  const names = header.map((name, i) => name || `Unnamed: ${i}`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new RollscopeError(
      'dataset',
      `${file}:${line}: two columns are named "${twice}".`,
      'Give each column its own name.',
      { details: { reason: 'duplicate-column', file, line, value: twice } },
    );
  }
  return names;
}
