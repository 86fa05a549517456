/** Records of types that this version does not know: passed over in reading, counted, and spoken of once. */
import { plural } from '../protocol/format.ts';
import type { RunInfo } from '../protocol/listed-run.ts';
import { newerVersion, VERSION } from '../protocol/version.ts';

/** How often each unknown type was skipped. */
export type SkippedTypes = Readonly<Record<string, number>>;

/** The message about skipped records, with the version that can read them; null if none were skipped. */
export function describeSkipped(types: SkippedTypes, versions: Readonly<Record<string, string>>): RunInfo['skipped'] {
  const counts = Object.entries(types);
  if (counts.length === 0) return null;
  const records = counts.reduce((sum, [, count]) => sum + count, 0);
  const names = counts.map(([type, count]) => `${count} of type '${type}'`).join(', ');
  const version = newerVersion(versions.rollscope);
  const remedy =
    version === null ? 'Update Rollscope to see them.' : `Update to Rollscope ${version} or newer to see them.`;
  const message = `${plural(records, 'record')} skipped: a newer Rollscope wrote them, and Rollscope ${VERSION} does not know their type (${names}). Everything else is shown. ${remedy}`;
  return { records, types: { ...types }, version, message };
}
