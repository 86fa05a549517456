/** Where the command line reads and writes. */
import path from 'node:path';

export interface Places {
  /** The user's Rollscope folder: addresses of engines, logs. */
  home: string;
  /** Where runs of this command lie. */
  runsFolder: string;
  /** Where runs lie when no option says otherwise: there a run's name is enough to find it. */
  usualRunsFolder: string;
}

/** `out`: the folder of runs that the user named. */
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
