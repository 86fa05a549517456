/**
 * A run of another trainer as a run folder. An importer reads that trainer's files and says what is in them: `importRun`
 * writes the folder through the journal, as the engine writes its own.
 */

import { evaluationMetrics, stepMetrics } from '../analysis/index.ts';
import { createJournal } from '../journal/create.ts';
import type { Journal, JournalOptions } from '../journal/journal.ts';
import { RUN_FORMAT } from '../protocol/config.ts';
import type { GroupDetail, Phase } from '../protocol/group.ts';
import type { EvaluationRecord, Problem, Prompt, RunRecord, StepRecord } from '../protocol/records.ts';
import type { ForeignRun, RunOrigin } from '../protocol/run-file.ts';
import { VERSION } from '../protocol/version.ts';
import { remove } from '../system/files.ts';
import { type ForeignRollout, foreignGroup } from './group.ts';
import { known, knownValues } from './known.ts';

/** What is known of a run before its records. */
export interface ForeignContents {
  origin: RunOrigin;
  run: ForeignRun;
  problems: readonly Problem[];
  /** The prompts as the model got them, one per problem, tokens null where they are not known; null without prompts. */
  prompts: readonly Prompt[] | null;
  /** When the run was started; null where that is not known. */
  created: Date | null;
  model?: Partial<RunRecord['model']>;
  device?: string | null;
  /** Versions of what the trainer stands on, such as torch. */
  versions?: Record<string, string>;
}

/** What a trainer says of a step beyond its rollouts. */
export interface ForeignStep {
  step: number;
  /** Those of our metrics that it measured, such as the loss; they win over what follows from the rollouts. */
  metrics?: Partial<StepRecord['metrics']>;
  /** Its metrics under their own names. */
  foreign?: Record<string, number | null>;
  timing?: Partial<StepRecord['timing']>;
}

export interface ForeignEvaluation {
  step: number;
  foreign?: Record<string, number | null>;
  seconds?: number | null;
}

/** What was imported. */
export interface ImportedCounts {
  problems: number;
  groups: number;
  rollouts: number;
  /** Step records. */
  steps: number;
}

/** A run folder that is being written. Records come in the order in which things happened. */
export class ImportedRun {
  /** Groups since the last step or evaluation: what its metrics are made of. */
  private waiting: GroupDetail[] = [];
  private readonly counted = { groups: 0, rollouts: 0, steps: 0 };
  private lastStep = 0;

  constructor(
    private readonly journal: Journal,
    private readonly contents: ForeignContents,
  ) {}

  /** The rollouts of one problem. */
  group(phase: Phase, step: number, problem: number, rollouts: readonly ForeignRollout[]): GroupDetail {
    const detail = foreignGroup({ phase, step }, this.contents.problems[problem]!, rollouts);
    this.journal.appendGroup(detail);
    this.waiting.push(detail);
    this.counted.groups++;
    this.counted.rollouts += rollouts.length;
    return detail;
  }

  /** A step, behind its groups of the phase `train`. */
  step({ step, metrics = {}, foreign, timing = {} }: ForeignStep): void {
    const groups = this.taken('train', step);
    this.counted.steps++;
    this.lastStep = step;
    this.journal.append({
      type: 'step',
      step,
      // Whether the trainer's reward says right or wrong is not known here.
      metrics: { ...NOT_MEASURED, ...stepMetrics(groups, { saysRight: false }), ...knownValues(metrics) },
      ...(foreign && { foreign: knownValues(foreign) }),
      timing: { ...NO_TIMING, ...knownValues(timing) },
    });
  }

  /** An evaluation, behind its groups of the phases `evaluation` and `greedy`. */
  evaluation({ step, foreign, seconds }: ForeignEvaluation): void {
    const sampled = this.taken('evaluation', step);
    const greedy = this.taken('greedy', step);
    const record: Omit<EvaluationRecord, 'seq' | 'time'> = {
      type: 'evaluation',
      step,
      problems: Math.max(sampled.length, greedy.length),
      samples: Math.max(1, ...sampled.map(({ rollouts }) => rollouts.length)),
      ...evaluationMetrics(sampled, greedy),
      ...(foreign && { foreign: knownValues(foreign) }),
      timing: { seconds: known(seconds) },
    };
    this.journal.append(record);
  }

  /** Ends the run: complete, as far as it was recorded. */
  end(): ImportedCounts {
    this.journal.append({ type: 'end', reason: 'completed', step: this.lastStep });
    return { problems: this.contents.problems.length, ...this.counted };
  }

  private taken(phase: Phase, step: number): GroupDetail[] {
    const isIt = (group: GroupDetail) => group.phase === phase && group.step === step;
    const found = this.waiting.filter(isIt);
    this.waiting = this.waiting.filter((group) => !isIt(group));
    return found;
  }
}

/** What no rollouts tell, until the trainer does. */
const NOT_MEASURED = {
  loss: null,
  gradientNorm: null,
  clipFraction: null,
  kl: null,
  learningRate: null,
  skippedGroups: null,
  tokens: null,
} satisfies Partial<StepRecord['metrics']>;

const NO_TIMING: StepRecord['timing'] = {
  seconds: null,
  rolloutSeconds: null,
  updateSeconds: null,
  engineSeconds: null,
  rolloutTokensPerSecond: null,
  residentBytes: null,
};

/**
 * Creates `folder`, lets `write` fill it, and ends the run. When `write` throws, nothing of the folder is left.
 * @throws RollscopeError `usage` where the folder holds something, `disk`
 */
export async function importRun(
  folder: string,
  contents: ForeignContents,
  write: (run: ImportedRun) => Promise<void> | void,
  options: JournalOptions = {},
): Promise<ImportedCounts> {
  const { origin, run, problems, prompts, created, versions = {} } = contents;
  const runFile = {
    format: RUN_FORMAT,
    created: (created ?? options.now?.() ?? new Date()).toISOString(),
    origin,
    config: null,
    foreign: { ...run, settings: knownValues(run.settings) },
    versions: { ...versions, rollscope: VERSION },
    modelFingerprint: null,
    dataFingerprint: null,
  };
  const journal = await createJournal(folder, { runFile, problems, prompts }, options);
  try {
    journal.append({
      type: 'run',
      config: null,
      problems: problems.length,
      evaluationProblems: 0,
      model: {
        name: run.model,
        parameters: null,
        trainable: null,
        fingerprint: null,
        vocabulary: null,
        ...contents.model,
      },
      dataFingerprint: null,
      device: contents.device ?? null,
    });
    const imported = new ImportedRun(journal, contents);
    await write(imported);
    const counts = imported.end();
    await journal.close();
    return counts;
  } catch (error) {
    await journal.close().catch(() => {});
    await remove(journal.folder);
    throw error;
  }
}
