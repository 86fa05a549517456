/** Tests wait for conditions: a fixed sleep is too short on a busy machine, and too long on every other. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const TESTS = path.join(import.meta.dirname, '..');
/** It holds `until` and `within`, which all others use. */
const WAITING = path.join('support', 'wait.ts');

const FORBIDDEN = [
  { what: 'a timer', pattern: /\bsetTimeout\(|\bsetTimeout\b[^;]*from 'node:timers/ },
  { what: "Playwright's sleep", pattern: /\bwaitForTimeout\(/ },
  { what: "Vitest's waiting, which gives up after a second", pattern: /\bexpect\.poll\(|\bvi\.wait(For|Until)\(/ },
  { what: 'a blocking sleep', pattern: /\bAtomics\.wait\(/ },
  // An element may come a moment later: `untilCount` and `waitFor` wait for it.
  { what: 'a count of elements that does not wait', pattern: /expect\(\s*await [^;]*\.count\(\)\s*\)/ },
  // How long something takes depends on what else the machine does: bounds are of work, not of time.
  { what: 'an expectation of elapsed time', pattern: /expect\((?:performance|Date)\.now\(\) -/ },
  { what: 'a time-out of its own', pattern: /\btimeout: \d/, except: path.join('support', 'workbench.ts') },
];

const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.ts$/.test(name) && name !== WAITING && name !== path.join('unit', 'no-sleeps.test.ts'))
  .map((name) => ({ name, text: readFileSync(path.join(TESTS, name), 'utf8') }));

describe('no test uses', () => {
  test.each(FORBIDDEN)('$what', ({ pattern, except }) => {
    expect(files.length).toBeGreaterThan(50);
    const found = files.filter(({ name, text }) => name !== except && pattern.test(text)).map(({ name }) => name);
    expect(found).toEqual([]);
  });
});
