
/* Round to the digits that 16 bits hold. */
static float halve(float x)
{
    float size = x < 0 ? -x : x, step;
    int exponent;

    if (!(size > 0))
        return x;
    if (size >= 65520.0f)
        return x < 0 ? -HUGE_VALF : HUGE_VALF;
    frexpf(size, &exponent);
    step = ldexpf(1.0f, exponent < -13 ? -24 : exponent - 11);
    size = (size / step + 8388608.0f) - 8388608.0f;
    return (x < 0 ? -size : size) * step;
}

/* Multiply a word's vector, without its scale, by the input map, and add the bias. */
static void make_word(dragoman *d, const word_table *t, int id, float *y)
{
    const matrix *words = t->words, *m = &t->layer->input;
    const weight *word = words->w + (size_t)id * words->cols;
    int i;

    for (i = 0; i < words->cols; i++)
        d->rounded[i] = word[i];
    for (i = 0; i < m->rows; i++) {
        float sum = (float)d->dot(m->w + (size_t)i * m->cols, d->rounded, m->cols);
        y[i] = sum * (words->scales[id] * m->scales[i]) + t->layer->bias[i];
        if (t->folded)
            y[i] = halve(y[i]);
    }
}
