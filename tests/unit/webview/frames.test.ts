/** In which frame components are told of a change. */
import { beforeEach, expect, test, vi } from 'vitest';
import type { PaneName } from '../../../engine/runs/panel-state.ts';
import { Frames, type Listener } from '../../../webview/frames.ts';

/** Callbacks of the next frame. */
let waiting: (() => void)[] = [];
let now = 0;

beforeEach(() => {
  waiting = [];
  now = 0;
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => waiting.push(callback));
  vi.stubGlobal('performance', { now: () => now });
});

async function frame(): Promise<void> {
  const callbacks = waiting;
  waiting = [];
  for (const callback of callbacks) callback();
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** Listeners that note when they are told, each of which takes so many milliseconds to draw. */
function listening(names: string, milliseconds: number) {
  const told: string[] = [];
  const listeners = new Map(
    [...names].map((name): [string, Listener] => [
      name,
      async () => {
        told.push(name);
        now += milliseconds;
      },
    ]),
  );
  // One pane has the listeners a and b.
  const all = new Map<Listener, PaneName | null>(
    [...listeners].map(([name, listener]) => [listener, 'ab'.includes(name) ? 'rollout' : null]),
  );
  return { told, all, listeners, frames: new Frames(all) };
}

test('user input shows in the next frame, once', async () => {
  const { told, frames } = listening('abcd', 20);
  frames.next();
  frames.next();
  expect(told).toEqual([]);
  await frame();
  expect(told.join('')).toBe('abcd');
  await frame();
  expect(told).toHaveLength(4);
});

test('new data takes its share of each frame, and those that wait longest are next', async () => {
  const { told, frames } = listening('abcde', 4);
  frames.spread();
  await frame();
  expect(told.join('')).toBe('ab');
  frames.spread();
  await frame();
  expect(told.join('')).toBe('abcd');
  for (let i = 0; i < 5; i++) await frame();
  expect(told.join('')).toBe('abcdeab');
  // What somebody does meanwhile shows as a whole, and nobody is told twice.
  frames.spread();
  frames.next();
  await frame();
  expect(told.slice(7).join('')).toBe('abcde');
  await frame();
  expect(told).toHaveLength(12);
});

test('a listener that has left is not notified', async () => {
  const { told, all, listeners, frames } = listening('abc', 10);
  frames.spread();
  await frame();
  all.delete(listeners.get('b')!);
  for (let i = 0; i < 3; i++) await frame();
  expect(told.join('')).toBe('ac');
});

test("one pane's state is sent to that pane only, while the others wait for new data", async () => {
  const { told, frames } = listening('cabd', 4);
  frames.next('rollout');
  await frame();
  expect(told.join('')).toBe('ab');
  frames.next('charts');
  await frame();
  expect(told).toHaveLength(2);
  frames.spread();
  frames.next('rollout');
  await frame();
  expect(told.slice(2).join('')).toBe('abcd');
  // With a change that all show, nobody is told twice.
  frames.next('rollout');
  frames.next();
  await frame();
  expect(told.slice(6).join('')).toBe('cabd');
});
