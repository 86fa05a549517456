/**
 * All terminal output of the command line. Text may contain anything from a dataset, a model, a run or a program, so
 * control characters are made visible here.
 */
import { visible, visibleJson } from '../protocol/visible.ts';

/** The writable part of a stream. */
export interface Sink {
  write(text: string): unknown;
}

/** Writes text for people, followed by a line feed. */
export function writeText(stream: Sink, text: string): void {
  stream.write(`${visible(text)}\n`);
}

/** Values as JSON Lines. */
export function jsonLines(values: readonly unknown[]): string {
  return values.map((value) => `${visibleJson(value)}\n`).join('');
}

/** Writes a value as one line of JSON on stdout. */
export function writeJson(value: unknown): void {
  process.stdout.write(jsonLines([value]));
}

/** Writes JSON Lines on stdout, and resolves once they are flushed; false if the reader is gone. */
export function written(lines: string): Promise<boolean> {
  if (lines === '') return Promise.resolve(true);
  return new Promise((resolve) => {
    process.stdout.write(lines, (error) => resolve(!error));
  });
}

/** Moves up `lines` lines and clears from there: the only control sequence that is written. */
export function eraseLines(stream: Sink, lines: number): void {
  stream.write(`\x1b[${lines}A\x1b[J`);
}
