/** `rollscope runs`: lists the runs in a folder, newest first. */
import { RollscopeError } from '../../protocol/errors.ts';
import { DASH, dateTime, integer } from '../../protocol/format.ts';
import type { ListedRun } from '../../protocol/index.ts';
import { quantityText } from '../../protocol/quantities.ts';
import { oneLine } from '../../protocol/texts.ts';
import { RunList } from '../../runs/list.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { table } from '../table.ts';
import { wholeNumber } from '../values.ts';

/** Default number of table rows. */
const DEFAULT_LIMIT = 100;

interface Options {
  out?: string;
  limit?: string;
  all?: boolean;
  json?: boolean;
}

/** How many runs to list: `--json` lists all unless limited. */
function limitOf({ limit, all, json }: Options): number {
  if (limit === undefined) return all || json ? Number.POSITIVE_INFINITY : DEFAULT_LIMIT;
  if (all) {
    throw new RollscopeError('usage', '--all and --limit exclude each other.', 'Leave one of them out.', {
      details: { reason: 'conflict', options: ['--all', '--limit'] },
    });
  }
  return wholeNumber('--limit', limit, { from: 1 }) ?? DEFAULT_LIMIT;
}

/** Exit code 0, also for an empty folder; an unreadable run is listed with the reason. */
export async function runs(options: Options): Promise<number> {
  const output = new Output(options.json === true);
  const limit = limitOf(options);
  const { runsFolder } = await placesOf(options.out);
  const list = await RunList.open(runsFolder);
  const found = await list.newest(limit);
  if (found.length === 0) output.print(`No runs in ${runsFolder}. Start one with: rollscope train`);
  else {
    const header = ['run', 'job', 'status', 'step', 'before', 'after', 'reward', 'model', 'dataset', 'started'];
    output.print(table(header, found.map(rowOf), [3, 4, 5]));
    for (const run of found) {
      if (run.status !== 'unreadable') {
        if (run.parent) output.print(`${run.run}: forked from ${run.parent.run} at step ${run.parent.step}.`);
        if (run.sampled) output.print(`${run.run}: before and after are on ${run.sampled}.`);
        if (run.fault) output.print(`${run.run}: ${run.fault}`);
        if (run.warning) output.print(`${run.run}: ${run.warning}`);
        if (run.skipped) output.print(`${run.run}: ${run.skipped.message}`);
        continue;
      }
      const { message, hint } = run.error;
      output.print(`${run.run} cannot be read: ${message}${hint ? ` ${hint}` : ''}`);
    }
    if (list.total > limit) {
      const rest = options.limit === undefined ? "'rollscope runs --all' shows all" : 'a larger --limit shows more';
      output.print(`${integer(list.total)} runs, the newest ${integer(limit)} shown; ${rest}.`);
    }
  }
  output.result({ folder: runsFolder, total: list.total, runs: found });
  return EXIT.ok;
}

function rowOf(run: ListedRun): string[] {
  if (run.status === 'unreadable') {
    return [run.run, DASH, run.status, ...Array<string>(6).fill(DASH), dateTime(run.created)];
  }
  return [
    run.run,
    run.job,
    run.status,
    run.job !== 'probe' ? `${run.step}/${run.steps ?? DASH}` : DASH,
    quantityText('accuracy', run.accuracyBefore),
    quantityText('accuracy', run.accuracyAfter),
    run.job !== 'probe' ? (run.reward ?? DASH) : DASH,
    oneLine(shortName(run.model), 28),
    oneLine(shortName(run.dataset), 28),
    dateTime(run.created),
  ];
}

/** The last part of a path; a Hub id is kept whole. */
function shortName(place: string | null): string {
  if (place === null) return DASH;
  return /^(\/|[a-zA-Z]:[\\/])/.test(place) ? (place.split(/[\\/]/).at(-1) ?? place) : place;
}
