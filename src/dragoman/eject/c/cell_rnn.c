
/* h' = tanh(W x + U h + b) (Elman 1990); `gates` is W x + b. */
static void advance(dragoman *d, const cell *k, size_t count, float *gates, states from, states to)
{
    size_t n, size = (size_t)k->state.cols, i;

    multiply(d, &k->state, from.h, count, from.stride, d->temp, size, 1);
    for (n = 0; n < count; n++)
        for (i = 0; i < size; i++)
            to.h[n * to.stride + i] = tanh_(gates[n * size + i] + d->temp[n * size + i]);
}
