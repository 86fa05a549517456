/**
 * The collapse watch of a run: passes steps and evaluations to the rule of `engine/analysis/watch.ts`, turns its level
 * into warnings, and decides, if configured to, that the run ends early. Deterministic: given a run's records, it
 * reaches the same state.
 */
import { voteStability } from '../analysis/problem-pattern.ts';
import { CollapseWatch, type WatchLevel } from '../analysis/watch.ts';
import { COLLAPSE_ADVICE, isMoreSevere, watchWarning } from '../analysis/watch-warning.ts';
import { equivalent } from '../grading/index.ts';
import type { GroupRecord, JournalRecord, JudgedGroup, NewRecord, RunConfig, StepRecord } from '../protocol/index.ts';
import type { RunReward } from '../reward/index.ts';

/** Share of the votes from which on a vote counts as settled. */
const SETTLED_VOTE_SHARE = 0.5;

/** Steps by which a sign may be late: it is smoothed and must persist, and what it shows began before. */
const MAX_SIGN_LAG = 10;

type Votes = Map<number, Pick<JudgedGroup, 'majority'>>;

/** Each level becomes a warning once. Meanwhile the last good checkpoint is determined. */
export class RunWatch {
  private readonly rule = new CollapseWatch();
  private level: WatchLevel = 'ok';
  private firstVotes: Votes | null = null;
  private votes: Votes = new Map();
  private checkpoints: number[] = [];
  private latest = 0;
  /** The step at which the level left `ok`; null while it is `ok`. */
  private firstSign: number | null = null;
  private collapsed: number | null = null;

  /** The reward may rightly overturn the votes that were settled at first. */
  private readonly overturns: boolean;

  /**
   * @param reward of the run. A reward that comes from outside the model, at least in part, may overturn votes; one
   * made of votes and confidence must not: a majority that it trains on stays.
   */
  constructor(
    private readonly action: RunConfig['watch'],
    reward: Pick<RunReward, 'parts'>,
  ) {
    this.overturns = reward.parts.some(({ family }) => family === 'external');
  }

  /** Takes a step or an evaluation of an earlier part of the run in. */
  restore(record: JournalRecord): void {
    if (record.type === 'step') this.step(record);
    else if (record.type === 'group' && record.phase === 'evaluation') this.addVote(record);
    else if (record.type === 'evaluation') this.completeEvaluation(record.step);
  }

  /** Takes the vote on an evaluation problem in. */
  addVote({ problem, majority }: Pick<GroupRecord, 'problem'> & Pick<JudgedGroup, 'majority'>): void {
    this.votes.set(problem, { majority });
  }

  /** The evaluation whose votes were added is complete. */
  completeEvaluation(step: number): void {
    // If no answer had most of the votes, a different winner means nothing.
    this.firstVotes ??= new Map(
      [...this.votes].filter(([, { majority }]) => (majority?.share ?? 0) > SETTLED_VOTE_SHARE),
    );
    if (step > 0 && !this.overturns)
      this.rule.evaluated({ step, stability: voteStability(this.firstVotes, this.votes, equivalent) });
    this.votes = new Map();
  }

  /** A checkpoint was written. */
  addCheckpoint(step: number): void {
    this.checkpoints.push(step);
  }

  /** The last checkpoint well before a first sign at this step; null if there is none. */
  private checkpointBefore(sign: number): number | null {
    return this.checkpoints.findLast((step) => step <= Math.max(0, sign - MAX_SIGN_LAG)) ?? null;
  }

  /** The last checkpoint well before the first sign, or before now; null if there is none. */
  private get healthyCheckpoint(): number | null {
    return this.checkpointBefore(this.firstSign ?? this.latest + 1);
  }

  /** Processes a step; returns the warning that it causes, if any. */
  step({ step, metrics }: Pick<StepRecord, 'step' | 'metrics'>): NewRecord | null {
    if (this.action === 'off') return null;
    const state = this.rule.feed({ step, metrics });
    const before = this.level;
    this.level = state.level;
    this.latest = step;
    this.firstSign = state.level === 'ok' ? null : (this.firstSign ?? step);
    if (state.level === 'collapse') this.collapsed ??= step;
    if (isMoreSevere(state.level, before)) return watchWarning(state, adviceOf(this.action, this.healthyCheckpoint));
    return null;
  }

  /** Whether the run is to end now. */
  get shouldEnd(): boolean {
    return this.collapsed !== null && (this.action === 'stop' || this.action === 'rollback');
  }

  /** The step of the checkpoint to return to; null if none is requested or there is none. */
  get rollbackTo(): number | null {
    return this.action === 'rollback' && this.collapsed !== null ? this.healthyCheckpoint : null;
  }

  /** Whether a checkpoint must be kept, however many come after it: it is the good one, or may become it. */
  mustKeep(step: number): boolean {
    if (this.action !== 'rollback') return false;
    return step === this.healthyCheckpoint || step >= (this.checkpointBefore(this.latest + 1) ?? 0);
  }
}

function adviceOf(action: RunConfig['watch'], good: number | null): string {
  if (action === 'stop') return 'The run was stopped.';
  if (action !== 'rollback') return COLLAPSE_ADVICE;
  return good === null
    ? 'The run was stopped; there is no healthy checkpoint to roll back to.'
    : `The run was stopped and rolled back to the last healthy checkpoint (step ${good}).`;
}
