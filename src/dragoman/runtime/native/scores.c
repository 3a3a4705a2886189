/* --------------------------------------------------------------------------------------------- scores */

#define FEW 24   /* rows that are scored at once, */
#define PART 256 /* and words, so that their scores are still in the processor's first cache when they are looked at */

/* A row's scores, looked at part by part: the largest, and sums of exp(score - largest). */
typedef struct {
    float largest, sums[LANES];
} tally;

/* Count in a part; returns its largest numbers. */
static lanes count_in(tally *t, const float *scores, int64_t count)
{
    lanes part = one(-INFINITY), sums = load(t->sums), largest;
    int64_t i = 0;

    BY_LANES(i, left, count, part = larger(load_some(scores + i, left, -INFINITY), part))
    if (above(part, one(t->largest))) {
        float before = t->largest;
        t->largest = largest_in(part);
        sums = times(sums, one(expf(before - t->largest)));
    }
    largest = one(t->largest);
    i = 0;
    BY_LANES(i, left, count, sums = plus(sums, falling_exp(minus(load_some(scores + i, left, -INFINITY), largest))))
    store(t->sums, sums);
    return part;
}

/* log(sum exp(score)) */
static float log_sum(const tally *t)
{
    return t->largest + logf(sum_of(load(t->sums)));
}

/* What a search asks of rows' scores: each one's `count` best words but for the banned ones, best first, equal ones in
 * the order of their ids: [rows, count]. */
typedef struct {
    int64_t count, num_banned;
    const int64_t *banned;
    float *best;
    int64_t *ids;
} pick;

static void begin_pick(const pick *p, int64_t rows)
{
    for (int64_t n = 0; n < rows * p->count; n++) {
        p->best[n] = -INFINITY;
        p->ids[n] = 0;
    }
}

static void insert(float score, int64_t id, int64_t count, float *best, int64_t *ids)
{
    int64_t at = count - 1;

    for (; at > 0 && best[at - 1] < score; at--) {
        best[at] = best[at - 1];
        ids[at] = ids[at - 1];
    }
    best[at] = score;
    ids[at] = id;
}

/* Look through a part of a row's scores, that of the words from `first` on; what is banned loses its score. */
static void pick_from(const pick *p, int64_t row, float *scores, int64_t first, int64_t count)
{
    float *best = p->best + row * p->count, *least = best + p->count - 1;
    int64_t *ids = p->ids + row * p->count, i = 0, n;

    for (n = 0; n < p->num_banned; n++)
        if (p->banned[n] >= first && p->banned[n] < first + count)
            scores[p->banned[n] - first] = -INFINITY;
    BY_LANES(i, left, count, unsigned more = above(load_some(scores + i, left, -INFINITY), one(*least));
             for (; more; more &= more - 1) {
                 n = i + __builtin_ctz(more);
                 if (scores[n] > *least)
                     insert(scores[n], first + n, p->count, best, ids);
             })
}

static void look_through(tally *t, const pick *p, int64_t row, float *scores, int64_t first, int64_t count)
{
    lanes largest = count_in(t, scores, count);

    if (p && above(largest, one(p->best[(row + 1) * p->count - 1])))
        pick_from(p, row, scores, first, count);
}

/* Score every word in a few rows, from `first` on. Where a search picks words of them, there need only be room for a PART
 * of a row; otherwise rows are whole. */
static void score_all(const decoder *d, desk *k, int64_t first, int64_t rows, float *scores, const pick *p, tally *tallies)
{
    int64_t to = p ? PART : d->vocabulary, at, r;
    sheet x = {k->asked + first * k->width, k->width, k->width, rows, NULL};

    round_rows(&x, d->words.inputs, !d->query && bounded(d), &k->room);
    for (at = 0; at < d->vocabulary; at += PART) {
        int64_t count = SMALLER(d->vocabulary - at, PART);
        float *part = scores + (p ? 0 : at);
        multiply_part(&d->words, &k->room, rows, at, at + count, d->words_bias, part, to);
        for (r = 0; r < rows; r++)
            look_through(&tallies[r], p, r, part + r * to, at, count);
    }
}

/* Score the words of an offer in a few rows, from `first` on: [rows, count]. */
static void score_offer(const decoder *d, desk *k, const shortlist *s, const offer *o, int64_t first, int64_t rows,
                        float *scores, const pick *p, tally *tallies)
{
    for (int64_t r = 0; r < rows; r += TALL, scores += TALL * o->count) {
        int64_t now = SMALLER(rows - r, TALL), i;
        sheet x = {k->asked + (first + r) * k->width, k->width, k->width, now, NULL};
        round_rows(&x, s->width, !d->query && bounded(d), &k->room);
        multiply_offer(s, o, now, k->room.numbers, k->room.largest, k->offered, scores);
        for (i = 0; i < now; i++)
            look_through(&tallies[r + i], p, r + i, scores + i * o->count, 0, o->count);
    }
}

