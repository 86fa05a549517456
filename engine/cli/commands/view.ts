/** `rollscope view`: serves the panel to a browser, read-only, until Ctrl+C. */
import { hostname } from 'node:os';
import { assetPath } from '../../assets.ts';
import { toErrorData } from '../../protocol/errors.ts';
import { END_SIGNALS } from '../../system/signals.ts';
import { ViewServer } from '../../view/server.ts';
import { ViewedRun } from '../../view/viewed-run.ts';
import { EXIT, errorText, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { findRun } from '../runs.ts';
import { wholeNumber } from '../values.ts';

interface ViewOptions {
  port?: string;
  out?: string;
  json?: boolean;
}

/** Serves the panel until it is stopped. Throws `run-not-found`, `run-broken`. */
export async function view(run: string, others: readonly string[], options: ViewOptions): Promise<number> {
  const output = new Output(options.json === true);
  const port = wholeNumber('--port', options.port, { to: 65_535 }) ?? 0;
  const { runsFolder } = await placesOf(options.out);
  const folder = await findRun(run, runsFolder);
  const report = (error: unknown) => output.note(errorText(toErrorData(error)));
  const folders = await Promise.all(others.map((other) => findRun(other, runsFolder)));
  const viewed = await ViewedRun.open(folder, report);
  const opened: ViewedRun[] = [];
  try {
    for (const other of new Set(folders)) if (other !== folder) opened.push(await ViewedRun.open(other, report));
    const program = { node: process.execPath, cli: assetPath('dist', 'cli.js') };
    const server = await ViewServer.listen(viewed, {
      port,
      report,
      script: (name) => assetPath('dist', name),
      program,
      others: opened,
    });
    // Before the address is printed: a program that reads it may stop the command at once.
    const ended = untilInterrupted();
    output.print(`${server.address}\n`);
    output.note(
      `Open the address in a browser on this machine. From another one, forward the port first:\nssh -L ${server.port}:127.0.0.1:${server.port} ${hostname()}\nCtrl+C ends it.`,
    );
    output.result({ run: viewed.run.run, address: server.address, port: server.port });
    await ended;
    await server.close();
  } finally {
    for (const one of [viewed, ...opened]) one.dispose();
  }
  return EXIT.ok;
}

function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of END_SIGNALS) process.once(signal, () => resolve());
  });
}
