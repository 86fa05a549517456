/** Tools for agents: what they are given, and what they answer, may be anybody's. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkInput, TOOLS, toolResult } from '../../engine/protocol/tools.ts';
import { runProgram } from '../../engine/system/program.ts';
import { breaking, RAW } from '../support/hostile-run.ts';
import { expectRejection, expectThrow } from '../support/refusals.ts';

const tool = (name: string) => TOOLS.find((candidate) => candidate.name === name)!;

describe('a request', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['show_run', {}, 'run'],
    ['show_run', { run: 7 }, 'run'],
    ['show_run', { run: 'x', __proto__x: 1 }, '__proto__x'],
    ['show_run', { run: 'x', constructor: 1 }, 'constructor'],
    ['compare_runs', { runs: 'x' }, 'runs'],
    ['list_problems', { run: 'x', verdict: 'maybe' }, 'verdict'],
    ['list_problems', { run: 'x', step: 1.5 }, 'step'],
    ['list_problems', { run: 'x', step: Number.NaN }, 'step'],
  ])('%s with %j is refused with its name', (name, input, field) => {
    expectThrow(() => checkInput(tool(name), input), 'usage', { reason: 'bad-parameter', field });
  });

  test('never has values that are taken for options', () => {
    const text = '--out=/elsewhere';
    for (const { parameters, args } of TOOLS) {
      const input = Object.fromEntries(
        Object.entries(parameters).map(([name, { type }]) => [
          name,
          type === 'array' ? [text, text] : type === 'string' ? text : type === 'boolean' ? true : 1,
        ]),
      );
      const given = args(input) ?? [];
      const end = given.indexOf('--');
      const options = end < 0 ? given : given.slice(0, end);
      expect(options).not.toContain(text);
    }
  });

  test.each(['a\0b', 'x'.repeat(200_000)])('is refused if no program can be given it as an argument', async (text) => {
    const refused = { reason: 'bad-argument', value: text.slice(0, 200) };
    await expectRejection(runProgram(process.execPath, [path.join('nowhere'), text]), 'usage', refused);
  });
});

describe('a response', () => {
  test('is the value, with nothing hidden in it', () => {
    const value = { [breaking('key')]: [breaking('text'), '\u202e', '👨‍👩‍👧'] };
    expect(toolResult(value)).not.toMatch(RAW);
    expect(JSON.parse(toolResult(value))).toEqual(value);
  });

  test('is cut between characters', () => {
    const text = toolResult(`a${'😀'.repeat(150_000)}`);
    expect(text).not.toMatch(/\p{Cs}/u);
    expect(text).toContain('[cut: ');
  });
});
