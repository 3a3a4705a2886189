
/* ---------------------------------------------------------------------------------------- search */

/* One way to go on. */
typedef struct {
    size_t parent;
    int token;
    float gained, sum;
} choice;

/* The live hypotheses: what they said, how likely it is, and how much they looked at each source token. */
typedef struct {
    size_t count;
    float *states, *sums, *covered;
    int *said;
} hypotheses;

/* The best of what ended, and the scores of the `beam` best, best first. */
typedef struct {
    size_t length;
    double *scores;
    int *said;
    size_t count;
} finished;

/* Put a choice in its place among the best, if it is one of them; of equal ones the first stands first. */
static size_t insert(choice *best, size_t count, size_t most, choice one, int by_sum)
{
    size_t at = count;

    while (at && (by_sum ? one.sum > best[at - 1].sum : one.gained > best[at - 1].gained))
        at--;
    if (at == most)
        return count;
    count += count < most;
    memmove(best + at + 1, best + at, (count - 1 - at) * sizeof(choice));
    best[at] = one;
    return count;
}

/* Take away what may not be said next. */
static void forbid(float *log_probs, const int *said, size_t length)
{
    size_t at = 0;

    (void)at;
    (void)said;
    (void)length;
    log_probs[PAD] = log_probs[UNK] = log_probs[SOS] = -HUGE_VALF;
#if MIN_LENGTH
    if (length < MIN_LENGTH)
        log_probs[EOS] = -HUGE_VALF;
#endif
#if NO_REPEAT
    if (length >= NO_REPEAT) {
        const int *tail = said + length - (NO_REPEAT - 1);
        for (at = 0; at + NO_REPEAT <= length; at++)
            if (memcmp(said + at, tail, (NO_REPEAT - 1) * sizeof(int)) == 0)
                log_probs[said[at + NO_REPEAT - 1]] = -HUGE_VALF;
    }
#endif
}

/* Find the 2 x beam best ways to go on, best first: of each hypothesis, then of all together. */
static size_t weigh(const hypotheses *live, float *log_probs, size_t length, size_t room, size_t beam, choice *best,
                    choice *own)
{
    size_t found = 0, n, k, count;
    int i;

    for (n = 0; n < live->count; n++) {
        float *row = log_probs + n * TGT_VOCAB;
        forbid(row, live->said + n * room, length);
        for (count = 0, i = 0; i < TGT_VOCAB; i++)
            if (row[i] > -HUGE_VALF && (count < 2 * beam || row[i] > own[count - 1].gained)) {
                choice one = {n, 0, 0, 0};
                one.token = i;
                one.gained = row[i];
                one.sum = live->sums[n] + row[i];
                count = insert(own, count, 2 * beam, one, 0);
            }
        for (k = 0; k < count; k++)
            found = insert(best, found, 2 * beam, own[k], 1);
    }
    return found;
}

/* Keep a hypothesis that ended, if it is better than what was found before, and its score among the best. */
static void finish(finished *found, size_t beam, const int *said, size_t length, float sum, const float *covered,
                   size_t source)
{
    double score = (double)sum / pow((double)length, LENGTH_PENALTY);
    float missed = 0;
    size_t j;

    if (COVERAGE_PENALTY > 0) {
        for (j = 0; j < source; j++) {
            float seen = covered[j] < 1.0f ? covered[j] : 1.0f;
            missed += logf(seen > 1e-9f ? seen : 1e-9f);
        }
        score += COVERAGE_PENALTY * (double)missed;
    }
    if (!found->count || score > found->scores[0]) {
        found->length = length - (said[length - 1] == EOS);
        memcpy(found->said, said, found->length * sizeof(int));
    }
    if (found->count == beam && score <= found->scores[beam - 1])
        return;
    for (j = found->count < beam ? found->count++ : beam - 1; j && found->scores[j - 1] < score; j--)
        found->scores[j] = found->scores[j - 1];
    found->scores[j] = score;
}

/* Whether a live hypothesis scores better than the worst of the `beam` best ends. */
static int may_improve(const hypotheses *live, const finished *found, size_t beam, size_t length)
{
    float best = -HUGE_VALF;
    size_t n;

    for (n = 0; n < live->count; n++)
        if (live->sums[n] > best)
            best = live->sums[n];
    return live->count && (found->count < beam ||
                           (double)best / pow((double)length, LENGTH_PENALTY) > found->scores[beam - 1]);
}

