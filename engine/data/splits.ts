/** Names of the parts of a dataset, and whether one is meant. Pure. */
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

const usual = (name: string) => SPLITS.get(name.toLowerCase()) ?? name;

/** Whether a name says the split that is asked for, in one of its spellings. */
export function isSplit(name: string, asked: string): boolean {
  return usual(name) === usual(asked);
}

/** What a file that is not divided is, as other tools have it. */
export function isTraining(asked: string): boolean {
  return usual(asked) === 'train';
}

/** @param splits there are; none in a file that is not divided */
export function noSplit(name: string, asked: string, splits: readonly string[]): RollscopeError {
  const hint =
    splits.length === 0
      ? 'It is one file, which is not divided: leave the split out (--split, --eval-split), or choose another file.'
      : `It has ${splits.join(', ')} (--split).`;
  return new RollscopeError('dataset', `${name} has no split "${asked}".`, hint, {
    details: { reason: 'unknown-split', file: name, value: asked, splits: [...splits] },
  });
}
