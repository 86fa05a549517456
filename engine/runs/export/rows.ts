/** The rollouts of a run as rows: one per rollout, read group by group, so that memory stays small for any run. */
import { readGroup } from '../../journal/groups.ts';
import { readProblems, readPrompts, readRunFile } from '../../journal/reader.ts';
import { type GroupDetail, PHASES, type Phase, type RolloutFacts } from '../../protocol/group.ts';
import type { Problem, Prompt } from '../../protocol/problem.ts';
import type { Verdict, VoteStatus } from '../../protocol/verdict.ts';
import { portableJson } from '../../protocol/well-formed.ts';
import type { RunColumns } from '../columns.ts';
import { openColumns } from '../open.ts';
import { problemView } from '../problem-view.ts';

export interface RolloutRow {
  /** Position in the run's problem list, and the problem's own id. */
  problem: number;
  problemId: string;
  step: number;
  phase: Phase;
  /** Its number within its group, from 1, as every view shows it; exports of early versions count from 0. */
  rollout: number;
  /** The problem's own text, and the prompt as the model got it (null in runs of older formats). */
  problemText: string;
  prompt: string | null;
  text: string;
  /** The extracted answer, and the reference answer of the data. */
  answer: string | null;
  reference: string | null;
  /** All reference answers as a JSON list, if there are several. */
  references: string | null;
  correct: boolean | null;
  /** The vote of its group: its status, its answer and share (null without an answer), and whether that is right. */
  voteStatus: VoteStatus;
  majorityAnswer: string | null;
  majorityShare: number | null;
  verdict: Verdict;
  /** Whether its group is the one that represents the problem at the end of the run, in every view. */
  current: boolean;
  reward: number | null;
  /** Rewards by name as JSON; null where only the one above exists. */
  rewards: string | null;
  advantage: number | null;
  finish: RolloutFacts['finish'];
  /** Number of tokens, their mean log-probability and mean entropy, nats. */
  tokens: number | null;
  logprob: number | null;
  entropy: number | null;
  /** Share of its token trigrams that repeat an earlier one. */
  repetition: number | null;
  /** Other values of the trainer that made the run, by its names, as JSON; null without any. */
  foreign: string | null;
  /** Only on request, one entry per token; null if unknown. Joined, the texts give `text`. */
  tokenIds?: number[] | null;
  tokenTexts?: string[] | null;
  tokenLogprobs?: number[] | null;
  tokenEntropies?: number[] | null;
}

export interface RolloutExportOptions {
  /** Phases to export (default: all). */
  phases?: readonly Phase[];
  /** Adds token ids and texts with their log-probabilities and entropies. */
  perToken?: boolean;
  signal?: AbortSignal;
}

/**
 * Yields the rows of the groups that count, in the order of their records. Throws as `readRunFile`, `openColumns` and
 * `readGroup` do.
 */
export async function* rolloutRows(folder: string, options: RolloutExportOptions = {}): AsyncGenerator<RolloutRow> {
  const source = await openRows(folder, options);
  yield* rowsAt(source, source.at);
}

/** The rollouts of one step of one phase. */
export interface StepRows {
  phase: Phase;
  step: number;
  /** Read from the run as they are taken. */
  rows: AsyncGenerator<RolloutRow>;
}

/** Yields the rows of each step of each phase, in the order of the steps. Throws as `rolloutRows` does. */
export async function* stepRows(folder: string, options: RolloutExportOptions = {}): AsyncGenerator<StepRows> {
  const source = await openRows(folder, options);
  const order = (row: number) => source.columns.idOf(row).step * PHASES.length + phaseIndex(row);
  const phaseIndex = (row: number) => PHASES.indexOf(source.columns.idOf(row).phase);
  const sorted = source.at.toSorted((a, b) => order(a) - order(b));
  for (let from = 0; from < sorted.length; ) {
    const first = order(sorted[from]!);
    let end = from + 1;
    while (end < sorted.length && order(sorted[end]!) === first) end++;
    const { phase, step } = source.columns.idOf(sorted[from]!);
    yield { phase, step, rows: rowsAt(source, sorted.slice(from, end)) };
    from = end;
  }
}

