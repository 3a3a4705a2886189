
/* f = sigmoid(W_f x + b), c' = f c + (1 - f) W x, and what is said of it, relu(c') (Kim et al. 2019). */
static void advance_ssru(dragoman *d, const cell *k, size_t count, float *gates, states from, states to)
{
    size_t n, size = (size_t)k->input.rows / 2, i;

    (void)d;
    for (n = 0; n < count; n++) {
        float *f = gates + n * 2 * size, *u = f + size, *h = to.h + n * to.stride, *c = to.c + n * to.stride;
        const float *before = from.c + n * from.stride;
        open_gates(f, size);
        for (i = 0; i < size; i++)
            c[i] = u[i] + f[i] * (before[i] - u[i]);
        for (i = 0; i < size; i++)
            h[i] = c[i] > 0 ? c[i] : 0;
    }
}
