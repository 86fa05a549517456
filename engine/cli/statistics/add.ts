/**
 * Uses a model to compute token statistics that the trainer of an imported run did not record, group by group. Results
 * survive a stop or a kill, and the next call continues with the rest.
 */

import { stepMetrics } from '../../analysis/index.ts';
import { frameKey, readGroup } from '../../journal/groups.ts';
import type { Journal } from '../../journal/journal.ts';
import { readProblems, readPrompts } from '../../journal/reader.ts';
import { longestSequence } from '../../model/config.ts';
import { RollscopeError } from '../../protocol/errors.ts';
import type { GroupDetail, JudgedGroup, TokenColumns } from '../../protocol/group.ts';
import { hasFiniteTokens } from '../../protocol/group-facts.ts';
import type { PrintedStatistics, StatisticsProgress } from '../../protocol/printed.ts';
import type { StepRecord } from '../../protocol/records.ts';
import type { RunColumns } from '../../runs/columns.ts';
import type { TokenReader } from '../../training/token-reader.ts';
import { promptTokens, type SkipReason, type TokensToScore, tokensToScore, withStatistics } from './fill.ts';

/** Adds the number of tokens of the rollouts whose statistics were computed. */
type WithTokens<T> = T & { tokens: number };

export interface StatisticsReport extends WithTokens<PrintedStatistics> {
  left: Partial<Record<SkipReason, number>>;
  /** Whether it was stopped before the last group. */
  stopped: boolean;
}

export interface StatisticsWork {
  folder: string;
  journal: Journal;
  /** Columns of all records in the journal. */
  columns: RunColumns;
  reader: TokenReader;
  signal?: AbortSignal;
  onProgress?: (progress: WithTokens<StatisticsProgress>) => void;
  /** Frames of groups processed earlier, which are skipped; newly processed ones are added. */
  seen?: Set<string>;
  /** Persists the progress; called from time to time. */
  note: () => Promise<void>;
}

/** Minimum milliseconds between two calls of `note`, each of which waits for the disk. */
const NOTE_INTERVAL = 1000;
/** Step metrics that can be computed from tokens. */
const METRICS = ['entropy', 'length', 'repetition', 'confidenceAgreement'] as const;

/** @throws RollscopeError `run-broken`, `disk`, `memory`, `model` if the model returns non-finite numbers */
export async function addStatistics(work: StatisticsWork): Promise<StatisticsReport> {
  const { folder, columns, reader, signal, onProgress, note, seen = new Set() } = work;
  const [problems, prompts] = await Promise.all([readProblems(folder), readPrompts(folder)]);
  const { tokenizer, config } = reader.source;
  const report: StatisticsReport = { rollouts: 0, tokens: 0, known: 0, left: {}, stopped: false };
  const metrics = new StepMetricsOfTokens(work);
  const { step } = columns.groups.columns;
  // A snapshot, since new records change the columns of other rows.
  const rows = columns.countedRows.map((row) => ({ row, step: step[row]! })).sort((a, b) => a.step - b.step);
  const now = new Date();
  let noted = performance.now();
  for (const [i, { row }] of rows.entries()) {
    if (signal?.aborted) {
      report.stopped = true;
      break;
    }
    onProgress?.({ groups: i, total: rows.length, rollouts: report.rollouts, tokens: report.tokens });
    const id = columns.idOf(row);
    const frame = columns.frameOf(row);
    if (!frame || seen.has(frameKey(frame))) continue;
    let group = await readGroup(folder, { ...id, frame });
    const prompt = promptTokens(prompts?.[id.problem], problems[id.problem]!, tokenizer, now);
    const read = tokensToScore(group, prompt, tokenizer, longestSequence(config));
    count(report, read);
    const tokens = read.filter((item) => item instanceof Int32Array);
    if (tokens.length > 0) {
      const found = await reader.read(prompt!, tokens, signal).catch((error: unknown) => {
        if (error instanceof RollscopeError && error.code === 'canceled') return null;
        throw error;
      });
      if (!found) {
        report.stopped = true;
        break;
      }
      checkFinite(found, reader, problems[id.problem]!.id);
      const scored = withStatistics(group, read, found, tokenizer, reader.scoredBy);
      seen.add(frameKey(work.journal.appendStatistics(scored)));
      group = scored;
      report.rollouts += tokens.length;
      report.tokens += tokens.reduce((n, { length }) => n + length, 0);
    }
    seen.add(frameKey(frame));
    metrics.take(group);
    if (performance.now() - noted < NOTE_INTERVAL) continue;
    await note();
    noted = performance.now();
  }
  if (!report.stopped) metrics.end();
  await note();
  onProgress?.({ groups: rows.length, total: rows.length, rollouts: report.rollouts, tokens: report.tokens });
  return report;
}

function count(report: StatisticsReport, read: readonly TokensToScore[]): void {
  for (const one of read) {
    if (one === null) report.known++;
    else if (typeof one === 'string') report.left[one] = (report.left[one] ?? 0) + 1;
  }
}

function checkFinite(found: readonly TokenColumns[], { source: { name } }: TokenReader, problem: string): void {
  if (found.every(hasFiniteTokens)) return;
  throw new RollscopeError(
    'model',
    `The token probabilities of ${name} are not finite for problem '${problem}'.`,
    'Choose another model: its weights may be damaged.',
    { details: { reason: 'non-finite', model: name, problem } },
  );
}

/** Computes unrecorded step metrics from tokens, once all groups of a step were processed. */
class StepMetricsOfTokens {
  private groups: JudgedGroup[] = [];
  private step: number | null = null;

  constructor(private readonly work: Pick<StatisticsWork, 'journal' | 'columns'>) {}

  /** Groups must arrive in step order. */
  take({ phase, step, clusters, majority, rollouts }: GroupDetail): void {
    if (phase !== 'train') return;
    if (this.step !== step) this.end();
    this.step = step;
    const facts = rollouts.map(({ text: _, ids: __, tokenTexts: ___, statistics: ____, ...rest }) => rest);
    this.groups.push({ clusters, majority, rollouts: facts });
  }

  end(): void {
    const { step, groups } = this;
    this.groups = [];
    if (step === null || groups.length === 0) return;
    const { series } = this.work.columns;
    const at = series.steps.indexOf(step);
    if (at < 0) return;
    const found = stepMetrics(groups, { saysRight: false });
    const isNews = (name: (typeof METRICS)[number]) =>
      found[name] !== null && Number.isNaN(series.of(name)?.[at] ?? Number.NaN);
    const news = METRICS.filter(isNews).map((name) => [name, found[name]] as const);
    if (news.length === 0) return;
    const metrics: Partial<StepRecord['metrics']> = Object.fromEntries(news);
    this.work.journal.append({ type: 'metrics', step, metrics, foreign: {} });
  }
}
