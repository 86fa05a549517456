/** Times of day and durations. Pure. */
import type { MathNode } from './node.ts';
import { fromDecimal } from './rational.ts';
import { type Unit, unitOf } from './units.ts';

/** `8:34 p.m.`, `20:34:00`; null for anything else. The ratio `3:20` also keeps its reading as a ratio, by `readings`. */
export function clockTime(
  cleaned: string,
  readings: (text: string) => MathNode[],
): { readings: MathNode[]; unit: Unit | null } | null {
  const full = /^\d{1,2} ?(?:\\text ?\{ ?)?[ap]\.? ?m\.? ?\}?$/i.test(cleaned)
    ? cleaned.replace(/^\d+/, '$&:00')
    : cleaned.replace(/^(\d{1,2}) ?(?:\\text ?\{ ?)?o ?' ?clock ?\}?$/i, '$1:00');
  const found = /^(\d{1,2}):([0-5]\d)(?::([0-5]\d))? ?(?:(?:\\text ?\{)? ?([ap])\.?\s?m\.? ?\}?)?$/i.exec(full);
  if (!found || Number(found[1]) > 24) return null;
  const [, hour, minute, second = '00', half] = found as unknown as [string, string, string, string?, string?];
  const at = (h: number): MathNode => ({ kind: 'symbol', name: `time ${h}:${minute}:${second}` });
  const times = [at(Number(hour))];
  if (half && Number(hour) <= 12) times.push(at((Number(hour) % 12) + (half.toLowerCase() === 'p' ? 12 : 0)));
  // the question may also expect `8 am` as a number
  const ratio =
    full === cleaned ? (half || minute.startsWith('0') || found[3] ? [] : readings(cleaned)) : readings(hour);
  return { readings: [...times, ...ratio], unit: half ? unitOf(`${half.toLowerCase()}m`) : null };
}

/** Hours, minutes, seconds. */
const PARTS =
  /^(?:(\d{1,4}) ?h(?:(?:ou)?rs?)?(?:,? |,|(?=\d)|$))?(?:([0-5]?\d)( ?m(?:in(?:ute)?s?)?)?(?:,? |,|(?=\d)|$))?(?:([0-5]?\d) ?s(?:ec(?:ond)?s?)?)?$/i;

/** `1h30`, `1h 30m`, `3m20s` in the smallest of their units, where `m` is not a meter; null for anything else. */
export function duration(text: string): { readings: MathNode[]; unit: Unit | null } | null {
  const found = text.length <= 40 ? PARTS.exec(text) : null;
  if (!found) return null;
  const [, hours, minutes, mark, seconds] = found;
  if ([hours, minutes, seconds].filter((part) => part !== undefined).length < 2) return null;
  // minutes without a unit have two digits and follow hours: 1h30
  if (minutes && !mark && (hours === undefined || seconds !== undefined || minutes.length < 2)) return null;
  const inMinutes = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  const value = seconds === undefined ? inMinutes : inMinutes * 60 + Number(seconds);
  const unit = unitOf(seconds === undefined ? 'min' : 's');
  return { readings: [{ kind: 'number', value: fromDecimal(String(value)), places: 0 }], unit };
}
