/** The folders of the command line. */
import path from 'node:path';

export interface Places {
  /** The user's Rollscope folder, with engine addresses and logs. */
  home: string;
  /** The runs folder of this command. */
  runsFolder: string;
  /** The default runs folder, in which a run's name suffices to find it. */
  usualRunsFolder: string;
}

/** @param out the runs folder given by the user */
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
