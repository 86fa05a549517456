/** Finds the problems in a document: lines, id and text of each. Pure. */
import { promptOf } from '../../engine/data/chat.ts';
import { columnValue, NO_IDS, type RowValues, usualName } from '../../engine/data/fields.ts';
import { readJson } from '../../engine/data/json.ts';
import { locateProblems } from '../../engine/data/locate.ts';
import type { FieldMap } from '../../engine/protocol/index.ts';

export interface FoundProblem {
  row: number;
  /** First and last line, from 0. */
  line: number;
  endLine: number;
  /** The same as in the engine: the row's number if the data contains no id. */
  id: string;
  /** The problem's text; null while the row is not valid JSON. */
  prompt: string | null;
}

/**
 * Problems on their own lines: rows without a problem, and objects that share a line with others, are skipped.
 * @param firstLine number of the text's first line, and `firstRow` of its first row, for a part of a document
 */
export function findProblems(
  text: string,
  format: 'jsonl' | 'json',
  fields: FieldMap,
  firstRow = 0,
  firstLine = 0,
): FoundProblem[] {
  const found = locateProblems(text, format, fields, firstRow);
  // as the engine does: ids that repeat are replaced by numbers, unless the user chose their column
  const numbered = fields.id === NO_IDS || (fields.id === undefined && firstRow === 0 && hasDuplicates(found));
  const located = numbered ? found.map((problem) => ({ ...problem, id: null })) : found;
  const lines = text.split('\n');
  return located.flatMap(({ row, line, endLine, id, hasPrompt }, i) => {
    const alone = located[i - 1]?.endLine !== line && located[i + 1]?.line !== endLine;
    if (!hasPrompt || !alone) return [];
    const prompt = promptIn(lines.slice(line, endLine + 1).join('\n'), fields);
    return [{ row, line: line + firstLine, endLine: endLine + firstLine, id: id ?? String(row), prompt }];
  });
}

function hasDuplicates(problems: readonly { id: string | null; row: number }[]): boolean {
  return new Set(problems.map(({ id, row }) => id ?? String(row))).size < problems.length;
}

/** The problem in the lines of an object; brackets and commas around the object are ignored. */
function promptIn(source: string, fields: FieldMap): string | null {
  const start = source.indexOf('{');
  const end = source.lastIndexOf('}');
  try {
    const values = readJson(source.slice(start, end + 1)) as RowValues;
    const name = fields.prompt ?? usualName(values, 'prompt');
    return name === null ? null : (promptOf(columnValue(values, name))?.text ?? null);
  } catch {
    return null;
  }
}
