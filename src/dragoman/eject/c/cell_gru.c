
/* r, z = sigmoid(W x + U h), n = tanh(W_n x + r (U_n h + b)), h' = n + z (h - n) (Cho et al. 2014). */
static void advance_gru(dragoman *d, const cell *k, size_t count, float *gates, states from, states to)
{
    size_t n, size = (size_t)k->state.cols, i;

    multiply(d, &k->state, from.h, count, from.stride, d->temp, 3 * size, 1);
    for (n = 0; n < count; n++) {
        float *x = gates + n * 3 * size, *u = d->temp + n * 3 * size, *new = x + 2 * size;
        const float *h = from.h + n * from.stride;
        add(u, k->state_bias, 3 * size);
        add(x, u, 2 * size);
        open_gates(x, 2 * size);
        for (i = 0; i < size; i++)
            new[i] += x[i] * u[2 * size + i];
        bend(new, size);
        for (i = 0; i < size; i++)
            to.h[n * to.stride + i] = new[i] + x[size + i] * (h[i] - new[i]);
    }
}
