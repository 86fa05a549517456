/** The size of an iframe without a given size: 300 x 150 CSS pixels (CSS 2.2, 10.3.2 and 10.6.2). */
const UNSIZED = { width: 300, height: 150 };

/**
 * Observes the size of an element, in CSS pixels, except while the page is hidden: VS Code takes the size of its iframe away
 * then (its `visibilityState` stays "visible"), and what was drawn before is right again when the page returns.
 * @param listener called with the first size and each that differs from the one before
 * @returns what ends it
 */
export function onResize(element: Element, listener: (size: { width: number; height: number }) => void): () => void {
  let last = { width: 0, height: 0 };
  const observer = new ResizeObserver(([entry]) => {
    if (isUnsized()) return;
    const { width, height } = entry!.contentRect;
    if (width === last.width && height === last.height) return;
    last = { width, height };
    listener(last);
  });
  observer.observe(element);
  return () => observer.disconnect();
}

/** Whether the page is hidden in VS Code. */
export function isUnsized(): boolean {
  const { innerWidth, innerHeight } = globalThis;
  return innerWidth === 0 || (innerWidth === UNSIZED.width && innerHeight === UNSIZED.height);
}
