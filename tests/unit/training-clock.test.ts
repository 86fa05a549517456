/** A clock that stands still while a run is paused, and what is timed with it. */
import { expect, test } from 'vitest';
import { WorkClock } from '../../engine/training/clock.ts';
import { ProgressMeter } from '../../engine/training/progress.ts';

test('time during pauses does not count', () => {
  let now = 5000;
  const clock = new WorkClock(() => now);
  const begun = clock.seconds;
  now += 2000;
  clock.pause();
  now += 60_000;
  // Told twice, it is still one pause.
  clock.pause();
  expect(clock.seconds - begun).toBe(2);
  now += 60_000;
  clock.continue();
  clock.continue();
  now += 1000;
  expect(clock.seconds - begun).toBe(3);
});

test('a pause changes neither the time left nor the speed', () => {
  let now = 0;
  const clock = new WorkClock(() => now);
  const meter = new ProgressMeter({ run: 'r', folder: '/r' }, 10, () => 0, clock);
  meter.beginStep(0);
  now += 4000;
  meter.endStep(1, {
    ...{ seconds: 4, rolloutSeconds: 3, updateSeconds: 1, engineSeconds: 0 },
    ...{ rolloutTokensPerSecond: 100, residentBytes: 0 },
  });
  meter.beginStep(1);
  const sampling = (tokens: number) => meter.tick({ activity: 'sampling', fraction: 0, tokens });
  sampling(0);
  now += 1000;
  clock.pause();
  now += 100_000;
  clock.continue();
  now += 1000;
  sampling(200);
  // 9 steps of 4 s, 2 of which have passed.
  expect(meter.progress).toMatchObject({ tokensPerSecond: 100, secondsLeft: 34 });
});
