
/* i, f, o = sigmoid(W x + U h + b), g = tanh(...), c' = f c + i g, h' = o tanh(c') (Gers et al. 2000). */
static void advance_lstm(dragoman *d, const cell *k, size_t count, float *gates, states from, states to)
{
    size_t n, size = (size_t)k->state.cols, i;

    multiply(d, &k->state, from.h, count, from.stride, d->temp, 4 * size, 1);
    for (n = 0; n < count; n++) {
        float *x = gates + n * 4 * size, *h = to.h + n * to.stride, *c = to.c + n * to.stride;
        const float *before = from.c + n * from.stride;
        add(x, d->temp + n * 4 * size, 4 * size);
        open_gates(x, 3 * size);
        bend(x + 3 * size, size);
        for (i = 0; i < size; i++)
            c[i] = x[size + i] * before[i] + x[i] * x[3 * size + i];
        memcpy(h, c, size * sizeof(float));
        bend(h, size);
        for (i = 0; i < size; i++)
            h[i] *= x[2 * size + i];
    }
}
