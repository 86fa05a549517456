/** The problems of a document's text, each with its lines, its id and its own text. Pure. */
import { columnValue, promptOf, usualName, type Values } from '../../engine/data/fields.ts';
import { locateProblems } from '../../engine/data/locate.ts';
import type { FieldMap } from '../../engine/protocol/index.ts';

export interface FoundProblem {
  row: number;
  /** First and last line, from 0. */
  line: number;
  endLine: number;
  /** As the engine names it: the row's number where the data gives none. */
  id: string;
  /** The problem's text; null while the row is broken. */
  prompt: string | null;
}

/**
 * Problems that have lines of their own: rows without a problem, and objects that share a line with others, are left
 * out.
 * @param firstLine number of the text's first line, and `firstRow` of its first row, for a part of a document
 */
export function findProblems(
  text: string,
  format: 'jsonl' | 'json',
  fields: FieldMap,
  firstRow = 0,
  firstLine = 0,
): FoundProblem[] {
  const located = locateProblems(text, format, fields, firstRow);
  const lines = text.split('\n');
  return located.flatMap(({ row, line, endLine, id, hasPrompt }, i) => {
    const alone = located[i - 1]?.endLine !== line && located[i + 1]?.line !== endLine;
    if (!hasPrompt || !alone) return [];
    const prompt = promptIn(lines.slice(line, endLine + 1).join('\n'), fields);
    return [{ row, line: line + firstLine, endLine: endLine + firstLine, id: id ?? String(row), prompt }];
  });
}

/** The problem that an object's lines hold; brackets of the list and commas around the object do not matter. */
function promptIn(source: string, fields: FieldMap): string | null {
  const start = source.indexOf('{');
  const end = source.lastIndexOf('}');
  try {
    const values = JSON.parse(source.slice(start, end + 1)) as Values;
    const name = fields.prompt ?? usualName(values, 'prompt');
    return name === null ? null : (promptOf(columnValue(values, name))?.text ?? null);
  } catch {
    return null;
  }
}
