/** Choosing an experiment to run or a report to open. */
import * as vscode from 'vscode';
import { EMBEDDED, isEmbedded } from '../../engine/protocol/embedded.ts';
import { dateTime, duration, plural, roughDuration } from '../../engine/protocol/format.ts';
import { RollscopeError } from '../../engine/protocol/index.ts';
import type { Rollscope } from '../app.ts';
import { reproductionText } from '../experiments/reports.ts';
import { computeSettings } from '../settings.ts';
import { datasetOf, PICK } from '../target.ts';
import { choose, chooseOrPress, tell } from '../tell.ts';
import { modelName } from '../trees/models.ts';

/**
 * Asks for what is missing, then runs it in a terminal. Throws `config` in Restricted Mode.
 * @param argument the name of the experiment
 */
export async function runExperiment(app: Rollscope, argument: unknown): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    throw new RollscopeError('config', 'Experiments are disabled in Restricted Mode.', 'Trust this workspace first.');
  }
  const name = typeof argument === 'string' ? argument : await pickExperiment(app);
  if (!name) return;
  const args = await materialOf(app);
  if (args) await app.experiments.run(name, args);
}

async function pickExperiment(app: Rollscope): Promise<string | undefined> {
  const items = app.experiments.list().then((experiments) =>
    experiments.map(({ name, title, question, minutes }) => ({
      label: title,
      description: `${name} · about ${roughDuration(minutes * 60)}`,
      detail: question,
      name,
    })),
  );
  const chosen = await choose(items, {
    title: 'Run Experiment',
    placeHolder: 'Select a finding (durations: embedded model, two cores)',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return chosen?.name;
}

/**
 * Options for the model and the problems; empty for the experiment's own. Asks only if the chosen model is not an
 * embedded one. undefined if canceled.
 */
async function materialOf(app: Rollscope): Promise<string[] | undefined> {
  const { model, device, threads } = computeSettings();
  if (isEmbedded(model)) return [];
  const chosen = await choose(
    [
      { label: 'Embedded model and problems', description: 'as the experiment was designed', dataset: EMBEDDED },
      {
        label: `${modelName(model)} on a problem file…`,
        description: 'duration depends on the model and dataset',
        dataset: PICK,
      },
    ],
    { title: 'Run Experiment', placeHolder: 'Select a model and problems' },
  );
  if (!chosen) return undefined;
  if (chosen.dataset === EMBEDDED) return [];
  const dataset = await datasetOf(undefined, app.problemFiles);
  if (!dataset) return undefined;
  const options = ['--model', model, '--device', device, ...(threads > 0 ? ['--threads', String(threads)] : [])];
  return dataset === EMBEDDED ? options : [dataset, ...options];
}

/** Asks which report to open, in the editor or in the browser. */
export async function openReport(app: Rollscope): Promise<void> {
  const reports = await app.experiments.reports();
  if (reports.length === 0) {
    void tell.information('No experiment reports yet. Start an experiment with Rollscope: Run Experiment.', {});
    return;
  }
  const items = reports.map((report) => ({
    label: report.experiment,
    description: reproductionText(report),
    detail: [
      report.runs === null ? null : plural(report.runs, 'run'),
      report.seconds === null ? null : duration(report.seconds),
      dateTime(report.written),
    ]
      .filter((part) => part !== null)
      .join(' · '),
    report,
  }));
  const act = (work: Promise<void>) => void work.catch((error: unknown) => app.report.error(error));
  chooseOrPress(
    items,
    {
      title: 'Open Experiment Report',
      placeHolder: 'Select a report',
      button: { iconPath: new vscode.ThemeIcon('link-external'), tooltip: 'Open in Browser' },
    },
    {
      choose: ({ report }) => act(app.reports.show(report)),
      press: ({ report }) => act(app.reports.openInBrowser(report.file)),
    },
  );
}
