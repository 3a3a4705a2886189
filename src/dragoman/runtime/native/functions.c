/* ------------------------------------------------------------------------------------------ functions */

static inline float clamp(float x, float low, float high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* tanh and sigmoid: the quotients of polynomials that ONNX Runtime takes. */
static inline float bend(float x)
{
    float y, p, q;

    x = clamp(x, -9.0f, 9.0f);
    y = x * x;
    p = y * -2.76076847742355e-16f + 2.00018790482477e-13f;
    p = p * y + -8.60467152213735e-11f;
    p = p * y + 5.12229709037114e-08f;
    p = p * y + 1.48572235717979e-05f;
    p = p * y + 6.37261928875436e-04f;
    p = p * y + 4.89352455891786e-03f;
    q = y * 1.19825839466702e-06f + 1.18534705686654e-04f;
    q = q * y + 2.26843463243900e-03f;
    q = q * y + 4.89352518554385e-03f;
    return x * p / q;
}

static inline float open_gate(float x)
{
    float y, p, q;

    x = clamp(x, -18.0f, 18.0f);
    y = x * x;
    p = y * 4.37031012579801e-11f + 1.15627324459942e-07f;
    p = p * y + 6.08574864600143e-05f;
    p = p * y + 8.51377133304701e-03f;
    p = p * y + 2.48287947061529e-01f;
    q = y * 6.10247389755681e-13f + 5.76102136993427e-09f;
    q = q * y + 6.29106785017040e-06f;
    q = q * y + 1.70198817374094e-03f;
    q = q * y + 1.16817656904453e-01f;
    q = q * y + 9.93151921023180e-01f;
    return clamp(x * p / q + 0.5f, 0.0f, 1.0f);
}

/* e^x for x <= 0 (Cephes' expf): 2^n times a polynomial of what is left. */
static inline float falling_exp(float x)
{
    float n, p;
    int32_t bits;

    x = x > -87.0f ? x : -87.0f; /* also what is no number */
    n = rintf(x * 1.44269504088896341f);
    x = x - n * 0.693359375f + n * 2.12194440e-4f;
    p = 1.9875691500e-4f;
    p = p * x + 1.3981999507e-3f;
    p = p * x + 8.3334519073e-3f;
    p = p * x + 4.1665795894e-2f;
    p = p * x + 1.6666665459e-1f;
    p = p * x + 5.0000001201e-1f;
    p = p * x * x + x + 1.0f;
    bits = ((int32_t)n + 127) << 23;
    memcpy(&n, &bits, sizeof n);
    return p * n;
}

#define LANES 16

#if defined(__AVX2__) && defined(__FMA__)
static float dot(const float *a, const float *b, int64_t count)
{
    __m256 left = _mm256_setzero_ps(), right = left;
    __m128 four;
    float sum = 0;
    int64_t i = 0;

    for (; i + LANES <= count; i += LANES) {
        left = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), left);
        right = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), right);
    }
    for (; i < count; i++)
        sum += a[i] * b[i];
    /* Halved again and again: one after the other they would wait for each other. */
    left = _mm256_add_ps(left, right);
    four = _mm_add_ps(_mm256_castps256_ps128(left), _mm256_extractf128_ps(left, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return sum + _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}
#else
static float dot(const float *a, const float *b, int64_t count)
{
    float lanes[LANES] = {0}, sum = 0;
    int64_t i = 0;
    int l;

    for (; i + LANES <= count; i += LANES)
        for (l = 0; l < LANES; l++)
            lanes[l] += a[i + l] * b[i + l];
    for (; i < count; i++)
        sum += a[i] * b[i];
    for (l = 0; l < LANES; l++)
        sum += lanes[l];
    return sum;
}
#endif

static float largest_of(const float *x, int64_t count)
{
    float lanes[LANES], largest = x[0];
    int64_t i = 0;
    int l;

    for (l = 0; l < LANES; l++)
        lanes[l] = x[0];
    for (; i + LANES <= count; i += LANES)
        for (l = 0; l < LANES; l++)
            lanes[l] = x[i + l] > lanes[l] ? x[i + l] : lanes[l];
    for (; i < count; i++)
        largest = x[i] > largest ? x[i] : largest;
    for (l = 0; l < LANES; l++)
        largest = lanes[l] > largest ? lanes[l] : largest;
    return largest;
}

/* log(sum exp(x)) */
static float log_sum(const float *x, int64_t count)
{
    float lanes[LANES] = {0}, largest = largest_of(x, count), sum = 0;
    int64_t i = 0;
    int l;

    for (; i + LANES <= count; i += LANES)
        for (l = 0; l < LANES; l++)
            lanes[l] += falling_exp(x[i + l] - largest);
    for (; i < count; i++)
        sum += falling_exp(x[i] - largest);
    for (l = 0; l < LANES; l++)
        sum += lanes[l];
    return largest + logf(sum);
}

#define SIDE 64 /* numbers that are summed side by side, in registers */

/* sum[j] = sum of weights[t] rows[t][j], but for weights of 0. */
static void mix(const float *restrict weights, const float *restrict rows, int64_t count, int64_t size,
                float *restrict sum)
{
    int64_t j = 0, t;
    int l;

    for (; j + SIDE <= size; j += SIDE) {
        float side[SIDE] = {0};
        for (t = 0; t < count; t++)
            for (l = 0; weights[t] > 0 && l < SIDE; l++)
                side[l] += weights[t] * rows[t * size + j + l];
        memcpy(sum + j, side, sizeof side);
    }
    for (; j < size; j++)
        for (sum[j] = 0, t = 0; t < count; t++)
            sum[j] += weights[t] > 0 ? weights[t] * rows[t * size + j] : 0;
}

/* i, f, o = sigmoid, g = tanh of `a` + `b`; c' = f c + i g, h' = o tanh(c') (Gers et al. 2000). c' may be where c is. */
static void lstm(const float *restrict a, const float *restrict b, const float *c, float *new_c, float *restrict h,
                 int64_t size)
{
    int64_t j;

    for (j = 0; j < size; j++) {
        float i = open_gate(a[j] + b[j]), f = open_gate(a[size + j] + b[size + j]);
        float o = open_gate(a[2 * size + j] + b[2 * size + j]), g = bend(a[3 * size + j] + b[3 * size + j]);
        float now = f * c[j] + i * g;
        new_c[j] = now;
        h[j] = o * bend(now);
    }
}
