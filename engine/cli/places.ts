/** Where the command line reads and writes. */
import path from 'node:path';

export interface Places {
  /** The user's Rollscope folder: addresses of engines, logs. */
  home: string;
  /** The runs folder of this command. */
  runsFolder: string;
  /** The default runs folder, where a run's name is enough to find it. */
  usualRunsFolder: string;
}

/** @param out the runs folder that the user gave */
export async function placesOf(out: string | undefined): Promise<Places> {
  const { rollscopeHome } = await import('../protocol/home.ts');
  const { runsRoot } = await import('../journal/locations.ts');
  const usualRunsFolder = path.resolve(runsRoot());
  return {
    home: path.resolve(rollscopeHome()),
    runsFolder: out === undefined ? usualRunsFolder : path.resolve(out),
    usualRunsFolder,
  };
}
