#!/usr/bin/env node
// `npm run -s rollscope -- <command>`: the command line in a checkout; installs and builds what is missing first.
import { runCli } from './cli.mjs';

await runCli(process.argv.slice(2));
