/** The engine in this process: the server, with the parts that do the work loaded on demand. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { newRunName } from '../journal/locations.ts';
import type { RunConfig } from '../protocol/config.ts';
import { VERSION } from '../protocol/version.ts';
import { openLog } from '../server/log.ts';
import { EngineServer, type ServerOptions } from '../server/server.ts';

export type EngineChoices = Pick<ServerOptions, 'whenAlone' | 'grace' | 'endsWhenIdle'> & {
  home: string;
  runsFolder: string;
};

export function serverOptions({ home, runsFolder, ...choices }: EngineChoices): ServerOptions {
  return {
    home,
    runsFolder,
    version: VERSION,
    runs: {
      startRun: async (options) => (await import('../training/run/index.ts')).startRun(options),
      resumeRun: async (options) => (await import('../training/run/index.ts')).resumeRun(options),
    },
    doctor: async () => (await import('../runtime/doctor.ts')).doctor(),
    nameRun,
    log: openLog(home),
    ...choices,
  };
}

/** The default name, with a number appended if it is taken. */
export function nameRun(config: RunConfig, folder: string): string {
  const name = newRunName(config, new Date());
  let candidate = name;
  for (let i = 2; existsSync(path.join(folder, candidate)); i++) candidate = `${name}-${i}`;
  return candidate;
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
