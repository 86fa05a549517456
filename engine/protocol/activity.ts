/** What a run is doing: a key for programs, a text for people. */
import { percent } from './format.ts';

/**
 * `detail` names what the activity is about if there are several possibilities: a policy, or what happens to the
 * model's files.
 */
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
 * @param detail what the activity is about, such as a device or a problem; null for nothing
 */
export function activityText({ activity, detail }: { activity: Activity; detail: string | null }): string {
  const text: (detail: string | null) => string = TEXTS[activity];
  return text(detail);
}

/**
 * The same, with the part of it that is done.
 * @param progress its `fraction` is 0 to 1, or null if unknown
 */
export function activityProgress(progress: Parameters<typeof activityText>[0] & { fraction: number | null }): string {
  const text = activityText(progress);
  return progress.fraction === null ? text : `${text} ${percent(progress.fraction)}`;
}
