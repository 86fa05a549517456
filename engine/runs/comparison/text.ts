/** Comparisons of runs in words, for the terminal and the editor. Pure, without schemas, since the page uses it too. */
import type { Estimate } from '../../protocol/estimate.ts';
import { DASH, figure, integer, plural } from '../../protocol/format.ts';
import { quantityText } from '../../protocol/quantities.ts';
import type { Measures, PairComparison, RunAtStep, RunComparison } from './compare.ts';
import { RUN_LETTERS } from './letters.ts';

/** A row of the table of runs: its title, and a measure with its 95% interval, and without. */
interface MeasureRow {
  title(runs: readonly RunAtStep[]): string;
  text(measures: Measures): string;
  mean(measures: Measures): string;
}

const accuracyRow = (title: MeasureRow['title'], of: 'accuracy' | 'majorityAccuracy' | 'passAtK'): MeasureRow => ({
  title,
  text: (measures) => quantityText('accuracy', measures[of]),
  mean: (measures) => quantityText('accuracy', measures[of]?.mean),
});
const shareText = ({ majorityShare }: Measures) => quantityText('share', majorityShare);

export const MEASURES: readonly MeasureRow[] = [
  accuracyRow((runs) => `accuracy (avg@${kOf(runs)})`, 'accuracy'),
  accuracyRow((runs) => `majority (maj@${kOf(runs)})`, 'majorityAccuracy'),
  accuracyRow((runs) => `pass@${kOf(runs)}`, 'passAtK'),
  { title: () => 'majority share', text: shareText, mean: shareText },
];

/** Rollouts per problem; `k` if the runs differ. */
function kOf(runs: readonly RunAtStep[]): string {
  const samples = new Set(runs.map(({ at }) => at.samples));
  const [only] = samples;
  return samples.size === 1 && only !== null && only !== undefined ? String(only) : 'k';
}

/** `64 problems in both runs, matched by text · evaluation rollouts`, followed by peculiarities. */
export function matchedText({ matched, runs, phase }: Pick<RunComparison, 'matched' | 'runs' | 'phase'>): string {
  const { problems, byText, otherReferences } = matched;
  const by = byText === problems ? 'by text' : byText === 0 ? 'by id' : `${byText} by text, ${problems - byText} by id`;
  const unmatched = runs.flatMap(({ unmatched }, i) =>
    unmatched > 0 ? [`${plural(unmatched, 'problem')} of ${RUN_LETTERS[i]}`] : [],
  );
  return [
    `${plural(problems, 'problem')} in ${runs.length === 2 ? 'both' : 'all'} runs, matched ${by}`,
    phase === null ? "each problem's latest rollouts" : `${phase} rollouts`,
    ...(unmatched.length > 0 ? [`without a match: ${unmatched.join(', ')}`] : []),
    ...(otherReferences > 0 ? [`${plural(otherReferences, 'problem')} with different references`] : []),
  ].join(' · ');
}

/** With its sign: `+0.125 (-0.010 to 0.260)`. */
export function differenceText(difference: Estimate | null): string {
  if (difference === null) return DASH;
  return `${difference.mean > 0 ? '+' : ''}${quantityText('accuracy', difference)}`;
}

/** Which problems only one of the two runs has right, and whether that can be chance. */
export function pairText({ first, second, problems, outcomes, p, answered, switched }: PairComparison): string {
  const [a, b] = [RUN_LETTERS[first]!, RUN_LETTERS[second]!];
  const answers = `another answer: ${switched} of the ${integer(answered)} with one in both`;
  if (p === null) return answers;
  const { bothRight, onlyFirst, onlySecond, bothWrong } = outcomes;
  return `majority of ${plural(problems, 'problem')}: right in both ${bothRight}, only in ${a} ${onlyFirst}, only in ${b} ${onlySecond}, in neither ${bothWrong} · McNemar's exact test: p = ${figure(p)} · ${answers}`;
}
