
/* i, f, o = sigmoid(W x + U h + b), g = tanh(...), c' = f c + i g, h' = o tanh(c') (Gers et al. 2000). */
static void advance(dragoman *d, const cell *k, size_t count, float *gates, states from, states to)
{
    size_t n, size = (size_t)k->state.cols, i;

    multiply(d, &k->state, from.h, count, from.stride, d->temp, 4 * size, 1);
    for (n = 0; n < count; n++) {
        const float *x = gates + n * 4 * size, *u = d->temp + n * 4 * size;
        for (i = 0; i < size; i++) {
            float in = sigmoid_(x[i] + u[i]), keep = sigmoid_(x[size + i] + u[size + i]);
            float out = sigmoid_(x[2 * size + i] + u[2 * size + i]);
            float c = keep * from.c[n * from.stride + i] + in * tanh_(x[3 * size + i] + u[3 * size + i]);
            to.c[n * to.stride + i] = c;
            to.h[n * to.stride + i] = out * tanh_(c);
        }
    }
}
