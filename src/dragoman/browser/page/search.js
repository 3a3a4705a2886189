// Greedy and beam search, by the rules of dragoman/search. Sums are float32, as there.

import { EOS, PAD, SOS, UNK } from "./tokens.js";

/** Make forbidden tokens impossible in one row of log-probabilities: never special ones, and what the settings say. */
function restrict(logProbs, ids, { min_length, no_repeat }) {
  for (const id of [PAD, UNK, SOS]) logProbs[id] = -Infinity;
  if (no_repeat && ids.length >= no_repeat) {
    const tail = ids.slice(ids.length - no_repeat + 1);
    for (let at = 0; at + no_repeat <= ids.length; at++) {
      if (tail.every((id, place) => ids[at + place] === id)) logProbs[ids[at + no_repeat - 1]] = -Infinity;
    }
  }
  if (ids.length < min_length) logProbs[EOS] = -Infinity;
}

/** The k best tokens of a row, best first; equal ones in the order of their ids. */
function top(logProbs, k) {
  const best = [];
  logProbs.forEach((value, id) => {
    if (best.length === k && !(value > best[k - 1].value)) return;
    let at = best.length;
    while (at > 0 && value > best[at - 1].value) at--;
    best.splice(at, 0, { id, value });
    if (best.length > k) best.pop();
  });
  return best;
}

// Largest first; a difference of two infinities would be no number.
const descending = (a, b) => (b > a) - (b < a);

/**
 * Take the likeliest token at each step, until EOS.
 * @param stepper start() -> state; step(state, lastIds) -> {logProbs: a row a hypothesis, state}; select(state, rows)
 * @param settings of the recipe's [search], and maxLength
 * @param watch called with the hypothesis so far after each step, and waited for
 * @returns {ids, logProbs, score}; EOS is the last id unless it was cut off
 */
export async function greedySearch(stepper, settings, watch = () => {}) {
  const said = { ids: [], logProbs: [] };
  let state = stepper.start(), last = SOS;
  while (last !== EOS && said.ids.length < settings.maxLength) {
    const step = await stepper.step(state, [last]);
    restrict(step.logProbs[0], said.ids, settings);
    const [best] = top(step.logProbs[0], 1);
    said.ids.push((last = best.id));
    said.logProbs.push(best.value);
    state = step.state;
    await watch(said);
  }
  const sum = said.logProbs.reduce((all, one) => all + one, 0);
  return { ...said, score: sum / said.ids.length ** settings.length_penalty };
}

/** Keep the best beginnings side by side, until none can join the best of their ends. */
export async function beamSearch(stepper, settings, watch = () => {}) {
  const size = settings.beam_size, penalty = settings.length_penalty;
  const found = [];
  const finish = (one) => found.push({ ...one, score: one.sum / one.ids.length ** penalty });
  // All are alike at first, so only the first may be continued.
  let live = Array.from({ length: size }, (_, row) => ({ ids: [], logProbs: [], sum: row ? -Infinity : 0 }));
  let state = stepper.select(stepper.start(), live.map(() => 0));
  for (let length = 1; ; length++) {
    const step = await stepper.step(state, live.map((one) => one.ids.at(-1) ?? SOS));
    // The best 2k continuations hold at least k that do not end.
    const best = live.flatMap((one, row) => {
      restrict(step.logProbs[row], one.ids, settings);
      return top(step.logProbs[row], 2 * size).map(({ id, value }) => ({
        row, id, value, sum: Math.fround(one.sum + value),
      }));
    });
    best.sort((a, b) => descending(a.sum, b.sum));
    best.splice(2 * size);
    const move = ({ row, id, value, sum }) => ({
      ids: [...live[row].ids, id], logProbs: [...live[row].logProbs, value], sum,
    });
    for (const one of best.slice(0, size)) if (one.id === EOS && one.sum > -Infinity) finish(move(one));
    const going = [...best.filter((one) => one.id !== EOS), ...best.filter((one) => one.id === EOS)].slice(0, size);
    live = going.map(move);
    if (length >= settings.maxLength) live.filter((one) => one.sum > -Infinity).forEach(finish);
    found.sort((a, b) => descending(a.score, b.score));
    const hope = Math.fround(Math.max(...live.map((one) => one.sum)) / length ** penalty);
    const worst = found.length >= size ? found[size - 1].score : -Infinity;
    if (length >= settings.maxLength || !(hope > worst)) return found[0];
    await watch(live[0]);
    state = stepper.select(step.state, going.map((one) => one.row));
  }
}
