
INNER(dot_plain)
#ifdef CHOOSE
__attribute__((target("avx2"))) INNER(dot_wide)
#endif

/* y = W x for `count` vectors, which stand `from` and `to` numbers apart. */
static void multiply(dragoman *d, const matrix *m, const float *x, size_t count, size_t from, float *y, size_t to,
                     int bounded)
{
    size_t n;
    int i;

    (void)bounded;
    for (i = 0; i < m->rows; i++)
        for (n = 0; n < count; n++)
            y[n * to + i] = d->dot(m->w + (size_t)i * m->cols, x + n * from, m->cols);
}
