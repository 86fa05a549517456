/** `rollscope show`: a run, one of its problems, or one of its rollouts, as text. */
import { updateOf } from '../../analysis/metrics.ts';
import { readFrame, readRunFolder } from '../../journal/reader.ts';
import { readRunInfo } from '../../journal/runs.ts';
import { RollscopeError } from '../../protocol/errors.ts';
import type {
  GroupRecord,
  Problem,
  ProblemUpdate,
  RolloutSummary,
  StoredGroup,
  StoredRollout,
} from '../../protocol/records.ts';
import { foldRecords, initialRunState, type Metric, type ProblemHistory, type RunState } from '../../protocol/state.ts';
import { explainRewards, type RunFacts } from '../../reward/explain.ts';
import { rewardOf as runRewardOf } from '../../reward/index.ts';
import { bytes, DASH, number, oneLine, share, sparkline, table, verdict } from '../format.ts';
import { wholeNumber } from '../options.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { byConcern, type ProblemResult, problemResult, problemTable } from '../problem-table.ts';
import { findRun } from '../runs.ts';
import { beforeAfterTable, summarize } from '../summary.ts';

interface ShowOptions {
  problem?: string;
  rollout?: string;
  step?: string;
  out?: string;
  json?: boolean;
}

const CURVE_COLUMNS = 48;
const CURVES: { metric: Metric; name: string; proportion: boolean }[] = [
  { metric: 'proxyReward', name: 'proxy reward', proportion: true },
  { metric: 'groundTruthReward', name: 'ground-truth reward', proportion: true },
  { metric: 'rewardAccuracy', name: 'reward accuracy', proportion: true },
  { metric: 'labelAccuracy', name: 'label accuracy', proportion: true },
  { metric: 'majorityShare', name: 'majority share', proportion: true },
  { metric: 'entropy', name: 'entropy', proportion: false },
  { metric: 'length', name: 'length', proportion: false },
  { metric: 'gradientNorm', name: 'gradient norm', proportion: false },
];

export async function show(reference: string, options: ShowOptions): Promise<number> {
  const output = new Output(options.json === true);
  const { runsFolder } = await placesOf(options.out);
  const folder = await findRun(reference, runsFolder);
  const { problems, records } = await readRunFolder(folder);
  const state = foldRecords(initialRunState(), records);
  const step = wholeNumber('--step', options.step);
  const rollout = wholeNumber('--rollout', options.rollout);
  if (rollout !== undefined && options.problem === undefined) {
    throw new RollscopeError('usage', '--rollout needs --problem.', 'Name the problem whose rollout to show.');
  }
  if (options.problem === undefined) await showRun(output, folder, problems, state, records, step);
  else {
    const problem = findProblem(problems, options.problem);
    const seq = groupSeq(state.problems.get(problem.index), problem, step);
    const group = records.find((record): record is GroupRecord => record.type === 'group' && record.seq === seq)!;
    const stored = await readFrame(folder, group.frame);
    if (rollout === undefined) showProblem(output, problem, group, stored.rollouts, state, updateOf(records, group));
    else showRollout(output, problem, group, stored, rollout, state);
  }
  return EXIT.ok;
}

async function showRun(
  output: Output,
  folder: string,
  problems: Problem[],
  state: RunState,
  records: Parameters<typeof summarize>[0],
  step: number | undefined,
): Promise<void> {
  const info = await readRunInfo(folder);
  const summary = summarize(records);
  output.print(
    table(
      ['run', info.run],
      [
        ['job', info.job],
        ['status', info.status + (state.end?.error ? `: ${state.end.error.message}` : '')],
        [
          'model',
          `${info.model}${state.run ? ` (${state.run.model.parameters.toLocaleString('en')} parameters, ${state.run.model.trainable.toLocaleString('en')} trained)` : ''}`,
        ],
        ['dataset', `${info.dataset} (${state.run?.problems ?? DASH} problems)`],
        ...(info.job === 'train'
          ? [
              ['reward', info.reward],
              ['steps', `${info.step} of ${info.steps}`],
            ]
          : []),
        ['device', state.run?.device ?? DASH],
        [
          'speed',
          `${number(summary.rolloutTokensPerSecond, 0)} rollout tokens/s, at most ${bytes(summary.peakMemoryBytes)}`,
        ],
        ['folder', folder],
      ],
    ),
  );
  const before = beforeAfterTable(records);
  if (before) output.print(`\n${before}`);
  if (state.steps.length > 0) output.print(`\n${curves(state)}`);
  const results = resultsAt(problems, state, step).sort(byConcern);
  if (results.length > 0) output.print(`\n${problemTable(results)}`);
  for (const warning of state.warnings.slice(-5)) output.print(`warning: ${warning.message}`);
  output.result({ ...info, ...summary, series: { step: state.steps, ...state.series }, problems: results });
}

