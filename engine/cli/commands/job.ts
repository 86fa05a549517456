/** `rollscope job`: a training as a folder that another trainer runs. */
import path from 'node:path';
import { type Machines, WITHOUT_EVALUATION, writeTrlJob, writeVerlJob } from '../../jobs/index.ts';
import { plural } from '../../protocol/format.ts';
import { RollscopeError } from '../../protocol/index.ts';
import { checkConfigFile } from '../consent.ts';
import { TRAIN_TOPICS, wholeNumber } from '../options.ts';
import { EXIT, Output } from '../output.ts';
import { buildRunConfig, type RawOptions } from '../run-config.ts';

/** What evaluations are where nobody says: verl's validation has one way, and a job for TRL has none. */
const DEFAULTS = { verl: { evaluation: { greedy: false } }, trl: WITHOUT_EVALUATION };

export async function job(dataset: string | undefined, raw: RawOptions): Promise<number> {
  const output = new Output(raw.json === true);
  const trainer = raw.for === 'trl' ? 'trl' : 'verl';
  const config = buildRunConfig('train', dataset, raw, TRAIN_TOPICS, DEFAULTS[trainer]);
  await checkConfigFile(raw, config);
  const machines: Machines = {
    nodes: atLeastOne('--nodes', raw.nodes)!,
    gpus: atLeastOne('--gpus', raw.gpus)!,
    tensorParallel: atLeastOne('--tensor-parallel', raw.tensorParallel)!,
  };
  const promptTokens = atLeastOne('--prompt-tokens', raw.promptTokens) ?? null;
  const folder = path.resolve(raw.out as string);
  if (trainer === 'trl') {
    if (promptTokens !== null) throw onlyForVerl();
    const { warnings, ...written } = await writeTrlJob({ config, folder, machines });
    for (const warning of warnings) output.note(warning);
    output.print(`Wrote a job for TRL with ${plural(written.training, 'problem')} to ${folder}.`);
    output.result({ trainer, ...written });
  } else {
    const { warnings, ...written } = await writeVerlJob({ config, folder, machines, promptTokens });
    for (const warning of warnings) output.note(warning);
    const { training, validation } = written;
    const validated = validation === 0 ? 'no validation' : `${plural(validation, 'problem')} of validation`;
    output.print(`Wrote a job for verl with ${plural(training, 'problem')} and ${validated} to ${folder}.`);
    output.result({ trainer, ...written });
  }
  output.print(`Start it as its README.md says: ${path.join(folder, 'README.md')}`);
  return EXIT.ok;
}

function onlyForVerl(): RollscopeError {
  return new RollscopeError('usage', '--prompt-tokens works only with --for verl.', 'Leave it out.', {
    details: { reason: 'only-for-verl', field: '--prompt-tokens' },
  });
}

/** @throws RollscopeError `usage` for anything but a whole number from 1 */
function atLeastOne(name: string, given: RawOptions[string]): number | undefined {
  const value = wholeNumber(name, given as string | undefined);
  if (value !== 0) return value;
  throw new RollscopeError('usage', `${name}: '0' is not allowed; allowed: a whole number from 1.`, undefined, {
    details: { reason: 'bad-value', field: name, value: '0' },
  });
}
