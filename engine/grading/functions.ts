/** Mathematical functions that answers use, on complex numbers; some are defined only on the real axis. */
import * as C from './complex.ts';

/** A function's value: `a` is its first argument, `b` the second (if any), `all` are all of them. */
type MathFunction = (a: C.Complex, b: C.Complex | undefined, all: readonly C.Complex[]) => C.Complex;

const ONE = C.real(1);

/** A function of one real number. */
const unaryReal =
  (f: (x: number) => number): MathFunction =>
  (a) =>
    a.im === 0 ? C.real(f(a.re)) : C.UNDEFINED;

/** A function of several real numbers. */
const variadicReal =
  (f: (...values: number[]) => number): MathFunction =>
  (_a, _b, all) =>
    all.every((v) => v.im === 0) ? C.real(f(...all.map((v) => v.re))) : C.UNDEFINED;

const magnitude: MathFunction = (a) => C.real(C.magnitude(a));

/** The root with a real index (default 2); of a negative number with an odd index, the real root. */
const root: MathFunction = (a, b) => {
  const index = b ? b.re : 2;
  if (b && b.im !== 0) return C.UNDEFINED;
  if (index === 2) return C.sqrt(a);
  if (a.im === 0 && a.re < 0 && Math.abs(index % 2) === 1) return C.real(-((-a.re) ** (1 / index)));
  return C.power(a, C.real(1 / index));
};

const binomial: MathFunction = (a, b) => {
  if (!b || a.im !== 0 || b.im !== 0) return C.UNDEFINED;
  return C.real(factorial(a.re) / (factorial(b.re) * factorial(a.re - b.re)));
};

const FUNCTIONS: ReadonlyMap<string, MathFunction> = new Map<string, MathFunction>([
  ['root', root],
  ['abs', magnitude],
  ['norm', magnitude],
  ['exp', C.exp],
  ['ln', C.log],
  // without a base, log is the natural logarithm; the base is the second argument
  ['log', (a, b) => (b ? C.divide(C.log(a), C.log(b)) : C.log(a))],
  ['log10', (a) => C.divide(C.log(a), C.real(Math.LN10))],
  ['sin', C.sin],
  ['cos', C.cos],
  ['tan', (a) => C.divide(C.sin(a), C.cos(a))],
  ['cot', (a) => C.divide(C.cos(a), C.sin(a))],
  ['sec', (a) => C.divide(ONE, C.cos(a))],
  ['csc', (a) => C.divide(ONE, C.sin(a))],
  ['sinh', unaryReal(Math.sinh)],
  ['cosh', unaryReal(Math.cosh)],
  ['tanh', unaryReal(Math.tanh)],
  ['coth', unaryReal((x) => 1 / Math.tanh(x))],
  ['sech', unaryReal((x) => 1 / Math.cosh(x))],
  ['csch', unaryReal((x) => 1 / Math.sinh(x))],
  ['arcsin', unaryReal(Math.asin)],
  ['arccos', unaryReal(Math.acos)],
  ['arctan', unaryReal(Math.atan)],
  ['arcsinh', unaryReal(Math.asinh)],
  ['arccosh', unaryReal(Math.acosh)],
  ['arctanh', unaryReal(Math.atanh)],
  ['arccot', unaryReal((x) => Math.PI / 2 - Math.atan(x))],
  ['arcsec', unaryReal((x) => Math.acos(1 / x))],
  ['arccsc', unaryReal((x) => Math.asin(1 / x))],
  ['floor', unaryReal(Math.floor)],
  ['ceil', unaryReal(Math.ceil)],
  ['sign', unaryReal(Math.sign)],
  ['sgn', unaryReal(Math.sign)],
  ['factorial', unaryReal(factorial)],
  ['binom', binomial],
  ['min', variadicReal(Math.min)],
  ['max', variadicReal(Math.max)],
]);

/** The value of a function by name; undefined (NaN) for an unknown name, or without arguments. */
export function functionAt(name: string, args: readonly C.Complex[]): C.Complex {
  const [a, b] = args;
  return (a && FUNCTIONS.get(name)?.(a, b, args)) ?? C.UNDEFINED;
}

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/** x!, for real x (Lanczos). */
function factorial(x: number): number {
  if (x < -0.5) return Math.PI / (Math.sin(Math.PI * (x + 1)) * factorial(-x - 1));
  const sum = LANCZOS.reduce((total, c, i) => total + c / (x + i + 1), 0.9999999999998099);
  const t = x + 7.5;
  return Math.sqrt(2 * Math.PI) * t ** (x + 0.5) * Math.exp(-t) * sum;
}
