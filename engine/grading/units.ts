/** Units: their names, what they measure, and exact conversion. */
import { divide, multiply, ONE, power, type Rational, rational } from './rational.ts';

export interface Unit {
  /** Canonical spelling, such as `km/h`. */
  name: string;
  /** What the unit measures: equal for units that convert exactly into each other. */
  dimension: string;
  /** In multiples of the dimension's base unit. */
  factor: Rational;
}

/**
 * One unit per line: canonical name, definition (a multiple of units above, or `-` for a new base unit), then other
 * spellings; plurals in -s are implied.
 */
const TABLE = `
m - meter metre
mm 1/1000*m millimeter millimetre
cm 1/100*m centimeter centimetre
dm 1/10*m decimeter decimetre
km 1000*m kilometer kilometre
μm 1/1000000*m micrometer micrometre micron
nm 1/1000000000*m nanometer nanometre
angstrom 1/10000000000*m ångström
in 127/5000*m inch inches
ft 12*in foot feet
yd 3*ft yard
mile 5280*ft mi
nmi 1852*m
ly 9460730472580800*m lightyear
acre 43560*ft^2
hectare 10000*m^2 ha
g - gram gm
mg 1/1000*g milligram
μg 1/1000000*g microgram mcg
kg 1000*g kilogram kilo
tonne 1000*kg
lb 45359237/100000*g lbs
oz 1/16*lb ounce
stone 14*lb
quintal 100*kg
ton -
pound -
s - sec second
ms 1/1000*s millisecond
μs 1/1000000*s microsecond
ns 1/1000000000*s nanosecond
min 60*s minute
h 60*min hr hour
day 24*h
week 7*day wk
fortnight 14*day
month - mo
year 12*month yr
decade 10*year
century 100*year centuries
millennium 1000*year millennia
L 1/1000*m^3 l liter litre
ml 1/1000*L mL milliliter millilitre cc
cl 1/100*L cL centiliter centilitre
dl 1/10*L dL deciliter decilitre
kL 1000*L kl kiloliter kilolitre
gallon 231*in^3 gal
quart 1/4*gallon qt
pint 1/8*gallon pt
cup 1/16*gallon
tablespoon 1/256*gallon tbsp
teaspoon 1/768*gallon tsp
dollar - usd buck
cent 1/100*dollar ¢
euro - eur
gbp -
pence 1/100*gbp penny pennies
yen - jpy 円
yuan - cny rmb renminbi 元
rupee - inr
won - krw 원
franc - chf
ruble - rouble
percent - pct
permille 1/10*percent promille
basispoint 1/100*percent
ppm 1/10000*percent
ppb 1/10000000*percent
degree - deg
radian - rad
degreeC - celsius centigrade
degreeF - fahrenheit
mph 1*mile/h
kph 1*km/h kmh kmph
knot 1*nmi/h
rpm -
K - kelvin
N 1000*g*m/s^2 newton
kN 1000*N kilonewton
J 1*N*m joule
kJ 1000*J kilojoule
mJ 1/1000*J millijoule
MJ 1000000*J megajoule
GJ 1000000000*J gigajoule
cal - calorie
kcal 1000*cal kilocalorie
W 1*J/s watt
kW 1000*W kilowatt
mW 1/1000*W milliwatt
MW 1000000*W megawatt
GW 1000000000*W gigawatt
Wh 1*W*h
kWh 1*kW*h
MWh 1*MW*h
hp - horsepower
eV - electronvolt
keV 1000*eV
MeV 1000000*eV
GeV 1000000000*eV
V - volt
mV 1/1000*V millivolt
kV 1000*V kilovolt
A - amp ampere
mA 1/1000*A milliamp milliampere
μA 1/1000000*A microamp microampere
C - coulomb
mC 1/1000*C millicoulomb
μC 1/1000000*C microcoulomb
nC 1/1000000000*C nanocoulomb
ohm - Ω
kohm 1000*ohm kΩ
Mohm 1000000*ohm MΩ megaohm
F - farad
mF 1/1000*F millifarad
μF 1/1000000*F microfarad
nF 1/1000000000*F nanofarad
pF 1/1000000000000*F picofarad
T - tesla
mT 1/1000*T millitesla
Hz - hertz
kHz 1000*Hz kilohertz
MHz 1000000*Hz megahertz
GHz 1000000000*Hz gigahertz
THz 1000000000000*Hz terahertz
Pa 1*N/m^2 pascal
kPa 1000*Pa kilopascal
hPa 100*Pa hectopascal
MPa 1000000*Pa megapascal
GPa 1000000000*Pa gigapascal
bar 100000*Pa
mbar 1/1000*bar millibar
atm 101325*Pa atmosphere
torr 1/760*atm mmHg
psi -
mol - mole
mmol 1/1000*mol millimole
M - molar
dB - decibel
bit -
kbit 1000*bit kilobit
Mbit 1000000*bit megabit
Gbit 1000000000*bit gigabit
kbps 1*kbit/s
Mbps 1*Mbit/s
Gbps 1*Gbit/s
byte 8*bit
kB 1000*byte KB kb kilobyte
MB 1000000*byte mb megabyte
GB 1000000000*byte gb gigabyte
TB 1000000000000*byte tb terabyte
PB 1000000000000000*byte petabyte
KiB 1024*byte kibibyte
MiB 1048576*byte mebibyte
GiB 1073741824*byte gibibyte
TiB 1099511627776*byte tebibyte
unit -
am -
pm -
people - person
`;

