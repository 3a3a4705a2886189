
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
