
/* --------------------------------------------------------------------------------------- network */

/* Give W x + b of a word: as it was kept, or in `y`. */
static const float *word_gates(dragoman *d, word_table *t, int id, float *y)
{
    size_t size = (size_t)t->layer->input.rows * sizeof(float);
    float *kept;

    if (t->rows[id])
        return t->rows[id];
    make_word(d, t, id, y);
    if (d->cached + size > DRAGOMAN_CACHE || !(kept = malloc(size)))
        return y;
    d->cached += size;
    memcpy(kept, y, size);
    t->rows[id] = kept;
    return kept;
}

#ifdef WORD_MEMORY
/* Add to keys and values what the words are by themselves. */
static void add_own(dragoman *d, const sentence *s)
{
    word_table *own = d->tables + ENCODER_DIRECTIONS + 1;
    float room[VALUES];
    size_t n;

    for (n = 0; n < s->length; n++) {
        add(s->keys + n * HIDDEN, word_gates(d, own, s->ids[n], room), HIDDEN);
        add(s->values + n * VALUES, word_gates(d, own + 1, s->ids[n], room), VALUES);
    }
}
#endif

/* Read the source with one layer in one direction; `last` is where its final state goes, h then c. */
static void read_layer(dragoman *d, int layer, int direction, const int *ids, size_t length, float *gates, float *out,
                       float *last)
{
    const cell *k = &encoder[layer][direction];
    const int width = ENCODER_GATES * ENCODER_SIZE;
    /* States before and after a token, in turns: h and c. */
    float both[2][2 * ENCODER_SIZE];
    size_t n, at;
    int i;

    memset(both, 0, sizeof both);
    for (n = 0; n < length; n++) {
        states from = {both[n & 1], both[n & 1] + ENCODER_SIZE, 0};
        states to = {both[~n & 1], both[~n & 1] + ENCODER_SIZE, 0};
        at = direction == REVERSE_SOURCE ? n : length - 1 - n;
        if (layer == 0) {
            const float *made = word_gates(d, &d->tables[direction], ids[at], gates);
            if (made != gates)
                memcpy(gates, made, width * sizeof(float));
        }
        advance_encoder(d, k, 1, layer ? gates + at * width : gates, from, to);
        memcpy(out + at * HIDDEN + direction * ENCODER_SIZE, to.h, ENCODER_SIZE * sizeof(float));
    }
    for (i = 0; i < ENCODER_SIZE; i++) {
        last[direction * ENCODER_SIZE + i] = both[length & 1][i];
        last[HIDDEN + direction * ENCODER_SIZE + i] = both[length & 1][ENCODER_SIZE + i];
    }
}

/* Read the source: fill `s`, and the first state. Returns whether there was memory enough. */
static int read_source(dragoman *d, const int *ids, size_t length, sentence *s, float *state)
{
    float *below = take_floats(d, length, HIDDEN), *above = take_floats(d, length, HIDDEN), *swap;
    float *gates = take_floats(d, ENCODER_LAYERS > 1 ? length : 1, ENCODER_GATES * ENCODER_SIZE);
    /* Each layer's state after the last token: h, c. */
    float finals[ENCODER_LAYERS][2 * HIDDEN];
    int layer, direction;

    if (!below || !above || !gates)
        return 0;
    for (layer = 0; layer < ENCODER_LAYERS; layer++) {
        for (direction = 0; direction < ENCODER_DIRECTIONS; direction++) {
            const cell *k = &encoder[layer][direction];
            if (layer) {
                multiply(d, &k->input, below, length, HIDDEN, gates, ENCODER_GATES * ENCODER_SIZE, 1);
                add_bias(gates, length, ENCODER_GATES * ENCODER_SIZE, k->bias);
            }
            read_layer(d, layer, direction, ids, length, gates, above, finals[layer]);
        }
        swap = below;
        below = above;
        above = swap;
    }
    s->length = length;
    s->ids = ids;
    s->memory = below;
    memset(state, 0, STATE * sizeof(float));
    cross_bridge(d, finals, s, state);
    if (CONTEXT_EVERY_STEP)
        memcpy(state + LAYERS_STATE, state + (DECODER_LAYERS - 1) * HIDDEN, HIDDEN * sizeof(float));
    if (!prepare(d, s))
        return 0;
#ifdef WORD_MEMORY
    add_own(d, s);
#endif
    return 1;
}
