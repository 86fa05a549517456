/** The README's tables list what the registries have, and its samples of output look like what the program prints. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../engine/cli/catalog/index.ts';
import { rollouts } from '../../engine/importers/formats/rollouts.ts';
import { IMPORTERS } from '../../engine/importers/index.ts';
import { READABLE_TYPES } from '../../engine/model/gguf-blocks.ts';
import { DEVICES } from '../../engine/protocol/devices.ts';
import { REWARDS } from '../../engine/reward/index.ts';
import { ROOT } from '../support/processes.ts';
import { linesWithoutNumbers, wordingFile } from '../support/wording.ts';

const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');

/** The cells of the table row whose first cell is `name`. */
function row(name: string): string[] {
  const line = readme.split('\n').find((text) => text.startsWith(`| ${name} |`));
  return line!
    .split('|')
    .slice(2, -1)
    .map((cell) => cell.trim());
}

describe('the tables of the README', () => {
  test('list all commands', () => {
    const named = [...readme.matchAll(/^\| (`rollscope [^|]*) \|/gm)].flatMap(([, cell]) =>
      [...cell!.matchAll(/`rollscope ([a-z]+)([^`]*)`/g)].map(([, name, args]) => `${name}${args}`),
    );
    const defined = COMMANDS.map(({ name, arguments: args = [] }) => [name, ...args.map(({ text }) => text)].join(' '));
    expect(named.sort()).toEqual(defined.sort());
  });

  test('have the means of the example on a real model, whose own page also has the ranges', () => {
    const example = readFileSync(path.join(ROOT, 'examples', 'facts', 'README.md'), 'utf8');
    const means = [...example.split('## Collapses')[0]!.matchAll(/^\| (\S+) \| 0\..*$/gm)];
    expect(means.length).toBeGreaterThan(5);
    for (const [line, kind] of means) {
      const cells = line
        .replace(/ \([^)]*\)/g, '')
        .split('|')
        .slice(2, -1);
      expect(row(kind!)).toEqual(cells.map((cell) => cell.trim()));
    }
  });

  test('list the export formats', () => {
    const formats = COMMANDS.find(({ name }) => name === 'export')!
      .sections!.flatMap(({ options }) => options)
      .find(({ flags }) => flags.startsWith('--format'))!.choices!;
    expect(row('exports')[0]!.toLowerCase().replaceAll('-', '').split(', ').sort()).toEqual(
      formats.map((format) => format.replaceAll('-', '')).sort(),
    );
  });

  test('list all devices', () => {
    const cells = [...readme.matchAll(/^\| ([^|`]+) \| [^|]* \| [^|]* \|$/gm)].flatMap(([, cell]) => cell!.split(', '));
    for (const { title } of Object.values(DEVICES)) expect(cells).toContain(title);
  });

  test('list the weight types of GGUF files', () => {
    const [, list] = /GGUF in the same types and in ([^;]*);/.exec(row('model files')[0]!)!;
    const types = list!.split(', ').flatMap((name) => {
      const range = /^Q(\d)_K to Q(\d)_K$/.exec(name);
      if (!range) return name;
      const [from, to] = [Number(range[1]), Number(range[2])];
      return Array.from({ length: to - from + 1 }, (_, i) => `Q${from + i}_K`);
    });
    expect(['F32', 'BF16', 'F16', ...types].sort()).toEqual([...READABLE_TYPES].sort());
  });

  test('list the trainers whose runs are imported, as do the help and docs/importing.md', () => {
    const page = readFileSync(path.join(ROOT, 'docs', 'importing.md'), 'utf8');
    const listed = [...page.matchAll(/^\| `([a-z-]+)` \(/gm)].map(([, name]) => name!);
    expect(listed.sort()).toEqual(IMPORTERS.map(({ name }) => name).sort());
    const { help } = COMMANDS.find(({ name }) => name === 'import')!
      .sections!.flatMap(({ options }) => options)
      .find(({ flags }) => flags.startsWith('--format'))!;
    const [trainers] = /\(([^()]*), or any file/.exec(row('`rollscope import <path>`')[0]!)!.slice(1);
    for (const { name, checked, curvesOnly } of IMPORTERS) {
      expect(help.split(/, (?:or )?| \(/)).toContain(name);
      const ofTrainer = !curvesOnly && name !== rollouts.name;
      if (ofTrainer) expect(trainers!.toLowerCase().split(', ')).toContain(name);
      // The row says which versions, if perhaps of more.
      const cell = page.split('\n').find((line) => line.startsWith(`| \`${name}\` `))!;
      if (ofTrainer) expect(cell).toContain(checked.split(/[, ]/).slice(0, 2).join(' '));
    }
  });

  test('count the rewards', () => {
    const counts = ['seventeen', 'eighteen', 'nineteen', 'twenty', 'twenty-one', 'twenty-two', 'twenty-three'];
    expect(row('rewards')[0]).toMatch(`[${counts[REWARDS.length - 17]}](`);
  });
});

describe('samples of output', () => {
  const folder = path.dirname(wordingFile('terminal/show'));
  const printed = new Set(
    readdirSync(folder).flatMap((name) => shapesOf(readFileSync(path.join(folder, name), 'utf8'))),
  );

  /** Lines without their values. */
  function shapesOf(text: string): string[] {
    const lines = text
      .split('\n')
      // A problem, a response and why it got its reward have no shape.
      .filter((line) => !/^(?:[\d+*/=-]+|[\d,]+ #### \d+|why .*)$/.test(line))
      .join('\n');
    return linesWithoutNumbers(lines)
      .split('\n')
      .map((line) =>
        line
          .replace(/ {2,}/g, ' ')
          .replace(/^chain-0/, '')
          .trim(),
      )
      .filter((line) => line !== '');
  }

  test.each(['README.md', 'docs/embedded-model.md'])("in %s look like the program's output", (page) => {
    const text = readFileSync(path.join(ROOT, page), 'utf8');
    const outputs = [...text.matchAll(/^ *```(?:text|console)\n([\s\S]*?)^ *```/gm)]
      .map(([, body]) => body!.replace(/^ *\$ .*\n/gm, ''))
      .filter((body) => /accuracy|reward/.test(body));
    expect(outputs.length).toBeGreaterThan(0);
    for (const line of outputs.flatMap(shapesOf)) {
      if (line.startsWith('{"equal"') || line.startsWith('answer')) continue;
      expect([...printed]).toContain(line);
    }
  });
});
