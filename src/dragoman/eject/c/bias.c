
static void add_bias(float *y, size_t count, size_t width, const float *bias)
{
    size_t n;

    for (n = 0; n < count; n++)
        add(y + n * width, bias, width);
}