interface Definition {
  name: string;
  factor: Rational;
  dimensions: ReadonlyMap<string, number>;
}

const UNITS = new Map<string, Definition>();

for (const line of TABLE.trim().split('\n')) {
  const [name, definition, ...others] = line.split(' ') as [string, string, ...string[]];
  const unit: Definition = { name, ...(definition === '-' ? own(name) : parseDefinition(definition)) };
  for (const word of [name, ...others]) {
    UNITS.set(word, unit);
    if (word.length > 2) UNITS.set(`${word}s`, unit);
  }
}
const ABBREVIATED =
  'hrs:h mins:min secs:s yrs:year wks:week kgs:kg kms:km cms:cm mls:ml yds:yd gals:gallon pts:pint mos:month';
for (const pair of ABBREVIATED.split(' ')) {
  const [plural, name] = pair.split(':') as [string, string];
  UNITS.set(plural, UNITS.get(name)!);
}

function own(name: string): Omit<Definition, 'name'> {
  return { factor: ONE, dimensions: new Map([[name, 1]]) };
}

/** `1000*g*m/s^2` */
function parseDefinition(text: string): Omit<Definition, 'name'> {
  const [, n, d = '1', rest] = /^(\d+)(?:\/(\d+))?\*(.*)$/.exec(text)!;
  let factor = rational(BigInt(n!), BigInt(d));
  const dimensions = new Map<string, number>();
  for (const [, sign, name, exponent] of rest!.matchAll(/([*/]?)([a-zA-Zμ]+)(?:\^(\d))?/g)) {
    factor = multiplyIn(dimensions, factor, UNITS.get(name!)!, (sign === '/' ? -1 : 1) * Number(exponent ?? 1));
  }
  return { factor, dimensions };
}

function multiplyIn(into: Map<string, number>, factor: Rational, unit: Definition, times: number): Rational {
  for (const [name, exponent] of unit.dimensions) into.set(name, (into.get(name) ?? 0) + exponent * times);
  const multiple = power(unit.factor, BigInt(Math.abs(times)));
  return times < 0 ? divide(factor, multiple) : multiply(factor, multiple);
}

/** Whether a word names a unit (`km`, `kilometers`), as written or in lower case. */
export function isUnit(word: string): boolean {
  return unitNamed(word) !== undefined;
}

function unitNamed(word: string): Definition | undefined {
  return UNITS.get(word) ?? UNITS.get(word.toLowerCase());
}

