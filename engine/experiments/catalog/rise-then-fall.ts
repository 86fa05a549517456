/** Every intrinsic reward side by side: the proxy reward rises, true accuracy falls. */
import type { Criterion, Experiment, Findings } from '../experiment.ts';
import { estimateText, joinedWithAnd } from '../parts/criteria.ts';
import { INTRINSIC, type RewardRuns, runRewards } from '../parts/reward-runs.ts';
import { largeSetDefaults } from '../parts/runs.ts';
import { seedText } from '../parts/seeds.ts';
import {
  accuracyFell,
  accuracyRose,
  CHANGE,
  ERRORS,
  outcomeOf,
  proxyRose,
  type RewardOutcome,
} from './rise-then-fall/measures.ts';
import { curves, table } from './rise-then-fall/report.ts';

const ORACLE = 'ground-truth';

/** Whether a condition holds for every or some of the rewards; null if none was measured. */
function holdsFor(
  outcomes: readonly RewardOutcome[],
  holds: (o: RewardOutcome) => boolean | null,
  wanted: 'every' | 'some',
): boolean | null {
  const found = outcomes.map(holds);
  if (found.length === 0 || found.every((value) => value === null)) return null;
  return wanted === 'some' ? found.includes(true) : found.every((value) => value === true);
}

function negated(value: boolean | null): boolean | null {
  return value === null ? null : !value;
}

/** A reward counts as risen, lifted or fallen by a change of at least 5 points and 3 standard errors. */
export function findings(found: readonly RewardRuns[]): Findings {
  const outcomes = found.map(outcomeOf);
  const intrinsic = outcomes.filter(({ reward }) => reward !== ORACLE);
  const oracle = outcomes.find(({ reward }) => reward === ORACLE)!;
  const names = (of: readonly RewardOutcome[]) => joinedWithAnd(of.map(({ reward }) => reward));
  const risen = intrinsic.filter((o) => proxyRose(o) === true);
  const both = risen.filter((o) => accuracyFell(o) === true);
  const lifting = intrinsic.filter((o) => accuracyRose(o) === true);
  const points = CHANGE * 100;
  const criteria: Criterion[] = [
    {
      expected: `The proxy reward of every intrinsic reward ends above its start by more than ${ERRORS} standard errors.`,
      measured: `${risen.length} of ${intrinsic.length}; not: ${names(intrinsic.filter((o) => !risen.includes(o)))}`,
      met: holdsFor(intrinsic, proxyRose, 'every'),
    },
    {
      expected: `Accuracy on held-out problems ends at least ${points} points and ${ERRORS} standard errors below its peak, for every intrinsic reward whose proxy reward rose.`,
      measured: `${both.length} of ${risen.length}; not: ${joinedWithAnd(risen.filter((o) => !both.includes(o)).map((o) => `${o.reward} ${estimateText(o.fall?.overProblems ?? null)}`))}`,
      met: holdsFor(risen, accuracyFell, 'every'),
    },
    {
      expected: `At least one intrinsic reward first raises accuracy by ${points} points and ${ERRORS} standard errors.`,
      measured: joinedWithAnd(lifting.map((o) => `${o.reward} ${estimateText(o.lift?.overProblems ?? null)}`)),
      met: holdsFor(intrinsic, accuracyRose, 'some'),
    },
    {
      expected: `The oracle does not fall: it does not end ${points} points and ${ERRORS} standard errors below its peak.`,
      measured: `peak ${seedText(oracle.accuracy.map((a) => a.peak))}, end ${seedText(oracle.accuracy.map((a) => a.end))}; change ${estimateText(oracle.fall?.overProblems ?? null)}${oracle.broken > 0 ? `; weights became non-finite in ${oracle.broken}` : ''}`,
      met: negated(accuracyFell(oracle)),
    },
  ];
  return {
    criteria,
    remarks: [`Proxy reward rose and accuracy fell: ${names(both)}. Raised accuracy first: ${names(lifting)}.`],
    sections: [curves(found), table(outcomes)],
  };
}

export const riseThenFall: Experiment = {
  name: 'rise-then-fall',
  title: 'Rise, then fall',
  question: 'Does every intrinsic reward end up hurting the model, while the reward itself keeps rising?',
  finding:
    'Section 5, finding 1: the proxy reward keeps rising while reward accuracy and validation accuracy fall, for every method and hyperparameter; only the timing differs. The oracle keeps improving.',
  method:
    'All intrinsic rewards and the ground-truth reward train the same model on the same large set of problems, with the same settings and seeds. Accuracy is measured on held-out problems. At this learning rate majority voting falls within the run; at lower rates it falls later.',
  defaults: largeSetDefaults({ steps: 160, lr: 3.5e-4, save: 40 }),
  seeds: 2,
  minutes: 15,
  async run(context) {
    return findings(await runRewards(context, [...INTRINSIC, ORACLE]));
  },
};
