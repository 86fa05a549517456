/** Choosing an experiment to run, and a report to read. */
import * as vscode from 'vscode';
import { about, duration } from '../../engine/protocol/format.ts';
import { RollscopeError } from '../../engine/protocol/index.ts';
import { isEmbedded } from '../../engine/protocol/presets.ts';
import type { Rollscope } from '../app.ts';
import { verdictText } from '../experiments/reports.ts';
import { EMBEDDED } from '../run-config.ts';
import { runChoices } from '../settings.ts';
import { datasetOf, PICK } from '../target.ts';
import { modelName } from '../trees/models.ts';

export async function runExperiment(app: Rollscope, argument: unknown): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    throw new RollscopeError('config', 'Experiments run in trusted workspaces only.', 'Trust this workspace first.');
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
      description: `${name} · about ${about(minutes * 60)}`,
      detail: question,
      name,
    })),
  );
  const chosen = await vscode.window.showQuickPick(items, {
    title: 'Run Experiment',
    placeHolder: 'Which finding? The times are those of the embedded model on two cores.',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return chosen?.name;
}

/**
 * Model and problems as options: none for the experiment's own, which are asked about only where another model is in
 * use. undefined: given up.
 */
async function materialOf(app: Rollscope): Promise<string[] | undefined> {
  const { model, device, threads } = runChoices();
  if (isEmbedded(model)) return [];
  const chosen = await vscode.window.showQuickPick(
    [
      { label: 'Embedded model and problems', description: 'as the experiment was made', dataset: EMBEDDED },
      { label: `${modelName(model)} on a problem file…`, description: 'takes as long as it takes', dataset: PICK },
    ],
    { title: 'Run Experiment', placeHolder: 'Which model and problems?' },
  );
  if (!chosen) return undefined;
  if (chosen.dataset === EMBEDDED) return [];
  const dataset = await datasetOf(undefined, app.problemFiles);
  if (!dataset) return undefined;
  const options = ['--model', model, '--device', device, ...(threads > 0 ? ['--threads', String(threads)] : [])];
  return dataset === EMBEDDED ? options : [dataset, ...options];
}

export async function openReport(app: Rollscope): Promise<void> {
  const reports = await app.experiments.reports();
  if (reports.length === 0) {
    void vscode.window.showInformationMessage('No experiment has ended yet. Rollscope: Run Experiment begins one.');
    return;
  }
  const inBrowser = { iconPath: new vscode.ThemeIcon('link-external'), tooltip: 'Open in Browser' };
  const pick = vscode.window.createQuickPick<vscode.QuickPickItem & { report: (typeof reports)[number] }>();
  pick.title = 'Open Experiment Report';
  pick.placeholder = 'Which report?';
  pick.items = reports.map((report) => ({
    label: report.experiment,
    description: verdictText(report),
    detail: [
      report.runs === null ? null : `${report.runs} runs`,
      report.seconds === null ? null : duration(report.seconds),
      new Date(report.written).toLocaleString(),
    ]
      .filter((part) => part !== null)
      .join(' · '),
    buttons: [inBrowser],
    report,
  }));
  const act = (work: Promise<void>) => {
    pick.hide();
    work.catch((error: unknown) => app.report.error(error));
  };
  pick.onDidAccept(() => {
    const [chosen] = pick.selectedItems;
    if (chosen) act(app.reports.show(chosen.report));
  });
  pick.onDidTriggerItemButton(({ item }) => act(app.reports.openInBrowser(item.report.file)));
  pick.onDidHide(() => pick.dispose());
  pick.show();
}
