/** Navigating between a problem in its file, the panel, and its rollouts. */
import * as vscode from 'vscode';
import { GroupId } from '../../engine/protocol/index.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import { verdictText } from '../../engine/protocol/texts.ts';
import type { Rollscope } from '../app.ts';
import { RolloutDocuments } from '../rollout/documents.ts';
import { withoutIcons } from '../shown.ts';
import { choose } from '../tell.ts';

interface ProblemReference {
  folder: string;
  /** Index in the run. */
  problem: number;
}

/** Shows a problem in the panel: that of the argument, else that of the rollout in the active editor. */
export async function openProblem(app: Rollscope, argument: unknown): Promise<void> {
  const reference = isProblemReference(argument) ? argument : await ofActiveRollout(app);
  if (!reference) return;
  if (await app.viewer.look(reference.folder)) app.panel.select(reference.problem);
}

/** Shows a problem in its file. */
export async function revealProblem(app: Rollscope, argument: unknown): Promise<void> {
  const reference = isProblemReference(argument) ? argument : await ofActiveRollout(app);
  if (reference) await app.revealProblem(await app.library.read(reference.folder), reference.problem);
}

/** Opens a rollout as a read-only document. */
export async function openRollout(app: Rollscope, argument: unknown): Promise<void> {
  if (!isRolloutReference(argument)) return;
  const { folder, group, rollout } = argument;
  await app.rollouts.open(await app.library.read(folder), group, rollout);
}

/** Opens the rollout before or after the one in the active editor. */
export async function neighbor(app: Rollscope, by: -1 | 1): Promise<void> {
  const address = RolloutDocuments.addressOf(vscode.window.activeTextEditor);
  if (address) await app.rollouts.neighbor(address, by);
}

/** Opens the rollout in the active editor at the next or the previous step. */
export async function otherStep(app: Rollscope, by: -1 | 1): Promise<void> {
  const address = RolloutDocuments.addressOf(vscode.window.activeTextEditor);
  if (address) await app.rollouts.otherStep(address, by);
}

/** Opens the rollout in the active editor and another one of its group, which the user picks, in the diff editor. */
export async function compareRollouts(app: Rollscope): Promise<void> {
  const address = RolloutDocuments.addressOf(vscode.window.activeTextEditor);
  if (!address) return;
  const { run, problem } = await app.rollouts.problemOf(address);
  const items = app.rollouts.siblings(address).then((siblings) =>
    siblings.map(({ index, rollout: { answer, correct, reward }, isFork }) => ({
      label: withoutIcons(`Rollout ${index + 1}: ${answer ?? 'no answer'}`),
      description: [correct === null ? '' : verdictText(correct), `reward ${quantityText('reward', reward)}`]
        .filter(Boolean)
        .join(' · '),
      ...(isFork && { detail: 'Shares the longest beginning among those that voted otherwise' }),
      index,
    })),
  );
  const chosen = await choose(items, {
    title: 'Compare Rollouts',
    placeHolder: `Compare rollout ${address.rollout} with`,
  });
  if (chosen) await app.rollouts.compare(run, { ...address, problem }, address.rollout - 1, chosen.index);
}

async function ofActiveRollout(app: Rollscope): Promise<ProblemReference | null> {
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
