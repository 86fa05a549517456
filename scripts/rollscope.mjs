#!/usr/bin/env node
// The command line in a checkout, as `npx .` and `npm link` find it: installs and builds what is missing, then runs it.
import { runCli } from './cli.mjs';

await runCli(process.argv.slice(2));
