/** Names of files that come from outside: an index of weights, a dataset's repository, a run folder, an import. */

/** Names that Windows reserves, whatever comes after the dot. */
const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³]) *(?:\.|$)/i;

/**
 * Whether a value is the name of a file in a folder and nothing else: not a path on any system, and without hidden
 * characters.
 */
export function isFileName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value !== '.' &&
    value !== '..' &&
    Buffer.byteLength(value) <= 255 &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a name with one is refused
    !/[/\\:\u0000-\u001f\u007f]/.test(value) &&
    // Windows drops these, which makes `.. ` the folder above
    !/[. ]$/.test(value) &&
    !RESERVED.test(value)
  );
}

/** Whether a value is a path that stays below the folder that it is joined to: file names with slashes between them. */
export function isInnerPath(value: unknown): value is string {
  return typeof value === 'string' && value.split('/').every(isFileName);
}
