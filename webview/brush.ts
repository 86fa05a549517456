/** A rectangle over the scatter of problems as terms of the filter. Pure. */
import { wordsOf } from './filter.ts';

export interface Brush {
  /** Smallest and largest values, 0 to 1: majority share, and accuracy or token probability. */
  share: readonly [number, number];
  value: readonly [number, number];
}

/** Two digits, rounded outward, so that what is on the edge is inside. */
const low = (value: number) => Math.floor(value * 100) / 100;
const high = (value: number) => Math.ceil(value * 100) / 100;

/** The filter with the terms of the rectangle, which replace those of an earlier rectangle; other terms stay. */
export function brushFilter(filter: string, { share, value }: Brush, labeled: boolean): string {
  const name = labeled ? 'accuracy' : 'confidence';
  const others = wordsOf(filter).filter((word) => !/^(?:share|accuracy|confidence)[<>]=/.test(word));
  const range = (what: string, [from, to]: readonly [number, number]) => [
    ...(low(from) > 0 ? [`${what}>=${low(from)}`] : []),
    ...(high(to) < 1 ? [`${what}<=${high(to)}`] : []),
  ];
  return [...others, ...range('share', share), ...range(name, value)].join(' ');
}
