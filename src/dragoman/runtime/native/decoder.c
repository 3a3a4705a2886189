/* -------------------------------------------------------------------------------------------- decoder */

enum { LSTM, SSRU };

typedef struct {
    int64_t hidden, layers, vocabulary, looks, cell;
    int64_t query, found; /* widths of what words are compared with, if it is mapped, and of what attention adds to it */
    const word_table *table;     /* of the first layer's gates */
    const matrix *recurrent;     /* of each layer of an LSTM */
    const matrix *input;         /* of each layer but the first */
    const float *const *bias;    /* likewise */
    matrix output;               /* W_c's half of h */
    matrix map;                  /* P of the tied generator */
    matrix words;
    const float *words_bias;
} decoder;

/* What sentences are looked at by: keys, [any, length, hidden]; values, [any, length, hidden + found]; mask, [any, length]. */
typedef struct memory {
    int64_t length;
    const float *keys, *values, *mask;
} memory;

/* Hypotheses that take a step together: of each the row of the new state that is its own, the row of the old one that it
 * goes on from, where its sentence is in the memory, and the word that it said last. */
typedef struct {
    int64_t count, *rows, *from, *places, *last;
} party;

/* Room for what a step computes on its way, and what words are compared with: `asked`, rows of `width`. `said`: what a
 * layer says, where that is not part of the state.
 *
 * The product with an old h is the same for all that go on from it, and made once a step: `heads` are those that were
 * met, `slots` says of each row of the old state which of them it is, or -1; `sums`: [layers, rows, 4 * hidden]. */
typedef struct {
    rounded room;
    int64_t rows, num_heads, *heads, *slots;
    float *sums, *given, *said, *mixed, *query;
    int32_t *offered;
    const float *asked;
    int64_t width;
} desk;

static int64_t wide(const decoder *d)
{
    return (d->cell == LSTM ? 2 : 1) * d->layers * d->hidden;
}

static int64_t gates_of(const decoder *d)
{
    return (d->cell == LSTM ? 4 : 2) * d->hidden;
}

/* Whether what words are scored by lies between -1 and 1: not what an SSRU says, which no tanh has passed. */
static int bounded(const decoder *d)
{
    return d->looks || d->cell == LSTM;
}

static int64_t values_of(const decoder *d)
{
    return d->hidden + d->found;
}

static party open_party(int64_t rows, yard *y)
{
    party p = {rows, NULL, NULL, NULL, NULL};
    int64_t **each[] = {&p.rows, &p.from, &p.places, &p.last};

    for (int n = 0; n < 4; n++)
        *each[n] = take(y, rows, sizeof(int64_t));
    return p;
}

/* `most`: words that any offer holds. */
static void open_desk(desk *k, const decoder *d, int64_t rows, int64_t most, yard *y)
{
    int64_t size = d->hidden, widest = LARGER(size, LARGER(d->query, d->table->width)) + STRIDE;

    k->rows = rows;
    k->room = table_of(y, rows, widest);
    k->heads = take(y, rows, sizeof(int64_t));
    k->slots = take(y, rows, sizeof(int64_t));
    k->sums = take(y, d->cell == LSTM ? d->layers * rows * gates_of(d) : 0, sizeof(float));
    k->given = take(y, rows * gates_of(d), sizeof(float));
    k->said = take(y, d->cell == LSTM ? 0 : rows * size, sizeof(float));
    k->mixed = take(y, rows * values_of(d), sizeof(float));
    k->query = take(y, rows * d->query, sizeof(float));
    k->offered = take(y, TALL * (most + MANY), sizeof(int32_t));
    k->asked = d->query ? k->query : k->mixed;
    k->width = d->query ? d->query : size;
}

static void begin_step(desk *k)
{
    k->num_heads = 0;
    for (int64_t r = 0; r < k->rows; r++)
        k->slots[r] = -1;
}

/* Note what these go on from; returns how many of that had not been met in this step. */
static int64_t meet_heads(desk *k, const party *p)
{
    int64_t before = k->num_heads;

    for (int64_t i = 0; i < p->count; i++)
        if (k->slots[p->from[i]] < 0) {
            k->slots[p->from[i]] = k->num_heads;
            k->heads[k->num_heads++] = p->from[i];
        }
    return k->num_heads - before;
}

