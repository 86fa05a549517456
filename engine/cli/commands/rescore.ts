/** `rollscope rescore`: what other rewards would have said of stored rollouts. Without the model. */
import { REWARDED } from '../../analysis/metrics.ts';
import { compareRewards, type Rescored, type RescoredGroup, type Rescoring, winnerOf } from '../../analysis/rescore.ts';
import { DASH, estimate, number, share, verdict } from '../../protocol/format.ts';
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
      `--problem: the run has no problem '${options.problem}'.`,
      `Its ids begin with ${problems[0]?.id}.`,
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
        // One that was named must work; of the others, those that can be computed are shown.
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
  output.print(`${groups.length} groups of the phase ${phase}; the run trained by ${config.reward}.\n`);
  output.print(rewardTable(found));
  if (found.pairs.length > 0) output.print(`\n${pairTable(found, config.reward)}`);
  if (only) output.print(`\n${winners(groups, computed)}`);
  output.print(`\n${conclusion(found)}`);
  if (impossible.size > 0) {
    const names = [...impossible.keys()].join(', ');
    output.note(
      `Not computed: ${names}. They ask the model, programs or columns for more than was recorded (--json says what).`,
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

/** The reward that trained, which the others are compared with, and those that are named, or else all; each once. */
function toScore(trained: string, named: readonly string[]): string[] {
  const seen = new Set<string>();
  return [trained, ...(named.length > 0 ? named : REWARDS)].filter((text) => {
    const known = seen.has(meaning(text));
    seen.add(meaning(text));
    return !known;
  });
}

/** The same for expressions that differ in spaces and brackets only. */
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
    share(r.winnerRight?.mean),
    share(r.pushRight),
    share(r.accuracy),
  ]);
  const header = [
    'reward',
    'groups',
    'mean',
    'range',
    'all equal',
    'AUROC within',
    'winner right',
    'push right',
    'accuracy',
  ];
  return table(header, rows, [1, 2, 4, 6, 7, 8]);
}

/** Pairs with the reward that trained, or all where that is not among them. */
function pairTable({ pairs }: Rescoring, trained: string): string {
  const with_ = pairs.filter(({ rewards }) => rewards.includes(trained));
  const rows = (with_.length > 0 ? with_ : pairs).map(
    ({ rewards: [a, b], kendall, spearman, winnersDiffer, opposed }) => [
      a,
      b,
      number(kendall?.mean, 2),
      number(spearman?.mean, 2),
      share(winnersDiffer?.mean),
      share(opposed),
    ],
  );
  return table(['reward', 'against', 'Kendall', 'Spearman', 'winners differ', 'opposed'], rows, [2, 3, 4, 5]);
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
  return table(['step', 'reward', 'winner', 'answer', '', 'rewards by rollout'], rows, [0, 2]);
}

function conclusion({ rewards }: Rescoring): string {
  const judged = rewards.filter(({ reward, auroc }) => auroc !== null && reward !== 'ground-truth');
  if (judged.length === 0)
    return 'Without labels, or where all rollouts of each problem are alike, no reward agrees better than another.';
  const [best] = judged;
  return `Agrees best with the truth: ${best!.reward}, AUROC ${estimate(best!.auroc)} within a problem (0.5 is chance), over ${best!.auroc!.groups} groups with right and wrong rollouts.`;
}
