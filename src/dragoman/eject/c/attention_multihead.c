
/* Make the heads' keys and values of the memory, side by side. */
static int prepare(dragoman *d, sentence *s)
{
    s->values = take_floats(d, s->length, HIDDEN);
    s->keys = take_floats(d, s->length, HIDDEN);
    if (!s->values || !s->keys)
        return 0;
    multiply(d, &attention_keys, s->memory, s->length, HIDDEN, s->keys, HIDDEN, 1);
    multiply(d, &attention_values, s->memory, s->length, HIDDEN, s->values, HIDDEN, 1);
    return 1;
}

/* Look with one head; `scores` has room for what it looks at, `context` gets its slice. */
static void look(const sentence *s, int head, const float *q, float *scores, float *context)
{
    const int size = HIDDEN / HEADS, start = head * size;
    const float scale = (float)(1.0 / sqrt((double)size));
    size_t j;

    for (j = 0; j < s->length; j++)
        scores[j] = inner(q + start, s->keys + j * HIDDEN + start, size) * scale;
    softmax(scores, s->length);
    average(scores, s->values + start, s->length, size, context + start);
}

/* Several scaled dot products side by side (Vaswani et al. 2017); then h~ = tanh(W_c [context; h]). */
static void attend(dragoman *d, const sentence *s, size_t count, const float *query, float *output, float *weights)
{
    float q[HIDDEN], context[HIDDEN], mapped[HIDDEN], mixed[OUTPUT];
    size_t n, j;
    int head;

    for (n = 0; n < count; n++) {
        /* Past the last query's weights there is room for one head's. */
        float *w = weights + n * s->length, *scores = weights + count * s->length;
        memset(w, 0, s->length * sizeof(float));
        multiply(d, &attention_query, query + n * STATE, 1, 0, q, 0, SAID_BOUNDED);
        for (head = 0; head < HEADS; head++) {
            look(s, head, q, scores, context);
            for (j = 0; j < s->length; j++)
                w[j] += scores[j] / HEADS;
        }
        multiply(d, &attention_out, context, 1, 0, mapped, 0, 0);
        multiply(d, &mix_context, mapped, 1, 0, mixed, 0, 0);
        multiply(d, &mix_state, query + n * STATE, 1, 0, q, 0, SAID_BOUNDED);
        add(mixed, q, HIDDEN);
        bend(mixed, HIDDEN);
        memcpy(output + n * OUTPUT, mixed, sizeof mixed);
    }
}
