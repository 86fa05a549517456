/** `rollscope experiment`: lists the experiments, or runs one and prints its report. */
import os from 'node:os';
import path from 'node:path';
import { TRAIN_TOPICS } from '../../config/settings.ts';
import { experimentNamed, experiments } from '../../experiments/catalog/index.ts';
import type { Experiment } from '../../experiments/experiment.ts';
import { type ExperimentIdentity, folderFor } from '../../experiments/folder.ts';
import { type ExperimentRecipe, otherOptions, otherOptionsText } from '../../experiments/other-options.ts';
import { type ExperimentProgress, runExperiment } from '../../experiments/runner.ts';
import { REPRODUCTION_TEXT } from '../../protocol/experiments.ts';
import { duration } from '../../protocol/format.ts';
import { EMBEDDED, isEmbedded, RollscopeError, type RunConfig, rollscopeHome } from '../../protocol/index.ts';
import { endAtOnce } from '../../system/signals.ts';
import { allowedBy, checkConfigFile, withConsent } from '../consent.ts';
import { interruptible } from '../interruptible.ts';
import { EXIT, Output } from '../output.ts';
import { configFromOptions, type RawOptions, resolveModel } from '../run-config.ts';
import { wholeNumber } from '../values.ts';

/** Exit code 0 with a report, whatever its result; 3 if stopped: the same command then resumes. */
export async function experiment(
  name: string | undefined,
  dataset: string | undefined,
  raw: RawOptions,
): Promise<number> {
  const output = new Output(raw.json === true);
  if (name === undefined) return list(output);
  const chosen = experimentNamed(name);
  const { base, embedded } = configOf(chosen, dataset, raw);
  const seeds = seedsOf(raw, chosen, base);
  const against = againstOf(raw, chosen, base);
  await withConsent(output, allowedBy(raw), (allowed) => checkConfigFile({ ...raw, ...allowed }, base));
  const changed = otherOptions({ base, seeds, against }, usualRecipe(chosen, dataset, raw));
  const folder = folderOf(raw, { experiment: chosen.name, base, against, seeds });
  const cores = os.availableParallelism();
  // Small models gain more from parallel runs than from several threads.
  const parallel = countOf(raw, 'parallel') ?? (embedded ? Math.max(1, Math.min(4, cores)) : 1);
  const threads = base.threads || (parallel > 1 ? Math.max(1, Math.floor(cores / parallel)) : 0);
  output.note(`${chosen.title}: ${chosen.question}`);
  if (changed.length > 0) output.note(`Options other than the experiment's own: ${otherOptionsText(changed)}`);
  output.note(`Folder: ${folder}`);
  const progress = new ExperimentView(output);
  const hint = 'Stopping with checkpoints. Press Ctrl+C again to stop immediately.';
  // A second Ctrl+C must end the process even if a worker is inside a compute call.
  const result = await interruptible(output, { hint, lines: false, atOnce: endAtOnce }, (signal) =>
    runExperiment({
      ...{
        experiment: chosen,
        base: { ...base, threads },
        embedded,
        against,
        seeds,
        changed,
        folder,
        parallel,
        signal,
      },
      allowPrograms: raw.allowPrograms === true,
      onProgress: (now) => progress.show(now),
    }),
  );
  const recipe = changed.length > 0 ? ` with other options: ${otherOptionsText(changed)}` : '';
  output.print(`\nResult: ${REPRODUCTION_TEXT[result.reproduction]}${recipe}`);
  for (const { expected, measured, met } of result.criteria) {
    output.print(`  ${met === null ? '[?]' : met ? '[x]' : '[ ]'} ${expected}\n      ${measured}`);
  }
  output.print(`\n${result.runs} runs, ${duration(result.seconds)}`);
  output.print(`Report: ${result.report}`);
  output.result({ experiment: chosen.name, folder, ...result });
  return EXIT.ok;
}

