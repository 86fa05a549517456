/** The scores of each reward on the stored groups of a run, and the rewards that cannot be computed from stored data. */
import { hasReference } from '../../analysis/metrics.ts';
import type { Rescored, RescoredGroup } from '../../analysis/rescore.ts';
import { type Grader, problemGrader } from '../../grading/index.ts';
import { RollscopeError } from '../../protocol/index.ts';
import type { Problem } from '../../protocol/problem.ts';
import { type RunReward, rewardOf, storedReward } from '../../reward/index.ts';
import { groupOf, rejudge } from '../../reward/stored.ts';
import type { RunMaterial } from '../groups.ts';
import { isComputable, withComputeHint } from '../statistics/hint.ts';
import { canonicalExpression, recordedName, recordedScores, rewardsToScore } from './rewards.ts';

/** What to rescore. */
export interface ToRescore {
  /** The run as the user named it. */
  run: string;
  /** Expressions named by the user; empty: every reward. */
  named: readonly string[];
  /** The only problem to include; null: all. */
  only: Problem | null;
  /** Extracts and compares the answers of the stored texts again; null: keeps the stored verdicts. */
  grader: Grader | null;
}

/** Every reward on every group. */
export interface RunScores {
  groups: RescoredGroup[];
  /** Names of the rewards with scores: those recorded by another trainer, then the computed ones. */
  names: string[];
  computed: RunReward[];
  /** Why rewards could not be computed, by expression. */
  impossible: Map<string, string>;
  /** Whether a reward lacks token statistics that a local model can compute. */
  lacksStatistics: boolean;
  /** The number of rollouts, and how many of them have an answer. */
  rollouts: number;
  answered: number;
}

/**
 * Reads the groups one by one and scores them.
 * @throws RollscopeError for a named reward that cannot be computed, with the reason
 */
export async function scoresOf(material: RunMaterial, { run, named, only, grader }: ToRescore): Promise<RunScores> {
  const { config, grading, problems, vocabulary } = material;
  // A reward of another trainer or of a newer version cannot be computed here, so its recorded values are the baseline.
  const trained = config && storedReward(config) ? config.reward : null;
  const recorded = trained === null ? recordedName(material.reward) : null;
  const rewards = rewardsToScore(trained, named).map((text) => rewardOf(text, config?.rewardOptions ?? {}));
  const required = new Set(named.map(canonicalExpression));
  const impossible = new Map<string, string>();
  const given = new Set<string>();
  const groups: RescoredGroup[] = [];
  let lacksStatistics = false;
  let answered = 0;
  let rollouts = 0;
  for (const record of material.groups) {
    if (only && record.problem !== only.index) continue;
    const problem = problems[record.problem]!;
    const stored = await material.detail(record);
    const detail = grader ? rejudge(stored, problem, grader) : stored;
    const group = groupOf(detail, problem, vocabulary, grader ?? problemGrader(problem, grading));
    answered += detail.rollouts.filter(({ answer }) => answer !== null).length;
    rollouts += detail.rollouts.length;
    const scores: Record<string, Rescored> = recorded === null ? {} : recordedScores(recorded, detail);
    for (const name of Object.keys(scores)) given.add(name);
    for (const reward of rewards) {
      if (impossible.has(reward.text)) continue;
      // A reward of 0 for lack of a reference is not a measurement.
      if (!hasReference(detail) && reward.parts.some(({ labels }) => labels)) continue;
      try {
        const { rewards: values, basis } = reward.score(group);
        scores[reward.text] = { rewards: values, ...(basis && { basis }) };
      } catch (error) {
        if (!(error instanceof RollscopeError)) throw error;
        // A named reward must work; of the others, those that can be computed are shown.
        if (required.has(canonicalExpression(reward.text))) throw config ? error : withComputeHint(error, run);
        impossible.set(reward.text, error.message);
        lacksStatistics ||= isComputable(error);
      }
    }
    groups.push({ problem: record.problem, step: record.step, group: detail, rewards: scores });
  }
  const computed = rewards.filter(({ text }) => !impossible.has(text));
  return {
    ...{ groups, computed, impossible, lacksStatistics, rollouts, answered },
    names: [...given, ...computed.map(({ text }) => text)],
  };
}
