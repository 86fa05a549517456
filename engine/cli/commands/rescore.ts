/** `rollscope rescore`: other rewards on the stored rollouts, without the model. */
import { REWARDED } from '../../analysis/metrics.ts';
import { compareRewards, type Rescored, type RescoredGroup, type Rescoring, winnerOf } from '../../analysis/rescore.ts';
import { DASH, estimate, number, plural, share, verdict } from '../../protocol/format.ts';
import { parseReward, RollscopeError } from '../../protocol/index.ts';
import { REWARDS, type RunReward, rewardOf } from '../../reward/index.ts';
import { groupOf } from '../../reward/stored.ts';
import { advantages } from '../../training/advantages.ts';
import { readGroups } from '../groups.ts';
import { wholeNumber } from '../options.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { findRun } from '../runs.ts';
import { table } from '../table.ts';

export interface RescoreOptions {
  reward?: string[];
  phase?: string;
  step?: string;
  problem?: string;
  out?: string;
  json?: boolean;
}

export async function rescore(reference: string, options: RescoreOptions): Promise<number> {
  const output = new Output(options.json === true);
  const { runsFolder } = await placesOf(options.out);
  const folder = await findRun(reference, runsFolder);
  const material = await readGroups(folder, { phase: options.phase, step: wholeNumber('--step', options.step) });
  const { config, problems, vocabulary, phase } = material;
  const named = options.reward ?? [];
  const rewards = toScore(config.reward, named).map((text) => rewardOf(text, config.rewardOptions));
  const required = new Set(named.map(meaning));
  const only = options.problem === undefined ? null : problems.find(({ id }) => id === options.problem);
  if (only === undefined) {
    throw new RollscopeError(
      'usage',
      `--problem: there is no problem '${options.problem}' in this run.`,
      `The first id is ${problems[0]?.id}.`,
      { details: { reason: 'unknown-problem', field: '--problem', value: options.problem } },
    );
  }
  const groups: RescoredGroup[] = [];
  const impossible = new Map<string, string>();
  for (const record of material.groups) {
    if (only && record.problem !== only.index) continue;
    const problem = problems[record.problem]!;
    const detail = await material.detail(record);
    const group = groupOf(detail, problem, vocabulary);
    const scores: Record<string, Rescored> = {};
    for (const reward of rewards) {
      if (impossible.has(reward.text)) continue;
      try {
        const { rewards: values, basis } = reward.score(group);
        scores[reward.text] = { rewards: values, ...(basis && { basis }) };
      } catch (error) {
        if (!(error instanceof RollscopeError)) throw error;
        // A reward that was named must work; of the others, those that can be computed are shown.
        if (required.has(meaning(reward.text))) throw error;
        impossible.set(reward.text, error.message);
      }
    }
    groups.push({ problem: record.problem, step: record.step, group: detail, rewards: scores });
  }
  const computed = rewards.filter(({ text }) => !impossible.has(text));
  const found = compareRewards(
    groups,
    computed.map(({ text }) => text),
    {
      advantages: (values) => advantages(config.loss.advantage, values),
      thresholds: Object.fromEntries(computed.filter((one) => one.saysRight).map(({ text }) => [text, REWARDED])),
    },
  );
  output.print(`${plural(groups.length, 'group')} (${phase}); the run was trained with ${config.reward}.\n`);
  output.print(rewardTable(found));
  if (found.pairs.length > 0) output.print(`\n${pairTable(found, config.reward)}`);
  if (only) output.print(`\n${winners(groups, computed)}`);
  output.print(`\n${conclusion(found)}`);
  if (impossible.size > 0) {
    const names = [...impossible.keys()].join(', ');
    output.note(
      `Not computed: ${names}. They need model calls, programs or columns that were not recorded (--json gives the reasons).`,
    );
  }
  output.result({
    folder,
    phase,
    groups: groups.length,
    trainedBy: config.reward,
    ...found,
    notComputed: Object.fromEntries(impossible),
    ...(only && { byGroup: groups.map(numbersOf) }),
  });
  return EXIT.ok;
}

/** A group's rewards as numbers, by reward. */
function numbersOf({ problem, step, rewards }: RescoredGroup) {
  const numbers = Object.entries(rewards).map(([name, scores]) => [name, scores?.rewards ?? null] as const);
  return { problem, step, rewards: Object.fromEntries(numbers) };
}

/** The training reward, as the baseline, and the named rewards (default: all); each once. */
function toScore(trained: string, named: readonly string[]): string[] {
  const seen = new Set<string>();
  return [trained, ...(named.length > 0 ? named : REWARDS)].filter((text) => {
    const known = seen.has(meaning(text));
    seen.add(meaning(text));
    return !known;
  });
}

/** The same for expressions that differ only in spaces and parentheses. */
function meaning(text: string): string {
  return JSON.stringify(parseReward(text, REWARDS));
}

function rewardTable({ rewards }: Rescoring): string {
  const rows = rewards.map((r) => [
    r.reward,
    String(r.groups),
    number(r.mean, 2),
    `${number(r.range[0], 2)} to ${number(r.range[1], 2)}`,
    share(r.equal),
    estimate(r.auroc),
    share(r.top1Accuracy?.mean),
    share(r.signAccuracy),
    share(r.accuracy),
  ]);
  const header = [
    'reward',
    'groups',
    'mean',
    'range',
    'all equal',
    'AUROC within problems',
    'top-1 accuracy',
    'advantage-sign accuracy',
    'accuracy',
  ];
  return table(header, rows, [1, 2, 4, 6, 7, 8]);
}

/** Pairs with the training reward; all pairs if it is not among them. */
function pairTable({ pairs }: Rescoring, trained: string): string {
  const with_ = pairs.filter(({ rewards }) => rewards.includes(trained));
  const rows = (with_.length > 0 ? with_ : pairs).map(
    ({ rewards: [a, b], kendall, spearman, top1Disagreement, signDisagreement }) => [
      a,
      b,
      number(kendall?.mean, 2),
      number(spearman?.mean, 2),
      share(top1Disagreement?.mean),
      share(signDisagreement),
    ],
  );
  return table(['reward', 'vs.', 'Kendall', 'Spearman', 'top-1 disagreement', 'sign disagreement'], rows, [2, 3, 4, 5]);
}

function winners(groups: readonly RescoredGroup[], rewards: readonly RunReward[]): string {
  const rows = groups.flatMap(({ step, group, rewards: of }) =>
    rewards.flatMap(({ text }) => {
      const scores = of[text];
      if (!scores || scores.rewards.length === 0) return [];
      const best = winnerOf(scores);
      const { answer, correct } = group.rollouts[best]!;
      return [
        [
          String(step),
          text,
          String(best + 1),
          answer ?? DASH,
          verdict(correct),
          scores.rewards.map((v) => number(v, 2)).join(' '),
        ],
      ];
    }),
  );
  return table(['step', 'reward', 'top-1', 'answer', 'verdict', 'rewards by rollout'], rows, [0, 2]);
}

function conclusion({ rewards }: Rescoring): string {
  const judged = rewards.filter(({ reward, auroc }) => auroc !== null && reward !== 'ground-truth');
  if (judged.length === 0)
    return 'No ranking: there are no labels, or the rollouts of each problem are all correct or all wrong.';
  const [best] = judged;
  return `Best agreement with correctness: ${best!.reward}, AUROC ${estimate(best!.auroc)} within problems (chance: 0.5), over ${plural(best!.auroc!.groups, 'group')} with both correct and wrong rollouts.`;
}
