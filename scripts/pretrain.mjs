#!/usr/bin/env node
// `npm run pretrain`: installs and builds what is missing, then trains the embedded model from scratch.
//   npm run pretrain -- --steps 100 --out <folder>
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, prepare, root } from './install.mjs';

await prepare().catch((error) => fail(error.message));
const program = path.join(root, 'dist', 'pretrain.js');
process.argv.splice(1, 1, program);
await import(pathToFileURL(program).href);
