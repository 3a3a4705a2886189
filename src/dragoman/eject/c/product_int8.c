
/* Whole numbers, and so exact in whatever order they are added. */
#define DOT(name)                                                                                                      \
    static int name(const weight *w, const short *x, int count)                                                        \
    {                                                                                                                  \
        int sum = 0, i;                                                                                                \
                                                                                                                       \
        for (i = 0; i < count; i++)                                                                                    \
            sum += w[i] * x[i];                                                                                        \
        return sum;                                                                                                    \
    }

DOT(dot_plain)
#ifdef CHOOSE
__attribute__((target("avx2"))) DOT(dot_wide)
#endif

/* Round to -127..127, half to even: adding and taking away 1.5 * 2^23 leaves no digits behind the point. */
static void round_row(const float *x, int count, float largest, short *rounded)
{
    const float step = 1.0f / 127.0f, magic = 12582912.0f;
    int i;

    /* Nothing is larger than `largest`, so that nothing need be clamped. */
    for (i = 0; i < count; i++)
        rounded[i] = (short)(int)((x[i] / largest / step + magic) - magic);
}

static float largest_of(const float *x, int count)
{
    float largest = 1e-30f;
    int i;

    for (i = 0; i < count; i++) {
        float size = x[i] < 0 ? -x[i] : x[i];
        largest = size > largest ? size : largest;
    }
    return largest;
}

/* y = W x for `count` vectors, which stand `from` and `to` numbers apart. `bounded`: they lie between -1 and 1. */
static void multiply(dragoman *d, const matrix *m, const float *x, size_t count, size_t from, float *y, size_t to,
                     int bounded)
{
    float largest[ROWS_AT_ONCE];
    size_t first, n, rows;
    int i;

    for (first = 0; first < count; first += ROWS_AT_ONCE) {
        rows = count - first < ROWS_AT_ONCE ? count - first : ROWS_AT_ONCE;
        for (n = 0; n < rows; n++) {
            largest[n] = bounded ? 1.0f : largest_of(x + (first + n) * from, m->cols);
            round_row(x + (first + n) * from, m->cols, largest[n], d->rounded + n * WIDEST);
        }
        for (i = 0; i < m->rows; i++) {
            const weight *w = m->w + (size_t)i * m->cols;
            float scale = m->scales[i] * (1.0f / 127.0f);
            for (n = 0; n < rows; n++)
                y[(first + n) * to + i] = (float)d->dot(w, d->rounded + n * WIDEST, m->cols) * scale * largest[n];
        }
    }
}
