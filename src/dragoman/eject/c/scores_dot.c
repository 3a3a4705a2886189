
/* Compare queries with the keys: s . h (Luong et al. 2015). */
static void compare(dragoman *d, const sentence *s, size_t count, const float *query, float *scores)
{
    size_t n, j;

    (void)d;
    for (n = 0; n < count; n++)
        for (j = 0; j < s->length; j++)
            scores[n * s->length + j] = inner(query + n * STATE, s->keys + j * HIDDEN, HIDDEN);
}
