/** The diagnosis of a run in one word, with the texts that every view shows. Pure, without schemas. */

/**
 * `collapsing`: the collapse watch warned, or the accuracy fell below half of its former value; `declining`: the
 * accuracy fell; `learning`: the majority vote improved; `sharpening`: the rollouts increasingly agree with a vote that
 * did not improve; `warned`: the collapse watch sees early signs; `no-signal`: all rewards were equal; `unclear`: no
 * change beyond the intervals; `unmeasured`: nothing was measured both before and after training; `unlabeled`: there
 * are no references.
 */
export const DIAGNOSES = [
  'collapsing',
  'declining',
  'learning',
  'sharpening',
  'warned',
  'no-signal',
  'unclear',
  'unmeasured',
  'unlabeled',
] as const;
export type DiagnosisKind = (typeof DIAGNOSES)[number];

/** Severity, which determines the color. */
export type Severity = 'good' | 'neutral' | 'warning' | 'bad';

const TEXTS: Readonly<Record<DiagnosisKind, { text: string; gravity: Severity; meaning: string }>> = {
  collapsing: {
    text: 'collapsing',
    gravity: 'bad',
    meaning: 'The collapse watch raised an alarm, or accuracy fell below half of its value before training.',
  },
  declining: {
    text: 'accuracy falling',
    gravity: 'bad',
    meaning: 'Accuracy (avg@k) is lower than before training.',
  },
  learning: {
    text: 'learning',
    gravity: 'good',
    meaning: 'The majority vote (maj@k) is right more often than before.',
  },
  sharpening: {
    text: 'sharpening only',
    gravity: 'neutral',
    meaning: 'The rollouts agree more, but their majority vote (maj@k) is not right more often than before.',
  },
  warned: {
    text: 'early signs of collapse',
    gravity: 'warning',
    meaning: 'The collapse watch reports early signs; accuracy has not been measured since.',
  },
  'no-signal': {
    text: 'no training signal',
    gravity: 'warning',
    meaning: 'All rewards were equal in every group, so there was no gradient.',
  },
  unclear: {
    text: 'no clear change',
    gravity: 'neutral',
    meaning: 'No change in accuracy beyond its 95% confidence intervals.',
  },
  unmeasured: {
    text: 'not measured yet',
    gravity: 'neutral',
    meaning: 'Nothing to compare with the state before training yet.',
  },
  unlabeled: {
    text: 'correctness unknown',
    gravity: 'neutral',
    meaning: 'Without reference answers only agreement and stability can be measured.',
  },
};

export interface Diagnosis {
  kind: DiagnosisKind;
  /** The first step at which it holds; null if unknown. */
  since: number | null;
}

/** `collapsing since step 53`, `sharpening only`. */
export function diagnosisText({ kind, since }: Diagnosis): string {
  return since === null ? TEXTS[kind].text : `${TEXTS[kind].text} since step ${since}`;
}

/** The meaning of the word, as a sentence. */
export function diagnosisMeaning(kind: DiagnosisKind): string {
  return TEXTS[kind].meaning;
}

/** The severity of a diagnosis: determines color and icon, never the wording. */
export function severityOf(kind: DiagnosisKind): Severity {
  return TEXTS[kind].gravity;
}
