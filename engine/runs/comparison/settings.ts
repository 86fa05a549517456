/** Settings that differ between runs. Pure. */
import { describeRun, type ForeignRun, type RunFile } from '../../protocol/run-file.ts';
import { originText } from '../../protocol/texts.ts';
import { cellText, isObject } from '../../protocol/values.ts';

export interface SettingDifference {
  /** As in run.json, such as `loss.kl`; for a run of another trainer, under that trainer's name. */
  setting: string;
  /** One per run; null if the run does not have it. */
  values: (string | null)[];
}

export type ConfiguredRun = Pick<RunFile, 'config' | 'foreign' | 'origin' | 'modelFingerprint' | 'dataFingerprint'>;

/** The settings whose values differ between the runs; what a run is about comes first. */
export function differentSettings(runs: readonly ConfiguredRun[]): SettingDifference[] {
  const settings = runs.map(settingsOf);
  const names = new Set(settings.flatMap((some) => [...some.keys()]));
  return [...names]
    .map((setting) => ({ setting, values: settings.map((some) => some.get(setting) ?? null) }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
}

function settingsOf(run: ConfiguredRun): Map<string, string> {
  const { config, foreign, origin, modelFingerprint, dataFingerprint } = run;
  const { grading, ...described }: Partial<ForeignRun> = describeRun(run);
  const found = new Map<string, string>();
  collect(found, '', { trainer: originText(origin), ...described });
  collect(found, '', config ? configured(config) : { grading, ...foreign?.settings });
  // Files of one name may have other contents.
  collect(found, '', { modelFingerprint, dataFingerprint });
  return found;
}

/** Settings that `describeRun` does not mention. */
function configured(config: NonNullable<ConfiguredRun['config']>) {
  const { job: _, model: _model, reward: _reward, steps: _steps, dataset, ...rest } = config;
  const { path: _path, ...reading } = dataset;
  return { ...rest, dataset: reading };
}

function collect(found: Map<string, string>, prefix: string, values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    if (isObject(value)) collect(found, `${prefix}${name}.`, value);
    else {
      const text = cellText(value);
      if (text !== null) found.set(prefix + name, text);
    }
  }
}
