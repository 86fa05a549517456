/** avg@k, pass@k and maj@k of one problem from n samples. */

/** avg@k: share of correct samples. null without samples. */
export function averageAtK(correct: readonly boolean[]): number | null {
  return correct.length === 0 ? null : correct.filter(Boolean).length / correct.length;
}

/**
 * pass@k: probability that at least one of k samples is correct, unbiased from n samples of which c are correct:
 * 1 - C(n - c, k) / C(n, k), and 1 if n - c < k (Chen et al., arXiv 2107.03374). null if k > n or k < 1.
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
 * maj@k: exact probability that the majority of k of the n samples, drawn without replacement, is correct. `clusters` must
 * be in voting order (largest first, ties by the first to reach their size). Samples without an answer (n minus all votes)
 * do not vote; if none has an answer, the majority is wrong. A tie goes to the answer that reaches the size first, so in a
 * random draw each of t tied answers wins with probability 1/t; with k = n the order of the samples decides. null if k > n
 * or k < 1.
 */
export function majorityAtK(clusters: readonly AnswerCount[], n: number, k: number): number | null {
  if (k < 1 || k > n) return null;
  if (k === n) return clusters[0]?.correct ? 1 : 0;
  // Drawing k of n is distributed as independent binomials of rate k/n, given that they sum to k.
  const rate = k / n;
  const silent = n - clusters.reduce((total, { votes }) => total + votes, 0);
  const all = binomial(n, rate, k)[k]!;
  let won = 0;
  clusters.forEach(({ votes, correct }, own) => {
    if (!correct) return;
    const others = clusters.filter((_, i) => i !== own).map((other) => other.votes);
    const chances = binomial(votes, rate, k);
    for (let m = 1; m <= Math.min(votes, k); m++) {
      won += chances[m]! * winProbability(others, silent, rate, k - m, m);
    }
  });
  // Rounding may exceed 1 slightly.
  return Math.min(1, won / all);
}

/**
 * Probability that the other clusters and the silent samples take `left` draws with no cluster above `m` votes, where each
 * outcome is weighted by 1 / (ties + 1).
 */
function winProbability(others: readonly number[], silent: number, rate: number, left: number, m: number): number {
  const maxTies = Math.floor(left / m);
  // state[t][u]: probability that u draws are used and t clusters have m votes
  let state = zeroTable(maxTies, left);
  state[0]![0] = 1;
  for (const votes of others) {
    const chances = binomial(votes, rate, Math.min(m, left));
    const next = zeroTable(maxTies, left);
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

function zeroTable(rows: number, columns: number): Float64Array[] {
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