/** Reads `square feet`, `m/s^2`, `miles per hour`, `cu. ft`; null if any word is not a known unit. */
export function unitOf(words: string): Unit | null {
  let s = words
    .replace(/[{}()]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 80);
  s = s
    .replace(/ ([ap])\.\s?m\.?$/i, '$1m')
    .replace(/^([ap])\.\s?m\.?$/i, '$1m')
    .replace(/\bper cent\b/gi, 'percent')
    .replace(/‰|\bper mille?\b/gi, 'permille')
    .replace(/\bbasis points?\b/gi, 'basispoint')
    .replace(/\bdeg(?:rees?|\.)? (?=(?:celsius|centigrade|fahrenheit)\b)/gi, '')
    .replace(/\bdeg(?:rees?|\.)? ([CF])\b/g, (_, scale) => `degree${scale}`)
    .replace(/\bnautical miles?\b/gi, 'nmi')
    .replace(/\blight[ -]years?\b/gi, 'lightyear')
    .replace(/\bmetric tons?\b/gi, 'tonne')
    .replace(/\b([kMG])b(?= ?\/ ?s\b| per sec)/g, '$1bit')
    .replace(/\bper\b/g, '/')
    .replace(/\b(?:US|U\.S\.|American) (?=dollars?\b)/gi, '');
  s = s.replace(/\b(?:square|sq\.?) ([a-zA-Z]+)/gi, '$1^2').replace(/\b(?:cubic|cu\.?) ([a-zA-Z]+)/gi, '$1^3');
  s = s.replace(
    /\b([a-zA-Z]+) (squared|cubed)\b/gi,
    (_, word: string, how: string) => `${word}^${how === 'squared' ? 2 : 3}`,
  );
  const dimensions = new Map<string, number>();
  let factor = ONE;
  const names: string[] = [];
  let at = 0;
  const token = / ?([*/. -])? ?(\p{L}+|¢)\.?(?: ?\^ ?(-?\d))? ?/uy;
  while (at < s.length) {
    token.lastIndex = at;
    const found = token.exec(s);
    if (!found) return null;
    const [all, sign = '', word, exponent = '1'] = found;
    const unit = unitNamed(word!);
    if (!unit || unit.name === 'unit' || unit.name === 'people') return null;
    factor = multiplyIn(dimensions, factor, unit, (sign === '/' ? -1 : 1) * Number(exponent));
    names.push(
      `${names.length > 0 ? (sign === '/' ? '/' : '*') : ''}${unit.name}${exponent === '1' ? '' : `^${exponent}`}`,
    );
    at += all.length;
  }
  if (names.length === 0) return null;
  const dimension = [...dimensions]
    .filter(([, exponent]) => exponent !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, exponent]) => `${name}^${exponent}`)
    .join('*');
  return { name: names.join(''), dimension, factor };
}

/** Pairs of units that can share a name. */
const AMBIGUOUS: readonly [string, string][] = [
  ['pound', 'lb'],
  ['pound', 'gbp'],
  ['cent', 'pence'],
  ['degree', 'degreeC'],
  ['degree', 'degreeF'],
  ['C', 'degreeC'],
  ['F', 'degreeF'],
  ['ton', 'tonne'],
];

const NAMES_OF_CENTS = new Set(['cent', 'euro']);

/** Whether a unit is percent or similar, such as per mille. */
export function isFractionUnit(unit: Unit | null): boolean {
  return unit?.dimension === 'percent^1';
}

/** The number of parts in the whole: 100 for percent. */
export function partsPerWhole({ factor }: Unit): number {
  return Number((100n * factor.d) / factor.n);
}

/**
 * How two units relate: `same`; `convert`, if values compare after conversion; `differ`, if no value in one is a value in
 * the other; `angle` for degrees and radians. A missing or unknown unit matches any.
 */
export function unitRelation(a: Unit | null, b: Unit | null): 'same' | 'convert' | 'angle' | 'differ' {
  if (a === null || b === null || a.name === b.name) return 'same';
  if (AMBIGUOUS.some(([x, y]) => (a.name === x && b.name === y) || (a.name === y && b.name === x))) return 'same';
  // euros have cents too
  if (NAMES_OF_CENTS.has(a.name) && NAMES_OF_CENTS.has(b.name)) return 'convert';
  // their parsed values include the number of parts
  if (isFractionUnit(a) && isFractionUnit(b)) return 'same';
  const angles = [a.name, b.name].sort().join();
  if (angles === 'degree,radian') return 'angle';
  if (a.dimension !== b.dimension) return 'differ';
  return a.factor.n === b.factor.n && a.factor.d === b.factor.d ? 'same' : 'convert';
}
