/* -------------------------------------------------------------------------------------------- encoder */

#define PAD 0
#define SOME 48 /* rows whose products are made at once: they stay in the processor's cache */

enum { COPY, DENSE, MEAN }; /* what a decoder begins with: the last states, or a map of the top one, or of the mean */

typedef struct {
    int64_t hidden, layers, directions, mapped; /* mapped: whether keys are a map of the memory, or the memory itself */
    int64_t looks, bridge, decoder_layers, carried; /* carried: what a layer of the decoder goes on with: h and c, or c */
    const word_table *tables;    /* of each direction of the first layer */
    const matrix *recurrent;     /* [layers, directions] */
    const matrix *input;         /* of each layer but the first: [layers - 1, directions] */
    const float *const *bias;    /* likewise */
    const matrix *start;         /* of the bridge */
    const float *start_bias;
    const matrix *keys, *values;
    const word_table *own[2];    /* what a word by itself adds to its key and its value; NULL where it adds nothing */
} encoder;

/* A batch while it is read: lengths, [sentences]; h and c of each direction, [sentences, hidden]. */
typedef struct {
    int64_t sentences, steps;
    const int64_t *src;
    int64_t *lengths;
    float *h, *c, *sum, *gates, *below;
    rounded room;
} reading;

static void multiply_many(const matrix *m, const float *x, int64_t count, int64_t rows, const float *bias, float *y,
                          rounded *room)
{
    for (int64_t r = 0; r < rows; r += SOME) {
        sheet some = {x + r * count, count, count, SMALLER(rows - r, SOME), NULL};
        multiply(m, some, 1, bias, y + r * m->outputs, m->outputs, room);
    }
}

/* Read with one layer in one direction; `out` is written where it has words, rows of `hidden`. */
static void read_layer(const encoder *e, reading *b, int64_t layer, int64_t direction, float *out)
{
    const matrix *recurrent = &e->recurrent[layer * e->directions + direction];
    const word_table *table = &e->tables[direction];
    int64_t size = e->hidden / e->directions, step, s;

    memset(b->h, 0, (size_t)(b->sentences * size) * sizeof(float));
    memset(b->c, 0, (size_t)(b->sentences * size) * sizeof(float));
    if (layer)
        multiply_many(&e->input[(layer - 1) * e->directions + direction], b->below, e->hidden,
                      b->sentences * b->steps, e->bias[(layer - 1) * e->directions + direction], b->gates, &b->room);
    else
        meet(table, b->src, b->sentences * b->steps, b->room.numbers);
    for (step = 0; step < b->steps; step++) {
        multiply(recurrent, (sheet){b->h, size, size, b->sentences, NULL}, 1, NULL, b->sum, 4 * size, &b->room);
        for (s = 0; s < b->sentences; s++) {
            int64_t at = s * b->steps + (direction ? b->lengths[s] - 1 - step : step);
            if (step >= b->lengths[s])
                continue;
            lstm(b->sum + s * 4 * size, layer ? b->gates + at * 4 * size : table->rows + b->src[at] * 4 * size,
                 b->c + s * size, b->c + s * size, b->h + s * size, size);
            memcpy(out + at * e->hidden + direction * size, b->h + s * size, (size_t)size * sizeof(float));
        }
    }
}

/* Note where a layer ended, in all places of the decoder's first state that begin with it: all h, then all c, or h
 * alone. */
static void note_end(const encoder *e, const reading *b, int64_t layer, int64_t direction, float *state)
{
    int64_t size = e->hidden / e->directions, first = LARGER(e->layers - e->decoder_layers, 0), n, s;

    for (n = 0; n < e->decoder_layers; n++)
        for (s = 0; s < b->sentences && SMALLER(first + n, e->layers - 1) == layer; s++) {
            float *to = state + (s * e->carried * e->decoder_layers + n) * e->hidden + direction * size;
            memcpy(to, b->h + s * size, (size_t)size * sizeof(float));
            if (e->carried > 1)
                memcpy(to + e->decoder_layers * e->hidden, b->c + s * size, (size_t)size * sizeof(float));
        }
}

