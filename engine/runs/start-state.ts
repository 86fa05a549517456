/** A start of a run as the panel shows it, before there is a run folder: while it is prepared, and after it failed. */
import type { ErrorData } from '../protocol/errors.ts';

/** A setting that an error names: its value, and the one that it is compared with. */
export interface NamedSetting {
  /** What opens it: `rollscope.learningRate`, or the field of a configuration. */
  id: string;
  /** As the error calls it. */
  name: string;
  /** As text; null where it is not set. */
  value: string | null;
  /** What the preset of the model gives, or the parent of a fork has, as text; null where there is none. */
  usual: string | null;
  /** A model or a file: no preset replaces it. */
  isInput?: true;
}

/** What the settings of a start are compared with: the preset of its model, or the parent run of a fork. */
export type Usual = 'preset' | 'parent';

export type StartState =
  | { state: 'preparing'; what: string }
  | {
      state: 'failed';
      what: string;
      error: ErrorData;
      settings: readonly NamedSetting[];
      usual: Usual;
      /** What can be done about it, the first of them first; to leave it is always possible. */
      answers: readonly StartAnswer[];
    };

/**
 * What can be done about a start: repeat it, also with the usual values or after a change of settings, fork the run in place
 * of resuming it, choose another model, or leave it.
 */
export const START_ANSWERS = ['usual', 'change', 'fork', 'again', 'model', 'dismiss'] as const;
export type StartAnswer = (typeof START_ANSWERS)[number];
