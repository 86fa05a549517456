/**
 * Command output: results on stdout, progress and remarks on stderr. With `--json` the last line of stdout is one JSON
 * object, and text moves from stdout to stderr.
 */
import { type ErrorCode, type ErrorData, RollscopeError, toErrorData } from '../protocol/errors.ts';
import { writeJson, writeText } from './terminal.ts';

export const EXIT = { ok: 0, failed: 1, usage: 2, stopped: 3 } as const;

/** Errors in the user's input; all others are failures of the run or of Rollscope. */
const INPUT_ERRORS: readonly ErrorCode[] = [
  'usage',
  'config',
  'dataset',
  'model',
  'device',
  'run-in-use',
  'run-version',
  'run-not-found',
  'run-broken',
  'busy',
];

/** The output of one command. @param json with `--json` */
export class Output {
  private more: object = {};

  constructor(readonly json: boolean) {}

  /** The same output, with these fields added to the result. */
  with(fields: object): Output {
    const output = new Output(this.json);
    output.more = { ...this.more, ...fields };
    return output;
  }

  /** Text for people: on stdout, or on stderr with `--json`. */
  print(text: string): void {
    writeText(this.json ? process.stderr : process.stdout, text);
  }

  /** One line of JSON on stdout, with and without `--json`. */
  line(value: unknown): void {
    writeJson(value);
  }

  /** A remark on stderr. */
  note(text: string): void {
    writeText(process.stderr, text);
  }

  /** The JSON object of `--json`; prints nothing without `--json`. */
  result(value: object): void {
    if (this.json) this.line({ ...value, ...this.more });
  }
}

/** 3 if the user stopped the command, 2 for errors in the user's input, 1 for all others. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof RollscopeError)) return EXIT.failed;
  if (error.code === 'canceled') return EXIT.stopped;
  return INPUT_ERRORS.includes(error.code) ? EXIT.usage : EXIT.failed;
}

/** Prints an error as `error: ...` and `hint: ...`, or as `{"error": {...}}` with `--json`; stacks only for debugging. */
export function printError(error: unknown, json: boolean): void {
  const data = toErrorData(error);
  const unexpected = data.code === 'internal' && !(error instanceof RollscopeError);
  if (unexpected) data.hint ??= 'This is a bug in Rollscope. Set ROLLSCOPE_DEBUG=1 for a stack trace, and report it.';
  if (process.env.ROLLSCOPE_DEBUG === '1' && error instanceof Error) writeText(process.stderr, String(error.stack));
  writeText(process.stderr, errorText(data));
  if (json) writeJson({ error: data });
}

/** An error as one line, or two with a hint. */
export function errorText({ message, hint }: Pick<ErrorData, 'message' | 'hint'>): string {
  return hint ? `error: ${message}\nhint: ${hint}` : `error: ${message}`;
}

/** Exits once stdout and stderr are flushed and the promise of `before`, if any, has resolved. */
export async function exit(code: number, before: () => Promise<void> | null): Promise<never> {
  const flush = (stream: NodeJS.WriteStream) => new Promise<void>((resolve) => stream.write('', () => resolve()));
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  await before();
  process.exit(code);
}
