/** How data was read, as text. Without zod: the panel's page uses it. */
import { plural } from './format.ts';
import type { DataReading, EvaluationRecord } from './records.ts';

/** `problems.jsonl: 60 problems; problem in "question", answer in "answer", numbered by row; not used: "level"`. */
export function readingText({ source, problems, prompt, answer, id, shown, kept, left }: DataReading): string {
  const column = (name: string) => `"${name}"`;
  const list = (names: readonly string[]) =>
    names.slice(0, 12).map(column).join(', ') + (names.length > 12 ? ` and ${names.length - 12} more` : '');
  const taken = [
    prompt === null ? 'problem by the template' : `problem in ${column(prompt)}`,
    answer === null ? 'no answers' : `answer in ${column(answer)}`,
    id === null ? 'numbered by row' : `id in ${column(id)}`,
  ];
  const parts = [
    taken.join(', '),
    ...(shown.length > 0 ? [`also in the prompt: ${list(shown)}`] : []),
    ...(kept.length > 0 ? [`for the reward: ${list(kept)}`] : []),
    ...(left.length > 0 ? [`not used: ${list(left)}`] : []),
  ];
  return `${source}: ${plural(problems, 'problem')}; ${parts.join('; ')}`;
}

/** `60 problems`, or `32 of 60 problems, sampled`. */
export function evaluatedText({ problems, sampledFrom }: Pick<EvaluationRecord, 'problems' | 'sampledFrom'>): string {
  if (sampledFrom !== undefined) return `${problems} of ${sampledFrom} problems, sampled`;
  return plural(problems, 'problem');
}
