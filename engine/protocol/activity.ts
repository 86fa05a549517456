/** What a run is doing: a key for programs, a text for people. */
import { percent } from './format.ts';

/** `detail` names what is worked on, where there is a choice: a policy, or what is done about the model's files. */
const TEXTS = {
  loading: (detail) => `loading ${detail ?? 'model'}`,
  'preparing-model': (detail) => detail ?? 'preparing the model',
  sampling: () => 'sampling',
  evaluation: () => 'evaluation',
  greedy: () => 'greedy evaluation',
  probe: () => 'probe',
  rephrasing: () => 'rephrasing',
  'sampling-rephrasings': () => 'sampling rephrasings',
  'sampling-other-policy': (detail) => `sampling ${detail ?? 'another policy'}`,
  judging: () => 'judging',
  reconstructing: () => 'reconstructing',
  'comparing-answers': () => 'comparing answers',
  'scoring-answers': () => 'scoring answers after each step',
  asking: (detail) => detail ?? 'asking the model',
  updating: () => 'updating',
  finishing: () => 'waiting for the computation in progress',
  saving: () => 'writing a checkpoint',
  cluster: (detail) => detail ?? 'training on the cluster',
} satisfies Record<string, (detail: string | null) => string>;

export type Activity = keyof typeof TEXTS;
export const ACTIVITIES = Object.keys(TEXTS) as [Activity, ...Activity[]];

/**
 * What a run is doing, for people.
 * @param detail what the activity is about, such as a device or a problem; null without
 */
export function activityText({ activity, detail }: { activity: Activity; detail: string | null }): string {
  const text: (detail: string | null) => string = TEXTS[activity];
  return text(detail);
}

/** The same with how much of it is done. @param progress its `fraction` is 0 to 1, or null where it is not known */
export function activityProgress(progress: Parameters<typeof activityText>[0] & { fraction: number | null }): string {
  const text = activityText(progress);
  return progress.fraction === null ? text : `${text} ${percent(progress.fraction)}`;
}
