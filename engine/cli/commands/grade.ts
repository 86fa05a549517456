/** `rollscope grade`: compares predictions with reference answers, line by line. */
import * as z from 'zod';
import { equivalent, referenceAnswer } from '../../grading/index.ts';
import { type AnswerOptions, graderFor, predictedAnswer } from '../answers.ts';
import { ExportedRollout, isExported, References, Text } from '../exported.ts';
import { answerLines } from '../jsonl.ts';
import { EXIT, Output } from '../output.ts';

const Pair = z.object({ id: z.unknown().optional(), prediction: Text, reference: References });
/** A prediction with its reference, or an exported rollout. */
const Line = z.unknown().transform((value, context) => {
  const parsed = isExported(value) ? ExportedRollout.safeParse(value) : Pair.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path, message });
  return z.NEVER;
});

interface GradeOptions extends AnswerOptions {
  percent?: boolean;
  json?: boolean;
}

interface Graded {
  equal: boolean | null;
  extracted: string | null;
}

/**
 * One result per line, in order. Exit code 2 if a line could not be read, regardless of the verdicts.
 */
export async function grade(file: string, options: GradeOptions): Promise<number> {
  const output = new Output(options.json === true);
  graderFor(options);
  let equal = 0;
  const { lines, errors } = await answerLines(file, Line, (line) => {
    const graded =
      'exported' in line
        ? judged(line.text, line.references, options)
        : judged(line.prediction, line.reference, options);
    if (graded.equal) equal++;
    if ('exported' in line) return [{ ...line.place, rollout: line.rollout, ...graded }];
    return [{ ...(line.id === undefined ? {} : { id: line.id }), ...graded }];
  });
  output.result({ lines, equal, errors });
  return errors > 0 ? EXIT.usage : EXIT.ok;
}

/** Correct if it equals any of the references; null without references. */
function judged(prediction: string, references: readonly string[] | null, options: GradeOptions): Graded {
  const strict = options.strict === true;
  const percent = options.percent === true;
  const grader = graderFor(options);
  const equals = (a: string, b: string) =>
    grader.rules.compare === 'math' ? equivalent(a, b, { percent }) : grader.equal(a, b);
  let extracted: string | null = null;
  for (const given of references ?? []) {
    const reference = referenceAnswer(given) ?? '';
    const answer = predictedAnswer(prediction, reference, strict, options.answer);
    extracted ??= answer;
    if (answer !== null && equals(answer, reference)) return { equal: true, extracted: answer };
  }
  if (references === null) return { equal: null, extracted: predictedAnswer(prediction, '', strict, options.answer) };
  return { equal: false, extracted };
}
