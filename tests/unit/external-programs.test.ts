/** Programs in responses against tests: which code counts, what passes, what is said of what does not. */
import { describe, expect, test } from 'vitest';
import { lastCodeBlock } from '../../engine/external/code-blocks.ts';
import { checkPrograms, requireInterpreter } from '../../engine/external/index.ts';
import { RewardOptions } from '../../engine/reward/index.ts';
import { testsIn } from '../../engine/reward/program.ts';
import { requirePython } from '../support/python.ts';
import { expectRejection, expectThrow } from '../support/refusals.ts';
import { expectWords } from '../support/wording.ts';

type Language = 'python' | 'javascript';
const defaults = RewardOptions.parse({}).program;

function check(language: Language, program: string, tests: string | string[], more: Partial<typeof defaults> = {}) {
  const response = `So:\n\`\`\`${language}\n${program}\n\`\`\`\nDone.`;
  return checkPrograms({ ...defaults, language, seconds: 120, ...more }, [{ response, tests }]).then(([c]) => c!);
}

/**
 * The values of a check: its score, the numbers that are told (tests, limits), and the error of the language. The words are
 * those of `tests/wording`.
 */
async function told(checking: ReturnType<typeof check>) {
  const { score, detail } = await checking;
  const [, ours, error] = /^(.*?)((?:\b[A-Z]\w*Error\b.*)?)$/s.exec(detail)!;
  expectWords('explanations', 'program', `${ours!.replace(/\d+(?:\.\d+)?/g, '0')}${error ? '{error}' : ''}`);
  return { score, numbers: (ours!.match(/\d+(?:\.\d+)?/g) ?? []).map(Number), error: error! };
}
const PASSED = { score: 1, numbers: [], error: '' };

describe('the code in a response', () => {
  const js = ['js', ''];

  test('is the last closed block in the language, or without a language', () => {
    expect(lastCodeBlock('```js\n1\n```\ntext\n```\n2\n```\n```python\n3\n```', js)).toBe('2');
    expect(lastCodeBlock('```JS title="a"\n1\n\n2\n```', js)).toBe('1\n\n2');
    expect(lastCodeBlock('~~~js\n```\n1\n```\n~~~', js)).toBe('```\n1\n```');
    expect(lastCodeBlock('````js\n```\n````', js)).toBe('```');
    expect(lastCodeBlock('```js\r\n1\r\n```\r\n', js)).toBe('1');
  });

  test('is missing if there is none, if it was truncated, or if it is inline', () => {
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
      expect(await told(check(language, SUM[language], TESTS[language]))).toEqual({ ...PASSED, numbers: [3] });
      expect(await told(check(language, SUM[language], TESTS[language][0]!))).toEqual(PASSED);
    });

    test('earn their share, and the first failed test is reported', async () => {
      const { score, numbers, error } = await told(check(language, WRONG[language], TESTS[language]));
      expect(score).toBeCloseTo(1 / 3, 12);
      // 1 of 3 tests passed, the second failed.
      expect(numbers).toEqual([1, 3, 2]);
      expect(error).toMatch(language === 'python' ? /^AssertionError: assert add\(1, 2\) == 3/ : /^AssertionError/);
    });

    test('without code earn nothing', async () => {
      const checking = checkPrograms({ ...defaults, language }, [{ response: 'I cannot.', tests: 'x' }]);
      expect(await told(checking.then(([checked]) => checked!))).toEqual({ score: 0, numbers: [], error: '' });
    });

    test('that cannot be loaded fail all tests, and the reason is reported', async () => {
      expect(await told(check(language, 'nothing_here(1)', TESTS[language]))).toEqual({
        score: 0,
        numbers: [0, 3, 1],
        error: expect.stringMatching(/^(NameError|ReferenceError): .*nothing_here/),
      });
      expect((await told(check(language, 'def (', TESTS[language]))).error).toMatch(/^SyntaxError/);
    });

    test('that exit before the test fail it, whatever they print', async () => {
      const exits = {
        python: ['import sys\nsys.exit(0)', 'import os\nos._exit(0)', 'print("passed", flush=True)\nraise SystemExit'],
        javascript: ['process.exit(0)', 'console.log("passed"); process.reallyExit(0)', 'process.kill(process.pid)'],
      }[language];
      for (const program of exits) {
        const { score, detail } = await check(language, `${SUM[language]}\n${program}`, TESTS[language][0]!);
        expect(score, program).toBe(0);
        expect(detail.length).toBeGreaterThan(0);
      }
    });

    test('are ended if they take too long, use too much memory, or print too much', async () => {
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
      const time = await told(check(language, code.time, TESTS[language], { seconds: 0.7 }));
      expect(time).toEqual({ score: 0, numbers: [0, 3, 1, 0.7], error: '' });
      const memory = await check(language, code.memory, '1', { megabytes: 100, seconds: 120 });
      expect(memory.score).toBe(0);
      // Python may notice before the limit does.
      expect(memory.detail).toMatch(/MemoryError|\b100 MB\b/);
      const output = await told(check(language, code.output, '1', { outputKilobytes: 8 }));
      expect(output).toEqual({ score: 0, numbers: [8], error: '' });
    });

    test('of several responses are checked in order', async () => {
      const fence = (code: string) => `\`\`\`\n${code}\n\`\`\``;
      const items = [WRONG, SUM, WRONG, SUM, SUM].map((of) => ({
        response: fence(of[language]),
        tests: TESTS[language][1]!,
      }));
      const checks = await checkPrograms({ ...defaults, language, seconds: 120 }, items);
      expect(checks.map(({ score }) => score)).toEqual([0, 1, 0, 1, 1]);
    });

    test('see neither the environment nor stdin', async () => {
      process.env.ROLLSCOPE_TEST_SECRET = 'secret';
      const tests = {
        python: 'import os, sys\nassert "ROLLSCOPE_TEST_SECRET" not in os.environ\nassert sys.stdin.read() == ""',
        javascript:
          'assert(!("ROLLSCOPE_TEST_SECRET" in process.env)); assert.equal(require("fs").readFileSync(0, "utf8"), "")',
      }[language];
      const { score, detail } = await check(language, SUM[language], tests).finally(
        () => delete process.env.ROLLSCOPE_TEST_SECRET,
      );
      expect(score, detail).toBe(1);
    });
  });
});