/* Score what is offered in at most FEW rows, from `first` on; `log_sums` are to be taken off the scores. */
static void score(const decoder *d, desk *k, const shortlist *s, const offer *o, int64_t first, int64_t rows,
                  float *scores, const pick *p, float *log_sums)
{
    tally tallies[FEW];
    int64_t r;

    for (r = 0; r < rows; r++)
        tallies[r] = (tally){-INFINITY, {0}};
    if (o->ids)
        score_offer(d, k, s, o, first, rows, scores, p, tallies);
    else
        score_all(d, k, first, rows, scores, p, tallies);
    for (r = 0; r < rows; r++)
        log_sums[r] = log_sum(&tallies[r]);
}

/* Give the best words of what is offered in at most FEW rows, and their log-probabilities. */
static void pick_words(const decoder *d, desk *k, const shortlist *s, const offer *o, int64_t first, int64_t rows,
                       float *scores, const pick *p)
{
    float log_sums[FEW];
    int64_t banned[p->num_banned + 1], r, n;
    pick places = {p->count, p->num_banned, banned, p->best, p->ids};

    for (n = 0; n < p->num_banned; n++)
        banned[n] = place_of(o, p->banned[n]);
    begin_pick(&places, rows);
    score(d, k, s, o, first, rows, scores, &places, log_sums);
    for (r = 0; r < rows; r++)
        for (n = r * p->count; n < (r + 1) * p->count; n++) {
            if (o->ids && p->best[n] > -INFINITY)
                p->ids[n] = o->ids[p->ids[n]];
            p->best[n] -= log_sums[r];
        }
}

/* Find rows' best words when their scores stand elsewhere, and stay as they are. */
void dragoman_best(float *scores, const float *log_sums, int64_t rows, int64_t vocabulary, const int64_t *banned,
                   int64_t num_banned, int64_t count, float *best, int64_t *ids)
{
    pick p = {count, num_banned, banned, best, ids};

    begin_pick(&p, rows);
    for (int64_t r = 0; r < rows; r++, scores += vocabulary) {
        float kept[num_banned + 1];
        for (int64_t n = 0; n < num_banned; n++)
            kept[n] = scores[banned[n]];
        pick_from(&p, r, scores, 0, vocabulary);
        for (int64_t n = num_banned - 1; n >= 0; n--)
            scores[banned[n]] = kept[n];
        for (int64_t n = 0; n < count; n++)
            best[r * count + n] -= log_sums[r];
    }
}

/* What a step that stands elsewhere is given: last, [sentences, beams]; where the memory and the source of each
 * sentence lie; the states before and after; and room for where it looked. Without a shortlist there need be no `src`. */
typedef struct {
    int64_t sentences, beams, length;
    const int64_t *last, *places, *src;
    const float *state, *keys, *values, *mask;
    float *new_state, *weights;
} step;

/* Score the words of a shortlist; the others get -inf. */
static void score_short(const decoder *d, desk *k, const shortlist *s, const step *t, float *scores, float *log_sums,
                        yard *y)
{
    uint64_t *marked = take(y, (s->words + 63) / 64, sizeof(uint64_t));
    float *few = take(y, d->vocabulary, sizeof(float));
    offer o = {0};

    for (int64_t r = 0; !y->failed && r < t->sentences * t->beams; r++, scores += d->vocabulary) {
        if (r % t->beams == 0)
            o = choose(s, t->src + t->places[r / t->beams] * t->length, t->length, marked, y);
        if (y->failed)
            return;
        score(d, k, s, &o, r, 1, few, NULL, log_sums + r);
        for (int64_t n = 0; n < d->vocabulary; n++)
            scores[n] = -INFINITY;
        for (int64_t n = 0; n < o.count; n++)
            scores[o.ids[n]] = few[n];
    }
}

/* One step, for a search that stands elsewhere: scores, [sentences, beams, vocabulary]; log_sums, [sentences, beams]. */
int dragoman_step(const decoder *d, const shortlist *s, const step *t, float *scores, float *log_sums)
{
    memory m = {t->length, t->keys, t->values, t->mask};
    offer all = {.count = d->vocabulary};
    int64_t rows = t->sentences * t->beams, r;
    yard own = {0};
    party p = open_party(rows, &own);
    desk k;

    open_desk(&k, d, rows, d->vocabulary, &own);
    if (own.failed)
        return leave(&own);
    for (r = 0; r < rows; r++) {
        p.rows[r] = p.from[r] = r;
        p.places[r] = t->places[r / t->beams];
        p.last[r] = t->last[r];
    }
    begin_step(&k);
    advance(d, &k, &p, &m, t->state, t->new_state, t->weights);
    if (s)
        score_short(d, &k, s, t, scores, log_sums, &own);
    for (r = 0; !s && r < rows; r += FEW)
        score(d, &k, NULL, &all, r, SMALLER(rows - r, FEW), scores + r * d->vocabulary, NULL, log_sums + r);
    return leave(&own);
}
