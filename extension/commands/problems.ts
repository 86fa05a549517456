/** Navigating between a problem in its file, the panel, and its rollouts. */
import * as vscode from 'vscode';
import { addressText } from '../../engine/protocol/address.ts';
import { DASH } from '../../engine/protocol/format.ts';
import { GroupId } from '../../engine/protocol/index.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import { oneLine, verdictText } from '../../engine/protocol/texts.ts';
import type { OpenRun } from '../../engine/view/open-run.ts';
import type { Rollscope } from '../app.ts';
import { resultText } from '../editor/texts.ts';
import { RolloutDocuments } from '../rollout/documents.ts';
import { choose } from '../tell.ts';
import { pickRun } from './runs.ts';

interface ProblemReference {
  folder: string;
  /** Index in the run. */
  problem: number;
}

/** Shows a problem in the panel: that of the argument, else that of the rollout in the active editor. */
export async function openProblem(app: Rollscope, argument: unknown): Promise<void> {
  const reference = isProblemReference(argument) ? argument : await activeProblem(app);
  if (!reference) return;
  if (await app.viewer.look(reference.folder)) app.panel.select(reference.problem);
}

/** Asks for a problem of the run that the panel shows, else of one that the user picks, and for what to show of it. */
export async function pickProblem(app: Rollscope): Promise<void> {
  const folder = app.panel.shown?.folder ?? (await pickRun(app, () => true, 'Go to Problem', true));
  if (!folder) return;
  const run = await app.library.read(folder);
  const items = run.problems.map((problem) => {
    const view = run.view(problem.index);
    const result = view.row === null ? 'not sampled yet' : resultText(view);
    return {
      label: problem.id,
      description: result,
      detail: oneLine(problem.text, 120),
      problem,
      view,
    };
  });
  const title = `Problems of ${run.run}`;
  const chosen = await choose(items, {
    title,
    placeHolder: 'Select a problem',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!chosen) return;
  const { problem, view } = chosen;
  const rollout = view.row === null ? null : await pickRollout(run, view.row);
  if (rollout === undefined || !(await app.viewer.look(folder))) return;
  const place = { problem: problem.id, row: problem.row, step: view.step, phase: view.phase, tokens: null };
  app.panel.goTo({ ...place, rollout });
}

/** The number of a rollout of a group, from 1; null for the problem as a whole, undefined if the user cancels. */
async function pickRollout(run: OpenRun, row: number): Promise<number | null | undefined> {
  const { detail } = await run.readGroup(run.columns.idOf(row));
  const whole = {
    icon: 'list-unordered',
    label: 'The problem with all rollouts',
    description: '',
    rollout: null as number | null,
  };
  const items = detail.rollouts.map(({ text, answer, correct }, i) => ({
    label: `rollout ${i + 1}: ${oneLine(answer ?? DASH, 40)}`,
    description: `${verdictText(correct)} · ${oneLine(text, 80)}`,
    rollout: i + 1,
  }));
  return (
    await choose([whole, ...items], { placeHolder: 'Select a rollout, or the problem', matchOnDescription: true })
  )?.rollout;
}

/** Shows a problem in its file. */
export async function revealProblem(app: Rollscope, argument: unknown): Promise<void> {
  const reference = isProblemReference(argument) ? argument : await activeProblem(app);
  if (reference) await app.revealProblem(await app.library.read(reference.folder), reference.problem);
}

/** Opens a rollout as a read-only document. */
export async function openRollout(app: Rollscope, argument: unknown): Promise<void> {
  if (!isRolloutReference(argument)) return;
  const { folder, group, rollout } = argument;
  await app.rollouts.open(await app.library.read(folder), group, rollout);
}

/** Opens the rollout in the active editor and another one of its group, which the user picks, in the diff editor. */
export async function compareRollouts(app: Rollscope): Promise<void> {
  const address = RolloutDocuments.addressOf(vscode.window.activeTextEditor);
  if (!address) return;
  const { run, problem } = await app.rollouts.problemOf(address);
  const items = app.rollouts.siblings(address).then((siblings) =>
    siblings.map(({ index, rollout: { answer, correct, reward }, isFork }) => ({
      label: `Rollout ${index + 1}: ${answer ?? 'no answer'}`,
      description: [correct === null ? '' : verdictText(correct), `reward ${quantityText('reward', reward)}`]
        .filter(Boolean)
        .join(' · '),
      ...(isFork && { detail: 'Shares the longest prefix among rollouts with another answer' }),
      index,
    })),
  );
  const chosen = await choose(items, {
    title: 'Compare Rollouts',
    placeHolder: `Compare rollout ${address.rollout} with`,
  });
  const at = (rollout: number) => ({ run, group: { ...address, problem }, rollout });
  if (chosen) await app.rollouts.compare(at(address.rollout - 1), at(chosen.index));
}

/** Copies the address of the rollout in the active editor, with the tokens that are selected there. */
export async function copyRolloutLink(app: Rollscope): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const address = RolloutDocuments.addressOf(editor);
  if (!editor || !address) return;
  const tokens = await app.rollouts.tokensIn(editor);
  await vscode.env.clipboard.writeText(addressText({ ...address, tokens }, vscode.env.uriScheme));
}

async function activeProblem(app: Rollscope): Promise<ProblemReference | null> {
  const address = RolloutDocuments.addressOf(vscode.window.activeTextEditor);
  if (!address) return null;
  const { run, problem } = await app.rollouts.problemOf(address);
  return { folder: run.folder, problem };
}

function isProblemReference(argument: unknown): argument is ProblemReference {
  const { folder, problem } = (argument ?? {}) as Partial<ProblemReference>;
  return typeof folder === 'string' && typeof problem === 'number';
}

interface RolloutReference {
  folder: string;
  group: GroupId;
  /** Index in the group. */
  rollout: number;
}

function isRolloutReference(argument: unknown): argument is RolloutReference {
  const { folder, group, rollout } = (argument ?? {}) as Partial<RolloutReference>;
  return typeof folder === 'string' && GroupId.safeParse(group).success && typeof rollout === 'number';
}
