
/* r, z = sigmoid(W x + U h), n = tanh(W_n x + r (U_n h + b)), h' = n + z (h - n) (Cho et al. 2014). */
static void advance(dragoman *d, const cell *k, size_t count, float *gates, states from, states to)
{
    size_t n, size = (size_t)k->state.cols, i;

    multiply(d, &k->state, from.h, count, from.stride, d->temp, 3 * size, 1);
    for (n = 0; n < count; n++) {
        const float *x = gates + n * 3 * size, *u = d->temp + n * 3 * size, *b = k->state_bias;
        for (i = 0; i < size; i++) {
            float r = sigmoid_(x[i] + (u[i] + b[i]));
            float z = sigmoid_(x[size + i] + (u[size + i] + b[size + i]));
            float new = tanh_(x[2 * size + i] + r * (u[2 * size + i] + b[2 * size + i]));
            to.h[n * to.stride + i] = new + z * (from.h[n * from.stride + i] - new);
        }
    }
}
