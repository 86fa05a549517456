/** What every job needs: a checked configuration, and problems that can be sent elsewhere. */
import type { OtherTrainer } from '../config/refusals.ts';
import { RollscopeError, type RunConfig } from '../protocol/index.ts';
import { withChatTemplate } from '../training/run/chat-template.ts';
import { checkConfig, checkProblems } from '../training/run/check.ts';
import { loadMaterial, type Material } from '../training/run/material.ts';
import { requireTextReward } from './texts-only.ts';

/**
 * Reads the problems of a job, and checks them and the configuration as a run does.
 * @param where the trainer, which refusals name
 * @param signal cancels the download of a dataset; null if only the end of the process does
 * @throws RollscopeError `config` or `dataset`, `canceled`
 */
export async function readMaterial(
  given: RunConfig,
  where: OtherTrainer,
  signal: AbortSignal | null,
): Promise<{ config: RunConfig; material: Material }> {
  const config = await withChatTemplate(given);
  await checkConfig(config, true);
  const material = await loadMaterial(config, signal);
  checkProblems(config, material.training);
  await requireTextReward(config, material.training[0]!, where.option);
  refusePrefill(material, where);
  return { config, material };
}

/** Prompts of a job are chats that end with the user's turn. @throws RollscopeError `dataset` that names the problem */
export function refusePrefill(
  { prompts, problems }: Pick<Material, 'prompts' | 'problems'>,
  where: OtherTrainer,
): void {
  const at = prompts.findIndex(({ prefill }) => prefill !== undefined);
  if (at === -1) return;
  const { id } = problems[at]!;
  throw new RollscopeError(
    'dataset',
    `The problem ${id} prefills the response, which does not work with ${where.option}: a job's prompts end with the user's turn.`,
    'Leave the column of prefills out, or train with --engine rollscope or trl.',
    { details: { reason: where.reason, problem: id } },
  );
}
