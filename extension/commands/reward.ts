/** Choosing the reward: by name, grouped into families, or as an expression. */
import * as vscode from 'vscode';
import type { RollscopeError } from '../../engine/protocol/index.ts';
import { parseReward } from '../../engine/protocol/reward-expression.ts';
import { defaultOptions, needsEvidence, REWARDS, type Reward, rewards } from '../../engine/reward/index.ts';
import type { Rollscope } from '../app.ts';
import { MEMORY } from '../ids.ts';
import { currentReward, fileInFront, setReward } from '../settings.ts';
import { withoutIcons } from '../shown.ts';
import { choose, type QuickRow, write } from '../tell.ts';

const FAMILIES: readonly [Reward['family'], string][] = [
  ['ensemble', 'Ensemble: agreement between rollouts'],
  ['certainty', 'Certainty: confidence in the tokens'],
  ['external', 'External: verifiers'],
];

const KEY = MEMORY.rewards;
const MAX_RECENT = 10;
/** Milliseconds for which the choice is shown in the status bar. */
const SHOWN_MS = 5000;

interface RewardPick extends QuickRow {
  /** Undefined for separators and for writing an expression. */
  reward?: string;
}

/** Sets the reward of the argument, else asks for one. */
export async function chooseReward(app: Rollscope, argument: unknown): Promise<void> {
  const scope = fileInFront();
  const current = currentReward(scope);
  const known = expressions(app, current);
  const reward = typeof argument === 'string' ? argument : await pick(rewardItems(current, known));
  if (reward === undefined) return;
  parseReward(reward, REWARDS);
  const isName = (REWARDS as readonly string[]).includes(reward);
  const recent = isName ? known : [reward, ...known.filter((other) => other !== reward)];
  await app.context.globalState.update(KEY, recent.slice(0, MAX_RECENT));
  await setReward(reward, scope);
  vscode.window.setStatusBarMessage(`Rollscope reward: ${withoutIcons(titleOf(reward))}`, SHOWN_MS);
}

/** A reward's title; an expression as written. */
function titleOf(reward: string): string {
  return rewards.find(({ name }) => name === reward)?.title ?? reward;
}

/** Recent expressions, including the current one. */
function expressions(app: Rollscope, current: string): string[] {
  const recent = app.context.globalState.get<string[]>(KEY, []);
  const isName = (REWARDS as readonly string[]).includes(current);
  return isName || recent.includes(current) ? recent : [current, ...recent];
}

/** Rows of the quick pick: the families, then the expressions. */
function rewardItems(current: string, known: readonly string[]): RewardPick[] {
  const mark = (reward: string) => (reward === current ? 'check' : 'circle-outline');
  const separator = (label: string): RewardPick => ({ label, kind: vscode.QuickPickItemKind.Separator });
  return [
    ...FAMILIES.flatMap(([family, title]) => [
      separator(title),
      ...rewards
        .filter((reward) => reward.family === family)
        .map(
          (reward): RewardPick => ({
            icon: mark(reward.name),
            label: reward.title,
            description: [reward.name, ...needsText(reward)].join(' · '),
            detail: reward.summary,
            reward: reward.name,
          }),
        ),
    ]),
    separator('Expressions: weighted sums and gates'),
    ...known.map(
      (reward): RewardPick => ({
        icon: mark(reward),
        label: reward,
        description: 'in rollscope.config',
        reward,
      }),
    ),
    {
      icon: 'edit',
      label: 'Write an expression…',
      description: 'majority-vote + 0.1*trajectory-entropy',
    },
  ];
}

const NEEDS = {
  labels: 'needs labels',
  columns: 'needs columns',
  policies: 'needs other policies',
  model: 'queries the model',
  programs: 'runs programs',
} as const;
export type Need = keyof typeof NEEDS;

/** What a reward needs in addition to the rollouts. */
export function needsOf(reward: Reward): Need[] {
  const { labels, executes } = reward;
  const options = defaultOptions(reward);
  const required = reward.columns?.(options).required;
  const asks = !executes && !required && needsEvidence(reward, options);
  const needs: Record<Need, unknown> = {
    labels,
    columns: required,
    policies: asks && reward.policies,
    model: asks && !reward.policies,
    programs: executes,
  };
  return (Object.keys(NEEDS) as Need[]).filter((need) => needs[need]);
}

function needsText(reward: Reward): string[] {
  const texts = needsOf(reward).map((need) => NEEDS[need]);
  return texts.length > 0 ? [texts.join(', ')] : [];
}

async function pick(items: readonly RewardPick[]): Promise<string | undefined> {
  const chosen = await choose(items, {
    title: 'Choose Reward',
    placeHolder: 'Select the reward to train with',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return chosen && !chosen.reward ? writeExpression() : chosen?.reward;
}

function writeExpression(): Thenable<string | undefined> {
  return write({
    title: 'Choose Reward',
    prompt:
      'A weighted sum, such as majority-vote + 0.1*trajectory-entropy, or a gate, such as self-certainty if majority-vote.',
    placeHolder: 'majority-vote + 0.1*trajectory-entropy',
    ignoreFocusOut: true,
    validateInput: expressionError,
  });
}

/** The error in an expression; null if it is valid. */
function expressionError(text: string): string | null {
  try {
    parseReward(text, REWARDS);
    return null;
  } catch (error) {
    return (error as RollscopeError).message;
  }
}
