/** The beginning of a run folder: its file, and the first records about its parts and what its user should know. */
import type { Journal } from '../../journal/journal.ts';
import { type Prompt, RUN_FORMAT, type RunConfig, type RunFile } from '../../protocol/index.ts';
import type { RunParent } from '../../protocol/run-file.ts';
import { truncates } from '../../protocol/sampling.ts';
import { VERSION } from '../../protocol/version.ts';
import type { WarningCode } from '../../protocol/warnings.ts';
import { versions } from '../../versions.ts';
import type { PolicyInfo } from '../policy/contract.ts';
import { configWarning } from '../signal.ts';
import type { Material } from './material.ts';

/** The prompts as the journal stores them: exactly as the model gets them. */
export function promptsOf({ prompts }: PolicyInfo): Prompt[] {
  return prompts.map(({ text, tokens }, problem) => ({ problem, text, tokens }));
}

/**
 * The file of a run of this program, whichever trainer it uses.
 * @param packages versions of the other packages that compute, by name
 */
export function runFileOf(
  config: RunConfig,
  { created, fingerprint }: { created: string; fingerprint: string | null },
  material: Material,
  { packages = {}, parent }: { packages?: Readonly<Record<string, string>>; parent?: RunParent | undefined } = {},
): RunFile {
  return {
    format: RUN_FORMAT,
    created,
    origin: { engine: 'rollscope', version: VERSION, files: [] },
    config,
    foreign: null,
    versions: { ...versions(), ...packages },
    modelFingerprint: fingerprint,
    dataFingerprint: material.fingerprint,
    ...(parent && { parent }),
  };
}

/** The model of a run as far as this program knows it: another trainer may load it elsewhere. */
export type KnownModel = Pick<PolicyInfo, 'name' | 'device' | 'warnings'> & {
  [Fact in 'parameters' | 'trainable' | 'fingerprint' | 'vocabulary']: PolicyInfo[Fact] | null;
};

/** Appends the first record and the warnings about dataset and model. */
export function appendHeader(journal: Journal, config: RunConfig, material: Material, known: KnownModel): void {
  const { name, parameters, trainable, fingerprint, vocabulary, device } = known;
  journal.append({
    type: 'run',
    config,
    problems: material.training.length,
    evaluationProblems: material.problems.length - material.training.length,
    model: { name, parameters, trainable, fingerprint, vocabulary },
    dataFingerprint: material.fingerprint,
    data: material.data,
    device,
  });
  for (const message of material.warnings) warn(journal, 'dataset', message);
  for (const message of known.warnings) warn(journal, 'model', message);
}

/** Appends the warnings that follow from the configuration, for a run that the loop of this program trains. */
export function warnOfConfig(journal: Journal, config: RunConfig): void {
  const alone = configWarning(config);
  if (alone) warn(journal, 'no-signal', alone);
  const { epochs, miniBatch } = config.loss;
  if (config.job === 'train' && truncates(config.sampling) && (epochs > 1 || miniBatch !== undefined)) {
    warn(
      journal,
      'config',
      'With top-p or top-k, importance ratios are not computed: later updates on the same rollouts are not clipped.',
    );
  }
}

/** Appends a warning about the run as a whole. */
export function warn(journal: Journal, code: WarningCode, message: string): void {
  journal.append({ type: 'warning', code, message, step: null, problem: null });
}
