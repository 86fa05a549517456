/** Forking a run: a new run that begins with one of its checkpoints, with changed settings; and probes of a checkpoint. */
import type { ValueOrigin } from '../../engine/config/layer.ts';
import { buildRunConfig } from '../../engine/config/layers.ts';
import { type ConfigValues, setAt, valueAt } from '../../engine/config/objects.ts';
import { type RunSetting, SETTINGS, TRAIN_TOPICS } from '../../engine/config/settings.ts';
import { listCheckpoints } from '../../engine/journal/checkpoints.ts';
import { runName } from '../../engine/journal/layout.ts';
import { readRunFile } from '../../engine/journal/reader.ts';
import { RollscopeError, type RunConfig } from '../../engine/protocol/index.ts';
import { mergeConfig } from '../../engine/protocol/presets.ts';
import { requireOwnConfig } from '../../engine/protocol/run-file.ts';
import { forkDefaults } from '../../engine/runs/fork-defaults.ts';
import { lastHealthyStep } from '../../engine/runs/healthy.ts';
import type { Rollscope } from '../app.ts';
import { forkSettings, parseSetting, type SettingValue, typedText } from '../fork-settings.ts';
import { namedFields } from '../named-settings.ts';
import { errorInFields } from '../remedies.ts';
import { choose, write } from '../tell.ts';
import { attempt } from './attempt.ts';
import { folderOf, pickRun } from './runs.ts';
import { launch, problemTarget } from './start.ts';
import { runValues, type StartValues } from './start-values.ts';

/** The argument with which the notification of an alarm requests a fork from the last healthy checkpoint. */
interface HealthyFork {
  folder: string;
  step: 'healthy';
}

/** Asks for a run, a checkpoint and what to change, and starts the fork. */
export async function forkRun(app: Rollscope, argument: unknown): Promise<void> {
  const healthy = isHealthyFork(argument);
  const named = healthy ? argument.folder : folderOf(argument);
  const folder =
    named ?? (await pickRun(app, ({ job, status }) => job === 'train' && status !== 'running', 'Fork Run', true));
  if (!folder) return;
  const parent = requireOwnConfig(await readRunFile(folder), 'A fork', 'Start a new run instead.');
  const step = await pickCheckpoint(app, folder, healthy);
  if (step === undefined) return;
  const changes: Changes = { values: {}, given: new Map() };
  if (!(await askForChanges(parent, step, changes))) return;
  const begin = async () => {
    const config = buildRunConfig({ job: 'train' }, [
      { source: { kind: 'experiment' }, values: forkDefaults(parent, step, false) as ConfigValues },
      { source: { kind: 'option' }, ...changes },
    ]);
    return launch(app, config, { folder, step });
  };
  const values = forkValues(parent, step, changes);
  await attempt(app, { what: `fork run ${runName(folder)} at step ${step}`, values, begin });
}

/** The start values of a fork: those of its parent, with the changes. */
function forkValues(parent: RunConfig, step: number, changes: Changes): StartValues {
  const base = forkDefaults(parent, step, false);
  return {
    explain: (error) => ({
      error: errorInFields(error),
      settings: namedFields(error, mergeConfig(base, changes.values), base),
      usual: 'parent',
    }),
    open: async (path) => {
      const placed = SETTINGS.find((setting) => setting.path === path);
      if (placed) await askForChange(placed, base, changes);
    },
    reset: async (paths) => {
      for (const path of paths) {
        setAt(changes.values, path, valueAt(base, path));
        changes.given.delete(path);
      }
    },
    change: async (again) => {
      if (await askForChanges(parent, step, changes)) await again();
    },
  };
}

/** Samples the problem of a lens, or at the cursor, with the weights of a checkpoint. */
export async function probeOnCheckpoint(app: Rollscope, argument: unknown): Promise<void> {
  const target = await problemTarget(app, argument);
  if (!target) return;
  const folder = await pickRun(app, ({ job }) => job === 'train', 'Probe on a Checkpoint', true);
  if (!folder) return;
  const parent = requireOwnConfig(await readRunFile(folder), 'A probe of a checkpoint', 'Choose a run of Rollscope.');
  const step = await pickCheckpoint(app, folder, false);
  if (step === undefined) return;
  const { dataset, ids } = target;
  const values = forkDefaults(parent, step, true) as ConfigValues;
  const place = { job: 'probe' as const, dataset: app.datasetName(dataset), ids };
  const begin = async () =>
    launch(app, buildRunConfig(place, [{ source: { kind: 'experiment' }, values }]), { folder, step });
  const what = `probe problem ${ids[0]} at step ${step} of run ${runName(folder)}`;
  await attempt(app, { what, values: runValues(folder), begin });
}

function isHealthyFork(argument: unknown): argument is HealthyFork {
  return typeof argument === 'object' && argument !== null && (argument as Partial<HealthyFork>).step === 'healthy';
}

/** The step of a checkpoint; undefined if the user cancels. @param healthy takes the last healthy one without asking */
async function pickCheckpoint(app: Rollscope, folder: string, healthy: boolean): Promise<number | undefined> {
  const steps = (await listCheckpoints(folder)).map(({ step }) => step);
  const run = await app.library.read(folder);
  if (steps.length === 0) {
    throw new RollscopeError('usage', `Run ${run.run} has no checkpoint.`, 'Stopping a run writes one.');
  }
  const good = lastHealthyStep(run.columns, steps);
  if (healthy) {
    if (good !== null) return good;
    throw new RollscopeError('usage', `Run ${run.run} has no checkpoint from before the first sign of collapse.`);
  }
  const items = steps
    .toReversed()
    .map((step) => ({ label: `step ${step}`, description: step === good ? 'the last healthy one' : '', step }))
    .sort((a, b) => Number(b.step === good) - Number(a.step === good));
  const chosen = await choose(items, {
    title: `Checkpoint of ${run.run}`,
    placeHolder: 'Select a checkpoint',
  });
  return chosen?.step;
}

interface Changes {
  values: ConfigValues;
  given: Map<string, ValueOrigin>;
}

/** Asks for settings until the user starts the fork; false if they cancel. */
async function askForChanges(parent: RunConfig, step: number, changes: Changes): Promise<boolean> {
  const base = forkDefaults(parent, step, false);
  const settings = forkSettings(TRAIN_TOPICS);
  for (;;) {
    const items = settings.map((placed) => {
      const changed = valueAt(changes.values, placed.path);
      const value = typedText((changed ?? valueAt(base, placed.path)) as SettingValue);
      return {
        label: placed.setting.title,
        description: `${value}${changed === undefined ? '' : ' (changed)'}`,
        placed,
      };
    });
    const start = { icon: 'play', label: `Start the fork at step ${step}`, description: '', placed: null };
    const chosen = await choose([start, ...items], {
      title: 'Fork Run',
      placeHolder: 'Start, or select a setting to change first',
      ignoreFocusOut: true,
    });
    if (!chosen) return false;
    if (!chosen.placed) return true;
    await askForChange(chosen.placed, base, changes);
  }
}

/** Asks for the value of a setting; nothing changes if the user cancels. */
async function askForChange({ path, setting }: RunSetting, base: object, changes: Changes): Promise<void> {
  const text = await write({
    title: setting.title,
    prompt: setting.help,
    value: typedText((valueAt(changes.values, path) ?? valueAt(base, path)) as SettingValue),
    ignoreFocusOut: true,
    validateInput: (input) => parseSetting(setting, input).error,
  });
  if (text === undefined) return;
  setAt(changes.values, path, parseSetting(setting, text).value);
  changes.given.set(path, { name: setting.flag! });
}
