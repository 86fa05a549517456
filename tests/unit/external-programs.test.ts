/** Programs in responses against tests: which code counts, what passes, what is said of what does not. */
import { describe, expect, test } from 'vitest';
import { lastCodeBlock } from '../../engine/external/code-blocks.ts';
import { checkPrograms, requireInterpreter, testsIn } from '../../engine/external/index.ts';
import { RewardOptions } from '../../engine/protocol/index.ts';
import { requirePython } from '../support/python.ts';

type Language = 'python' | 'javascript';
const defaults = RewardOptions.parse({}).program;

function check(language: Language, program: string, tests: string | string[], more: Partial<typeof defaults> = {}) {
  const response = `So:\n\`\`\`${language}\n${program}\n\`\`\`\nDone.`;
  return checkPrograms({ ...defaults, language, seconds: 20, ...more }, [{ response, tests }]).then(([c]) => c!);
}

describe('the code in a response', () => {
  const js = ['js', ''];

  test('is the last closed block in the language, or without one', () => {
    expect(lastCodeBlock('```js\n1\n```\ntext\n```\n2\n```\n```python\n3\n```', js)).toBe('2');
    expect(lastCodeBlock('```JS title="a"\n1\n\n2\n```', js)).toBe('1\n\n2');
    expect(lastCodeBlock('~~~js\n```\n1\n```\n~~~', js)).toBe('```\n1\n```');
    expect(lastCodeBlock('````js\n```\n````', js)).toBe('```');
    expect(lastCodeBlock('```js\r\n1\r\n```\r\n', js)).toBe('1');
  });

  test('is nothing where there is none, where it was cut off, or in the line', () => {
    for (const text of ['', 'x = 1', '```js\n1', '```python\n1\n```', 'a ```js 1``` b']) {
      expect(lastCodeBlock(text, js), text).toBeNull();
    }
    expect(lastCodeBlock('```js\n1\n```\n```js\n2', js)).toBe('1');
  });
});

const python = await requirePython();
const SUM = { python: 'def add(a, b):\n    return a + b', javascript: 'function add(a, b) {\n  return a + b;\n}' };
const WRONG = { python: 'def add(a, b):\n    return a * b', javascript: 'const add = (a, b) => a * b;' };
const TESTS = {
  python: ['assert add(2, 2) == 4', 'assert add(1, 2) == 3', 'assert add(0, 5) == 5, "five"'],
  javascript: ['assert(add(2, 2) === 4)', 'assert.equal(add(1, 2), 3)', 'assert.equal(add(0, 5), 5, "five")'],
};

describe.each(['python', 'javascript'] as const)('%s', (language) => {
  const on = describe.runIf(language === 'javascript' || python);
  on('programs', () => {
    test('that pass all tests earn 1', async () => {
      expect(await check(language, SUM[language], TESTS[language])).toEqual({
        score: 1,
        detail: 'the program passes all 3 tests',
      });
      expect(await check(language, SUM[language], TESTS[language][0]!)).toEqual({
        score: 1,
        detail: 'the program passes its test',
      });
    });

    test('earn their share, and are told the first test that fails', async () => {
      const { score, detail } = await check(language, WRONG[language], TESTS[language]);
      expect(score).toBeCloseTo(1 / 3, 12);
      expect(detail).toMatch(/^the program passes 1 of 3 tests; test 2 of them: Assertion/);
      if (language === 'python') expect(detail).toContain('AssertionError: assert add(1, 2) == 3');
    });

    test('without code earn nothing', async () => {
      const [checked] = await checkPrograms({ ...defaults, language }, [{ response: 'I cannot.', tests: 'x' }]);
      expect(checked!.score).toBe(0);
      expect(checked!.detail).toMatch(/^the response has no closed block of (Python|JavaScript) code$/);
    });

    test('that cannot be loaded fail all tests, and say so', async () => {
      const { score, detail } = await check(language, 'nothing_here(1)', TESTS[language]);
      expect(score).toBe(0);
      expect(detail).toMatch(/test 1 of them: the program does not run, (NameError|ReferenceError): .*nothing_here/);
      const syntax = await check(language, 'def (', TESTS[language]);
      expect(syntax.detail).toContain('SyntaxError');
    });

    test('that end their process before the test have not passed it, whatever they print', async () => {
      const exits = {
        python: ['import sys\nsys.exit(0)', 'import os\nos._exit(0)', 'print("passed", flush=True)\nraise SystemExit'],
        javascript: ['process.exit(0)', 'console.log("passed"); process.reallyExit(0)', 'process.kill(process.pid)'],
      }[language];
      for (const program of exits) {
        const { score, detail } = await check(language, `${SUM[language]}\n${program}`, TESTS[language][0]!);
        expect(score, program).toBe(0);
        expect(detail).toMatch(/ended its process|SystemExit|was ended by SIG/);
      }
    });

    test('are ended where they take too long, too much memory, or print too much', async () => {
      const code = {
        python: {
          time: 'while True: pass',
          memory: 'x = []\nwhile True: x.append(bytearray(10**7))',
          output: 'while True: print("x" * 1000)',
        },
        javascript: {
          time: 'for (;;);',
          memory: 'const x = []; for (;;) x.push(new Array(1e5).fill(Math.random()));',
          output: 'for (;;) require("fs").writeSync(1, "x".repeat(1000));',
        },
      }[language];
      const time = await check(language, code.time, TESTS[language], { seconds: 0.7 });
      expect(time).toEqual({
        score: 0,
        detail: 'the program passes 0 of 3 tests; test 1 of them: it takes more than 0.7 s',
      });
      const memory = await check(language, code.memory, '1', { megabytes: 100, seconds: 30 });
      expect(memory.score).toBe(0);
      expect(memory.detail).toMatch(/MemoryError|takes more than 100 MB of memory/);
      const output = await check(language, code.output, '1', { outputKilobytes: 8 });
      expect(output).toEqual({ score: 0, detail: 'the program fails its test: it prints more than 8 kB' });
    });

    test('of several responses are checked in order', async () => {
      const fence = (code: string) => `\`\`\`\n${code}\n\`\`\``;
      const items = [WRONG, SUM, WRONG, SUM, SUM].map((of) => ({
        response: fence(of[language]),
        tests: TESTS[language][1]!,
      }));
      const checks = await checkPrograms({ ...defaults, language, seconds: 20 }, items);
      expect(checks.map(({ score }) => score)).toEqual([0, 1, 0, 1, 1]);
    });

    test('see neither the environment nor stdin', async () => {
      process.env.ROLLSCOPE_TEST_SECRET = 'secret';
      const tests = {
        python: 'import os, sys\nassert "ROLLSCOPE_TEST_SECRET" not in os.environ\nassert sys.stdin.read() == ""',
        javascript:
          'assert(!("ROLLSCOPE_TEST_SECRET" in process.env)); assert.equal(require("fs").readFileSync(0, "utf8"), "")',
      }[language];
      const { detail } = await check(language, SUM[language], tests).finally(
        () => delete process.env.ROLLSCOPE_TEST_SECRET,
      );
      expect(detail).toBe('the program passes its test');
    });
  });
});

