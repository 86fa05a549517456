/** Reads one group of a run with the explanation of each reward: for the panel, documents and `rollscope show`. */
import { readGroup } from '../journal/groups.ts';
import type { GroupDetail } from '../protocol/group.ts';
import type { Problem } from '../protocol/problem.ts';
import { gradingOf, type RunFile } from '../protocol/run-file.ts';
import { type AnswerPlace, answerPlaces } from '../reward/answer-place.ts';
import type { RunColumns } from './columns.ts';
import { explanations } from './explanations.ts';
import { vocabularyOf } from './head.ts';

/** A group with its rollouts, the explanation of each reward, and where each answer was found. */
export interface ExplainedGroup {
  detail: GroupDetail;
  why: string[];
  places: (AnswerPlace | null)[];
}

/**
 * The group of a row. Its columns of tokens are views of one buffer: to be copied before they are sent to another thread.
 * @throws RollscopeError `run-broken` if its rollouts are missing
 */
export async function readExplainedGroup(
  folder: string,
  { file, columns }: { file: RunFile; columns: RunColumns },
  problem: Problem,
  row: number,
): Promise<ExplainedGroup> {
  const detail = await readGroup(folder, { ...columns.idOf(row), frame: columns.frameOf(row) }, { lean: true });
  const vocabulary = vocabularyOf(columns.head);
  return {
    detail,
    why: explanations({ config: file.config, vocabulary }, detail, problem),
    places: answerPlaces(detail.rollouts, problem, gradingOf(file)),
  };
}
