/** Where the answer of a response is, and which rule found it there: what a reader sees outlined. */
import { AUTOMATIC, type GradingRules, problemGrader } from '../grading/index.ts';

export interface AnswerPlace {
  /** UTF-16 units of the response, `end` exclusive. */
  start: number;
  end: number;
  /** The mark that the answer is in, or the run's rule. */
  rule: string;
}

/** How many characters before an answer its mark is searched for. */
const MAX_MARK_DISTANCE = 60;

/**
 * The places of the extracted answers of a group's rollouts; null where there is no answer, and where the rule does not
 * find this one: another trainer had another rule.
 * @param rules of the run; absent: the usual ones
 */
export function answerPlaces(
  rollouts: readonly { text: string; answer: string | null }[],
  problem: { rule?: string | undefined },
  rules?: GradingRules,
): (AnswerPlace | null)[] {
  const grader = problemGrader(problem, rules);
  const { answer: rule } = grader.rules;
  return rollouts.map(({ text, answer }) => {
    const place = answer === null ? null : grader.locate(text);
    if (!place || grader.extract(text) !== answer) return null;
    return { ...place, rule: rule === AUTOMATIC.answer ? markBefore(text, place.start) : rule };
  });
}

function markBefore(text: string, start: number): string {
  const before = text.slice(Math.max(0, start - MAX_MARK_DISTANCE), start);
  const box = before.lastIndexOf('boxed');
  if (box >= 0 && !before.slice(box).includes('}')) return '\\boxed{}';
  if (before.trimEnd().toLowerCase().endsWith('<answer>')) return '<answer>';
  if (before.lastIndexOf('####') > before.lastIndexOf('\n')) return '####';
  return 'answer is';
}
