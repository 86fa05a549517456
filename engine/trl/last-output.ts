/** What the last lines of the Python side say of its end: the error that it names, and what it printed before its launcher's report. Pure. */

export interface LastOutput {
  /** The error, or which process was killed; null where nothing says. */
  cause: string | null;
  /** A process was killed from outside, as systems do that run out of memory. */
  killed: boolean;
  /** The last lines that are not the launcher's own. */
  lines: string[];
}

const FAILED = /\bfailed \(exitcode: (-?\d+)\) local_rank: (\d+)/;
const SIGKILL = '-9';

/** @param lines the last ones of the log @param count how many are of use to a reader */
export function lastOutput(lines: readonly string[], count: number): LastOutput {
  const failed = lines.findIndex((line) => FAILED.test(line));
  const report = failed < 0 ? lines.length : failed;
  // The launcher says first that it ends the other processes.
  const own = lines.slice(0, report).filter((line) => !/Sending process \d+ closing signal/.test(line));
  const [, code, rank] = failed < 0 ? [] : (FAILED.exec(lines[failed]!) ?? []);
  const named = errorIn(own) ?? errorIn(lines);
  // What the others say then is that they have lost it.
  const killed = code === SIGKILL;
  return { cause: killed ? `process ${rank} was killed (SIGKILL)` : named, killed, lines: own.slice(-count) };
}

/** The line of a traceback that names an error; launchers print pages of their own after it. */
function errorIn(lines: readonly string[]): string | null {
  const named = lines.filter((line) => /^(?:\[rank\d+\]: *)?[\w.]*(?:Error|Exception)\b: /.test(line));
  const own = named.find((line) => !/ChildFailedError|SignalException/.test(line));
  return own?.replace(/^\[rank\d+\]: */, '') ?? null;
}
