/** Complex arithmetic on doubles, for sampling expressions at points. Principal branches; undefined values are NaN. */

export interface Complex {
  readonly re: number;
  readonly im: number;
}

export const I: Complex = { re: 0, im: 1 };
export const UNDEFINED: Complex = { re: Number.NaN, im: Number.NaN };

/** A real number. */
export function real(re: number): Complex {
  return { re, im: 0 };
}

/** a + b. */
export function add(a: Complex, b: Complex): Complex {
  return { re: a.re + b.re, im: a.im + b.im };
}

/** a - b. */
export function subtract(a: Complex, b: Complex): Complex {
  return { re: a.re - b.re, im: a.im - b.im };
}

/** a b; reals are multiplied as reals, so that infinities do not become NaN. */
export function multiply(a: Complex, b: Complex): Complex {
  if (a.im === 0 && b.im === 0) return real(a.re * b.re);
  return { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re };
}

/** a / b; undefined (NaN) for a divisor of 0. */
export function divide(a: Complex, b: Complex): Complex {
  if (b.im === 0) return b.re === 0 ? UNDEFINED : { re: a.re / b.re, im: a.im / b.re };
  const norm = b.re * b.re + b.im * b.im;
  return { re: (a.re * b.re + a.im * b.im) / norm, im: (a.im * b.re - a.re * b.im) / norm };
}

/** |a|, without overflow in between. */
export function magnitude(a: Complex): number {
  return Math.hypot(a.re, a.im);
}

/** e^a. */
export function exp(a: Complex): Complex {
  const r = Math.exp(a.re);
  return a.im === 0 ? real(r) : { re: r * Math.cos(a.im), im: r * Math.sin(a.im) };
}

/** Principal branch, imaginary part in (-pi, pi]; undefined at 0. */
export function log(a: Complex): Complex {
  const r = magnitude(a);
  if (r === 0) return UNDEFINED;
  return { re: Math.log(r), im: a.im === 0 && a.re > 0 ? 0 : Math.atan2(a.im, a.re) };
}

/** Principal branch: the real part is not negative. */
export function sqrt(a: Complex): Complex {
  if (a.im === 0) return a.re >= 0 ? real(Math.sqrt(a.re)) : { re: 0, im: Math.sqrt(-a.re) };
  const r = Math.sqrt(magnitude(a));
  const angle = Math.atan2(a.im, a.re) / 2;
  return { re: r * Math.cos(angle), im: r * Math.sin(angle) };
}

/** a^b; a real base with a real exponent stays real if the real power exists. */
export function power(a: Complex, b: Complex): Complex {
  if (a.im === 0 && b.im === 0) {
    const r = a.re ** b.re;
    if (!Number.isNaN(r)) return real(r);
  }
  if (magnitude(a) === 0) return b.re > 0 ? real(0) : UNDEFINED;
  if (b.im === 0 && Number.isInteger(b.re) && Math.abs(b.re) <= 64) return integerPower(a, b.re);
  return exp(multiply(b, log(a)));
}

function integerPower(a: Complex, k: number): Complex {
  let result = real(1);
  for (let i = 0; i < Math.abs(k); i++) result = multiply(result, a);
  return k < 0 ? divide(real(1), result) : result;
}

/** sin(x + iy) = sin x cosh y + i cos x sinh y. */
export function sin(a: Complex): Complex {
  if (a.im === 0) return real(Math.sin(a.re));
  return { re: Math.sin(a.re) * Math.cosh(a.im), im: Math.cos(a.re) * Math.sinh(a.im) };
}

/** cos(x + iy) = cos x cosh y - i sin x sinh y. */
export function cos(a: Complex): Complex {
  if (a.im === 0) return real(Math.cos(a.re));
  return { re: Math.cos(a.re) * Math.cosh(a.im), im: -Math.sin(a.re) * Math.sinh(a.im) };
}
