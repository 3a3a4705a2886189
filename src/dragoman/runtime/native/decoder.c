/* -------------------------------------------------------------------------------------------- decoder */

#define FEW 12 /* rows that are scored at once: their scores are still in the processor's cache when they are summed */

typedef struct {
    int64_t hidden, layers, vocabulary, query, looks; /* query: width of what words are compared with, if it is mapped */
    const word_table *table;     /* of the first layer's gates */
    const matrix *recurrent;     /* of each layer */
    const matrix *input;         /* of each layer but the first */
    const float *const *bias;    /* likewise */
    matrix output;               /* W_c's half of h */
    matrix map;                  /* P of the tied generator */
    matrix words;
    const float *words_bias;
} decoder;

/* What sentences are looked at by: keys, values: [any, length, hidden]; mask: [any, length]. */
typedef struct memory {
    int64_t length;
    const float *keys, *values, *mask;
} memory;

/* Room for what a step computes on its way, and what words are compared with: `asked`, rows of `width`. */
typedef struct {
    rounded room;
    float *sum, *given, *mixed, *query;
    int32_t *sums;
    const float *asked;
    int64_t width;
} desk;

static int64_t wide(const decoder *d)
{
    return 2 * d->layers * d->hidden;
}

/* `most`: words that any offer holds. */
static void open_desk(desk *k, const decoder *d, int64_t rows, int64_t most, yard *y)
{
    int64_t size = d->hidden, widest = LARGER(size, LARGER(d->query, d->table->width)) + STRIDE;

    k->room = table_of(y, rows, widest);
    k->sum = take(y, rows * 4 * size, sizeof(float));
    k->given = take(y, rows * 4 * size, sizeof(float));
    k->mixed = take(y, rows * size, sizeof(float));
    k->query = take(y, rows * d->query, sizeof(float));
    k->sums = take(y, TALL * (most + MANY), sizeof(int32_t));
    k->asked = d->query ? k->query : k->mixed;
    k->width = d->query ? d->query : size;
}

/* Look at one sentence from one state: weights = softmax(keys h + mask), mixed = weights values. */
static void look(const float *h, const memory *m, int64_t at, int64_t size, float *weights, float *mixed)
{
    const float *keys = m->keys + at * m->length * size, *values = m->values + at * m->length * size;
    const float *mask = m->mask + at * m->length;
    float largest, sum = 0;
    int64_t t;

    for (t = 0; t < m->length; t++)
        weights[t] = isinf(mask[t]) ? mask[t] : dot(h, keys + t * size, size) + mask[t];
    largest = largest_of(weights, m->length);
    for (t = 0; t < m->length; t++) {
        weights[t] = isinf(weights[t]) ? 0 : expf(weights[t] - largest);
        sum += weights[t];
    }
    for (t = 0; t < m->length; t++)
        weights[t] /= sum;
    mix(weights, values, m->length, size, mixed);
}

/* Read one token a hypothesis: last, [sentences, beams]; `places` says where in the memory a sentence is.
 *
 * state: [sentences, beams, wide], h of each layer, then c. weights: [sentences, beams, length]. */
static void advance(const decoder *d, desk *k, int64_t sentences, int64_t beams, const memory *m,
                    const int64_t *last, const int64_t *places, const float *state, float *new_state, float *weights)
{
    int64_t rows = sentences * beams, size = d->hidden, all = wide(d), n, r, j;
    const float *top = new_state + (d->layers - 1) * size;

    meet(d->table, last, rows, k->room.numbers);
    for (n = 0; n < d->layers; n++) {
        const float *h = state + n * size, *c = state + (d->layers + n) * size;
        float *new_h = new_state + n * size, *new_c = new_state + (d->layers + n) * size;
        multiply(&d->recurrent[n], h, all, size, rows, 1, NULL, k->sum, 4 * size, &k->room);
        if (n)
            multiply(&d->input[n - 1], new_h - size, all, size, rows, 1, d->bias[n], k->given, 4 * size, &k->room);
        for (r = 0; r < rows; r++)
            lstm(k->sum + r * 4 * size, n ? k->given + r * 4 * size : d->table->rows + last[r] * 4 * size,
                 c + r * all, new_c + r * all, new_h + r * all, size);
    }
    if (d->looks)
        multiply(&d->output, top, all, size, rows, 1, NULL, k->sum, size, &k->room);
    for (r = 0; r < rows; r++) {
        float *mixed = k->mixed + r * size;
        if (!d->looks) {
            memcpy(mixed, top + r * all, (size_t)size * sizeof(float));
            continue;
        }
        look(top + r * all, m, places[r / beams], size, weights + r * m->length, mixed);
        for (j = 0; j < size; j++)
            mixed[j] = bend(mixed[j] + k->sum[r * size + j]);
    }
    if (d->query)
        multiply(&d->map, k->mixed, size, size, rows, 1, NULL, k->query, d->query, &k->room);
}

