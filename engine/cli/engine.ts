/** The engine in this process: the server, with its backends loaded on demand. */
import { newRunName, unusedName } from '../journal/locations.ts';
import { readRunFile } from '../journal/reader.ts';
import { isOnTrl, isOnVerl } from '../protocol/config.ts';
import { VERSION } from '../protocol/version.ts';
import { openLog } from '../server/log.ts';
import { EngineServer, type ServerOptions } from '../server/server.ts';

/**
 * Milliseconds before a run in preparation is abandoned: loading its dataset, encoding its prompts or a call of the
 * device's library may take minutes, and there is nothing to lose.
 */
export const PREPARATION_TIMEOUT_MS = 700;

export type EngineChoices = Pick<ServerOptions, 'whenAlone' | 'grace' | 'endsWhenIdle'> & {
  home: string;
  runsFolder: string;
};

/**
 * Starts and resumes runs on this engine, on TRL or on verl, depending on the configuration. Each is loaded on demand.
 */
export function serverOptions({ home, runsFolder, ...choices }: EngineChoices): ServerOptions {
  return {
    home,
    runsFolder,
    version: VERSION,
    runs: {
      startRun: async (options) => {
        // Only this engine can fork; it refuses configurations for the others with an error.
        if (options.from) return (await import('../training/run/index.ts')).startRun(options);
        if (isOnTrl(options.config)) return (await import('../trl/index.ts')).startTrl(options);
        if (isOnVerl(options.config)) return (await import('../verl/index.ts')).startVerl(options);
        return (await import('../training/run/index.ts')).startRun(options);
      },
      resumeRun: async (options) => {
        const { config } = await readRunFile(options.folder);
        if (isOnTrl(config)) return (await import('../trl/index.ts')).resumeTrl(options);
        if (isOnVerl(config)) return (await import('../verl/index.ts')).resumeVerl(options);
        return (await import('../training/run/index.ts')).resumeRun(options);
      },
    },
    doctor: async () => (await import('./doctor.ts')).examine(),
    nameRun: (config, folder) => unusedName(newRunName(config, new Date()), folder),
    log: openLog(home),
    ...choices,
  };
}

/** Opens the engine's socket; if that fails, prints a warning and continues without it. */
export async function listenIfPossible(options: ServerOptions, note: (text: string) => void): Promise<EngineServer> {
  try {
    return await EngineServer.listen(options);
  } catch (error) {
    note(`warning: The editor cannot attach to this run. ${(error as Error).message}`);
    return EngineServer.offline(options);
  }
}
