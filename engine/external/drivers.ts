/**
 * Small programs that run what a model wrote, followed by one test, in the language of both.
 *
 * A driver reads its job from stdin: `{"program", "test", "word"}`. When the program is loaded it writes the word alone on
 * a line of stdout, and in the end the word and its verdict: `{"where": "program" | "test", "error": text | null}`. The
 * word is random, and a program does not see it: one that ends the process early, or prints what it likes, has not passed.
 * (A program that searches the memory of its own process for the word can cheat; this guards against shortcuts.)
 */

export const PYTHON_DRIVER = `
import json, os, sys, types

def run():
    job = json.loads(sys.stdin.buffer.read())
    program, test, word = job["program"], job["test"], job["word"]
    fd, write, leave = os.dup(1), os.write, os._exit
    flush = (sys.stdout.flush, sys.stderr.flush)
    module = types.ModuleType("program")
    sys.modules["program"] = module

    def told(where, error):
        for stream in flush:
            try:
                stream()
            except BaseException:
                pass
        write(fd, ("\\n" + word + " " + json.dumps({"where": where, "error": error}) + "\\n").encode())
        leave(0)

    where = "program"
    try:
        exec(compile(program, "program.py", "exec"), module.__dict__)
        write(fd, ("\\n" + word + "\\n").encode())
        where = "test"
        exec(compile(test, "test.py", "exec"), module.__dict__)
    except BaseException as error:
        text = str(error).strip().split("\\n")[0][:300]
        line = None
        at = error.__traceback__
        while at is not None:
            if at.tb_frame.f_code.co_filename == "test.py":
                line = at.tb_lineno
            at = at.tb_next
        lines = test.split("\\n")
        if not text and line is not None and line <= len(lines):
            text = lines[line - 1].strip()[:300]
        told(where, type(error).__name__ + (": " + text if text else ""))
    told("test", None)

run()
`;

export const JAVASCRIPT_DRIVER = `
(() => {
  const fs = require('node:fs');
  const vm = require('node:vm');
  const { program, test, word } = JSON.parse(fs.readFileSync(0, 'utf8'));
  const { writeSync } = fs;
  const leave = process.reallyExit.bind(process);
  const { stringify } = JSON;
  const ErrorClass = Error;
  let where = 'program';
  const told = (error) => {
    writeSync(1, '\\n' + word + ' ' + stringify({ where, error }) + '\\n');
    leave(0);
  };
  const failed = (error) => {
    const isError = error instanceof ErrorClass || (typeof error === 'object' && error !== null && 'message' in error);
    const text = isError ? error.name + ': ' + error.message : 'it threw ' + String(error);
    told(text.split('\\n')[0].slice(0, 300));
  };
  process.on('uncaughtException', failed);
  process.on('unhandledRejection', failed);
  Object.assign(globalThis, { require, module, exports: module.exports, assert: require('node:assert') });
  const run = async () => {
    try {
      vm.runInThisContext(program, { filename: 'program.js' });
      writeSync(1, '\\n' + word + '\\n');
      where = 'test';
      await vm.runInThisContext(test, { filename: 'test.js' });
      // what the test left to later may still fail
      await new Promise((resolve) => setImmediate(resolve));
      told(null);
    } catch (error) {
      failed(error);
    }
  };
  run();
})();
`;