/* The decoder's first state, of the top layer's end, which stands in `below`, or of the memory's mean. */
static void begin(const encoder *e, reading *b, const float *memory, float *state)
{
    int64_t wide = e->carried * e->decoder_layers * e->hidden, s, t, j;

    for (s = 0; s < b->sentences && e->bridge == MEAN; s++) {
        float *mean = b->below + s * e->hidden, count = (float)b->lengths[s];
        memset(mean, 0, (size_t)e->hidden * sizeof(float));
        for (t = 0; t < b->steps; t++)
            for (j = 0; b->src[s * b->steps + t] != PAD && j < e->hidden; j++)
                mean[j] += memory[(s * b->steps + t) * e->hidden + j];
        for (j = 0; j < e->hidden; j++)
            mean[j] /= count > 0 ? count : 1;
    }
    multiply_many(e->start, b->below, e->hidden, b->sentences, e->start_bias, state, &b->room);
    for (j = 0; j < b->sentences * wide; j += LANES)
        store_some(state + j, b->sentences * wide - j, bend(load_some(state + j, b->sentences * wide - j, 0)));
}

static int open_reading(const encoder *e, reading *b, yard *y)
{
    int64_t tokens = b->sentences * b->steps, size = e->hidden / e->directions, widest = e->hidden + 1, n;

    for (n = 0; n < e->directions; n++)
        widest = LARGER(widest, e->tables[n].map->inputs); /* what a word by itself adds is as wide */
    b->room = table_of(y, LARGER(b->sentences, SOME), widest);
    b->lengths = take(y, b->sentences, sizeof(int64_t));
    b->h = take(y, b->sentences * size, sizeof(float));
    b->c = take(y, b->sentences * size, sizeof(float));
    b->sum = take(y, b->sentences * 4 * size, sizeof(float));
    b->gates = take(y, e->layers > 1 ? tokens * 4 * size : 0, sizeof(float));
    b->below = take(y, (tokens + b->sentences) * e->hidden, sizeof(float));
    if (y->failed)
        return 0;
    memset(b->lengths, 0, (size_t)b->sentences * sizeof(int64_t));
    for (n = 0; n < tokens; n++)
        b->lengths[n / b->steps] += b->src[n] != PAD;
    return 1;
}

/* What reading leaves: the top layer's outputs and keys of them, [sentences, steps, hidden]; values, [sentences, steps,
 * values->outputs]; mask, [sentences, steps]; the decoder's first state, [sentences, carried * decoder_layers * hidden]. */
typedef struct {
    float *read, *keys, *values, *mask, *state;
} left;

/* Add to rows, keys or values, what the words are by themselves. */
static void add_words(const word_table *t, const reading *b, float *rows)
{
    int64_t tokens = b->sentences * b->steps, size = t->map->outputs, n, j;

    meet(t, b->src, tokens, b->room.numbers);
    for (n = 0; n < tokens; n++) {
        const float *word = t->rows + b->src[n] * size;
        for (j = 0; j < size; j++)
            rows[n * size + j] += word[j];
    }
}

/* Read sources, [sentences, steps], PAD at the end. */
static void encode(const encoder *e, const int64_t *src, int64_t sentences, int64_t steps, const left *to, yard *y)
{
    reading b = {.sentences = sentences, .steps = steps, .src = src};
    int64_t all = sentences * steps * e->hidden, size = e->hidden / e->directions, layer, direction, s;

    if (!open_reading(e, &b, y))
        return;
    for (layer = 0; layer < e->layers; layer++) {
        if (layer)
            memcpy(b.below, to->read, (size_t)all * sizeof(float));
        memset(to->read, 0, (size_t)all * sizeof(float));
        for (direction = 0; direction < e->directions; direction++) {
            read_layer(e, &b, layer, direction, to->read);
            if (e->bridge == COPY)
                note_end(e, &b, layer, direction, to->state);
            for (s = 0; s < sentences && layer + 1 == e->layers && e->bridge == DENSE; s++)
                memcpy(b.below + all + s * e->hidden + direction * size, b.h + s * size, (size_t)size * sizeof(float));
        }
    }
    if (e->bridge == DENSE)
        memcpy(b.below, b.below + all, (size_t)(sentences * e->hidden) * sizeof(float));
    if (e->bridge != COPY)
        begin(e, &b, to->read, to->state);
    for (s = 0; s < sentences * steps && e->looks; s++)
        to->mask[s] = src[s] == PAD ? -INFINITY : 0;
    if (e->mapped)
        multiply_many(e->keys, to->read, e->hidden, sentences * steps, NULL, to->keys, &b.room);
    if (e->looks)
        multiply_many(e->values, to->read, e->hidden, sentences * steps, NULL, to->values, &b.room);
    for (s = 0; s < 2 && e->own[s]; s++)
        add_words(e->own[s], &b, s ? to->values : to->keys);
}

int dragoman_encode(const encoder *e, const int64_t *src, int64_t sentences, int64_t steps, const left *to)
{
    yard own = {0};

    encode(e, src, sentences, steps, to, &own);
    return leave(&own);
}
