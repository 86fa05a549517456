/** The programs that a run with a configuration starts: those of its rewards, and the trainer in place of this engine. Pure. */
import { isOnTrl, isOnVerl, type RunConfig } from '../protocol/config.ts';
import { shellWord } from '../protocol/texts.ts';
import { rewardOf } from '../reward/index.ts';

/** One program, or several that run for the same reason. */
export interface StartedProgram {
  /** What runs it: a reward, or the engine that trains. */
  kind: 'reward' | 'engine';
  /** Name of the reward or of the engine. */
  name: string;
  /** What runs, for people: `TRL: python3`, `custom: node reward.mjs`. */
  text: string;
}

/** Each program that a run starts; [] for a run that starts none. */
export function programsOf(config: RunConfig): StartedProgram[] {
  return [...trainerOf(config), ...rewardProgramsOf(config)];
}

/** The Python of TRL, which loads the model, or a job on a cluster, which has the rights of the user who submits it. */
function trainerOf(config: RunConfig): StartedProgram[] {
  const { address, overrides = [], python = 'python3', accelerateConfig } = config.engine ?? {};
  if (isOnTrl(config)) {
    const settings = accelerateConfig === undefined ? '' : ` with ${shellWord(accelerateConfig)}`;
    return [{ kind: 'engine', name: 'trl', text: `TRL: ${shellWord(python)}${settings}` }];
  }
  if (isOnVerl(config)) {
    const where = address === undefined ? 'the Ray cluster of this machine' : shellWord(address);
    const settings = overrides.length === 0 ? '' : ` with ${overrides.map(shellWord).join(' ')}`;
    return [{ kind: 'engine', name: 'verl', text: `verl: a job on ${where}${settings}` }];
  }
  return [];
}

/** Each reward that runs programs, with what it runs. */
function rewardProgramsOf(config: RunConfig): StartedProgram[] {
  const { parts } = rewardOf(config.reward, config.rewardOptions);
  return parts.flatMap(({ name, executes }) => {
    if (!executes) return [];
    const options: Record<string, unknown> | undefined = config.rewardOptions[name];
    const command = options?.command;
    if (Array.isArray(command)) return { kind: 'reward', name, text: `${name}: ${command.map(shellWord).join(' ')}` };
    const given = Object.entries(options ?? {}).map(([option, value]) => `${option} ${JSON.stringify(value)}`);
    const settings = given.length > 0 ? ` (${given.join(', ')})` : '';
    return { kind: 'reward', name, text: `${name}: programs of the model${settings}` };
  });
}
