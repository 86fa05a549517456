/**
 * What the benchmark does inside a page, installed as `bench` by the debugger. A frame's work is what the main thread does
 * from the frame's first callback until style, layout and paint are done; its interval is the time to the next frame.
 */
export function install() {
  const inner = (names) => names.reduce((root, name) => root.querySelector(name).shadowRoot, document);
  const component = (...names) => inner(['rs-app', ...names]);
  const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));

  /** Work and interval of `count` frames, each of which begins with what `act` does. */
  async function frames(count, act = () => undefined) {
    const [work, intervals] = [[], []];
    let [begun, last] = [0, 0];
    const painted = new MessageChannel();
    await new Promise((resolve) => {
      painted.port1.onmessage = () => {
        work.push(performance.now() - begun);
        if (work.length === count) resolve();
      };
      const frame = () => {
        begun = performance.now();
        if (last > 0) intervals.push(begun - last);
        last = begun;
        // First, so that what the page does in the next frame is within it.
        if (work.length < count - 1) requestAnimationFrame(frame);
        act(work.length);
        painted.port2.postMessage(null);
      };
      requestAnimationFrame(frame);
    });
    painted.port1.close();
    // The first frame only begins what the second does.
    return { work: work.slice(1), intervals };
  }

  /** Frames as they come, until `stop` is called. */
  function watch() {
    const [work, intervals] = [[], []];
    let [begun, last, on] = [0, 0, true];
    const painted = new MessageChannel();
    painted.port1.onmessage = () => work.push(performance.now() - begun);
    const frame = () => {
      begun = performance.now();
      if (last > 0) intervals.push(begun - last);
      last = begun;
      if (on) requestAnimationFrame(frame);
      painted.port2.postMessage(null);
    };
    requestAnimationFrame(frame);
    const tasks = [];
    const observer = new PerformanceObserver((list) =>
      tasks.push(...list.getEntries().map(({ duration }) => duration)),
    );
    observer.observe({ type: 'longtask' });
    return {
      stop() {
        on = false;
        observer.disconnect();
        return { work, intervals, tasks };
      },
    };
  }

  const pressed = (type, x, y = 10) =>
    new PointerEvent(type, { clientX: x, clientY: y, buttons: 1, bubbles: true, composed: true });

  globalThis.bench = {
    frames,
    idle: (count) => frames(count),
    /** The same work everywhere and always: how fast this machine is now. */
    reference() {
      const times = [];
      for (let round = 0; round < 9; round++) {
        const begun = performance.now();
        const numbers = Float64Array.from({ length: 100_000 }, (_, i) => Math.sin(i * 12.9898) * 43758.5453);
        numbers.sort();
        times.push(performance.now() - begun);
      }
      return times.sort((a, b) => a - b)[4];
    },
    /** Drags cursor B over the steps, there and back. */
    scrub(count) {
      const track = component('rs-scrubber').querySelector('.track');
      const { left, width } = track.getBoundingClientRect();
      return frames(count, (i) => {
        const place = Math.abs(((i * 2.6180339) % 200) - 100) / 100;
        track.dispatchEvent(pressed('pointermove', left + 4 + place * (width - 8)));
      });
    },
    /** Types filters letter by letter. */
    filter(count) {
      const input = component('rs-problems', 'rs-filter').querySelector('input');
      const texts = ['share>0.8 majority:wrong', 'broke since>50', 'many 77', 'gained>0.3 share<0.9', 'answer:12'];
      const typed = texts.flatMap((text) => Array.from(text, (_, end) => text.slice(0, end + 1)));
      return frames(count, (i) => {
        input.value = typed[i % typed.length];
        input.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
      });
    },
    /** Ends a filter, and lets what was begun come to its end. */
    async settle() {
      const input = component('rs-problems', 'rs-filter').querySelector('input');
      input.value = '';
      input.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
      await frames(30);
    },
    /** Scrolls the list of problems. */
    scrollList(count) {
      const list = component('rs-problems').querySelector('.list');
      return frames(count, (i) => {
        list.scrollTop = (i * 130) % (list.scrollHeight - list.clientHeight);
      });
    },
    /** Goes through the problems, one a frame. */
    walk(count) {
      const list = component('rs-problems').querySelector('.list');
      return frames(count, () => list.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true })));
    },
    /** Scrolls the response by a third of the pane a frame. */
    scrollResponse(count) {
      const pane = inner(['rs-app']).querySelector('.pane.rollout');
      return frames(count, (i) => {
        pane.scrollTop = (i * pane.clientHeight) / 3;
      });
    },
    /** Moves over the map of the response. */
    jump(count) {
      const map = component('rs-rollout').querySelector('.map');
      const { left, width, top } = map.getBoundingClientRect();
      return frames(count, (i) => {
        map.dispatchEvent(pressed('pointermove', left + ((i * 0.6180339) % 1) * width, top + 5));
      });
    },
    /** Chooses one shading after another. */
    shade(count) {
      const chosen = component('rs-rollout').querySelector('select[data-shading], .legend select, select');
      const values = Array.from(chosen.options, ({ value }) => value);
      return frames(count, (i) => {
        chosen.value = values[i % values.length];
        chosen.dispatchEvent(new Event('change', { bubbles: true }));
      });
    },
    watch() {
      globalThis.watched = watch();
    },
    unwatch: () => globalThis.watched.stop(),
    /** Milliseconds since the navigation began until the list of problems and its matrix were painted. */
    async painted() {
      for (;;) {
        const app = document.querySelector('rs-app')?.shadowRoot;
        const problems = app?.querySelector('rs-problems')?.shadowRoot;
        if (problems?.querySelector('.line.problem') && problems.querySelector('.lines canvas')?.style.width) break;
        await nextFrame();
      }
      await nextFrame();
      await nextFrame();
      return performance.now();
    },
    /** Milliseconds since the navigation began until a rollout's tokens were painted. */
    async opened() {
      const rollout = () => document.querySelector('rs-app')?.shadowRoot.querySelector('rs-rollout')?.shadowRoot;
      while (!rollout()?.querySelector('.tokens [data-token]')) await nextFrame();
      await nextFrame();
      await nextFrame();
      return performance.now();
    },
    /** Opens another rollout; until its tokens are painted. */
    async nextRollout() {
      const number = () => component('rs-rollout').querySelector('section.rollout')?.dataset.rollout;
      const former = number();
      const begun = performance.now();
      window.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true, composed: true }));
      while (number() === former || !component('rs-rollout').querySelector('.tokens [data-token]')) await nextFrame();
      await nextFrame();
      return performance.now() - begun;
    },
  };
}
