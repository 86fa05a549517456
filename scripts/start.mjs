#!/usr/bin/env node
// `npm start`: installs and builds what is missing, then runs `rollscope train` with the options given.
//   npm start -- --steps 20
import { runCli } from './cli.mjs';

await runCli(['train', ...process.argv.slice(2)]);
