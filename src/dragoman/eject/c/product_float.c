
/* Eight sums side by side, which the compiler adds at once. */
static float dot(const float *w, const float *x, int count)
{
    float sums[8] = {0, 0, 0, 0, 0, 0, 0, 0}, sum = 0;
    int i, k;

    for (i = 0; i + 8 <= count; i += 8)
        for (k = 0; k < 8; k++)
            sums[k] += w[i + k] * x[i + k];
    for (; i < count; i++)
        sum += w[i] * x[i];
    for (k = 0; k < 8; k++)
        sum += sums[k];
    return sum;
}

/* y = W x for `count` vectors, which stand `from` and `to` numbers apart. */
static void multiply(dragoman *d, const matrix *m, const float *x, size_t count, size_t from, float *y, size_t to,
                     int bounded)
{
    size_t n;
    int i;

    (void)d;
    (void)bounded;
    for (i = 0; i < m->rows; i++)
        for (n = 0; n < count; n++)
            y[n * to + i] = dot(m->w + (size_t)i * m->cols, x + n * from, m->cols);
}
