/** The content of the status bar item. Pure. */

import { activityProgress, activityText } from '../engine/protocol/activity.ts';
import { type Diagnosis, diagnosisMeaning, diagnosisText, severityOf } from '../engine/protocol/diagnosis.ts';
import { bytes, DASH, integer, percent, roughDuration } from '../engine/protocol/format.ts';
import type { Progress } from '../engine/protocol/index.ts';
import { code, markdown } from '../engine/protocol/markdown.ts';
import { capitalized } from '../engine/protocol/texts.ts';
import { type CommandName, commandId, commandLink } from './command-definitions.ts';
import type { Health } from './health.ts';
import { withoutIcons } from './shown.ts';

/** The commands that the tooltip can run. */
export const STATUS_COMMANDS: readonly CommandName[] = [
  'openPanel',
  'pause',
  'resume',
  'stop',
  'attach',
  'showLog',
  'restartEngine',
];

export interface StatusContent {
  text: string;
  /** For screen readers, in place of the text with its icons. */
  label: string;
  /** Markdown whose links are commands. */
  tooltip: string;
  /** Background color; null for that of the status bar. */
  color: 'warning' | 'error' | null;
  command: string;
}

/** @param diagnosis of the run in progress; null where there is nothing to say */
export function statusContent(
  health: Health,
  progress: Progress | null,
  diagnosis: Diagnosis | null = null,
): StatusContent {
  // A probe has no steps.
  const isProbe = progress?.steps === 0;
  const done = isProbe ? (progress.fraction === null ? 'probe' : `probe ${percent(progress.fraction)}`) : '';
  const steps = !progress ? '' : isProbe ? done : `${progress.step}/${progress.steps}`;
  const left = progress?.secondsLeft === null ? '' : roughDuration(progress?.secondsLeft);
  const facts = progress
    ? [
        `Run ${code(progress.run)}: ${markdown(activityProgress(progress))}${isProbe ? '' : `, step ${progress.step} of ${progress.steps}`}.`,
      ]
    : [];
  if (progress && health === 'running') {
    facts.push(
      `${integer(progress.tokensPerSecond)} tokens/s · ${bytes(progress.residentBytes)} · ${left || DASH} left`,
    );
  }
  if (diagnosis) facts.push(`${capitalized(diagnosisText(diagnosis))}. ${diagnosisMeaning(diagnosis.kind)}`);
  const gravity = diagnosis && severityOf(diagnosis.kind);
  const word = gravity === 'bad' || gravity === 'warning' ? ` · ${diagnosisText(diagnosis!)}` : '';
  const content = (
    icon: string,
    detail: string,
    sentence: string,
    links: string[],
    extra: object = {},
  ): StatusContent => ({
    text: `$(${icon}) Rollscope${detail ? ` ${detail}` : ''}`,
    label: `Rollscope: ${sentence}`,
    tooltip: [`**Rollscope** – ${sentence}`, ...facts, links.join(' · ')].join('\n\n'),
    color: word === '' ? null : gravity === 'bad' ? 'error' : 'warning',
    command: commandId('openPanel'),
    ...extra,
  });
  const links = {
    panel: `[Open Panel](${commandLink('openPanel')})`,
    pause: `[Pause](${commandLink('pause')})`,
    resume: `[Resume](${commandLink('resume')})`,
    stop: `[Stop](${commandLink('stop')})`,
    attach: `[Attach to Run](${commandLink('attach')})`,
    log: `[Show Log](${commandLink('showLog')})`,
    restart: `[Restart Engine](${commandLink('restartEngine')})`,
  };
  switch (health) {
    case 'off':
      return content('pulse', '', 'no engine is running; it starts with the first run.', [links.panel, links.attach]);
    case 'starting':
      return content('loading~spin', 'starting', 'the engine is starting.', [links.log]);
    case 'idle':
      return content('pulse', '', 'the engine is ready.', [links.panel, links.attach, links.restart, links.log]);
    case 'preparing':
      return content('loading~spin', progress ? withoutIcons(activityText(progress)) : '', 'a run is being prepared.', [
        links.panel,
        links.stop,
      ]);
    case 'running':
      return content(
        'loading~spin',
        (left ? `${steps} · ${left}` : steps) + word,
        progress?.state === 'pausing'
          ? 'the run pauses after the current micro-batch.'
          : isProbe
            ? `${done}.`
            : `step ${steps.replace('/', ' of ')}.`,
        [links.panel, links.pause, links.stop, links.log],
      );
    case 'paused':
      return content('debug-pause', `paused ${steps}${word}`, 'the run is paused.', [
        links.panel,
        links.resume,
        links.stop,
      ]);
    case 'stopping':
      return content('loading~spin', 'stopping', 'the run stops after writing a checkpoint.', [links.panel, links.log]);
    case 'reconnecting':
      return content('loading~spin', 'reconnecting', 'reconnecting to the engine.', [links.log]);
    case 'failed':
      return content('error', '', 'the engine failed to start.', [links.restart, links.log], {
        color: 'error',
        command: commandId('showLog'),
      });
  }
}
