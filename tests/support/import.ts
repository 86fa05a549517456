/** Imports a dump as the command does, without a terminal. */
import { AUTOMATIC } from '../../engine/grading/index.ts';
import { importDump } from '../../engine/importers/import.ts';
import type { ImportOptions, ImportReport } from '../../engine/importers/import-work.ts';
import { AUTO, importerFor } from '../../engine/importers/index.ts';

type Options = Partial<ImportOptions> & { format?: string };

export async function importFrom(
  source: string,
  folder: string,
  { format = AUTO, ...rest }: Options = {},
): Promise<ImportReport> {
  const options = { map: {}, rules: AUTOMATIC, follow: false, ...rest };
  return importDump(await importerFor(source, format, options), source, folder, options);
}