/* Score what is offered in a few rows, from `first` on; `log_sums` are to be taken off the scores. */
static void score(const decoder *d, desk *k, const shortlist *s, const offer *o, int64_t first, int64_t rows,
                  float *scores, float *log_sums)
{
    const float *x = k->asked + first * k->width;
    int64_t r;

    if (!o->ids)
        multiply(&d->words, x, k->width, k->width, rows, !d->query, d->words_bias, scores, d->vocabulary, &k->room);
    for (r = 0; o->ids && r < rows; r++) {
        int64_t place = r % TALL;
        int16_t *numbers = k->room.numbers + place * s->width;
        k->room.largest[place] = round_row(x + r * k->width, k->width, s->width, !d->query, numbers);
        if (place + 1 == TALL || r + 1 == rows)
            multiply_offer(s, o, place + 1, k->room.numbers, k->room.largest, k->sums, scores + (r - place) * o->count);
    }
    for (r = 0; r < rows; r++)
        log_sums[r] = log_sum(scores + r * o->count, o->count);
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
        score(d, k, s, &o, r, 1, few, log_sums + r);
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
    desk k;

    open_desk(&k, d, rows, d->vocabulary, &own);
    if (own.failed)
        return leave(&own);
    advance(d, &k, t->sentences, t->beams, &m, t->last, t->places, t->state, t->new_state, t->weights);
    if (s)
        score_short(d, &k, s, t, scores, log_sums, &own);
    for (r = 0; !s && r < rows; r += FEW)
        score(d, &k, NULL, &all, r, SMALLER(rows - r, FEW), scores + r * d->vocabulary, log_sums + r);
    return leave(&own);
}

/* ----------------------------------------------------------------------------------------------- best */

static float insert(float score, int64_t id, int64_t count, float *best, int64_t *ids)
{
    int64_t at = count - 1;

    for (; at > 0 && best[at - 1] < score; at--) {
        best[at] = best[at - 1];
        ids[at] = ids[at - 1];
    }
    best[at] = score;
    ids[at] = id;
    return best[count - 1];
}

/* Find a row's best scores, best first, equal ones in the order of their ids. */
static void best_of(const float *scores, int64_t vocabulary, int64_t count, float *best, int64_t *ids)
{
    float least = -INFINITY;
    int64_t i = 0, n;

    for (n = 0; n < count; n++) {
        best[n] = -INFINITY;
        ids[n] = 0;
    }
#if defined(__AVX2__)
    for (; i + 8 <= vocabulary; i += 8) {
        __m256 more = _mm256_cmp_ps(_mm256_loadu_ps(scores + i), _mm256_set1_ps(least), _CMP_GT_OQ);
        for (int left = _mm256_movemask_ps(more); left; left &= left - 1) {
            n = i + __builtin_ctz((unsigned)left);
            if (scores[n] > least)
                least = insert(scores[n], n, count, best, ids);
        }
    }
#endif
    for (; i < vocabulary; i++)
        if (scores[i] > least)
            least = insert(scores[i], i, count, best, ids);
}

/* The same for several rows of an offer; `banned` ids are not looked at. */
static void best_words(const offer *o, float *scores, const float *log_sums, int64_t rows, const int64_t *banned,
                       int64_t num_banned, int64_t count, float *best, int64_t *ids)
{
    int64_t r, n, at;

    for (r = 0; r < rows; r++, best += count, ids += count, scores += o->count) {
        for (n = 0; n < num_banned; n++)
            if ((at = place_of(o, banned[n])) >= 0)
                scores[at] = -INFINITY;
        best_of(scores, o->count, count, best, ids);
        for (n = 0; n < count; n++) {
            if (o->ids && best[n] > -INFINITY)
                ids[n] = o->ids[ids[n]];
            best[n] -= log_sums[r];
        }
    }
}

/* The same of all words, and the scores stay as they are. */
void dragoman_best(float *scores, const float *log_sums, int64_t rows, int64_t vocabulary, const int64_t *banned,
                   int64_t num_banned, int64_t count, float *best, int64_t *ids)
{
    const offer all = {.count = vocabulary};

    for (int64_t r = 0; r < rows; r++, scores += vocabulary) {
        float kept[num_banned + 1];
        for (int64_t n = 0; n < num_banned; n++)
            kept[n] = scores[banned[n]];
        best_words(&all, scores, log_sums + r, 1, banned, num_banned, count, best + r * count, ids + r * count);
        for (int64_t n = num_banned - 1; n >= 0; n--)
            scores[banned[n]] = kept[n];
    }
}
