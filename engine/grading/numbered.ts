/** Numbers that identify an item: `Day 25`, `7th place`. Pure. */
import { ONE } from './rational.ts';
import type { Unit } from './units.ts';

/** Things identified by a number after their name. */
const NUMBERED_THINGS =
  'day|week|year|page|chapter|level|grade|room|row|column|step|stage|round|game|question|problem|part|case|house|door|' +
  'box|card|position|place|rank|floor|line|number|team|player|bus|track|lane|seat|gate|platform|version|volume|section|' +
  'figure|table|exercise|lesson|unit|phase|item|rule|school|option|choice|answer|type|class|group|route|channel|season|' +
  'episode|act|scene|verse|mission|task|try|attempt|trial|term|digit|child|student|person|statement|equation|method';
const NUMBERED_ITEM = new RegExp(
  `^(?:(?:on|in|at) )?(?:the )?(${NUMBERED_THINGS})(?: no\\.?| number)? ?\\\\?#? ?(\\d{1,9}(?:\\.\\d{1,6})?)$`,
  'i',
);
const ORDINAL = /^(?:(?:on|in|at) )?(?:the )?(\d{1,9})(?: ?\^ ?\{? ?)?(?:st|nd|rd|th)(?: ?\})? ([a-z]{3,20})$/i;
/** `7th root` and `3rd power` are functions. */
const FUNCTIONS = /^(?:roots?|powers?|degree|order|derivative)$/i;

/** The number and the kind of item as a unit of its own: day 25 is neither week 25 nor 25 days. */
export function numberedItem(text: string): { number: string; unit: Unit } | null {
  const found = NUMBERED_ITEM.exec(text);
  if (found) return { number: found[2]!, unit: itemUnit(found[1]!) };
  const ordinal = ORDINAL.exec(text);
  return ordinal && !FUNCTIONS.test(ordinal[2]!) ? { number: ordinal[1]!, unit: itemUnit(ordinal[2]!) } : null;
}

function itemUnit(thing: string): Unit {
  const name = `which ${thing.toLowerCase()}`;
  return { name, dimension: name, factor: ONE };
}
