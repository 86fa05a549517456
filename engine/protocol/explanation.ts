/**
 * The explanation of a reward: parts in the order of the computation, recorded when the reward is computed. Types only.
 */

/** A token's place in the response, its text, and the number that it adds to a reward. */
export interface TokenPart {
  index: number;
  text: string;
  value: number;
}

/** One step of the computation of a rollout's reward. `text` is a whole sentence for people. */
export type Part =
  | { kind: 'no-answer'; text: string }
  | { kind: 'cluster'; cluster: number; answers: string[]; votes: number; of: number; share: number; text: string }
  | { kind: 'vote'; winner: string; won: boolean; tied: boolean; text: string }
  | { kind: 'correctness'; correct: boolean | null; text: string }
  /** A mean or sum over tokens, with those that add most or least. */
  | { kind: 'tokens'; from: number; to: number; extremes: TokenPart[]; text: string }
  /** An intermediate number: an entropy, a consistency, a weight. */
  | { kind: 'number'; name: string; value: number; text: string }
  /** The result of an external check: of a judge, a verifier, a program. */
  | { kind: 'check'; passed: boolean | null; text: string }
  | { kind: 'component'; reward: string; weight: number; value: number; text: string }
  | { kind: 'result'; reward: number; text: string };

/** The parts of a reward as one line of text. */
export function printParts(parts: readonly Part[]): string {
  return parts.map(({ text }) => text).join('; ');
}