function curves(state: RunState): string {
  const rows = CURVES.flatMap(({ metric, name, proportion }) => {
    const values = state.series[metric];
    if (!values?.some((value) => value !== null)) return [];
    const known = values.filter((value) => value !== null);
    const range = proportion ? { low: 0, high: 1 } : undefined;
    const [first, last] = [known[0]!, known.at(-1)!];
    return [[name, number(first), sparkline(values, CURVE_COLUMNS, range), number(last)]];
  });
  return table(['metric', 'first', `steps ${state.steps[0]} to ${state.step}`, 'last'], rows, [1, 3]);
}

/** Each problem as it was when it was last sampled, at or before `step`. */
function resultsAt(problems: Problem[], state: RunState, step: number | undefined): ProblemResult[] {
  const results: ProblemResult[] = [];
  for (const [index, history] of state.problems) {
    const group = latestGroup(history, step);
    const problem = problems[index];
    if (group && problem) results.push(problemResult(problem, group));
  }
  return results;
}

function latestGroup({ groups, evaluations }: ProblemHistory, step: number | undefined) {
  const upTo = (list: typeof groups) => list.findLast((group) => step === undefined || group.step <= step);
  const [trained, evaluated] = [upTo(groups), upTo(evaluations)];
  if (!trained || !evaluated) return trained ?? evaluated;
  return evaluated.step > trained.step ? evaluated : trained;
}

function groupSeq(history: ProblemHistory | undefined, problem: Problem, step: number | undefined): number {
  const group = history && latestGroup(history, step);
  if (group) return group.seq;
  const when = step === undefined ? 'yet' : `at or before step ${step}`;
  throw new RollscopeError('usage', `Problem '${problem.id}' was not sampled ${when}.`);
}

function findProblem(problems: Problem[], id: string): Problem {
  const problem = problems.find((candidate) => candidate.id === id);
  if (problem) return problem;
  const near = problems.find((candidate) => candidate.id.includes(id));
  throw new RollscopeError(
    'usage',
    `The run has no problem '${id}'.`,
    near ? `Did you mean '${near.id}'?` : 'Without --problem, the run is shown with all its problems.',
  );
}

function showProblem(
  output: Output,
  problem: Problem,
  group: GroupRecord,
  stored: StoredRollout[],
  state: RunState,
  update: ProblemUpdate | null,
): void {
  output.print(`${problem.id}  (${where(problem)}; ${group.phase}, step ${group.step})`);
  output.print(`\n${problem.prompt}\n`);
  output.print(`reference: ${problem.answer ?? DASH}`);
  const majority = group.majority;
  output.print(
    majority
      ? `majority:  ${majority.answer} (share ${share(majority.share)}, as written ${share(majority.rawShare)}, ${verdict(majority.correct)})`
      : 'majority:  - (no rollout has an answer)',
  );
  if (update) {
    const { kl, clipFraction } = update;
    output.print(
      `update:    KL to the reference ${number(kl, 4)} nats a token, clipped ${share(clipFraction)} of the tokens`,
    );
  }
  const clusterRows = group.clusters.map((cluster, i) => [
    String(i),
    oneLine(cluster.answer, 32),
    `${cluster.members.length}/${group.rollouts.length}`,
    verdict(cluster.correct),
    cluster.members.join(' '),
  ]);
  output.print(`\n${table(['cluster', 'answer', 'votes', '', 'rollouts'], clusterRows, [0, 2])}`);
  const rolloutRows = group.rollouts.map((rollout, i) => [
    String(i),
    rollout.answer === null ? DASH : oneLine(rollout.answer, 20),
    verdict(rollout.correct),
    number(rollout.reward),
    number(rollout.advantage),
    String(rollout.tokens),
    share(rollout.logprob === null ? null : Math.exp(rollout.logprob)),
    number(rollout.entropy),
    rollout.finish,
    oneLine(stored[i]?.text ?? '', 40),
  ]);
  const header = ['rollout', 'answer', '', 'reward', 'advantage', 'tokens', 'confidence', 'entropy', 'end', 'text'];
  output.print(`\n${table(header, rolloutRows, [0, 3, 4, 5, 6, 7])}`);
  output.print(`\n${rewardOf(state, group)}`);
  output.result({
    problem,
    step: group.step,
    phase: group.phase,
    majority,
    kl: update?.kl ?? null,
    clipFraction: update?.clipFraction ?? null,
    clusters: group.clusters,
    rollouts: group.rollouts.map((rollout, i) => ({ ...rollout, text: stored[i]?.text ?? null })),
  });
}

