#!/usr/bin/env node
// `npm start`: installs and builds what is missing, then runs `rollscope train` with the options given.
//   npm start -- --steps 20
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, prepare, root } from './install.mjs';

await prepare().catch((error) => fail(error.message));
// In this process, so that Ctrl+C, signals, the terminal and the exit code are the command's own.
const cli = path.join(root, 'dist', 'cli.js');
process.argv.splice(1, 1, cli, 'train');
await import(pathToFileURL(cli).href);
