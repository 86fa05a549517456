/** `rollscope experiment`: a named study as a set of runs, and its report. */
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  REPORT_FILE,
  readStudyFile,
  runStudy,
  STUDY_FILE,
  type StudyIdentity,
  type StudyProgress,
  sameStudy,
} from '../../experiments/runner.ts';
import { studies, studyNamed } from '../../experiments/studies/index.ts';
import type { Study } from '../../experiments/study.ts';
import { duration } from '../../protocol/format.ts';
import { isEmbedded, RollscopeError, type RunConfig, rollscopeHome } from '../../protocol/index.ts';
import { TRAIN_GROUPS } from '../options.ts';
import { EXIT, Output } from '../output.ts';
import { buildRunConfig, modelReference, type RawOptions } from '../run-config.ts';

export async function experiment(
  name: string | undefined,
  dataset: string | undefined,
  raw: RawOptions,
): Promise<number> {
  const output = new Output(raw.json === true);
  if (name === undefined) return list(output);
  const study = studyNamed(name);
  const { base, embedded } = configOf(study, dataset, raw);
  const seeds = seedsOf(raw, study, base);
  const against = againstOf(raw, study, base);
  const folder = folderOf(raw, { study: study.name, base, against, seeds });
  const cores = os.availableParallelism();
  // Small models gain more from several runs at a time than from several threads.
  const parallel = numberOf(raw, 'parallel') ?? (embedded ? Math.max(1, Math.min(4, cores)) : 1);
  const threads = base.threads || (parallel > 1 ? Math.max(1, Math.floor(cores / parallel)) : 0);
  output.note(`${study.title}: ${study.question}`);
  output.note(`Folder: ${folder}`);
  const stop = new AbortController();
  const progress = new StudyView(output);
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(EXIT.failed);
    output.note('Stopping with checkpoints. Press Ctrl+C again to stop at once.');
    stop.abort();
  };
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, interrupt);
  try {
    const result = await runStudy({
      study,
      base: { ...base, threads },
      embedded,
      against,
      seeds,
      folder,
      parallel,
      allowPrograms: raw.allowPrograms === true,
      signal: stop.signal,
      onProgress: (now) => progress.show(now),
    });
    output.print(`\nVerdict: ${result.verdict}`);
    for (const { expected, measured, met } of result.criteria) {
      output.print(`  ${met === null ? '[?]' : met ? '[x]' : '[ ]'} ${expected}\n      ${measured}`);
    }
    output.print(`\n${result.runs} runs, ${duration(result.seconds)}`);
    output.print(`Report: ${result.report}`);
    output.result({ experiment: study.name, folder, ...result });
    return EXIT.ok;
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}

function list(output: Output): number {
  const width = Math.max(...studies.map(({ name }) => name.length));
  for (const { name, question } of studies) output.print(`${name.padEnd(width)}  ${question}`);
  output.result({
    experiments: studies.map(({ name, title, question, finding, minutes }) => ({
      name,
      title,
      question,
      finding,
      minutes,
    })),
  });
  return EXIT.ok;
}

/** The study's defaults suit its embedded models; another model or dataset starts from its own preset. */
function configOf(study: Study, dataset: string | undefined, raw: RawOptions): { base: RunConfig; embedded: boolean } {
  const own = dataset === undefined && (raw.model === undefined || isEmbedded(raw.model as string));
  const { model, ...defaults } = study.defaults;
  if (!own)
    return {
      base: buildRunConfig('train', dataset, raw, TRAIN_GROUPS, { reward: study.defaults.reward }),
      embedded: false,
    };
  const base = buildRunConfig('train', undefined, { model: model as string, ...raw }, TRAIN_GROUPS, defaults);
  return { base, embedded: true };
}

function seedsOf(raw: RawOptions, study: Study, base: RunConfig): number[] {
  const count = numberOf(raw, 'seeds') ?? study.seeds;
  return Array.from({ length: count }, (_, i) => base.seed + i);
}

/** A whole number from 1; throws RollscopeError `usage`. */
function numberOf(raw: RawOptions, name: string): number | undefined {
  const text = raw[name] as string | undefined;
  if (text === undefined || /^0*[1-9]\d{0,3}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new RollscopeError('usage', `--${name}: '${text}' is not allowed; allowed: a whole number from 1 to 9999.`);
}

/** Models to compare with the one of --model: all embedded or none, since one configuration serves them all. */
function againstOf(raw: RawOptions, study: Study, base: RunConfig): string[] {
  const against = ((raw.against as string[] | undefined) ?? []).map(modelReference);
  if (against.length > 0 && !study.compares) {
    const others = studies.filter(({ compares }) => compares).map(({ name }) => name);
    throw new RollscopeError(
      'usage',
      `The experiment "${study.name}" takes one model.`,
      `Leave --against out; it is for ${others.join(', ')}.`,
    );
  }
  const other = against.find((model) => isEmbedded(model) !== isEmbedded(base.model));
  if (other === undefined) return against;
  throw new RollscopeError(
    'usage',
    `${other} and ${base.model} cannot be compared: embedded models train with settings of their own.`,
    'Compare embedded models with each other, and other models with each other.',
  );
}

/** The folder that was named; else the study's usual one, or the first numbered one that is free or goes on with this. */
function folderOf(raw: RawOptions, identity: StudyIdentity): string {
  if (typeof raw.out === 'string') return path.resolve(raw.out);
  const root = path.join(rollscopeHome(), 'experiments');
  for (let i = 1; ; i++) {
    const folder = path.join(root, i === 1 ? identity.study : `${identity.study}-${i}`);
    if (!existsSync(path.join(folder, STUDY_FILE))) return folder;
    if (existsSync(path.join(folder, REPORT_FILE))) continue;
    const begun = readStudyFile(folder);
    if (begun && sameStudy(begun, identity)) return folder;
  }
}

/** Progress of the whole: a line when a run ends, and at most every few seconds between. */
class StudyView {
  private last = 0;
  private done = -1;

  constructor(private readonly output: Output) {}

  show({ done, expected, active, secondsLeft }: StudyProgress): void {
    const now = performance.now();
    if (done === this.done && now - this.last < 5000) return;
    this.done = done;
    this.last = now;
    const left = secondsLeft === null ? '' : `, ${duration(secondsLeft)} left`;
    const runs = active.map(({ id, step, steps }) => `${id} ${step}/${steps}`).join(', ');
    this.output.note(`${done} of ${expected} runs${left}${runs ? `  (${runs})` : ''}`);
  }
}
