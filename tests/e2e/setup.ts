/** Vitest's global setup for this suite: builds, and makes what the files share, so that they can run side by side. */
import { existsSync } from 'node:fs';
import { CHROMIUM } from '../../scripts/chromium.mjs';
import build from '../setup.ts';
import { installExtension, installVsCode, packageExtension, SETUP } from '../support/vsix.ts';

export default function setup(): void {
  build();
  if (process.platform !== 'linux' || !existsSync(SETUP) || !existsSync(CHROMIUM)) return;
  installVsCode();
  packageExtension();
  installExtension();
}
