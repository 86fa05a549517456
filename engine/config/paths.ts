/** Texts of a configuration that name files: made absolute, because the engine may run elsewhere. Pure but for `exists`. */
import path from 'node:path';
import { isTemplateFile } from '../protocol/chat-choice.ts';
import { parseDatasetId } from '../protocol/dataset-id.ts';
import { isEmbedded } from '../protocol/embedded.ts';
import type { Names } from '../protocol/settings/kit.ts';
import { type ConfigValues, setAt, valueAt } from './objects.ts';
import { SETTINGS } from './settings.ts';

/** The base of relative paths, and a check for existing files. */
export interface PathBase {
  /** The working directory, or the folder that is open; null without one. */
  folder: string | null;
  home: string;
  exists(file: string): boolean;
}

/**
 * An absolute path: `~` is the home folder, relative paths are resolved against the folder of who wrote them. The
 * embedded names stay, and without a folder relative paths do too.
 */
export function absolutePath(file: string, { folder, home }: PathBase): string {
  if (isEmbedded(file)) return file;
  const own = file.replace(/^~(?=[\\/]|$)/, home);
  return folder === null ? own : path.resolve(folder, own);
}

/** A file or folder becomes absolute; a Hub id and an embedded model stay. */
export function modelReference(model: string, place: PathBase): string {
  if (model === '' || isEmbedded(model)) return model;
  const looksLikePath = /^[./~]|^[a-zA-Z]:[\\/]|\.gguf$/i.test(model) || model.split('/').length > 2;
  const file = absolutePath(model, place);
  return looksLikePath || place.exists(file) ? file : model;
}

/** A word of a command: a file where it looks like one and exists, or says that it is one (`./reward.py`). */
function commandWord(word: string, place: PathBase): string {
  const file = absolutePath(word, place);
  if (/^(?:\.{1,2}|~)[/\\]/.test(word)) return file;
  return /[./\\]/.test(word) && place.exists(file) ? file : word;
}

/** A file or folder becomes absolute; a dataset of the Hub stays. */
export function datasetReference(dataset: string, place: PathBase): string {
  const file = absolutePath(dataset, place);
  return parseDatasetId(dataset) && !place.exists(file) ? dataset : file;
}

const RESOLVE: Record<Names, (text: string, place: PathBase) => string> = {
  file: absolutePath,
  template: (template, place) => (isTemplateFile(template) ? absolutePath(template, place) : template),
  dataset: datasetReference,
  model: modelReference,
  policy: (policy, place) => (policy === 'base' ? policy : modelReference(policy, place)),
  command: commandWord,
};

/** A copy whose texts that name files are absolute. Values that are not strings are passed through: the schema rejects them. */
export function withAbsolutePaths(values: ConfigValues, place: PathBase): ConfigValues {
  const result = structuredClone(values);
  for (const { path: at, setting } of SETTINGS) {
    const value = valueAt(result, at);
    if (!setting.names || value === undefined) continue;
    const read = RESOLVE[setting.names];
    const one = (item: unknown) => (typeof item === 'string' ? read(item, place) : item);
    setAt(result, at, Array.isArray(value) ? value.map(one) : one(value));
  }
  return result;
}
