
/* Eight sums side by side, which the compiler adds at once. */
#define INNER(name)                                                                                                    \
    static float name(const float *x, const float *y, int count)                                                       \
    {                                                                                                                  \
        float sums[8] = {0, 0, 0, 0, 0, 0, 0, 0}, sum = 0;                                                             \
        int i, k;                                                                                                      \
                                                                                                                       \
        for (i = 0; i + 8 <= count; i += 8)                                                                            \
            for (k = 0; k < 8; k++)                                                                                    \
                sums[k] += x[i + k] * y[i + k];                                                                        \
        for (; i < count; i++)                                                                                         \
            sum += x[i] * y[i];                                                                                        \
        for (k = 0; k < 8; k++)                                                                                        \
            sum += sums[k];                                                                                            \
        return sum;                                                                                                    \
    }
