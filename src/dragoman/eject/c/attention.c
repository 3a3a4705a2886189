
/* Make keys and values of the memory; what reads the context is applied here, once a sentence: W_c's half, and the
 * generator's. */
static int prepare(dragoman *d, sentence *s)
{
    s->values = take_floats(d, s->length, VALUES);
    s->keys = KEYS_ARE_MEMORY ? s->memory : take_floats(d, s->length, HIDDEN);
    if (!s->values || !s->keys)
        return 0;
    make_keys(d, s);
    multiply(d, &mix_context, s->memory, s->length, HIDDEN, s->values, VALUES, 1);
    return 1;
}

/* Look at the source: h~ = tanh(W_c [context; h]), and where each query looked. */
static void attend(dragoman *d, const sentence *s, size_t count, const float *query, float *output, float *weights)
{
    size_t n;

    compare(d, s, count, query, weights);
    multiply(d, &mix_state, query, count, STATE, d->temp, HIDDEN, SAID_BOUNDED);
    for (n = 0; n < count; n++) {
        float *out = output + n * OUTPUT, *w = weights + n * s->length;
        softmax(w, s->length);
        average(w, s->values, s->length, VALUES, out);
        add(out, d->temp + n * HIDDEN, HIDDEN);
        bend(out, HIDDEN);
    }
}
