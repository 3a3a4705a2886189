/* --------------------------------------------------------------------------------------------- offers */

#define SOON 8    /* so many words ahead their vectors are fetched: they lie here and there */
#define STRIDE 16 /* what the lengths of words' vectors are multiples of */

/* A shortlist: for each source word the few words that it is translated by, and those that any sentence may use. */
typedef struct {
    int64_t width;                /* of the vectors: zeros may stand at their ends */
    const int8_t *vectors;        /* of each word that may be said */
    const float *scales, *bias;   /* the scales hold the 1/127 of the activations too */
    int64_t words, num_always, each;
    const int32_t *always, *table; /* table: [source words, each] */
} shortlist;

/* What a sentence may be answered with: `count` words in the order of their ids; every word, where there are no ids. */
typedef struct {
    int64_t count;
    const int32_t *ids;
    const float *scales, *bias;
} offer;

static inline void mark(uint64_t *marked, const int32_t *ids, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        marked[ids[i] / 64] |= (uint64_t)1 << ids[i] % 64;
}

/* Choose the words of a sentence. `marked`: room for a bit a word. */
static offer choose(const shortlist *s, const int64_t *src, int64_t length, uint64_t *marked, yard *y)
{
    int64_t blocks = (s->words + 63) / 64, count = 0, block, t;
    int32_t *ids;
    float *scales, *bias;

    memset(marked, 0, (size_t)blocks * sizeof(uint64_t));
    mark(marked, s->always, s->num_always);
    for (t = 0; t < length; t++)
        if (src[t] != PAD)
            mark(marked, s->table + src[t] * s->each, s->each);
    for (block = 0; block < blocks; block++)
        count += __builtin_popcountll(marked[block]);
    ids = take(y, count, sizeof(int32_t));
    scales = take(y, count, sizeof(float));
    bias = take(y, count, sizeof(float));
    if (y->failed)
        return (offer){0};
    for (block = count = 0; block < blocks; block++)
        for (uint64_t left = marked[block]; left; left &= left - 1, count++) {
            ids[count] = (int32_t)(block * 64 + __builtin_ctzll(left));
            scales[count] = s->scales[ids[count]];
            bias[count] = s->bias[ids[count]];
        }
    return (offer){count, ids, scales, bias};
}

/* Find where a word stands in an offer; -1 where it is not offered. */
static int64_t place_of(const offer *o, int64_t id)
{
    int64_t low = 0, high = o->count - 1;

    if (!o->ids)
        return id;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (o->ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low == high && o->ids[low] == id ? low : -1;
}

/* Multiply a few rows with the vectors of a few words: sums, rows `stride` apart. */
#if defined(__AVX2__)
#define MANY 4 /* words at once, where there are one or two rows; else two, so that all sums are in registers */

INLINE void span(const int rows, const int words, const int16_t *x, int64_t width, const int8_t *const *vectors,
                 int32_t *sums, int64_t stride)
{
    __m256i sum[TALL][MANY], word[MANY];

#pragma GCC unroll 6
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int n = 0; n < words; n++)
            sum[r][n] = _mm256_setzero_si256();
    for (int64_t k = 0; k < width; k += STRIDE) {
#pragma GCC unroll 4
        for (int n = 0; n < words; n++)
            word[n] = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(vectors[n] + k)));
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            __m256i now = _mm256_loadu_si256((const __m256i *)(x + r * width + k));
#pragma GCC unroll 4
            for (int n = 0; n < words; n++)
                ADD_TO(sum[r][n], _mm256_madd_epi16(now, word[n]));
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int n = 0; n < words; n += 2) {
            __m256i pair = _mm256_hadd_epi32(sum[r][n], sum[r][n + 1]);
            __m128i both = _mm_add_epi32(_mm256_castsi256_si128(pair), _mm256_extracti128_si256(pair, 1));
            _mm_storel_epi64((__m128i *)(sums + r * stride + n), _mm_hadd_epi32(both, both));
        }
}
#else
#define MANY 2

INLINE void span(const int rows, const int words, const int16_t *x, int64_t width, const int8_t *const *vectors,
                 int32_t *sums, int64_t stride)
{
    for (int r = 0; r < rows; r++)
        for (int n = 0; n < words; n++) {
            int32_t sum = 0;
            for (int64_t k = 0; k < width; k++)
                sum += x[r * width + k] * vectors[n][k];
            sums[r * stride + n] = sum;
        }
}
#endif

/* The same with all words of an offer; the last may be multiplied twice. */
INLINE void spans(const int rows, const int words, const shortlist *s, const offer *o, const int16_t *x, int32_t *sums)
{
    int64_t stride = o->count + MANY, last = o->count - 1, at, k;

    for (at = 0; at < o->count; at += words) {
        const int8_t *vectors[MANY];
        for (int n = 0; n < words; n++) {
            const int8_t *soon = s->vectors + o->ids[SMALLER(at + n + SOON, last)] * s->width;
            for (k = 0; k < s->width; k += LINE)
                __builtin_prefetch(soon + k);
            vectors[n] = s->vectors + o->ids[SMALLER(at + n, last)] * s->width;
        }
        span(rows, words, x, s->width, vectors, sums + at, stride);
    }
}

/* Score the words of an offer in at most TALL rows: y = W x + bias, [rows, count]. `sums`: room for TALL * (count + MANY). */
static void multiply_offer(const shortlist *s, const offer *o, int64_t rows, const int16_t *x, const float *largest,
                           int32_t *sums, float *y)
{
    switch (rows) { /* As in `tiles`. */
    case 1: spans(1, MANY, s, o, x, sums); break;
    case 2: spans(2, MANY, s, o, x, sums); break;
    case 3: spans(3, 2, s, o, x, sums); break;
    case 4: spans(4, 2, s, o, x, sums); break;
    case 5: spans(5, 2, s, o, x, sums); break;
    default: spans(TALL, 2, s, o, x, sums);
    }
    for (int64_t r = 0; r < rows; r++, sums += o->count + MANY, y += o->count)
        for (int64_t n = 0; n < o->count; n++)
            y[n] = (float)sums[n] * o->scales[n] * largest[r] + o->bias[n];
}