interface RowSource extends RolloutExportOptions {
  folder: string;
  columns: RunColumns;
  problems: Problem[];
  prompts: Prompt[] | null;
  /** Rows of the columns that have rollouts and are requested. */
  at: number[];
}

async function openRows(folder: string, options: RolloutExportOptions): Promise<RowSource> {
  // A run of a newer format is refused before any of it is misread.
  await readRunFile(folder);
  options.signal?.throwIfAborted();
  const problems = await readProblems(folder);
  const prompts = await readPrompts(folder);
  const columns = await openColumns(folder);
  const { phases } = options;
  const asked = (row: number) => !phases || phases.includes(columns.idOf(row).phase);
  const at = columns.countedRows.filter((row) => asked(row) && columns.frameOf(row));
  return { ...options, folder, columns, problems, prompts, at };
}

async function* rowsAt(source: RowSource, at: readonly number[]): AsyncGenerator<RolloutRow> {
  const { folder, columns, problems, prompts, perToken = false, signal } = source;
  for (const row of at) {
    signal?.throwIfAborted();
    const id = columns.idOf(row);
    const detail = await readGroup(folder, { ...id, frame: columns.frameOf(row) });
    const shared = groupValues(columns, row, problems[id.problem], prompts?.[id.problem]);
    for (const index of detail.rollouts.keys()) yield { ...shared, ...rolloutValues(detail, index, perToken) };
  }
}

type GroupValues = Pick<
  RolloutRow,
  | 'problem'
  | 'problemId'
  | 'step'
  | 'phase'
  | 'problemText'
  | 'prompt'
  | 'reference'
  | 'references'
  | 'voteStatus'
  | 'majorityAnswer'
  | 'majorityShare'
  | 'verdict'
  | 'current'
>;

/** What all rollouts of a group share: the problem, and its view at this group. */
function groupValues(
  columns: RunColumns,
  row: number,
  problem: Problem | undefined,
  prompt: Prompt | undefined,
): GroupValues {
  const id = columns.idOf(row);
  const { status, answer, share, verdict } = problemView(columns, id.problem, id.step, id.phase);
  return {
    problem: id.problem,
    problemId: problem?.id ?? String(id.problem),
    step: id.step,
    phase: id.phase,
    problemText: problem?.text ?? '',
    prompt: prompt?.text ?? null,
    reference: problem?.answer ?? null,
    references: problem?.accepted ? portableJson(problem.accepted) : null,
    // A group that speaks was sampled.
    voteStatus: status as VoteStatus,
    majorityAnswer: answer,
    majorityShare: share,
    verdict,
    current: problemView(columns, id.problem).row === row,
  };
}

function rolloutValues(group: GroupDetail, index: number, perToken: boolean): Omit<RolloutRow, keyof GroupValues> {
  const rollout = group.rollouts[index]!;
  const { text, answer, correct, reward, rewards, advantage, finish, tokens, logprob, entropy, repetition } = rollout;
  const { ids, tokenTexts, statistics, foreign } = rollout;
  const list = (values: ArrayLike<number> | null) => values && Array.from(values);
  return {
    rollout: index + 1,
    text,
    answer,
    correct,
    reward,
    rewards: asJson(rewards),
    advantage,
    finish,
    tokens,
    logprob,
    entropy,
    repetition,
    foreign: asJson(foreign),
    ...(perToken && {
      tokenIds: list(ids),
      tokenTexts,
      tokenLogprobs: list(statistics.logprob),
      tokenEntropies: list(statistics.entropy),
    }),
  };
}

/** Named values as JSON; null without any. */
function asJson(values: Record<string, unknown>): string | null {
  return Object.keys(values).length > 0 ? portableJson(values) : null;
}
