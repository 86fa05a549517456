/** Numbers, durations and dates are formatted by `engine/protocol/format.ts` alone, so that all surfaces agree. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/processes.ts';

const FORMAT = path.join('engine', 'protocol', 'format.ts');
/** The language's own ways to turn a number or a date into text. Axis ticks are formatted by d3, which knows their distance. */
const OWN = /\.to(?:Fixed|Precision|Exponential|LocaleString|LocaleDateString|LocaleTimeString)\b|\bIntl\./;

const files = ['engine', 'extension', 'webview']
  .flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name)),
  )
  .filter((name) => name.endsWith('.ts') && name !== FORMAT);

test('no other file formats numbers or dates', () => {
  expect(files.length).toBeGreaterThan(200);
  expect(readFileSync(path.join(ROOT, FORMAT), 'utf8')).toMatch(OWN);
  expect(files.filter((name) => OWN.test(readFileSync(path.join(ROOT, name), 'utf8')))).toEqual([]);
});

test('the digits of a number are defined with its quantity, not where it is printed', () => {
  const chosen = /(?<![\w.])number\([^()]*(?:\([^()]*\)[^()]*)*, \d\)/;
  expect('number(kl, 4)').toMatch(chosen);
  const outside = files.filter((name) => !name.startsWith(path.join('engine', 'protocol')));
  expect(outside.filter((name) => chosen.test(readFileSync(path.join(ROOT, name), 'utf8')))).toEqual([]);
});
