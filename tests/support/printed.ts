/** What commands print to the terminal, kept from it. */
import { afterEach, beforeEach, vi } from 'vitest';

/** Keeps what every test of the file, or of the block, prints to both streams; `text` begins empty in each. */
export function keepPrinted(): { text: string } {
  const printed = { text: '' };
  beforeEach(() => {
    printed.text = '';
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((text, ...rest) => {
        printed.text += String(text);
        const taken = rest.find((one) => typeof one === 'function');
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