/* Go on from a hypothesis by one token. */
static void go_on(hypotheses *to, const hypotheses *from, const choice *one, const float *weights, size_t length,
                  size_t room, size_t source)
{
    int *said = to->said + to->count * room;
    size_t j;

    memcpy(said, from->said + one->parent * room, length * sizeof(int));
    said[length] = one->token;
    to->sums[to->count] = one->sum;
    if (COVERAGE_PENALTY > 0)
        for (j = 0; j < source; j++)
            to->covered[to->count * source + j] =
                (length ? from->covered[one->parent * source + j] : 0) + weights[one->parent * source + j];
    to->count++;
}

static int take_hypotheses(dragoman *d, hypotheses *made, size_t beam, size_t room, size_t source)
{
    made->count = 0;
    /* One more than the beam holds: room for one that has just ended. */
    made->states = take_floats(d, beam, STATE);
    made->sums = take_floats(d, beam + 1, 1);
    made->covered = take_floats(d, beam + 1, COVERAGE_PENALTY > 0 ? source : 1);
    made->said = beam + 1 > (size_t)-1 / room ? NULL : take(d, (beam + 1) * room, sizeof(int));
    return made->states && made->sums && made->covered && made->said;
}

static int take_room(dragoman *d, step_room *room, size_t beam, size_t source)
{
    const size_t gates = (ENCODER_GATES > DECODER_GATES ? ENCODER_GATES : DECODER_GATES) * HIDDEN;
    const size_t widest = gates > EMBEDDING ? gates : EMBEDDING;

    d->temp = take_floats(d, beam, widest);
    room->gates = take_floats(d, beam, DECODER_GATES * HIDDEN);
    room->extra = take_floats(d, beam, DECODER_GATES * HIDDEN);
    room->output = take_floats(d, beam, OUTPUT);
    room->log_probs = take_floats(d, beam, TGT_VOCAB);
    room->weights = take_floats(d, beam + 1, source);
    return d->temp && room->gates && room->extra && room->output && room->log_probs && room->weights;
}

/* Find the best answer to a source of so many tokens, EOS among them: the ids are in `found`.
   Returns whether there was memory enough. */
static int search(dragoman *d, const int *src, size_t source, size_t beam, finished *found)
{
    const size_t longest = (size_t)ceil((double)(source - 1) * MAX_LENGTH_RATIO) + MAX_LENGTH_EXTRA;
    hypotheses live, next, swap;
    step_room room;
    sentence s;
    choice *best = take(d, 4 * beam + 2, sizeof(choice)), *own;
    int *last = take(d, beam, sizeof(int));
    float *after = take_floats(d, beam, STATE);
    size_t length = 0, n, count, k;

    found->said = take(d, longest + 1, sizeof(int));
    found->scores = take(d, beam, sizeof(double));
    found->length = found->count = 0;
    if (!best || !last || !after || !found->said || !found->scores || !take_room(d, &room, beam, source))
        return 0;
    if (!take_hypotheses(d, &live, beam, longest + 1, source) || !take_hypotheses(d, &next, beam, longest + 1, source))
        return 0;
    if (!read_source(d, src, source, &s, live.states))
        return 0;
    own = best + 2 * beam + 1;
    live.count = 1;
    live.sums[0] = 0;
    last[0] = SOS;
    while (length < longest && (!length || may_improve(&live, found, beam, length))) {
        step(d, &s, live.count, last, live.states, after, &room);
        count = weigh(&live, room.log_probs, length, longest + 1, beam, best, own);
        next.count = 0;
        for (k = 0; k < count && k < beam; k++)
            if (best[k].token == EOS) {
                go_on(&next, &live, &best[k], room.weights, length, longest + 1, source);
                finish(found, beam, next.said, length + 1, next.sums[0], next.covered, source);
                next.count = 0;
            }
        for (k = 0; k < count && next.count < beam; k++)
            if (best[k].token != EOS) {
                n = next.count;
                go_on(&next, &live, &best[k], room.weights, length, longest + 1, source);
                memcpy(next.states + n * STATE, after + best[k].parent * STATE, STATE * sizeof(float));
                last[n] = best[k].token;
            }
        swap = live;
        live = next;
        next = swap;
        length++;
    }
    if (length == longest)
        for (n = 0; n < live.count; n++)
            finish(found, beam, live.said + n * (longest + 1), length, live.sums[n], live.covered + n * source, source);
    return 1;
}
