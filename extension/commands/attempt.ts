/** Starts a run, and shows a failure in the panel: which settings are in conflict, and what can be done about it. */
import { RollscopeError, toErrorData } from '../../engine/protocol/errors.ts';
import type { StartAnswer } from '../../engine/runs/start-state.ts';
import type { Rollscope } from '../app.ts';
import { runCommand } from '../run-command.ts';
import type { StartValues } from './start-values.ts';

/** What is started. */
export interface RunStart {
  /** Completes the sentence "Could not …": `train on problems.jsonl`. */
  what: string;
  /** Where its configuration comes from. */
  values: StartValues;
  /** Builds the configuration and starts the run. */
  begin(): Promise<void>;
}

/**
 * Starts a run. The panel shows a failure until it is dismissed, a retry succeeds, or another run is shown. Bugs are
 * thrown.
 */
export async function attempt(app: Rollscope, one: RunStart): Promise<void> {
  try {
    await one.begin();
  } catch (error) {
    if (!(error instanceof RollscopeError)) throw error;
    if (error.code === 'canceled') return;
    app.report.record(error);
    await showFailure(app, one, error);
  }
}

async function showFailure(app: Rollscope, one: RunStart, failure: RollscopeError): Promise<void> {
  const { panel } = app;
  const { what, values } = one;
  const { error, settings, usual } = await values.explain(toErrorData(failure));
  const clashing = settings.filter(({ value, usual: other, isInput }) => !isInput && value !== null && value !== other);
  const again = () => attempt(app, one);
  const afterReset = async () => {
    await values.reset?.(clashing.map(({ name }) => name));
    await again();
  };
  const possible: Partial<Record<StartAnswer, (() => unknown) | undefined>> = {
    usual: values.reset && clashing.length > 0 ? afterReset : undefined,
    change: values.change && (() => values.change!(again)),
    fork: values.fork,
    again,
    model: values.fromSettings && error.code === 'model' ? () => runCommand('chooseModel', values.scope) : undefined,
  };
  const answers = (Object.keys(possible) as StartAnswer[]).filter((answer) => possible[answer] !== undefined);
  const actions: typeof possible = { ...possible, dismiss: () => panel.showStart(null) };
  panel.showStart({
    state: { state: 'failed', what, settings, usual, error, answers },
    answer: async (answer) => void (await actions[answer]?.()),
    openSetting: async (id) => void (await values.open(id)),
  });
}