describe('a program that tries to pass without solving', () => {
  const cheats = (language: Language, program: string, test: string) =>
    check(language, `${WRONG[language]}\n${program}`, test);

  test.each([
    ['globalThis.assert = () => {}; globalThis.assert.equal = () => {};', ''],
    ['assert.equal = () => {}; assert.strict.equal = () => {};', ''],
    ['"use strict"; Object.assign(assert, { equal() {} });', ''],
    ['require("assert").equal = require("node:assert/strict").equal = () => {};', 'const assert = require("assert");'],
    ['require("module")._load = () => ({ equal() {} });', 'const assert = require("assert");'],
    ['globalThis.require = () => ({ equal() {} });', 'const assert = require("node:assert");'],
    ['function require() { return { equal() {} }; }', 'const assert = require("node:assert");'],
    ['const require = () => ({ equal() {} });', 'var assert = require("node:assert");'],
    ['function assert() {} assert.equal = () => {};', ''],
    ['const assert = { equal() {} };', ''],
    ['let assert; setImmediate(() => {}); assert = { equal() {} };', ''],
    ['Object.defineProperty(globalThis, "assert", { get: () => ({ equal() {} }) });', ''],
    ['Object.defineProperty(globalThis, "assert", { value: { equal() {} } });', ''],
    ['require("assert").AssertionError.prototype.constructor = null; Error.captureStackTrace = () => {};', ''],
    ['require("vm").Script.prototype.runInThisContext = () => {}; require("vm").runInThisContext = () => {};', ''],
    ['Object.getPrototypeOf(require("vm").Script.prototype).runInThisContext = () => {};', ''],
    ['Object.prototype.toJSON = () => ({ where: "test", error: null });', ''],
    ['JSON.stringify = () => "passed"; require("fs").writeSync = () => {};', ''],
    ['String.prototype.split = () => [{ slice: () => ({ toJSON: () => null }) }];', ''],
    ['Object.is = () => true; Error = class {}; process.stdout.write = () => true; console.log = () => {};', ''],
    ['process.exitCode = 0; add = 1; process.exit(0);', ''],
    ['process.reallyExit = () => {}; process.removeAllListeners(); process.on("uncaughtException", () => {});', ''],
    ['console.log("passed\\ntest null\\n"); globalThis.Promise = null; globalThis.setImmediate = (f) => f();', ''],
  ])('in JavaScript, by %s', async (program, before) => {
    const { score, detail } = await cheats('javascript', program, `${before}assert.equal(add(1, 2), 3)`);
    expect(score, detail).toBe(0);
  });

  test.each([
    ['JSON.stringify = () => "1"', 'assert.equal(JSON.stringify(add(1, 2)), JSON.stringify(3))', 'stringify'],
    ['Number.prototype.toJSON = () => 1', 'assert.equal(JSON.stringify(add(1, 2)), JSON.stringify(3))', 'toJSON'],
    ['var tricked = (Math.abs = () => 0)', 'assert(Math.abs(add(1, 2) - 3) < 1e-9)', 'abs'],
    ['const Math = { abs: () => 0 }', 'assert(Math.abs(add(1, 2) - 3) < 1e-9)', 'Math'],
    ['class Set {}', 'assert.deepEqual(new Set([add(1, 2)]), new Set([3]))', 'Set'],
    ['process.emit = () => true', 'Promise.reject(new Error("wrong"))', 'process.emit'],
    ['process.removeAllListeners("unhandledRejection")', 'add(1, 2)', 'process.on'],
    ['Array.prototype[Symbol.toPrimitive] = () => 1', 'assert(+[add(1, 2)] === +[3])', 'Symbol(Symbol.toPrimitive)'],
  ])('in JavaScript, by a change of what tests rely on: %s', async (program, code, name) => {
    const { score, detail } = await cheats('javascript', program, code);
    expect(score).toBe(0);
    expect(detail).toContain(` ${name},`);
    expectWords('explanations', 'program', detail.replace(name, '{name}'));
  });

  test('in JavaScript, by a change while the test runs, fails', async () => {
    const program = 'function add() { Math.abs = () => 0; globalThis.assert = () => {}; return 1; }';
    expect(
      (await check('javascript', program, 'const r = add(1, 2); assert(Math.abs(r - 3) < 1e-9)')).detail,
    ).toContain(' abs,');
    expect((await check('javascript', program, 'assert(add(1, 2) === 3)')).detail).toContain('AssertionError');
  });

  test
    .runIf(python)
    .each([
      ['import builtins\nbuiltins.exec = lambda *a: None\nbuiltins.compile = lambda *a, **k: None'],
      ['import json\njson.dumps = lambda *a: \'{"where": "test", "error": null}\''],
      ['import os\nos.write = lambda *a: 0\nos._exit = lambda *a: None'],
      ['import builtins\nbuiltins.AssertionError = builtins.BaseException = KeyError'],
      ['import sys\nsys.excepthook = lambda *a: None\nsys.exit(0)'],
      ['import os\nprint("passed\\ntest null")\nos._exit(0)'],
      ['import atexit, os\natexit.register(os._exit, 0)\nraise SystemExit(0)'],
      ['import __main__\n__main__.run = __main__.OPERATORS = None'],
      ['class Any:\n    def __eq__(self, other): return True\ndef add(a, b): return Any()'],
      ['class Any(int):\n    __eq__ = lambda self, other: True\ndef add(a, b): return Any()'],
      [
        'import sys\ndef quiet(frame, *a):\n    if "error" in frame.f_locals: frame.f_locals["error"] = None\nsys.settrace(quiet)',
      ],
      [
        'import os\nr, w = os.pipe()\nsaved = os.dup(3)\nos.dup2(w, 3)\n' +
          'def add(a, b):\n    word = os.read(r, 100).decode().strip()\n    os.write(saved, f"\\n{word} passed\\n".encode())\n    os._exit(0)',
      ],
      [
        'import os, sys\nfor frame in (sys._getframe(), sys._getframe(1)):\n    for value in list(frame.f_locals.values()):\n' +
          '        for text in (value, getattr(value, "decode", str)()):\n            print(f"\\n{text} passed", flush=True)\nos._exit(0)',
      ],
    ])('in Python, by %j', async (program) => {
    // One of them waits for ever.
    const response = `${WRONG.python}\n${program}`;
    const { score, detail } = await check('python', response, 'assert add(3, 2) == 5', { seconds: 3 });
    expect(score, detail).toBe(0);
  });

  test.runIf(python).each([
    ['import builtins\nbuiltins.abs = lambda x: 0', 'assert abs(add(1, 2) - 3) < 1e-6', 'changes abs'],
    ['def abs(x): return 0', 'assert abs(add(1, 2) - 3) < 1e-6', 'changes abs'],
    [
      'import math\nmath.isclose = lambda *a: True',
      'import math\nassert math.isclose(add(1, 2), 3)',
      'changes isclose',
    ],
    [
      'import unittest\nunittest.TestCase.assertEqual = lambda *a: None',
      'import unittest\nunittest.TestCase().assertEqual(add(1, 2), 3)',
      'changes assertEqual',
    ],
    [
      'def add(a, b):\n    import builtins\n    builtins.sum = lambda x: 3\n    return 1',
      'r = add(1, 2)\nassert sum([r]) == 3',
      ' sum,',
    ],
    [
      'class A:\n    __eq__ = lambda s, o: True\ndef add(a, b): return [(A(),)]',
      'assert add(1, 2) == [(3,)]',
      'AssertionError',
    ],
    [
      'class A:\n    __eq__ = lambda s, o: True\ndef add(a, b): return A()',
      'assert add(1, 2) in [3]',
      'AssertionError',
    ],
    [
      'class A:\n    __lt__ = lambda s, o: True\ndef add(a, b): return A()',
      'assert 2 < 3 and add(1, 2) < 3',
      'TypeError',
    ],
  ])('in Python, by %j', async (program, code, said) => {
    const { score, detail } = await cheats('python', program, code);
    expect(score).toBe(0);
    expect(detail).toContain(said);
  });
});

