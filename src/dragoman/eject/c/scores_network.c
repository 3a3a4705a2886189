
/* Compare queries with the keys by a small network: v . tanh(W s + U h). */
static void compare(dragoman *d, const sentence *s, size_t count, const float *query, float *scores)
{
    float mapped[HIDDEN], bent[HIDDEN], sum;
    size_t n, j;
    int i;

    for (n = 0; n < count; n++) {
        multiply(d, &attention_query, query + n * STATE, 1, 0, mapped, 0, 1);
        for (j = 0; j < s->length; j++) {
            const float *k = s->keys + j * HIDDEN;
            for (i = 0; i < HIDDEN; i++)
                bent[i] = tanh_(mapped[i] + k[i]) * attention_v[i];
            for (sum = 0, i = 0; i < HIDDEN; i++)
                sum += bent[i];
            scores[n * s->length + j] = sum;
        }
    }
}
