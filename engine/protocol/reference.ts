/** The reference answers of a problem as people read them. Without zod: the panel's page uses it. */
export function referenceText({
  answer,
  accepted,
}: {
  answer: string | null;
  accepted?: string[] | undefined;
}): string | null {
  return accepted ? accepted.join(' or ') : answer;
}
