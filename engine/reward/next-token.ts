/**
 * Next-token reward on a corpus: the model reasons about how a text continues, and answers with what comes next (the paper's
 * prefix matching reward).
 *
 * The answer, as written and without the blanks around it, must be the beginning of the continuation (its leading blanks
 * aside) and end where one of the continuation's tokens ends, by the tokenizer of the model that trains. Letters, case and
 * blanks inside must be the same: a text is continued, not a problem solved. One right token earns what ten do.
 */
import { RollscopeError } from '../protocol/errors.ts';
import { section, text, type ValuesOf } from '../protocol/settings/kit.ts';
import type { EvidenceContext, EvidenceGroup } from './evidence.ts';
import { countShape, listOf, record, type ShapeValue } from './shape.ts';
import { type Group, labelFree, type Part, type Scores } from './types.ts';

const OPTIONS = section('Corpus', {
  column: text({
    title: 'Continuation column',
    help: 'column with the text that follows the prompt',
    placeholder: 'name',
    flag: '--continuation-field',
    default: 'continuation',
  }),
});
type Options = ValuesOf<typeof OPTIONS.fields>;

/** Ends of the continuation's tokens: numbers of characters from its beginning. */
const EVIDENCE = record({ boundaries: listOf(countShape) });
type Boundaries = ShapeValue<typeof EVIDENCE>;

/** Finds where the tokens of a problem's text end. */
async function gather(
  groups: readonly EvidenceGroup[],
  { options: { column }, policy }: EvidenceContext<Options>,
): Promise<Boundaries[]> {
  const texts = groups.map(({ problem }) => String(problem.columns?.[column] ?? ''));
  return (await policy.boundaries(texts)).map((boundaries) => ({ boundaries }));
}

function compute({ problem, rollouts, grader }: Group, { column }: Options, evidence: () => Boundaries): Scores {
  const { boundaries } = evidence();
  const continuation = problem.columns?.[column];
  if (typeof continuation !== 'string' || continuation.trim() === '') {
    throw new RollscopeError(
      'dataset',
      `The problem "${problem.text.slice(0, 80)}" has no continuation in the column "${column}".`,
      'Read a text file (.txt, .md), which is cut into contexts and continuations, or name the column that has them.',
      { details: { reason: 'bad-column', field: column, problem: problem.text } },
    );
  }
  const start = continuation.length - continuation.trimStart().length;
  const ends = new Set(boundaries);
  const said = rollouts.map(({ text }) => {
    const place = grader.locate(text);
    return place && text.slice(place.start, place.end);
  });
  const goesOn = said.map((answer) => answer !== null && continuation.startsWith(answer, start));
  const rewards = said.map((answer, i) => (goesOn[i] && ends.has(start + answer!.length) ? 1 : 0));
  return {
    rewards,
    explain: (index) => {
      const answer = said[index];
      const reward = rewards[index]!;
      const beginning = JSON.stringify(continuation.slice(start, start + Math.max(20, (answer?.length ?? 0) + 10)));
      const first: Part =
        answer === null || answer === undefined
          ? { kind: 'no-answer', text: 'no answer extracted: reward 0' }
          : {
              kind: 'check',
              passed: reward === 1,
              text: reward
                ? `the text continues with ${JSON.stringify(answer)}`
                : goesOn[index]
                  ? `${JSON.stringify(answer)} ends within a token of ${beginning}`
                  : `the text continues with ${beginning}, not with ${JSON.stringify(answer)}`,
            };
      return [first, { kind: 'result', reward, text: `reward ${reward}` }];
    },
  };
}

export const nextToken = labelFree({
  name: 'next-token',
  title: 'Next tokens of a corpus',
  summary: '1 if the answer is what follows in a corpus, else 0. Needs a text file, or a column with the continuation.',
  scale: 'correctness',
  family: 'external',
  formula: '1 if the answer is how the text continues, up to a token boundary, else 0',
  tokens: 'none: the answer only, as written',
  temperature: 'does not apply',
  shift: 'does not apply',
  normalization: 'none',
  range: [0, 1],
  source: 'Reinforcement Pre-Training, arXiv 2506.08007',
  setup:
    'The text that follows each prompt comes from a column (`continuation`); a plain text file is cut into such rows. The prompt template must ask for an answer in \\boxed{}.',
  options: OPTIONS,
  columns: ({ column }) => ({ required: [column] }),
  evidence: { shape: EVIDENCE, gather },
  compute,
});
