// Runs the built command line in this process, so that it handles Ctrl+C, signals, the terminal and the exit code itself.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, prepare, root } from './install.mjs';

/** Installs and builds what is missing first. */
export async function runCli(args) {
  await prepare().catch((error) => fail(error.message));
  const cli = path.join(root, 'dist', 'cli.js');
  process.argv.splice(1, process.argv.length, cli, ...args);
  await import(pathToFileURL(cli).href);
}
