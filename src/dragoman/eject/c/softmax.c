
static void softmax(float *x, size_t count)
{
    float largest = x[0], sum = 0;
    size_t j;

    for (j = 1; j < count; j++)
        largest = x[j] > largest ? x[j] : largest;
    for (j = 0; j < count; j++) {
        x[j] = expf(x[j] - largest);
        sum += x[j];
    }
    for (j = 0; j < count; j++)
        x[j] /= sum;
}

/* Average some columns of the rows of `values`, each of VALUES numbers. */
static void average(const float *weights, const float *values, size_t count, size_t columns, float *out)
{
    size_t i, j;

    memset(out, 0, columns * sizeof(float));
    for (j = 0; j < count; j++)
        for (i = 0; i < columns; i++)
            out[i] += weights[j] * values[j * VALUES + i];
}
