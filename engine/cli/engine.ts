/** The engine in this process: the server, with the parts that do the work loaded on demand. */
import { freeName, newRunName } from '../journal/locations.ts';
import { readRunFile } from '../journal/reader.ts';
import { isOnTrl, isOnVerl } from '../protocol/config.ts';
import { VERSION } from '../protocol/version.ts';
import { openLog } from '../server/log.ts';
import { EngineServer, type ServerOptions } from '../server/server.ts';

/**
 * Milliseconds after which a run that is still being prepared is given up without waiting: its dataset, the encoding of
 * its prompts, or a call of the device's library may take minutes, and nothing of it can be lost.
 */
export const PATIENCE = 700;

export type EngineChoices = Pick<ServerOptions, 'whenAlone' | 'grace' | 'endsWhenIdle'> & {
  home: string;
  runsFolder: string;
};

/**
 * How runs start and resume: on this machine's engine, on TRL or on verl, by the configuration. Each is loaded when it
 * is needed.
 */
export function serverOptions({ home, runsFolder, ...choices }: EngineChoices): ServerOptions {
  return {
    home,
    runsFolder,
    version: VERSION,
    runs: {
      startRun: async (options) => {
        // A fork is made by this engine, which refuses the others by name.
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
    nameRun: (config, folder) => freeName(newRunName(config, new Date()), folder),
    log: openLog(home),
    ...choices,
  };
}

/** Opens the engine's socket; if that fails, prints a warning and runs without it. */
export async function listenOrNot(options: ServerOptions, note: (text: string) => void): Promise<EngineServer> {
  try {
    return await EngineServer.listen(options);
  } catch (error) {
    note(`warning: The editor cannot attach to this run. ${(error as Error).message}`);
    return EngineServer.offline(options);
  }
}
