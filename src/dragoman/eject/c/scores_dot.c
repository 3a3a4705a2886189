
/* Compare queries with the keys: s . h (Luong et al. 2015). */
static void compare(dragoman *d, const sentence *s, size_t count, const float *query, float *scores)
{
    size_t n, j;
    float sum;
    int i;

    (void)d;
    for (n = 0; n < count; n++)
        for (j = 0; j < s->length; j++) {
            const float *q = query + n * STATE, *k = s->keys + j * HIDDEN;
            for (sum = 0, i = 0; i < HIDDEN; i++)
                sum += q[i] * k[i];
            scores[n * s->length + j] = sum;
        }
}
