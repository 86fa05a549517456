/** Captures what commands print instead of showing it. */
import { afterEach, beforeEach, vi } from 'vitest';

/** Captures what every test of the file or block prints to both streams; `text` is cleared before each test. */
export function keepPrinted(): { text: string } {
  const printed = { text: '' };
  beforeEach(() => {
    printed.text = '';
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((text, ...rest) => {
        printed.text += String(text);
        const taken = rest.find((candidate) => typeof candidate === 'function');
        taken?.(null);
        return true;
      });
    }
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return printed;
}