describe('a program that solves the problem', () => {
  test.each([
    ['const assert = require("assert");\nassert.equal(add(1, 1), 2);', 'assert.deepEqual([add(1, 2)], [3])'],
    ['const { strict: assert } = require("node:assert");', 'const three = add(1, 2);\nassert.equal(three, 3) // so'],
    ['function assert(x) { if (!x) throw new Error(); }', 'assert.equal(add(1, 2), 3)'],
    ['const assert = 1, require = 2;', 'const assert = require("assert"); assert.equal(add(1, 2), 3)'],
    ['Array.prototype.sum = function () { return this.reduce(add, 0); };', 'assert.equal([1, 2].sum(), 3)'],
    ['Error.stackTraceLimit = 0; /a(b)/.exec("ab");', 'assert.throws(() => { throw new TypeError("x") }, TypeError)'],
    ['const other = () => help(2);', 'function help(x) { return x + 1; }\nassert.equal(other(), 3)'],
    ['process.on("uncaughtException", () => {}); console.log = () => {};', 'assert.equal(add(1, 2), 3)'],
  ])('in JavaScript may have %s', async (program, code) => {
    expect(await told(check('javascript', `${SUM.javascript}\n${program}`, code))).toEqual(PASSED);
  });

  test.runIf(python).each([
    ['def sum(a, b): return a + b', 'assert sum(1, 2) == 3'],
    ['max = 3', 'assert add(1, 2) == 3'],
    [
      'import dataclasses\n@dataclasses.dataclass(order=True)\nclass P:\n    x: int',
      'assert P(1) == P(1) and P(1) != P(2) and P(1) < P(2) and P(1) in [None, P(1)] and [P(1)] == [P(1)] and P(1) != None',
    ],
    [
      'from collections import Counter, OrderedDict\nfrom fractions import Fraction\nfrom decimal import Decimal',
      'assert Counter("aab") == {"a": 2, "b": 1} and Fraction(1, 2) == 0.5 and 0 < Decimal(1) <= add(0, 1) and OrderedDict(a=1) == {"a": 1}',
    ],
    [
      'import math',
      'import math, unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertEqual(add(1, 2), 3)\n' +
        'assert unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(T)).wasSuccessful()',
    ],
    [
      '',
      'def check(candidate):\n    assert 1 < candidate(1, 2) < 4\n    assert not 1 < candidate(1, 2) < 2\n    assert not 5 < candidate(1, 2) < 9\ncheck(add)',
    ],
    ['', 'assert 3 not in {1, 2} and add(1, 2) is not None and add(1, 2) in (1, 3) and 5 not in [1]'],
  ])('in Python may have %j', async (program, code) => {
    expect(await told(check('python', `${SUM.python}\n${program}`, code))).toEqual(PASSED);
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

  test.runIf(python)(
    'Python: classes can be pickled, threads do not delay the end, the main block is left out',
    async () => {
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
    },
  );
});

describe('tests in the data', () => {
  test('are a string, a list, or a list written as JSON', () => {
    expect(testsIn('assert f(1)', 'tests', 'p')).toEqual(['assert f(1)']);
    expect(testsIn(['a', 'b'], 'tests', 'p')).toEqual(['a', 'b']);
    expect(testsIn('["a", "b"]', 'tests', 'p')).toEqual(['a', 'b']);
    expect(testsIn('["a"][0].length', 'tests', 'p')).toEqual(['["a"][0].length']);
  });

  test.each([[undefined], [null], [''], [[]], [['a', '']], [3], [['a', 1]]])('are missing in %j', (value) => {
    const facts = { reason: 'bad-column', problem: 'Write add.', field: 'unit_tests' };
    expectThrow(() => testsIn(value, 'unit_tests', 'Write add.'), 'dataset', facts);
  });
});

test('without Python the error says what to install', async () => {
  const usual = process.env.PATH;
  process.env.PATH = '/nowhere';
  try {
    const facts = { reason: 'program-not-found', program: 'python' };
    await expectRejection(requireInterpreter('python'), 'config', facts);
    await expect(requireInterpreter('javascript')).resolves.toBeUndefined();
  } finally {
    process.env.PATH = usual;
  }
});

test('checking stops when the run stops', async () => {
  const stop = new AbortController();
  const running = checkPrograms(
    { ...defaults, language: 'javascript', seconds: 100 },
    Array.from({ length: 6 }, () => ({ response: '```js\nfor (;;);\n```', tests: '1' })),
    stop.signal,
  );
  stop.abort();
  await expectRejection(running, 'canceled', { reason: 'program-killed' });
});
