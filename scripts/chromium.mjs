/** The browser of tests, pictures and benchmarks. */
import fs from 'node:fs';

// The first has no window to draw, which takes a third of the CPU of the second.
const DEBIAN = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];

/** `$CHROMIUM`, or else Debian's; may not exist. */
export const CHROMIUM = process.env.CHROMIUM ?? DEBIAN.find((file) => fs.existsSync(file)) ?? DEBIAN[0];