/* Look at one sentence from one state: weights = softmax(keys h + mask), mixed = weights values. */
static void look(const decoder *d, const float *h, const memory *m, int64_t at, float *weights, float *mixed)
{
    int64_t size = d->hidden, width = values_of(d), t;
    const float *keys = m->keys + at * m->length * size, *values = m->values + at * m->length * width;
    const float *mask = m->mask + at * m->length;

    for (t = 0; t + NEAR <= m->length; t += NEAR)
        dots(NEAR, h, keys + t * size, size, weights + t);
    for (; t < m->length; t++)
        dots(1, h, keys + t * size, size, weights + t);
    for (t = 0; t < m->length; t++)
        weights[t] += mask[t];
    share_out(weights, m->length);
    mix(weights, values, m->length, width, mixed);
}

/* One layer's step of the recurrence; `fresh` heads are new. */
static void recur(const decoder *d, desk *k, const party *p, int64_t n, int64_t fresh, const float *state, float *new_state)
{
    int64_t size = d->hidden, all = wide(d), known = k->num_heads - fresh;
    float *sums = k->sums + n * k->rows * 4 * size, *new_h = new_state + n * size;
    sheet heads = {state + n * size, all, size, fresh, k->heads + known};
    sheet below = {new_h - size, all, size, p->count, p->rows};

    multiply(&d->recurrent[n], heads, 1, NULL, sums + known * 4 * size, 4 * size, &k->room);
    if (n)
        multiply(&d->input[n - 1], below, 1, d->bias[n], k->given, 4 * size, &k->room);
    for (int64_t i = 0; i < p->count; i++) {
        const float *given = n ? k->given + i * 4 * size : d->table->rows + p->last[i] * 4 * size;
        int64_t c = d->layers * size;
        float *to = new_h + p->rows[i] * all;
        lstm(sums + k->slots[p->from[i]] * 4 * size, given, state + n * size + p->from[i] * all + c, to + c, to, size);
    }
}

/* The same of a recurrence without a matrix. */
static void scan(const decoder *d, desk *k, const party *p, int64_t n, const float *state, float *new_state)
{
    int64_t size = d->hidden, all = wide(d);

    if (n)
        multiply(&d->input[n - 1], (sheet){k->said, size, size, p->count, NULL}, 0, d->bias[n], k->given, 2 * size,
                 &k->room);
    for (int64_t i = 0; i < p->count; i++) {
        const float *given = n ? k->given + i * 2 * size : d->table->rows + p->last[i] * 2 * size;
        ssru(given, state + n * size + p->from[i] * all, new_state + n * size + p->rows[i] * all, k->said + i * size, size);
    }
}

/* Climb all layers; returns what the top one says. */
static sheet climb(const decoder *d, desk *k, const party *p, const float *state, float *new_state)
{
    int64_t size = d->hidden, fresh = d->cell == LSTM ? meet_heads(k, p) : 0, n;

    meet(d->table, p->last, p->count, k->room.numbers);
    for (n = 0; n < d->layers; n++)
        if (d->cell == LSTM)
            recur(d, k, p, n, fresh, state, new_state);
        else
            scan(d, k, p, n, state, new_state);
    if (d->cell == LSTM)
        return (sheet){new_state + (d->layers - 1) * size, wide(d), size, p->count, p->rows};
    return (sheet){k->said, size, size, p->count, NULL};
}

/* Read one token a hypothesis.
 *
 * state: rows of `wide`, h of each layer, then c; of an SSRU c alone. weights: [rows, length]. */
static void advance(const decoder *d, desk *k, const party *p, const memory *m, const float *state, float *new_state,
                    float *weights)
{
    sheet top = climb(d, k, p, state, new_state);
    int64_t size = d->hidden, width = values_of(d), i, j;

    if (d->looks)
        multiply(&d->output, top, d->cell == LSTM, NULL, k->given, size, &k->room);
    for (i = 0; i < p->count; i++) {
        const float *said = row_of(&top, i), *own = k->given + i * size;
        float *mixed = k->mixed + i * width;
        if (!d->looks) {
            memcpy(mixed, said, (size_t)size * sizeof(float));
            continue;
        }
        look(d, said, m, p->places[i], weights + p->rows[i] * m->length, mixed);
        j = 0;
        BY_LANES(j, left, size, store_some(mixed + j, left, bend(plus(load_some(mixed + j, left, 0), load_some(own + j, left, 0)))))
    }
    if (d->query)
        multiply(&d->map, (sheet){k->mixed, width, size, p->count, NULL}, bounded(d), NULL, k->query, d->query, &k->room);
    for (i = 0; i < p->count; i++)
        for (j = 0; j < d->found; j++)
            k->query[i * d->query + j] += k->mixed[i * width + size + j];
}
