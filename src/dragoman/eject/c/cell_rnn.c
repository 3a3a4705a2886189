
/* h' = tanh(W x + U h + b) (Elman 1990); `gates` is W x + b. */
static void advance_rnn(dragoman *d, const cell *k, size_t count, float *gates, states from, states to)
{
    size_t n, size = (size_t)k->state.cols;

    multiply(d, &k->state, from.h, count, from.stride, d->temp, size, 1);
    for (n = 0; n < count; n++) {
        float *x = gates + n * size;
        add(x, d->temp + n * size, size);
        bend(x, size);
        memcpy(to.h + n * to.stride, x, size * sizeof(float));
    }
}