function list(output: Output): number {
  const width = Math.max(...experiments.map(({ name }) => name.length));
  for (const { name, question } of experiments) output.print(`${name.padEnd(width)}  ${question}`);
  output.result({
    experiments: experiments.map(({ name, title, question, finding, minutes }) => ({
      name,
      title,
      question,
      finding,
      minutes,
    })),
  });
  return EXIT.ok;
}

/** The experiment's defaults are tuned for its embedded models; another model or dataset starts from its own preset. */
function configOf(
  experiment: Experiment,
  dataset: string | undefined,
  raw: RawOptions,
): { base: RunConfig; embedded: boolean } {
  const own = dataset === undefined && (raw.model === undefined || isEmbedded(raw.model as string));
  const { model, ...defaults } = experiment.defaults;
  if (!own)
    return {
      base: configFromOptions('train', dataset, raw, TRAIN_TOPICS, { reward: experiment.defaults.reward }),
      embedded: false,
    };
  const base = configFromOptions('train', undefined, { model: model as string, ...raw }, TRAIN_TOPICS, defaults);
  return { base, embedded: true };
}

/** The experiment's default recipe, with the given model or dataset. */
function usualRecipe(experiment: Experiment, dataset: string | undefined, raw: RawOptions): ExperimentRecipe {
  const { base } = configOf(
    experiment,
    dataset,
    isEmbedded((raw.model as string) ?? EMBEDDED) ? {} : { model: raw.model },
  );
  const own = configOf(experiment, undefined, {}).base;
  const usual = { ...base, model: own.model, dataset: { ...base.dataset, path: own.dataset.path } };
  return { base: usual, seeds: seedsOf({}, experiment, usual), against: [] };
}

function seedsOf(raw: RawOptions, experiment: Experiment, base: RunConfig): number[] {
  const count = countOf(raw, 'seeds') ?? experiment.seeds;
  return Array.from({ length: count }, (_, i) => base.seed + i);
}

/** The count given by an option, if any. */
function countOf(raw: RawOptions, name: 'seeds' | 'parallel'): number | undefined {
  return wholeNumber(`--${name}`, raw[name] as string | undefined, { from: 1, to: 9999 });
}

/** Models to compare with `--model`: all embedded or none, since they share one configuration. */
function againstOf(raw: RawOptions, experiment: Experiment, base: RunConfig): string[] {
  const against = ((raw.against as string[] | undefined) ?? []).map(resolveModel);
  if (against.length > 0 && !experiment.compares) {
    const others = experiments.filter(({ compares }) => compares).map(({ name }) => name);
    throw new RollscopeError(
      'usage',
      `The experiment "${experiment.name}" takes one model.`,
      `Remove --against; it applies to ${others.join(', ')}.`,
      { details: { reason: 'one-model', field: '--against', experiment: experiment.name } },
    );
  }
  const other = against.find((model) => isEmbedded(model) !== isEmbedded(base.model));
  if (other === undefined) return against;
  throw new RollscopeError(
    'usage',
    `${other} and ${base.model} cannot be compared: embedded models train with their own settings.`,
    'Compare embedded models with embedded models, and other models with other models.',
    { details: { reason: 'models-not-comparable', field: '--against', value: other, model: base.model } },
  );
}

/** The folder of `--out`; else one in the user's Rollscope folder. */
function folderOf(raw: RawOptions, identity: ExperimentIdentity): string {
  if (typeof raw.out === 'string') return path.resolve(raw.out);
  return folderFor(path.join(rollscopeHome(), 'experiments'), identity);
}

/** Overall progress: a line when a run ends, and every few seconds at most in between. */
class ExperimentView {
  private last = 0;
  private done = -1;

  constructor(private readonly output: Output) {}

  show({ done, expected, active, secondsLeft }: ExperimentProgress): void {
    const now = performance.now();
    if (done === this.done && now - this.last < 5000) return;
    this.done = done;
    this.last = now;
    const left = secondsLeft === null ? '' : `, ${duration(secondsLeft)} left`;
    const runs = active.map(({ id, step, steps }) => `${id} ${step}/${steps}`).join(', ');
    this.output.note(`${done} of ${expected} runs${left}${runs ? `  (${runs})` : ''}`);
  }
}
