/**
 * Whether a run can learn anything, judging by its first steps: rewards that are equal in every group train nothing,
 * and responses that are truncated before their answer get no useful reward. Deterministic: given a run's records, it
 * reaches the same state.
 */
import { percent, plural } from '../protocol/format.ts';
import type { JournalRecord, NewRecord, RunConfig, StepRecord } from '../protocol/index.ts';
import { MAJOR_SHARE, type WarningCode } from '../protocol/warnings.ts';

/** The number of steps to look at; all steps of a shorter run. */
const CHECKED_STEPS = 3;

/** Sums over the rollouts of some steps. */
export interface SignalCounts {
  steps: number;
  groups: number;
  /** Groups whose rewards were all equal. */
  equal: number;
  rollouts: number;
  /** Rollouts that were truncated at the length limit, and without an answer. */
  truncated: number;
  unanswered: number;
}

type Settings = Pick<RunConfig, 'votes' | 'group' | 'steps' | 'sampling' | 'loss'>;

/** Watches the first steps of one run: given them in order, it returns the warning once. */
export class RunSignal {
  private readonly counts: SignalCounts = { steps: 0, groups: 0, equal: 0, rollouts: 0, truncated: 0, unanswered: 0 };
  /** Groups of the step that is being recalled. */
  private pending = 0;

  constructor(private readonly config: Settings) {}

  /** Takes in what an earlier part of the run recorded. */
  restore(record: JournalRecord): void {
    if (record.type === 'group' && record.phase === 'train') this.pending++;
    if (record.type !== 'step') return;
    this.step(record, this.pending);
    this.pending = 0;
  }

  /** Processes a step; returns the warning that the first steps cause, if any. */
  step({ step, metrics }: Pick<StepRecord, 'step' | 'metrics'>, groups: number): NewRecord | null {
    if (step > CHECKED_STEPS) return null;
    const { config, counts } = this;
    const rollouts = groups * config.votes;
    counts.steps++;
    counts.groups += groups;
    counts.equal += metrics.skippedGroups ?? 0;
    counts.rollouts += rollouts;
    counts.truncated += Math.round((metrics.truncated ?? 0) * rollouts);
    counts.unanswered += Math.round((metrics.noAnswer ?? 0) * rollouts);
    if (step !== Math.min(CHECKED_STEPS, config.steps)) return null;
    const found = signalWarning(counts, config);
    return found && { type: 'warning', ...found, step, problem: null };
  }
}

interface SignalWarning {
  code: WarningCode;
  message: string;
}

/** null if the rollouts can train; code `no-signal` if none does, `truncated` if most were truncated. */
export function signalWarning(counts: SignalCounts, config: Settings): SignalWarning | null {
  const { steps, groups, equal } = counts;
  const first = steps === 1 ? 'the first step' : `the first ${steps} steps`;
  if (groups === 0) return null;
  if (equal < groups) return truncationWarning(counts, config, ` in ${first}`);
  const where = groups === 1 ? 'the only group' : `each of ${groups} groups`;
  const flat = `All rewards were equal in ${where} of ${first}, so nothing was learned from them.`;
  return { code: 'no-signal', message: sentences(flat, ...facts(counts, config), remedy(counts, config)) };
}

/**
 * The warning that most of these responses were truncated; null if they were not. `when`: such as ` in the first step`.
 */
export function truncationWarning(
  counts: ResponseCounts,
  config: Pick<RunConfig, 'sampling'>,
  when = '',
): SignalWarning | null {
  if (!isMostOf(counts.truncated, counts)) return null;
  return { code: 'truncated', message: sentences(...facts(counts, config, when), LONGER) };
}

type ResponseCounts = Pick<SignalCounts, 'rollouts' | 'truncated' | 'unanswered'>;

const LONGER = 'Raise --max-tokens, or ask for shorter responses with --template.';

/** What most of the responses lack. */
function facts(counts: ResponseCounts, { sampling }: Pick<RunConfig, 'sampling'>, when = ''): (string | null)[] {
  const { rollouts, truncated, unanswered } = counts;
  const part = truncated === rollouts ? 'All' : `${percent(truncated / rollouts)} of`;
  const cut = `${part} ${plural(rollouts, 'response')}${when} were truncated at the limit of ${plural(sampling.maxTokens, 'token')}.`;
  const share = unanswered === rollouts ? 'any response' : `${percent(unanswered / rollouts)} of the responses`;
  return [
    isMostOf(truncated, counts) ? cut : null,
    isMostOf(unanswered, counts) ? `No answer was found in ${share}.` : null,
  ];
}

function isMostOf(count: number, { rollouts }: ResponseCounts): boolean {
  return count > MAJOR_SHARE * rollouts;
}

function sentences(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null).join(' ');
}

/** The remedy for the most serious cause. */
function remedy(counts: ResponseCounts, { group }: Settings): string {
  if (isMostOf(counts.truncated, counts)) return LONGER;
  if (isMostOf(counts.unanswered, counts)) {
    return 'Ask for an answer in a known form with --template, or specify where the answer is with --answer.';
  }
  if (group === 1)
    return 'Raise --group and --votes, since a rollout is compared with the other rollouts of its problem.';
  return 'Try other problems, a higher --temperature or more rollouts (--votes, --group).';
}

/**
 * The warning that follows from the configuration alone: there is nothing to compare a rollout with. null if it can
 * learn.
 */
export function configWarning({ job, group, votes, loss }: Settings & Pick<RunConfig, 'job'>): string | null {
  if (job !== 'train' || group > 1 || loss.advantage === 'reinforce++') return null;
  const more = votes > 1 ? '--group' : '--votes and --group';
  return `With one training rollout per problem (--group 1), there is no other rollout to compare its reward with: its advantage is always 0, so nothing is learned from rewards. Raise ${more}.`;
}
