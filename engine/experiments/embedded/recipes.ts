/** The embedded models, by the data and steps of their pre-training. */
import { type ChainFamily, chainProblem, flawedSolution, type Quality, type Random } from './chains.ts';
import { flawedCountdown, flawedJudgment, knownCountdown } from './countdown.ts';
import { flawedDual } from './dual.ts';

export interface Example {
  prompt: string;
  response: string;
}

export interface Recipe {
  /** Description of the examples in the metadata of the weights, where "prior" is the quality of the solutions. */
  data: string;
  steps: number;
  /** Folder below `engine/embedded`. */
  folder: string;
  /** Stored as float16: half the size. */
  half: boolean;
  /** The i-th example of a batch. */
  example: (random: Random, i: number) => Example;
}

const FAMILIES: readonly ChainFamily[] = ['E', 'H', 'M'];

function chains(quality: Quality) {
  return (random: Random, i: number): Example => {
    const problem = chainProblem(random, FAMILIES[i % FAMILIES.length]!);
    return { prompt: problem.prompt, response: flawedSolution(random, problem, quality) };
  };
}

/** Alternates between a problem to solve and a solution to judge. */
function countdown(random: Random, i: number): Example {
  const problem = knownCountdown(random);
  if (i % 2 === 1) return flawedJudgment(random, problem);
  return { prompt: problem.prompt, response: flawedCountdown(random, problem) };
}

/** Alternates between three chains and three duals of chains. */
function chainsAndDuals(random: Random, i: number): Example {
  const solve = chains('W');
  if (i % 6 < FAMILIES.length) return solve(random, i);
  return flawedDual(random, chainProblem(random, FAMILIES[i % FAMILIES.length]!), 'W');
}

const weak = (quality: Quality, steps: number, name: string): Recipe => ({
  data: `prior ${quality}`,
  steps,
  folder: `models/${name}`,
  half: true,
  example: chains(quality),
});

/** Recipes by the name in `--model embedded:<name>`; S is `embedded` itself. */
export const RECIPES: Readonly<Record<string, Recipe>> = {
  S: { data: 'prior S', steps: 4000, folder: 'model', half: false, example: chains('S') },
  S2000: weak('S', 2000, 'S2000'),
  S1000: weak('S', 1000, 'S1000'),
  W: weak('W', 4000, 'W'),
  P2000: weak('W', 2000, 'P2000'),
  P1000: weak('W', 1000, 'P1000'),
  P500: weak('W', 500, 'P500'),
  countdown: { data: 'countdown', steps: 6000, folder: 'models/countdown', half: true, example: countdown },
  dual: { data: 'prior W and duals', steps: 4000, folder: 'models/dual', half: true, example: chainsAndDuals },
};
