/** `rollscope job`: writes a training job as a folder for another trainer. */
import path from 'node:path';
import { CLUSTER_TOPIC, TRAIN_TOPICS } from '../../config/settings.ts';
import { machinesOf, WITHOUT_EVALUATION, writeTrlJob, writeVerlJob } from '../../jobs/index.ts';
import { plural } from '../../protocol/format.ts';
import { RollscopeError } from '../../protocol/index.ts';
import { checkConfigFile } from '../consent.ts';
import { EXIT, Output } from '../output.ts';
import { configFromOptions, type RawOptions } from '../run-config.ts';

/** Default evaluation: verl's validation has a single mode, and a TRL job has none. */
const DEFAULTS = { verl: { evaluation: { greedy: false } }, trl: WITHOUT_EVALUATION };

/** Writes the folder and submits nothing. Throws `config` for settings that the trainer does not support. */
export async function job(dataset: string | undefined, raw: RawOptions): Promise<number> {
  const output = new Output(raw.json === true);
  const trainer = raw.for === 'trl' ? 'trl' : 'verl';
  const config = configFromOptions('train', dataset, raw, [...TRAIN_TOPICS, CLUSTER_TOPIC], DEFAULTS[trainer]);
  await checkConfigFile(raw, config);
  const folder = path.resolve(raw.out as string);
  if (trainer === 'trl') {
    if (config.engine?.promptTokens !== undefined) throw onlyForVerl();
    const { warnings, ...written } = await writeTrlJob({ config, folder, machines: machinesOf(config) });
    for (const warning of warnings) output.note(warning);
    output.print(`Wrote a job for TRL with ${plural(written.training, 'problem')} to ${folder}.`);
    output.result({ trainer, ...written });
  } else {
    const { warnings, ...written } = await writeVerlJob({ config, folder });
    for (const warning of warnings) output.note(warning);
    const { training, validation } = written;
    const validated = validation === 0 ? 'no validation problems' : plural(validation, 'validation problem');
    output.print(`Wrote a job for verl with ${plural(training, 'training problem')} and ${validated} to ${folder}.`);
    output.result({ trainer, ...written });
  }
  output.print(`How to start it: ${path.join(folder, 'README.md')}`);
  return EXIT.ok;
}

function onlyForVerl(): RollscopeError {
  return new RollscopeError('usage', '--prompt-tokens works only with --for verl.', 'Leave it out.', {
    details: { reason: 'only-for-verl', field: '--prompt-tokens' },
  });
}
