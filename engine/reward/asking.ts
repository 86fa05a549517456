/** How rewards ask a policy questions and read its responses. Pure. */
import type { Grader } from '../grading/index.ts';
import type { RunConfig } from '../protocol/config.ts';
import type { Problem } from '../protocol/problem.ts';
import { UNTRUNCATED } from '../protocol/sampling.ts';
import { isProblemPlaceholder, render } from '../protocol/template.ts';
import { cellText } from '../protocol/values.ts';
import type { Responses } from './evidence.ts';
import { listOf, nullableShape, textShape } from './shape.ts';

/** Room for the samples of one rollout's question, and for the rollouts of one rephrasing or policy, in random numbers. */
export const SAMPLES = 64;
export const ROLLOUTS = 4096;

export const askSampling = { ...UNTRUNCATED, stop: [], stopAtAnswer: true };

/** Fills values into a template; a name without a value stays as it is. */
export function fillTemplate(template: string, values: Record<string, string>): string {
  return render(template, (name) => values[name] ?? `{{${name}}}`);
}

/** A rephrasing as the problem itself is put; `columns` has what the template asks for. */
export function rephrased(template: string, prompt: string, columns: Problem['columns'] = {}): string {
  return render(template, (name) => (isProblemPlaceholder(name) ? prompt : (cellText(columns[name]) ?? '')));
}

/** The system message of the data, where it is the user's own, goes with every question. */
export function question({ dataset: { system } }: RunConfig, user: string): { system?: string; user: string } {
  return system === undefined ? { user } : { system, user };
}

/** Extracted answers as they are stored. */
export const ANSWERS = listOf(nullableShape(textShape));

/** The answer in each response, by the run's own rules; null if there is none. Empty for no responses. */
export function answersOf(responses: Responses, grader: Grader): (string | null)[] {
  return (responses ?? []).map((text) => grader.extract(text));
}
