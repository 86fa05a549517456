/** A layer of a configuration: values with the place that they come from. */
import type { ConfigValues } from './objects.ts';
import type { RunSetting } from './settings.ts';

/** The source of values; later ones take precedence. */
export type Source =
  | { kind: 'preset' }
  | { kind: 'experiment' }
  | { kind: 'setting'; scope: 'user' | 'workspace' | 'folder' }
  | { kind: 'file'; file: string }
  | { kind: 'option' };

/** How a value was given, if its path in the configuration does not show it. */
export interface ValueOrigin {
  /** `--learning-rate`, `rollscope.learningRate`. */
  name: string;
  /** The value as it was written, if it was converted: `4GB`. */
  text?: string;
}

export interface Layer {
  source: Source;
  /** Shaped as a `RunConfig`; paths of files are absolute. */
  values: ConfigValues;
  /** By path; for values of options and settings. */
  given?: ReadonlyMap<string, ValueOrigin>;
  /** Values that were given in the unit of another setting: `--min-lr` as a rate. */
  absolute?: readonly { path: string; of: string; value: number; name: string }[];
  /** A hint for a number out of range, for sources such as options whose place does not help. */
  advice?(setting: RunSetting): string | undefined;
}
