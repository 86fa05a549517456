/** Notifications about a run: warnings at its start, a failure, an interruption. */
import { diagnosisText } from '../engine/protocol/diagnosis.ts';
import { plural } from '../engine/protocol/format.ts';
import type { EndRecord } from '../engine/protocol/records.ts';
import { signalWarningIn, watchLevelOf } from '../engine/protocol/warnings.ts';
import type { OpenRun } from '../engine/view/open-run.ts';
import { errorInEditor, inEditor } from './remedies.ts';
import type { Reporter } from './report.ts';
import { runCommand } from './run-command.ts';

/** Warnings of a running run are shown once per run and kind, and only if the window was there when they came. */
export class Notices {
  private readonly told = new Set<string>();

  /** @param look shows a run at a step */
  constructor(
    private readonly report: Reporter,
    private readonly look: (run: OpenRun, step: number) => void,
  ) {}

  /** Warnings of a run's preparation, such as problems without a reference or outside the model's vocabulary. */
  warnings({ columns: { head } }: OpenRun): void {
    const found = head.warnings.filter(({ step }) => step === null);
    if (found.length === 0) return;
    const choose = { 'Choose Model': () => runCommand('chooseModel') };
    const text = found.map(({ message }) => message).join(' ');
    this.report.log('warning', text);
    void this.report.ask(inEditor(text), found.some(({ code }) => code === 'model') ? choose : {});
  }

  /**
   * Shows the warnings after the first steps of a run that can hardly learn, once for each kind.
   * @param since the last record that was there when the window began to follow the run
   */
  signal(run: OpenRun, since: number): void {
    const later = run.columns.head.warnings.filter(({ step, seq }) => step !== null && seq > since);
    const found = signalWarningIn(later);
    if (!found || this.told.has(`${run.folder} ${found.code}`)) return;
    this.told.add(`${run.folder} ${found.code}`);
    this.report.log('warning', found.message);
    void this.report.ask(`Run ${run.run}: ${inEditor(found.message)}`, {});
  }

  /**
   * The first alarm of the collapse watch, once for each run.
   * @param since the last record that was there when the window began to follow the run
   */
  alarm(run: OpenRun, since: number): void {
    const found = run.columns.head.warnings.find(
      (warning) => warning.seq > since && watchLevelOf(warning) === 'collapse',
    );
    if (!found || this.told.has(`${run.folder} ${found.code}`)) return;
    this.told.add(`${run.folder} ${found.code}`);
    this.report.log('warning', found.message);
    const text = diagnosisText({ kind: 'collapsing', since: found.step });
    // Another trainer's run cannot be paused from here, and its checkpoints cannot be used.
    const isOwn = run.file.origin.engine === 'rollscope';
    const buttons = {
      'Look at Step': () => this.look(run, found.step ?? 0),
      ...(isOwn && run.status === 'running' && { Pause: () => runCommand('pause', run.folder) }),
      ...(isOwn && {
        'Fork from Last Healthy Checkpoint': () => runCommand('forkRun', { folder: run.folder, step: 'healthy' }),
      }),
    };
    void this.report.ask(`Run ${run.run}: ${text}. ${inEditor(found.message)}`, buttons, { withLog: false });
  }

  ended(run: OpenRun, end: EndRecord): void {
    this.report.log('info', `run ${run.run} ended at step ${end.step}: ${end.reason}`);
    // The panel shows that a run has stopped or completed; a failure needs a decision.
    if (end.reason !== 'failed') return;
    const { message, hint } = end.error ? errorInEditor(end.error) : {};
    const text = [`Run ${run.run} failed at step ${end.step}.`, message, hint].filter(Boolean).join(' ');
    void this.report.ask(text, {
      Resume: () => runCommand('resume', run.folder),
    });
  }

  interrupted(run: OpenRun): void {
    const steps = plural(run.columns.step, 'step');
    void this.report.ask(`The engine stopped unexpectedly. Run ${run.run} was interrupted after ${steps}.`, {
      Resume: () => runCommand('resume', run.folder),
    });
  }
}
