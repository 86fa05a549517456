/** More kinds of answers, as in `grading-kinds.ts`: siunitx, surrounding words, systems of equations. */
import type { Kind } from './grading-kinds.ts';

const boxed = (...pairs: [string, string][]): [string, string][] => pairs.map(([a, b]) => [`So \\boxed{${a}}.`, b]);

export const FORMS: Record<string, Kind> = {
  siunitx: {
    equal: boxed(
      ['\\SI{6}{m}', '6 m'],
      ['\\qty{36}{\\km\\per\\hour}', '10 m/s'],
      ['\\num{2.5e3}', '2500'],
      ['6\\,\\si{\\metre}', '6 m'],
    ),
    different: boxed(['\\SI{6}{m}', '6 s'], ['\\num{2.5e3}', '25']),
  },
  'the value again, or roughly': {
    equal: [
      ...boxed(
        ['512 (= 2^9)', '512'],
        ['512 (=2^{9})', '512'],
        ['about 30 or so', '30'],
        ['7 (\\approx 2\\sqrt{12})', '7'],
      ),
      ['The answer is 1,024 (= 2^10).', '1024'],
      ["The answer's $12$.", '12'],
    ],
    different: [...boxed(['512 (= 2^9)', '9'], ['30 or 31', '30']), ["The answer's correctness is 12% clear.", '12']],
  },
  'letters named as such': {
    equal: boxed(['the letter C', 'C'], ['letter (C)', 'C']),
    different: boxed(['the letter C', 'B']),
  },
  'a variable that is named once': {
    equal: boxed(
      ['x = 1, 2', 'x_1 = 1, x_2 = 2'],
      ['x = 1 \\text{ or } 2', 'x_1 = 2, x_2 = 1'],
      ['r_1=3, r_2=-3', 'r = 3, -3'],
      ['x = 1, 2', '1, 2'],
    ),
    different: boxed(['x = 1, 3', 'x_1 = 1, x_2 = 2'], ['y = 1, 2', 'x_1 = 1, x_2 = 2']),
  },
  'yes and no': {
    equal: boxed(['No, it is not', 'No'], ['Yes. It converges', 'yes'], ['\\text{Yes, it is}', 'Yes']),
    different: boxed(['No, it is', 'Yes'], ['yes and no', 'yes']),
  },
  'Roman numbers': {
    equal: boxed(['IV', '4'], ['\\text{XIV}', '14'], ['IV', 'IV']),
    different: boxed(['IV', 'VI'], ['IX', 'XI']),
  },
  'systems, derivatives, signs': {
    equal: boxed(
      ['\\left\\{\\begin{array}{l}x=1\\\\y=2\\end{array}\\right.', '(1,2)'],
      ['\\frac{dy}{dx} = 2x', '2x'],
      ['minus 5', '-5'],
      ['10 & 20', '10, 20'],
      ['2\\text{ to }1', '2:1'],
    ),
    different: boxed(
      ['\\left\\{\\begin{array}{l}x=1\\\\y=2\\end{array}\\right.', '(2,1)'],
      ['\\frac{dy}{dx} = 2x', 'x'],
      ['2\\text{ to }1', '1:2'],
    ),
  },
};
