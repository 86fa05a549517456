/** `rollscope resume`: resumes an interrupted, stopped or failed run in this terminal. */
import { allowedBy, withConsent } from '../consent.ts';
import { runInForeground } from '../foreground.ts';
import { Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { findRun } from '../runs.ts';
import { finishProbe } from './probe.ts';
import { finish } from './train.ts';

/**
 * Exit codes of `train`. Throws `run-in-use` for a run in progress, and if the model or the dataset has changed since.
 */
export async function resume(
  name: string,
  options: { out?: string; json?: boolean; allowPrograms?: boolean; allowCommand?: boolean; sandbox?: string },
): Promise<number> {
  const output = new Output(options.json === true);
  const places = await placesOf(options.out);
  const folder = await findRun(name, places.runsFolder);
  const allowed = allowedBy(options);
  const finished = await runInForeground(output, places, (engine, signal) =>
    withConsent(output, allowed, (given) => engine.resume(folder, { ...given, signal })),
  );
  const { run } = finished.columns.head;
  if (run?.config?.job === 'probe') return finishProbe(output, finished, places);
  return finish(output, finished, places);
}
