/** Gives a file to the user: through the editor's dialog, and outside the editor as a download. */
import type { SavedFile } from '../engine/runs/saved-file.ts';

/** What a page's charts are about, and its way to the host. */
export interface FileSaver {
  /** In the titles and the names of the files: the run, or the runs. */
  readonly subject: string;
  /** Outside the editor, which alone has a dialog. */
  readonly isReadOnly: boolean;
  /** A failure is shown where the page shows failures. */
  saveFile(file: SavedFile): void;
}

/** Returns at once. @param name that is proposed */
export function saveFile(saver: FileSaver, name: string, content: string | Uint8Array<ArrayBuffer>): void {
  if (saver.isReadOnly) download(name, content);
  else if (typeof content === 'string') saver.saveFile({ name, content, encoding: 'utf8' });
  else saver.saveFile({ name, content: base64(content), encoding: 'base64' });
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
