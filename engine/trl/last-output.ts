/** Finds the cause of failure in the Python process's last output, and the lines before its launcher's report. Pure. */

export interface LastOutput {
  /** The error, or the process that was killed; null if unknown. */
  cause: string | null;
  /** A process was killed from outside, for example when memory runs out. */
  killed: boolean;
  /** The last lines that the launcher did not print. */
  lines: string[];
}

const FAILED = /\bfailed \(exitcode: (-?\d+)\) local_rank: (\d+)/;
const SIGKILL = '-9';

/** @param lines the last lines of the log @param count maximum number of lines to return */
export function lastOutput(lines: readonly string[], count: number): LastOutput {
  const failed = lines.findIndex((line) => FAILED.test(line));
  const report = failed < 0 ? lines.length : failed;
  // The launcher first reports that it terminates the other processes.
  const own = lines.slice(0, report).filter((line) => !/Sending process \d+ closing signal/.test(line));
  const [, code, rank] = failed < 0 ? [] : (FAILED.exec(lines[failed]!) ?? []);
  const named = errorIn(own) ?? errorIn(lines);
  // After a kill, the other processes only report the lost connection.
  const killed = code === SIGKILL;
  return { cause: killed ? `process ${rank} was killed (SIGKILL)` : named, killed, lines: own.slice(-count) };
}

/** The line of a traceback that names the error; launchers print long reports after it. */
function errorIn(lines: readonly string[]): string | null {
  const named = lines.filter((line) => /^(?:\[rank\d+\]: *)?[\w.]*(?:Error|Exception)\b: /.test(line));
  const own = named.find((line) => !/ChildFailedError|SignalException/.test(line));
  return own?.replace(/^\[rank\d+\]: */, '') ?? null;
}
