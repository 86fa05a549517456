/**
 * Edits fields of a `config.json` without reformatting its other numbers: transformers distinguishes 30.0 from 30,
 * JavaScript does not.
 */

interface Member {
  key: string;
  /** The member as it is in the text. */
  text: string;
}

/** Members of the object in the text, which must be valid JSON. */
function members(text: string): Member[] {
  const found: Member[] = [];
  let depth = 0;
  let start = -1;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"') {
      if (depth === 1 && start < 0) start = at;
      at = endOfString(text, at);
    } else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    const ends = depth === 0 || (depth === 1 && character === ',');
    if (!ends || start < 0) continue;
    const member = text.slice(start, at).trim();
    found.push({ key: JSON.parse(member.slice(0, endOfString(member, 0) + 1)) as string, text: member });
    start = -1;
  }
  return found;
}

/** The end of the string that begins at `at`. */
function endOfString(text: string, at: number): number {
  let end = at + 1;
  while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return end;
}

/** The text with these fields set, or removed if undefined. */
export function withFields(text: string, fields: Readonly<Record<string, unknown>>): string {
  const kept = members(text).filter(({ key }) => !(key in fields));
  const added = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined ? [] : [`${JSON.stringify(key)}: ${JSON.stringify(value)}`],
  );
  return `{\n${[...kept.map((member) => member.text), ...added].map((line) => `  ${line}`).join(',\n')}\n}\n`;
}

/** Fields that transformers accepts only as floats. */
const FLOATS = /("(?:attn|final)_logit_softcapping": -?\d+)(?=,?$)/gm;

/** The text of a `config.json` generated here. */
export function configText(json: object): string {
  return `${JSON.stringify(json, null, 2)}\n`.replace(FLOATS, '$1.0');
}
