import { expect, test } from 'vitest';
import { ACTIVITIES, activityText } from '../../engine/protocol/index.ts';

test('every activity has a text, which names its object if there is a choice', () => {
  const texts = (detail: string | null) => ACTIVITIES.map((activity) => activityText({ activity, detail }));
  for (const text of [...texts(null), ...texts('base')]) expect(text).toMatch(/^[a-z][a-z ]+$/);
  expect(new Set(texts(null)).size).toBe(ACTIVITIES.length);
  expect(activityText({ activity: 'loading', detail: null })).toBe('loading model');
  expect(activityText({ activity: 'sampling-other-policy', detail: 'base' })).toBe('sampling base');
});
