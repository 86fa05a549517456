/** A start of a run as the panel shows it, before there is a run folder: while it is prepared, and after it failed. */
import type { ErrorData } from '../protocol/errors.ts';

/** A setting that an error names: its value, and what the preset of the model would give. */
export interface NamedSetting {
  /** The setting that the editor opens: `rollscope.learningRate`. */
  id: string;
  /** As the error calls it, with the field of `rollscope.config` where it is one. */
  name: string;
  /** As text; null where it is not set. */
  value: string | null;
  /** As text; null where the preset has none. */
  preset: string | null;
}

export type StartState =
  | { state: 'preparing'; what: string }
  | {
      state: 'failed';
      what: string;
      error: ErrorData;
      settings: readonly NamedSetting[];
      /** Whether the start can be repeated with the preset's values in place of those that are set. */
      hasPreset: boolean;
    };

/** What can be done about a start: repeat it, also with the preset's values, choose another model, or leave it. */
export const START_ANSWERS = ['again', 'preset', 'model', 'dismiss'] as const;
export type StartAnswer = (typeof START_ANSWERS)[number];
