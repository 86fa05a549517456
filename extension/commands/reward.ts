/** Choosing the reward: one by name, in families, or an expression over them. */
import * as vscode from 'vscode';
import type { RollscopeError } from '../../engine/protocol/index.ts';
import { parseReward } from '../../engine/protocol/reward-expression.ts';
import { defaultOptions, REWARDS, type Reward, rewards } from '../../engine/reward/index.ts';
import type { Rollscope } from '../app.ts';
import { MEMORY } from '../ids.ts';
import { currentReward, setReward } from '../settings.ts';

const FAMILIES: readonly [Reward['family'], string][] = [
  ['ensemble', 'What the rollouts agree on'],
  ['certainty', 'How certain the model is'],
  ['external', 'What something else says'],
];

const KEY = MEMORY.rewards;
const KEPT = 10;
/** Milliseconds that the choice stands in the status bar. */
const SHOWN_MS = 5000;

interface RewardPick extends vscode.QuickPickItem {
  /** Absent for writing an expression, and for separators. */
  reward?: string;
}

/** Takes the reward of the argument, else asks. */
export async function chooseReward(app: Rollscope, argument: unknown): Promise<void> {
  const current = currentReward();
  const known = expressions(app, current);
  const reward = typeof argument === 'string' ? argument : await pick(rewardItems(current, known));
  if (reward === undefined) return;
  parseReward(reward, REWARDS);
  const isName = (REWARDS as readonly string[]).includes(reward);
  const recent = isName ? known : [reward, ...known.filter((other) => other !== reward)];
  await app.context.globalState.update(KEY, recent.slice(0, KEPT));
  await setReward(reward);
  vscode.window.setStatusBarMessage(`Rollscope reward: ${titleOf(reward)}`, SHOWN_MS);
}

/** A reward's title; an expression as it is. */
function titleOf(reward: string): string {
  return rewards.find(({ name }) => name === reward)?.title ?? reward;
}

/** Expressions that were used lately, the current one among them. */
function expressions(app: Rollscope, current: string): string[] {
  const recent = app.context.globalState.get<string[]>(KEY, []);
  const isName = (REWARDS as readonly string[]).includes(current);
  return isName || recent.includes(current) ? recent : [current, ...recent];
}

/** Rows of the choice: the families, then the expressions. */
function rewardItems(current: string, known: readonly string[]): RewardPick[] {
  const mark = (reward: string) => (reward === current ? '$(check)' : '$(circle-outline)');
  const separator = (label: string): RewardPick => ({ label, kind: vscode.QuickPickItemKind.Separator });
  return [
    ...FAMILIES.flatMap(([family, title]) => [
      separator(title),
      ...rewards
        .filter((reward) => reward.family === family)
        .map(
          (reward): RewardPick => ({
            label: `${mark(reward.name)} ${reward.title}`,
            description: [reward.name, needsOf(reward)].filter(Boolean).join(' · '),
            detail: reward.summary,
            reward: reward.name,
          }),
        ),
    ]),
    separator('Sums and gates'),
    ...known.map(
      (reward): RewardPick => ({ label: `${mark(reward)} ${reward}`, description: 'in rollscope.config', reward }),
    ),
    { label: '$(edit) Write an expression…', description: 'majority-vote + 0.1*trajectory-entropy' },
  ];
}

/** What a reward needs beside the rollouts, in a few words; empty where nothing. */
function needsOf(reward: Reward): string {
  const { labels, executes } = reward;
  const options = defaultOptions(reward);
  const required = reward.columns?.(options).required;
  const asks = !executes && !required && reward.evidence?.(options);
  return [
    labels && 'needs labels',
    required && 'needs columns',
    asks && (reward.policies ? 'needs other policies' : 'asks the model'),
    executes && 'runs programs',
  ]
    .filter(Boolean)
    .join(', ');
}

async function pick(items: readonly RewardPick[]): Promise<string | undefined> {
  const chosen = await vscode.window.showQuickPick(items, {
    title: 'Choose Reward',
    placeHolder: 'What should train the model?',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return chosen && !chosen.reward ? write() : chosen?.reward;
}

function write(): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: 'Choose Reward',
    prompt: 'A sum such as majority-vote + 0.1*trajectory-entropy, or a gate such as self-certainty if majority-vote.',
    placeHolder: 'majority-vote + 0.1*trajectory-entropy',
    ignoreFocusOut: true,
    validateInput: expressionError,
  });
}

/** What is wrong with an expression; null when nothing is. */
function expressionError(text: string): string | null {
  try {
    parseReward(text, REWARDS);
    return null;
  } catch (error) {
    return (error as RollscopeError).message;
  }
}
