import { describe, expect, it } from 'vitest';
import { Navigation } from '../../extension/rollout/navigation.ts';

/** Numbers that open when they are told to, while what is shown stays the first one: an editor is slower than fingers. */
function slowEditor() {
  const way = new Navigation<number>();
  const opened: number[] = [];
  const waiting: (() => void)[] = [];
  const by = (places: number) =>
    way.go(
      () => 2,
      async (from) => {
        await new Promise<void>((resolve) => waiting.push(resolve));
        opened.push(from + places);
        return from + places;
      },
    );
  /** Lets what waits open, until nothing does. */
  const settle = async (all: Promise<unknown>[]) => {
    let done = false;
    const end = Promise.allSettled(all).then(() => {
      done = true;
    });
    while (!done) {
      waiting.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await end;
  };
  return { way, by, opened, settle };
}

describe('moving through rollouts', () => {
  it('continues from the target of the previous move, even before it has opened', async () => {
    const { by, opened, settle } = slowEditor();
    await settle([by(1), by(-1), by(1), by(1)]);
    expect(opened).toEqual([3, 2, 3, 4]);
  });

  it('starts from the shown rollout again once it has arrived, and after a failed move', async () => {
    const { way, by, opened, settle } = slowEditor();
    await settle([by(5)]);
    const failed = way.go(
      () => 9,
      async () => {
        throw new Error('It cannot be read.');
      },
    );
    const after = by(1);
    await expect(failed).rejects.toThrow('cannot be read');
    await settle([after]);
    expect(opened).toEqual([7, 3]);
  });

  it('does nothing if there is nowhere to go, or nothing is shown', async () => {
    const { way } = slowEditor();
    const from: number[] = [];
    const note = async (place: number) => {
      from.push(place);
      return null;
    };
    await Promise.all([way.go(() => 4, note), way.go(() => 1, note), way.go(() => 1, note)]);
    await way.go(() => null, note);
    expect(from).toEqual([4, 4, 4]);
  });
});
