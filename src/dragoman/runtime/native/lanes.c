/* ---------------------------------------------------------------------------------------------- lanes */

/* Floats that are computed side by side, in one register where it is wide; else one at a time. What stands here is what
 * compilers make badly of loops: they turn a maximum that minds numbers that are none into four instructions. */

#define INLINE static inline __attribute__((always_inline))
#define SMALLER(a, b) ((a) < (b) ? (a) : (b))
#define LARGER(a, b) ((a) > (b) ? (a) : (b))

#if defined(__AVX2__) && defined(__FMA__)
#define LANES 8
typedef __m256 lanes;

INLINE lanes one(float x) { return _mm256_set1_ps(x); }
INLINE lanes load(const float *x) { return _mm256_loadu_ps(x); }
INLINE void store(float *x, lanes a) { _mm256_storeu_ps(x, a); }
INLINE lanes plus(lanes a, lanes b) { return _mm256_add_ps(a, b); }
INLINE lanes minus(lanes a, lanes b) { return _mm256_sub_ps(a, b); }
INLINE lanes times(lanes a, lanes b) { return _mm256_mul_ps(a, b); }
INLINE lanes over(lanes a, lanes b) { return _mm256_div_ps(a, b); }
INLINE lanes add_times(lanes a, lanes b, lanes c) { return _mm256_fmadd_ps(b, c, a); } /* a + b c */
INLINE lanes nearest(lanes a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE lanes size_of(lanes a) { return _mm256_andnot_ps(one(-0.0f), a); }
/* The larger and the smaller; b, where either is no number. */
INLINE lanes larger(lanes a, lanes b) { return _mm256_max_ps(a, b); }
INLINE lanes smaller(lanes a, lanes b) { return _mm256_min_ps(a, b); }
/* x where a is larger than b, else 0; and a bit for each number of a that is. */
INLINE lanes where_above(lanes x, lanes a, lanes b) { return _mm256_and_ps(x, _mm256_cmp_ps(a, b, _CMP_GT_OQ)); }
INLINE unsigned above(lanes a, lanes b) { return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)); }

/* 2^a, of whole numbers from -126 to 127 */
INLINE lanes power(lanes a)
{
    __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(a), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}

/* Whole numbers of 16 bits; as many are written as there are lanes. */
INLINE void store_whole(int16_t *x, lanes a)
{
    __m256i whole = _mm256_cvtps_epi32(a);
    __m128i left = _mm256_castsi256_si128(whole), right = _mm256_extracti128_si256(whole, 1);
    _mm_storeu_si128((__m128i *)x, _mm_packs_epi32(left, right));
}

/* Halved again and again: one after the other they would wait for each other. */
INLINE float sum_of(lanes a)
{
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

INLINE float largest_in(lanes a)
{
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}
#else
#define LANES 1
typedef float lanes;

INLINE lanes one(float x) { return x; }
INLINE lanes load(const float *x) { return *x; }
INLINE void store(float *x, lanes a) { *x = a; }
INLINE lanes plus(lanes a, lanes b) { return a + b; }
INLINE lanes minus(lanes a, lanes b) { return a - b; }
INLINE lanes times(lanes a, lanes b) { return a * b; }
INLINE lanes over(lanes a, lanes b) { return a / b; }
INLINE lanes add_times(lanes a, lanes b, lanes c) { return a + b * c; }
INLINE lanes nearest(lanes a) { return rintf(a); }
INLINE lanes size_of(lanes a) { return fabsf(a); }
INLINE lanes larger(lanes a, lanes b) { return LARGER(a, b); }
INLINE lanes smaller(lanes a, lanes b) { return SMALLER(a, b); }
INLINE lanes where_above(lanes x, lanes a, lanes b) { return a > b ? x : 0; }
INLINE unsigned above(lanes a, lanes b) { return a > b; }
INLINE void store_whole(int16_t *x, lanes a) { *x = (int16_t)a; }
INLINE float sum_of(lanes a) { return a; }
INLINE float largest_in(lanes a) { return a; }

INLINE lanes power(lanes a)
{
    int32_t bits = ((int32_t)a + 127) << 23;
    memcpy(&a, &bits, sizeof a);
    return a;
}
#endif

/* The numbers that are left at the end of a row, where they are fewer than the lanes; `filled` up. */
INLINE lanes load_some(const float *x, int64_t left, float filled)
{
    float some[LANES];

    if (left >= LANES)
        return load(x);
    for (int l = 0; l < LANES; l++)
        some[l] = l < left ? x[l] : filled;
    return load(some);
}

INLINE void store_some(float *x, int64_t left, lanes a)
{
    float some[LANES];

    if (left >= LANES) {
        store(x, a);
        return;
    }
    store(some, a);
    memcpy(x, some, (size_t)left * sizeof(float));
}

/* Do something for each LANES numbers of `count`, from `i` on; `left` of them are there, which the compiler knows of all but
 * the last. */
#define BY_LANES(i, left, count, ...)                 \
    do {                                              \
        enum { left = LANES };                        \
        for (; i + left <= (count); i += left) {      \
            __VA_ARGS__;                              \
        }                                             \
    } while (0);                                      \
    if (i < (count)) {                                \
        const int64_t left = (count) - i;             \
        __VA_ARGS__;                                  \
    }
