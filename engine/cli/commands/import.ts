/** `rollscope import`: a run folder from the rollouts of another trainer. */
import path from 'node:path';
import { importFrom } from '../../importers/index.ts';
import { freeName, importedRunName } from '../../journal/locations.ts';
import { plural } from '../../protocol/format.ts';
import { checkRunName } from '../../protocol/run-name.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';

interface ImportCommandOptions {
  from?: string;
  out?: string;
  name?: string;
  json?: boolean;
}

export async function importFile(file: string, options: ImportCommandOptions): Promise<number> {
  const output = new Output(options.json === true);
  const { runsFolder, usualRunsFolder } = await placesOf(options.out);
  const name = options.name ?? freeName(importedRunName(file, new Date()), runsFolder);
  checkRunName(name);
  const folder = path.join(runsFolder, name);
  const { importer, problems, groups, rollouts, steps } = await importFrom(path.resolve(file), folder, options);
  output.print(
    `Imported ${plural(rollouts, 'rollout')} of ${plural(problems, 'problem')} in ${plural(steps, 'step')} to ${folder}.`,
  );
  output.print(`Terminal:   rollscope show ${runsFolder === usualRunsFolder ? name : folder}`);
  output.result({ run: name, folder, importer, problems, groups, rollouts, steps });
  return EXIT.ok;
}
