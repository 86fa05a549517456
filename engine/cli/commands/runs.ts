/** `rollscope runs`: the runs in a folder, the latest first. */
import { listRuns } from '../../journal/runs.ts';
import { DASH, oneLine, share } from '../../protocol/format.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { table } from '../table.ts';

export async function runs(options: { out?: string; json?: boolean }): Promise<number> {
  const output = new Output(options.json === true);
  const { runsFolder } = await placesOf(options.out);
  const found = await listRuns(runsFolder);
  if (found.length === 0) output.print(`No runs in ${runsFolder}. Start one with: rollscope train`);
  else {
    const rows = found.map((info) => [
      info.run,
      info.job,
      info.status,
      info.job === 'train' ? `${info.step}/${info.steps}` : DASH,
      share(info.accuracyBefore),
      share(info.accuracyAfter),
      info.job === 'train' ? info.reward : DASH,
      oneLine(shortName(info.model), 28),
      oneLine(shortName(info.dataset), 28),
      localTime(info.created),
    ]);
    const header = ['run', 'job', 'status', 'step', 'before', 'after', 'reward', 'model', 'dataset', 'begun'];
    output.print(table(header, rows, [3, 4, 5]));
  }
  output.result({ folder: runsFolder, runs: found });
  return EXIT.ok;
}

/** The last part of a path; a Hub id stays whole. */
function shortName(reference: string): string {
  return /^(\/|[a-zA-Z]:[\\/])/.test(reference) ? (reference.split(/[\\/]/).at(-1) ?? reference) : reference;
}

function localTime(iso: string): string {
  const date = new Date(iso);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
