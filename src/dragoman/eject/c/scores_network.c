
/* Compare queries with the keys by a small network: v . tanh(W s + U h). */
static void compare(dragoman *d, const sentence *s, size_t count, const float *query, float *scores)
{
    float mapped[HIDDEN], bent[HIDDEN];
    size_t n, j;

    for (n = 0; n < count; n++) {
        multiply(d, &attention_query, query + n * STATE, 1, 0, mapped, 0, SAID_BOUNDED);
        for (j = 0; j < s->length; j++) {
            memcpy(bent, mapped, sizeof bent);
            add(bent, s->keys + j * HIDDEN, HIDDEN);
            bend(bent, HIDDEN);
            scores[n * s->length + j] = inner(bent, attention_v, HIDDEN);
        }
    }
}
