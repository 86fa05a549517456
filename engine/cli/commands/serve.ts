/** `rollscope serve`: runs the engine in the background. Its only stdout line is its address. */
import path from 'node:path';
import { RollscopeError } from '../../protocol/errors.ts';
import type { Sandbox } from '../../protocol/sandbox.ts';
import { EngineServer } from '../../server/server.ts';
import { setSandbox } from '../../system/sandbox.ts';
import { END_SIGNALS, endAtOnce } from '../../system/signals.ts';
import { PREPARATION_TIMEOUT_MS, serverOptions } from '../engine.ts';
import { EXIT } from '../output.ts';
import { placesOf } from '../places.ts';
import { writeJson } from '../terminal.ts';

/** `ERROR_LIMIT` uncaught errors within this many milliseconds shut the engine down: one may be harmless. */
const ERROR_WINDOW = 10_000;
const ERROR_LIMIT = 5;

interface ServeOptions {
  whenAlone: 'continue' | 'stop';
  grace: string;
  sandbox?: Sandbox;
  out?: string;
  home?: string;
}

/**
 * Serves until asked to stop, or, without a run, until no client has been connected for `--grace` seconds. Exit code 0,
 * or 3 if this stopped a run.
 */
export async function serve(options: ServeOptions): Promise<number> {
  const grace = Number(options.grace);
  if (!(grace >= 0 && grace <= 86_400)) {
    throw new RollscopeError(
      'usage',
      `--grace: '${options.grace}' is not allowed; allowed: seconds from 0 to 86400.`,
      undefined,
      { details: { reason: 'bad-value', field: '--grace', value: options.grace } },
    );
  }
  setSandbox(options.sandbox ?? 'none');
  const places = await placesOf(options.out);
  const engine = await EngineServer.listen(
    serverOptions({
      home: options.home ? path.resolve(options.home) : places.home,
      runsFolder: places.runsFolder,
      whenAlone: options.whenAlone,
      grace: grace * 1000,
      endsWhenIdle: true,
    }),
  );
  surviveErrors(engine);
  let code: number = EXIT.ok;
  let asked = false;
  const endNow = () => {
    engine.withdraw();
    // The worker may be inside a compute call, which cannot be interrupted.
    endAtOnce();
  };
  const end = () => {
    if (asked) endNow();
    asked = true;
    if (engine.active) code = EXIT.stopped;
    // Preparation may be in a long step, and has nothing to lose.
    else if (engine.preparing) setTimeout(endNow, PREPARATION_TIMEOUT_MS).unref();
    void engine.shutdown();
  };
  for (const signal of END_SIGNALS) process.on(signal, end);
  writeJson(engine.address);
  await engine.closed;
  return code;
}

/** Logs uncaught errors and reports them to the clients; only a series of them shuts the engine down. */
function surviveErrors(engine: EngineServer): void {
  const times: number[] = [];
  const survive = (error: unknown) => {
    engine.reportError('Unexpected error in the engine', error);
    const now = Date.now();
    times.push(now);
    if (times.filter((time) => now - time < ERROR_WINDOW).length < ERROR_LIMIT) return;
    process.exitCode = EXIT.failed;
    void engine.shutdown();
  };
  process.on('uncaughtException', survive);
  process.on('unhandledRejection', survive);
}
