
static void add_bias(float *y, size_t count, int width, const float *bias)
{
    size_t n;
    int i;

    for (n = 0; n < count; n++)
        for (i = 0; i < width; i++)
            y[n * width + i] += bias[i];
}

