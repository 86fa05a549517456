/**
 * The one way from the command line to stdout and stderr. Text may hold anything that a dataset, a model, a run or a
 * program contains, so it is made visible here, no matter what prints it.
 */
import { visible, visibleJson } from '../protocol/visible.ts';

/** The part of a stream that is written to. */
export interface Sink {
  write(text: string): unknown;
}

/** Writes text for people, with a line feed. */
export function writeText(stream: Sink, text: string): void {
  stream.write(`${visible(text)}\n`);
}

/** Values as lines of JSON. */
export function jsonLines(values: readonly unknown[]): string {
  return values.map((value) => `${visibleJson(value)}\n`).join('');
}

/** Writes a value as one line of JSON on stdout. */
export function writeJson(value: unknown): void {
  process.stdout.write(jsonLines([value]));
}

/** Writes lines of JSON on stdout, and resolves once they are taken; false if the reader has gone. */
export function written(lines: string): Promise<boolean> {
  if (lines === '') return Promise.resolve(true);
  return new Promise((resolve) => {
    process.stdout.write(lines, (error) => resolve(!error));
  });
}

/** Moves up by `lines` lines and clears from there on: the only control sequence that is written. */
export function eraseLines(stream: Sink, lines: number): void {
  stream.write(`\x1b[${lines}A\x1b[J`);
}
