/** Gives a file to the user: through the editor's dialog, and outside the editor as a download. */
import type { Store } from './store.ts';

/** Returns at once; a failure is shown where the panel shows failures. @param name that is proposed */
export function saveFile(store: Store, name: string, content: string | Uint8Array<ArrayBuffer>): void {
  if (store.isReadOnly) download(name, content);
  else if (typeof content === 'string') store.requests.saveFile(name, content, 'utf8');
  else store.requests.saveFile(name, base64(content), 'base64');
}

function download(name: string, content: string | Uint8Array<ArrayBuffer>): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content]));
  link.download = name;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function base64(bytes: Uint8Array): string {
  const piece = 2 ** 15;
  let text = '';
  for (let at = 0; at < bytes.length; at += piece) text += String.fromCharCode(...bytes.subarray(at, at + piece));
  return btoa(text);
}
