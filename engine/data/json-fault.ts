/** The cause and position of JSON errors, since the messages of JSON.parse differ between versions of Node. */
import { type ParseErrorCode, visit } from 'jsonc-parser';
import { MAX_DEPTH, readJson } from './json.ts';

export interface JsonFault {
  offset: number;
  message: string;
}

/** Thrown by `parseJson`. */
export class JsonError extends Error {
  constructor(readonly fault: JsonFault) {
    super(fault.message);
  }
}

/** Reads a JSON text like `readJson`. Throws JsonError with cause and position. */
export function parseJson(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    throw new JsonError(findFault(text) ?? { offset: 0, message: 'not JSON' });
  }
}

/** Ends the visit at the first fault. */
class FaultFound {
  constructor(readonly fault: JsonFault) {}
}

/** The first error in a JSON text, with its position; null for valid JSON. */
export function findFault(text: string): JsonFault | null {
  const closers: string[] = [];
  const enter = (closer: string) => (offset: number) => {
    if (closers.push(closer) > MAX_DEPTH) throw new FaultFound({ offset, message: 'nested too deeply' });
  };
  const leave = () => {
    closers.pop();
  };
  try {
    visit(
      text,
      {
        onObjectBegin: enter('}'),
        onObjectEnd: leave,
        onArrayBegin: enter(']'),
        onArrayEnd: leave,
        onError: (code, offset) => {
          throw new FaultFound(describe(text, code, offset, closers.at(-1)));
        },
      },
      { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false },
    );
    return null;
  } catch (error) {
    if (error instanceof FaultFound) return error.fault;
    throw error;
  }
}

/** @param closer the bracket that would end the list or object that contains the fault */
function describe(text: string, code: ParseErrorCode, offset: number, closer: string | undefined): JsonFault {
  const shown = offset >= text.length ? 'the end' : JSON.stringify(text[offset]);
  // The values of `ParseErrorCode`, a `const enum` that exists only for the type checker.
  switch (code as number) {
    case 1:
      return { offset, message: `expected a value or a name in quotes, found ${shown}` };
    case 3:
      return { offset, message: `expected a name in quotes, found ${shown}` };
    case 5:
      return { offset, message: `expected ":" after a name, found ${shown}` };
    case 6:
      return { offset, message: `expected "," or "${closer}", found ${shown}` };
    case 7:
      return { offset, message: `expected "," or "}", found ${shown}` };
    case 8:
      return { offset, message: `expected "," or "]", found ${shown}` };
    case 9:
      return { offset, message: `unexpected ${shown} after the end` };
    case 12:
      return { offset, message: `unterminated string${text.includes('\n', offset) ? ' on its line' : ''}` };
    case 13:
      return { offset, message: 'incomplete number' };
    case 14:
    case 15:
      return { offset: badCharacter(text, offset), message: BAD_ESCAPE };
    case 16:
      return { offset: badCharacter(text, offset), message: 'unescaped control character in a string' };
    default:
      return { offset, message: `expected a value, found ${shown}` };
  }
}

const BAD_ESCAPE = 'invalid escape in a string (write a backslash as \\\\)';

/** Position of the first character or escape that JSON does not allow in the string that begins at `quote`. */
function badCharacter(text: string, quote: number): number {
  const good = /[ !#-[\]-\uffff]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
  let at = quote + 1;
  for (good.lastIndex = at; good.test(text); ) at = good.lastIndex;
  return at;
}