function showRollout(
  output: Output,
  problem: Problem,
  group: GroupRecord,
  stored: StoredGroup,
  index: number,
  state: RunState,
): void {
  const summary = group.rollouts[index];
  const rollout = stored.rollouts[index];
  if (!summary || !rollout) {
    const last = group.rollouts.length - 1;
    throw new RollscopeError('usage', `--rollout: ${index} is not allowed; allowed: a whole number from 0 to ${last}.`);
  }
  const why = explainRewards(factsOf(state), group, stored, problem)[index]!;
  output.print(`${problem.id}, rollout ${index}  (${where(problem)}; ${group.phase}, step ${group.step})`);
  output.print(`\n${problem.prompt}\n\n${'-'.repeat(40)}\n${rollout.text}\n${'-'.repeat(40)}\n`);
  output.print(
    table(
      ['answer', summary.answer ?? DASH],
      [
        ['reference', `${problem.answer ?? DASH} (${verdict(summary.correct)})`],
        ['reward', number(summary.reward)],
        ['advantage', `${number(summary.advantage)}${effectOf(summary)}`],
        ['why', why],
        ['tokens', `${summary.tokens}${summary.finish === 'length' ? ' (cut at the length limit)' : ''}`],
        [
          'confidence',
          `${share(summary.logprob === null ? null : Math.exp(summary.logprob))} (geometric mean of the tokens' probabilities)`,
        ],
        ['entropy', `${number(summary.entropy)} nats a token`],
      ],
    ),
  );
  output.result({
    problem,
    step: group.step,
    phase: group.phase,
    rollout: index,
    ...summary,
    text: rollout.text,
    tokenTexts: rollout.pieces,
    tokenLogprobs: [...rollout.logprob],
    tokenEntropies: [...rollout.entropy],
    explanation: why,
  });
}

/** Of a run that has groups: they come after the record that holds its configuration. */
function factsOf(state: RunState): RunFacts {
  const { config, model } = state.run!;
  return { config, vocabulary: model.vocabulary };
}

/** The rule of the rewards of a group, and whether it trained. */
function rewardOf(state: RunState, { rollouts, phase }: GroupRecord): string {
  if (rollouts.every(({ reward }) => reward === null)) return `${phase}: nothing trains, so nothing is rewarded.`;
  const rule = `Reward: ${runRewardOf(state.run!.config.reward, state.run!.config.rewardOptions).formula}.`;
  const trains = rollouts.some(({ advantage }) => advantage !== null && advantage !== 0);
  return trains ? rule : `${rule}\nAll rewards are equal, so the problem did not train at this step.`;
}

/** What a rollout's advantage did. */
function effectOf({ reward, advantage }: RolloutSummary): string {
  if (reward === null) return '';
  if (advantage === null) return ' (not drawn into the subset that trains)';
  return advantage === 0 ? ' (it did not change the model)' : '';
}

function where(problem: Problem): string {
  return problem.line === null ? `${problem.source} row ${problem.row}` : `${problem.source}:${problem.line}`;
}
