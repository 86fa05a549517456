/** `rollscope grade`: whether predictions equal references, line by line. */
import * as z from 'zod';
import { equivalent, referenceAnswer } from '../../grading/index.ts';
import { predictedAnswer } from '../answers.ts';
import { answerLines } from '../jsonl.ts';
import { EXIT, Output } from '../output.ts';

const Text = z.union([z.string(), z.number().transform(String)], 'expected a string or a number');
const Pair = z.looseObject({ prediction: Text, reference: Text });

interface GradeOptions {
  strict?: boolean;
  percent?: boolean;
  json?: boolean;
}

export async function grade(file: string, options: GradeOptions): Promise<number> {
  const output = new Output(options.json === true);
  const strict = options.strict === true;
  const percent = options.percent === true;
  let equal = 0;
  const { lines, errors } = await answerLines(file, Pair, (pair) => {
    const reference = referenceAnswer(pair.reference) ?? '';
    const extracted = predictedAnswer(pair.prediction, reference, strict);
    const same = extracted !== null && equivalent(extracted, reference, { percent });
    if (same) equal++;
    return { ...('id' in pair ? { id: pair.id } : {}), equal: same, extracted };
  });
  output.result({ lines, equal, errors });
  return errors > 0 ? EXIT.usage : EXIT.ok;
}
