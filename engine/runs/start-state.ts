/** A start of a run as the panel shows it, before there is a run folder: while it is prepared, and after it failed. */
import type { ErrorData } from '../protocol/errors.ts';

/** A setting that an error names: its value, and the one that it is compared with. */
export interface NamedSetting {
  /** The id that opens it: `rollscope.learningRate`, or the field of a configuration. */
  id: string;
  /** The name in the error's text. */
  name: string;
  /** The value as text; null if it is not set. */
  value: string | null;
  /** The value in the model's preset, or in a fork's parent, as text; null if there is none. */
  usual: string | null;
  /** A model or a file: no preset replaces it. */
  isInput?: true;
}

/** What the settings of a start are compared with: the preset of its model, or the parent run of a fork. */
export type ComparedWith = 'preset' | 'parent';

export type StartState =
  | { state: 'preparing'; what: string }
  | {
      state: 'failed';
      what: string;
      error: ErrorData;
      settings: readonly NamedSetting[];
      usual: ComparedWith;
      /** The possible responses, the most useful first; dismissing is always possible. */
      answers: readonly StartAnswer[];
    };

/**
 * The possible responses to a start: retry it, possibly with the preset's values or after changing settings, fork the
 * run instead of resuming it, choose another model, or dismiss it.
 */
export const START_ANSWERS = ['usual', 'change', 'fork', 'again', 'model', 'dismiss'] as const;
export type StartAnswer = (typeof START_ANSWERS)[number];
