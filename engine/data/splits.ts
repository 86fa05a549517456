/** Names of splits, and how they match. Pure. */
import { RollscopeError } from '../protocol/errors.ts';

export const SPLITS: ReadonlyMap<string, string> = new Map([
  ['train', 'train'],
  ['training', 'train'],
  ['test', 'test'],
  ['testing', 'test'],
  ['validation', 'validation'],
  ['valid', 'validation'],
  ['val', 'validation'],
  ['dev', 'validation'],
]);

const canonicalSplit = (name: string) => SPLITS.get(name.toLowerCase()) ?? name;

/** Whether a name means the requested split, in any of its spellings. */
export function isSplit(name: string, asked: string): boolean {
  return canonicalSplit(name) === canonicalSplit(asked);
}

/** Whether the training split is requested: other tools treat a file without splits as that one. */
export function isTraining(asked: string): boolean {
  return canonicalSplit(asked) === 'train';
}

/** @param splits the available ones; empty for a file without splits */
export function noSplit(name: string, asked: string, splits: readonly string[]): RollscopeError {
  const hint =
    splits.length === 0
      ? 'It is one file, which is not divided: leave the split out (--split, --eval-split), or choose another file.'
      : `It has ${splits.join(', ')} (--split).`;
  return new RollscopeError('dataset', `${name} has no split "${asked}".`, hint, {
    details: { reason: 'unknown-split', file: name, value: asked, splits: [...splits] },
  });
}
