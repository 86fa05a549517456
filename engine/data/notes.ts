/** Warnings about a dataset that do not prevent a run. */
import type { DatasetConfig } from '../protocol/config.ts';
import type { Problem } from '../protocol/problem.ts';
import type { DataReading } from '../protocol/records.ts';
import { columnList } from './columns.ts';
import type { DatasetColumns } from './fields.ts';
import type { PromptParts } from './prompt-parts.ts';
import type { ReadRow } from './row.ts';

interface NotedData {
  columns: DatasetColumns;
  problems: readonly Problem[];
  /** Parallel to the problems. */
  prompts: readonly PromptParts[];
  reading: DataReading;
  rows: readonly ReadRow[];
}

/** Names of columns with text that belongs before the problem. */
const CONTEXT_COLUMN = /^(?:context|passage|article|story|paragraph|document|background|body|premise|facts?)s?$/i;

/** Markers that begin a turn in common chat templates. */
const MARK = /<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>|<\|user\|>|<｜User｜>|\[INST\]/;
/** Number of characters of a prompt that are searched for markers. */
const MARKS_WITHIN = 100_000;

/** Warnings as sentences: problems without a reference answer, unused columns, duplicate problems and others. */
export function notesOf(config: DatasetConfig, { columns, problems, prompts, reading, rows }: NotedData): string[] {
  const warnings: string[] = [];
  const labeled = problems.filter(({ answer }) => answer !== null).length;
  if (labeled > 0 && labeled < problems.length) {
    warnings.push(
      `${problems.length - labeled} of ${problems.length} problems have no reference answer: accuracy is measured on the others.`,
    );
  }
  if (labeled === 0 && (columns.answer !== null || reading.left.length > 0)) {
    const why = columns.answer === null ? 'No answer column was found' : `The column "${columns.answer}" is empty`;
    const others =
      reading.left.length === 0
        ? ''
        : ` Not used: ${columnList(reading.left)}. If one of them contains the answers, name it (--answer-field, or rollscope.fields in the editor).`;
    warnings.push(`${why}: accuracy is not measured.${others}`);
  }
  const unseen = reading.left.filter((name) => CONTEXT_COLUMN.test(name));
  if (unseen.length > 0) {
    const [first] = unseen;
    warnings.push(
      `Not shown to the model: ${columnList(unseen)}. Problems that refer to it need it in the prompt template (--template "{{${first}}} {{problem}}", or rollscope.promptTemplate in the editor).`,
    );
  }
  const several = problems.filter(({ accepted }) => accepted).length;
  const choosing = rows.some(({ choices }) => choices !== null);
  if (several > 0 && !choosing) {
    warnings.push(
      `${several} of ${problems.length} problems have several reference answers: a response that equals any of them is correct.`,
    );
  }
  if (config.system !== undefined && rows.some(({ asked }) => (asked?.system ?? config.system) !== config.system)) {
    warnings.push('The system messages in the data are overridden by the given one.');
  }
  const marked = prompts.flatMap((prompt) => MARK.exec(prompt.user.slice(0, MARKS_WITHIN))?.[0] ?? []);
  if (marked.length > 0) {
    warnings.push(
      `${marked.length} of ${problems.length} problems contain chat-template tokens, such as "${marked[0]}": the model reads them as plain text within its own template. Give the turns as messages ([{"role": "user", "content": "..."}]) instead.`,
    );
  }
  const repeated = problems.length - new Set(prompts.map((prompt) => JSON.stringify(prompt))).size;
  if (repeated > 0) warnings.push(`${repeated} of ${problems.length} problems are duplicates.`);
  return warnings;
}
