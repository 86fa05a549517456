/** Derivatives and integrals of functions given by their values. Bounded work, pure. */
import * as C from '../grading/complex.ts';

/** A function of one real variable; parts are NaN where it is undefined. */
export type ComplexFunction = (x: number) => C.Complex;

const hasValue = ({ re, im }: C.Complex) => Number.isFinite(re) && Number.isFinite(im);

/** Steps of the difference, each half of the one before; and columns of the extrapolation. */
const LEVELS = 16;
const COLUMNS = 5;

/**
 * The derivative at x, by central differences extrapolated to a step of 0 (Ridders 1982), with an estimate of its
 * error; null where the function is undefined around x. At most 32 values of the function are taken.
 */
export function derivativeAt(f: ComplexFunction, x: number): { value: C.Complex; error: number } | null {
  let best: { value: C.Complex; error: number } | null = null;
  let before: C.Complex[] = [];
  let step = 0.05 * Math.min(10, Math.max(0.2, Math.abs(x)));
  for (let level = 0; level < LEVELS; level++, step /= 2) {
    const difference = C.subtract(f(x + step), f(x - step));
    const row = [{ re: difference.re / (2 * step), im: difference.im / (2 * step) }];
    if (!hasValue(row[0]!)) {
      before = [];
      continue;
    }
    for (let j = 1; j <= Math.min(before.length, COLUMNS); j++) {
      const factor = 4 ** j;
      const coarse = before[j - 1]!;
      const fine = row[j - 1]!;
      const value = {
        re: (fine.re * factor - coarse.re) / (factor - 1),
        im: (fine.im * factor - coarse.im) / (factor - 1),
      };
      const error = Math.max(C.magnitude(C.subtract(value, fine)), C.magnitude(C.subtract(value, coarse)));
      if (best === null || error < best.error) best = { value, error };
      row.push(value);
    }
    before = row;
  }
  return best;
}

/** Nodes and weights of the Kronrod rule with 15 points, and the weights of the Gauss rule with 7 of them. */
const NODES = [
  0.9914553711208126, 0.9491079123427585, 0.8648644233597691, 0.7415311855993945, 0.5860872354676911,
  0.4058451513773972, 0.2077849550078985, 0,
];
const KRONROD = [
  0.0229353220105292, 0.0630920926299786, 0.1047900103222502, 0.1406532597159259, 0.1690047266392679,
  0.1903505780647854, 0.2044329400752989, 0.2094821410847278,
];
const GAUSS = [0, 0.1294849661688697, 0, 0.2797053914892767, 0, 0.3818300505051189, 0, 0.4179591836734694];

/** Intervals that an integral may be cut into. */
const INTERVALS = 300;

interface Interval {
  from: number;
  to: number;
  value: number;
  error: number;
  size: number;
}

/**
 * The integral of a real function from `from` to `to` (either may be infinite), by adaptive Gauss-Kronrod quadrature,
 * with about the integral of the absolute value. null where the function is not real and finite, or where the error does not
 * fall below `tolerance` (relative to the integral of the absolute value) within 300 intervals, as for divergent ones.
 */
export function integralOf(
  f: ComplexFunction,
  from: number,
  to: number,
  tolerance: number,
): { value: number; size: number } | null {
  if (from === to) return { value: 0, size: 0 };
  if (from > to) {
    const turned = integralOf(f, to, from, tolerance);
    return turned && { value: -turned.value, size: turned.size };
  }
  const g = overUnit(f, from, to);
  const over = (a: number, b: number): Interval | null => {
    const middle = (a + b) / 2;
    const half = (b - a) / 2;
    let kronrod = 0;
    let gauss = 0;
    let size = 0;
    for (let k = 0; k < NODES.length; k++) {
      for (const side of NODES[k] === 0 ? [1] : [-1, 1]) {
        const y = g(middle + side * half * NODES[k]!);
        if (y === null) return null;
        kronrod += KRONROD[k]! * y;
        gauss += GAUSS[k]! * y;
        size += KRONROD[k]! * Math.abs(y);
      }
    }
    return { from: a, to: b, value: kronrod * half, error: Math.abs(kronrod - gauss) * half, size: size * half };
  };
  // The first cut is not at a round number, so that poles and gaps do not fall on nodes or cancel by symmetry.
  const first = [over(-1, 0.1371), over(0.1371, 1)];
  if (first.includes(null)) return null;
  const intervals = first as Interval[];
  for (;;) {
    const error = intervals.reduce((sum, p) => sum + p.error, 0);
    const size = intervals.reduce((sum, p) => sum + p.size, 0);
    if (error <= tolerance * size) {
      const value = intervals.reduce((sum, p) => sum + p.value, 0);
      // Cancellation leaves only rounding errors.
      return { value: Math.abs(value) <= 1e-12 * size ? 0 : value, size };
    }
    if (intervals.length >= INTERVALS) return null;
    const worst = intervals.reduce((w, p, i) => (p.error > intervals[w]!.error ? i : w), 0);
    const { from: a, to: b } = intervals[worst]!;
    const halves = [over(a, (a + b) / 2), over((a + b) / 2, b)];
    if (halves.includes(null)) return null;
    intervals.splice(worst, 1, ...(halves as Interval[]));
  }
}

/**
 * The integrand over (-1, 1), the variable replaced so that its ends are reached smoothly: roots in the denominator
 * there, and infinite ends, become harmless. null where the function has no real, finite value.
 */
function overUnit(f: ComplexFunction, from: number, to: number): (u: number) => number | null {
  const place = (u: number): [x: number, dx: number] => {
    if (Number.isFinite(from) && Number.isFinite(to)) {
      const half = (to - from) / 2;
      return [from + half + (half * (3 * u - u ** 3)) / 2, (half * 3 * (1 - u * u)) / 2];
    }
    if (!Number.isFinite(from) && !Number.isFinite(to)) {
      return [u / (1 - u * u), (1 + u * u) / (1 - u * u) ** 2];
    }
    // From the finite end the square makes a root harmless; the other end is infinitely far.
    const t = (1 + u) / (1 - u);
    const dt = 2 / (1 - u) ** 2;
    return Number.isFinite(from) ? [from + t * t, 2 * t * dt] : [to - t * t, 2 * t * dt];
  };
  return (u) => {
    const [x, dx] = place(u);
    const { re, im } = f(x);
    if (!(Math.abs(im) <= 1e-9 * Math.abs(re)) || !Number.isFinite(re * dx)) return null;
    return re * dx;
  };
}
