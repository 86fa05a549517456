/** avg@k, pass@k and maj@k of one problem from n samples of it. */

/** avg@k: share of right samples. null without samples. */
export function averageAtK(correct: readonly boolean[]): number | null {
  return correct.length === 0 ? null : correct.filter(Boolean).length / correct.length;
}

/**
 * pass@k: chance that at least one of k samples is right, unbiased from n samples of which c are right:
 * 1 - C(n - c, k) / C(n, k), and 1 when n - c < k (Chen et al., arXiv 2107.03374). null when k > n or k < 1.
 */
export function passAtK(n: number, c: number, k: number): number | null {
  if (k < 1 || k > n) return null;
  if (n - c < k) return 1;
  let miss = 1;
  for (let i = n - c + 1; i <= n; i++) miss *= 1 - k / i;
  return 1 - miss;
}

/** One cluster of equivalent answers among the samples. */
interface AnswerCount {
  votes: number;
  correct: boolean;
}

/**
 * maj@k: chance that the majority of k of the n samples, drawn without replacement, is right; exact. `clusters` must be
 * in voting order (the largest first, ties by the first to reach their size). Samples without an answer (n minus all
 * votes) do not vote; when none has an answer, the majority is wrong. A tie goes to the answer that reaches the size
 * first, so in a random draw each of t tied answers wins one time in t; with k = n the samples' own order decides. null
 * when k > n or k < 1.
 */
export function majorityAtK(clusters: readonly AnswerCount[], n: number, k: number): number | null {
  if (k < 1 || k > n) return null;
  if (k === n) return clusters[0]?.correct ? 1 : 0;
  // A draw of k of n has the law of independent binomials of rate k/n, given that they add up to k.
  const rate = k / n;
  const silent = n - clusters.reduce((total, { votes }) => total + votes, 0);
  const all = binomial(n, rate, k)[k]!;
  let won = 0;
  clusters.forEach(({ votes, correct }, own) => {
    if (!correct) return;
    const others = clusters.filter((_, i) => i !== own).map((other) => other.votes);
    const chances = binomial(votes, rate, k);
    for (let m = 1; m <= Math.min(votes, k); m++) {
      won += chances[m]! * wins(others, silent, rate, k - m, m);
    }
  });
  // Rounding may leave it a little above.
  return Math.min(1, won / all);
}

/**
 * Chance that the others take `left` draws with none above `m` votes, each way to do so weighted with 1 / (ties + 1).
 */
function wins(others: readonly number[], silent: number, rate: number, left: number, m: number): number {
  const maxTies = Math.floor(left / m);
  // state[t][u]: chance that u draws are used and t clusters have m votes
  let state = table(maxTies, left);
  state[0]![0] = 1;
  for (const votes of others) {
    const chances = binomial(votes, rate, Math.min(m, left));
    const next = table(maxTies, left);
    for (let t = 0; t <= maxTies; t++) {
      for (let used = 0; used <= left; used++) {
        const before = state[t]![used]!;
        if (before === 0) continue;
        for (let j = 0; j < chances.length && used + j <= left; j++) {
          const ties = j === m ? t + 1 : t;
          if (ties <= maxTies) next[ties]![used + j]! += before * chances[j]!;
        }
      }
    }
    state = next;
  }
  const none = binomial(silent, rate, left);
  let total = 0;
  for (let t = 0; t <= maxTies; t++) {
    for (let used = 0; used <= left; used++) total += (state[t]![used]! * (none[left - used] ?? 0)) / (t + 1);
  }
  return total;
}

function table(rows: number, columns: number): Float64Array[] {
  return Array.from({ length: rows + 1 }, () => new Float64Array(columns + 1));
}

/** P(j successes of n) for j = 0 .. min(n, most). */
function binomial(n: number, rate: number, most: number): number[] {
  const chances: number[] = [];
  let log = n * Math.log1p(-rate);
  for (let j = 0; j <= Math.min(n, most); j++) {
    chances.push(Math.exp(log));
    log += Math.log((n - j) / (j + 1)) + Math.log(rate) - Math.log1p(-rate);
  }
  return chances;
}
