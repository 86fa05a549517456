/** `rollscope fork`: starts a new run from a checkpoint of another one. */
import { TRAIN_TOPICS } from '../../config/settings.ts';
import { plural } from '../../protocol/format.ts';
import { allowedBy, checkConfigFile, withConsent } from '../consent.ts';
import { runInForeground } from '../foreground.ts';
import { forkSource } from '../fork.ts';
import { Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { configFromOptions, type RawOptions } from '../run-config.ts';
import { datasetInWords } from '../subject.ts';
import { finish } from './train.ts';

/** Exit codes of `train`. Throws if the run has no such checkpoint, or if another model or adapter is requested. */
export async function fork(parent: string, dataset: string | undefined, raw: RawOptions): Promise<number> {
  const output = new Output(raw.json === true);
  const places = await placesOf(raw.out as string | undefined);
  const from = await forkSource(parent, raw.step as string | undefined, { runsFolder: places.runsFolder, dataset });
  const config = configFromOptions('train', dataset, raw, TRAIN_TOPICS, from.defaults);
  const allowed = allowedBy(raw);
  await withConsent(output, allowed, (given) => checkConfigFile({ ...raw, ...given }, config));
  const name = raw.name as string | undefined;
  const finished = await runInForeground(output, places, (engine, signal) => {
    output.note(
      `Forking ${from.run} at step ${from.step}: ${plural(config.steps, 'step')} on ${datasetInWords(config)} with ${config.reward}.`,
    );
    const { folder, step } = from;
    return withConsent(output, allowed, (given) =>
      engine.start({ config, name, ...given, from: { folder, step } }, signal),
    );
  });
  return finish(output, finished, places);
}
