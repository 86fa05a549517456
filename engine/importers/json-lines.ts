/** A line of JSON Lines as trainers write them: in Python's JSON, where numbers may be NaN or infinite. Pure. */
import { readJson } from '../data/json.ts';
import { isObject } from '../protocol/values.ts';

export const BROKEN = 'broken JSON';
export const NO_OBJECT = 'not an object';

/** The object in a line; null for a blank line; otherwise why it is invalid. */
export function parseLine(line: string): Record<string, unknown> | typeof BROKEN | typeof NO_OBJECT | null {
  const text = line.trim();
  if (text === '') return null;
  try {
    const value = readJson(text.includes('Infinity') ? withoutInfinity(text) : text, 'doubles');
    return isObject(value) ? value : NO_OBJECT;
  } catch {
    return BROKEN;
  }
}

/** Replaces numbers that are not finite by null; texts are unchanged. */
function withoutInfinity(text: string): string {
  return text.replace(/"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|-?Infinity/gs, (found) =>
    found.startsWith('"') ? found : 'null',
  );
}