describe('details of the languages', () => {
  test('JavaScript: names that the driver uses are free, exports are dropped, tests may wait', async () => {
    const program =
      'const fs = require("fs"), vm = 1, word = 2, test = 3, program = 4;\nexport default function f() {\n  return 5;\n}';
    expect((await check('javascript', program, 'assert.equal(f() + word, 7)')).score).toBe(1);
    const later = 'const late = async () => { await null; return 1; };';
    expect((await check('javascript', later, '(async () => assert.equal(await late(), 1))()')).score).toBe(1);
    expect((await check('javascript', later, '(async () => assert.equal(await late(), 2))()')).score).toBe(0);
    expect((await check('javascript', later, 'Promise.reject(new TypeError("lost")); 1')).detail).toContain(
      'TypeError: lost',
    );
  });

  test.runIf(python)('Python: classes pickle, threads do not hold the end up, the main block is left out', async () => {
    const program = [
      'import dataclasses, pickle, threading, time',
      '@dataclasses.dataclass',
      'class P:',
      '    x: int',
      'threading.Thread(target=time.sleep, args=(100,)).start()',
      'if __name__ == "__main__":',
      '    raise RuntimeError',
    ].join('\n');
    expect(await check('python', program, 'assert pickle.loads(pickle.dumps(P(3))).x == 3')).toMatchObject({
      score: 1,
    });
  });
});

describe('tests in the data', () => {
  test('are a text, a list, or a list written as JSON', () => {
    expect(testsIn('assert f(1)', 'tests', 'p')).toEqual(['assert f(1)']);
    expect(testsIn(['a', 'b'], 'tests', 'p')).toEqual(['a', 'b']);
    expect(testsIn('["a", "b"]', 'tests', 'p')).toEqual(['a', 'b']);
    expect(testsIn('["a"][0].length', 'tests', 'p')).toEqual(['["a"][0].length']);
  });

  test.each([[undefined], [null], [''], [[]], [['a', '']], [3], [['a', 1]]])('are missing in %j', (value) => {
    expect(() => testsIn(value, 'unit_tests', 'Write add.')).toThrow(
      'The problem "Write add." has no tests in the column "unit_tests".',
    );
  });
});

test('without Python the error says what to install', async () => {
  const usual = process.env.PATH;
  process.env.PATH = '/nowhere';
  try {
    await expect(requireInterpreter('python')).rejects.toMatchObject({
      code: 'config',
      message: 'The reward "program" runs Python programs, but there is no Python 3.8 or newer on the path.',
      hint: expect.stringContaining('Install Python 3'),
    });
    await expect(requireInterpreter('javascript')).resolves.toBeUndefined();
  } finally {
    process.env.PATH = usual;
  }
});

test('stops when the run stops', async () => {
  const stop = new AbortController();
  const running = checkPrograms(
    { ...defaults, language: 'javascript', seconds: 100 },
    Array.from({ length: 6 }, () => ({ response: '```js\nfor (;;);\n```', tests: '1' })),
    stop.signal,
  );
  stop.abort();
  await expect(running).rejects.toMatchObject({ code: 'cancelled' });
});
