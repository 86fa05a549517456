/** `rollscope report`: a run as one self-contained HTML file, readable without Rollscope. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { assetPath } from '../../assets.ts';
import { bytes, integer, plural } from '../../protocol/format.ts';
import { writeAtomically } from '../../system/aside.ts';
import { inlineRun } from '../../view/inline-run.ts';
import { OpenRun } from '../../view/open-run.ts';
import { reportHtml } from '../../view/report-page.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { findRun } from '../runs.ts';
import { wholeNumber } from '../values.ts';

/** Default limit for rollouts in a file, in uncompressed megabytes. */
const MEGABYTES = 24;

interface ReportOptions {
  html?: string;
  megabytes?: string;
  out?: string;
  json?: boolean;
}

/** Writes the file. Throws `run-not-found`, `run-broken`, `disk`. */
export async function report(name: string, options: ReportOptions): Promise<number> {
  const output = new Output(options.json === true);
  const limit = (wholeNumber('--megabytes', options.megabytes) ?? MEGABYTES) * 1e6;
  const { runsFolder } = await placesOf(options.out);
  const run = await OpenRun.read(await findRun(name, runsFolder));
  try {
    const inlined = await inlineRun(run, limit);
    const { taken, unreadable, all } = inlined.groups;
    const note = taken === all ? 'all rollouts' : `rollouts of ${integer(taken)} of ${plural(all, 'group')}`;
    const scripts = await Promise.all(
      ['browser.js', 'panel.js'].map((script) => readFile(assetPath('dist', script), 'utf8')),
    );
    const page = reportHtml({ title: `${run.run} - Rollscope`, note: `report: ${note}`, scripts, run: inlined.run });
    const file = path.resolve(options.html ?? `${run.run}.html`);
    const content = Buffer.from(page);
    await writeAtomically(file, content);
    output.print(`Wrote ${file} (${bytes(content.length)}): the panel with ${note}.`);
    if (taken + unreadable < all) output.note(`--megabytes ${limit / 1e6} excluded the others.`);
    if (unreadable > 0) output.note(`The rollouts of ${plural(unreadable, 'group')} cannot be read.`);
    output.result({ run: run.run, path: file, bytes: content.length, groups: taken, unreadable, all });
  } finally {
    run.dispose();
  }
  return EXIT.ok;
}
