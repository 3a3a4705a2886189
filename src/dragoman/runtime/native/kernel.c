/* The steps of an int8 bundle: 8-bit products that are exact, and all that stands between them, in one pass.
 *
 * Compiled for one machine by `dragoman accelerate`; without it a bundle runs on ONNX Runtime. What is computed is what
 * its graphs say (docs/bundle.md): activations are rounded to -128..127, each row with a scale of its own, products are
 * sums of whole numbers, and everything else is float32.
 */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define WIDE 16 /* outputs that stand together in a packed matrix */
#define TALL 6  /* rows that are multiplied at once */
#define FEW 24  /* rows that are scored at once */

/* y = W x. `packed`: blocks of WIDE outputs; in a block the inputs two by two, in each pair of them the outputs, each
 * with two weights. `scales` hold the 1/127 of the activations too. */
typedef struct {
    int64_t inputs, outputs; /* the inputs even: one of zeros may stand at the end */
    const int8_t *packed;
    const float *scales;
} matrix;

typedef struct {
    int64_t hidden, layers, vocabulary, query, looks; /* query: width of what words are compared with, if it is mapped */
    const float *table;          /* of the first layer's gates, a row a word */
    const matrix *recurrent;     /* of each layer */
    const matrix *input;         /* of each layer but the first */
    const float *const *bias;    /* likewise */
    matrix output;               /* W_c's half of h */
    matrix map;                  /* P of the tied generator */
    matrix words;
    const float *words_bias;
} decoder;

/* ------------------------------------------------------------------------------------------- products */

typedef int32_t sums[TALL][WIDE];

#if defined(__AVX2__)
static inline __attribute__((always_inline)) void tile(const int rows, const int16_t *x, int64_t stride,
                                                       const int8_t *w, int64_t pairs, sums out)
{
    __m256i sum[TALL][2];
    int64_t k;
    int r;

    for (r = 0; r < rows; r++)
        sum[r][0] = sum[r][1] = _mm256_setzero_si256();
    for (k = 0; k < pairs; k++) {
        __m256i left = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(w + 32 * k)));
        __m256i right = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(w + 32 * k + 16)));
        for (r = 0; r < rows; r++) {
            int32_t pair;
            __m256i both;
            memcpy(&pair, x + r * stride + 2 * k, sizeof pair);
            both = _mm256_set1_epi32(pair);
            sum[r][0] = _mm256_add_epi32(sum[r][0], _mm256_madd_epi16(both, left));
            sum[r][1] = _mm256_add_epi32(sum[r][1], _mm256_madd_epi16(both, right));
        }
    }
    for (r = 0; r < rows; r++) {
        _mm256_storeu_si256((__m256i *)out[r], sum[r][0]);
        _mm256_storeu_si256((__m256i *)(out[r] + 8), sum[r][1]);
    }
}
#else
static inline void tile(const int rows, const int16_t *x, int64_t stride, const int8_t *w, int64_t pairs, sums out)
{
    int64_t k;
    int r, j;

    for (r = 0; r < rows; r++) {
        memset(out[r], 0, sizeof out[r]);
        for (k = 0; k < pairs; k++)
            for (j = 0; j < WIDE; j++)
                out[r][j] += x[r * stride + 2 * k] * w[32 * k + 2 * j] + x[r * stride + 2 * k + 1] * w[32 * k + 2 * j + 1];
    }
}
#endif

static void tiles(int rows, const int16_t *x, int64_t stride, const int8_t *w, int64_t pairs, sums out)
{
    switch (rows) { /* So that the compiler knows the number, and keeps all sums in registers. */
    case 1: tile(1, x, stride, w, pairs, out); break;
    case 2: tile(2, x, stride, w, pairs, out); break;
    case 3: tile(3, x, stride, w, pairs, out); break;
    case 4: tile(4, x, stride, w, pairs, out); break;
    case 5: tile(5, x, stride, w, pairs, out); break;
    default: tile(TALL, x, stride, w, pairs, out);
    }
}

/* Round a row: half to even. Where nothing bounds it, by its largest value, which is returned. */
static float round_row(const float *x, int64_t count, int64_t inputs, int bounded, int16_t *rounded)
{
    const float step = 1.0f / 127.0f;
    float largest = bounded ? 1.0f : 1e-30f;
    int64_t i;

    if (!bounded)
        for (i = 0; i < count; i++) {
            float size = fabsf(x[i]);
            largest = size > largest ? size : largest;
        }
    for (i = 0; i < count; i++)
        rounded[i] = (int16_t)(int32_t)rintf(x[i] / largest / step);
    for (; i < inputs; i++)
        rounded[i] = 0;
    return largest;
}

/* Multiply rows that are rounded: y = W x, times each row's largest value, plus a bias if there is one. */
static void product(const matrix *m, const int16_t *x, const float *largest, int64_t rows, const float *bias, float *y,
                    int64_t stride)
{
    int64_t block, r, blocks = (m->outputs + WIDE - 1) / WIDE;

    for (block = 0; block < blocks; block++) {
        const int8_t *w = m->packed + block * WIDE * m->inputs;
        int64_t at = block * WIDE, width = m->outputs - at < WIDE ? m->outputs - at : WIDE;
        for (r = 0; r < rows; r += TALL) {
            int now = (int)(rows - r < TALL ? rows - r : TALL), i, j;
            sums sum;
            tiles(now, x + r * m->inputs, m->inputs, w, m->inputs / 2, sum);
            for (i = 0; i < now; i++) {
                float *out = y + (r + i) * stride + at, scaled[WIDE];
                for (j = 0; j < WIDE; j++)
                    scaled[j] = (float)sum[i][j] * m->scales[at + j] * largest[r + i];
                if (bias && width == WIDE)
                    for (j = 0; j < WIDE; j++)
                        scaled[j] += bias[at + j];
                else if (bias)
                    for (j = 0; j < width; j++)
                        scaled[j] += bias[at + j];
                if (width == WIDE) /* A number that the compiler knows: no call. */
                    memcpy(out, scaled, sizeof scaled);
                else
                    memcpy(out, scaled, (size_t)width * sizeof(float));
            }
        }
    }
}

/* y = W x for rows that stand `from` numbers apart, into rows `to` apart. Returns 0 where memory is short. */
static int multiply(const matrix *m, const float *x, int64_t from, int64_t count, int64_t rows, int bounded,
                    const float *bias, float *y, int64_t to)
{
    int16_t *rounded = malloc((size_t)(rows * m->inputs) * sizeof(int16_t) + 1);
    float *largest = malloc((size_t)rows * sizeof(float) + 1);
    int64_t r;

    if (rounded && largest) {
        for (r = 0; r < rows; r++)
            largest[r] = round_row(x + r * from, count, m->inputs, bounded, rounded + r * m->inputs);
        product(m, rounded, largest, rows, bias, y, to);
    }
    r = rounded && largest;
    free(rounded);
    free(largest);
    return (int)r;
}

int dragoman_linear(const matrix *m, const float *x, int64_t count, int64_t rows, int bounded, const float *bias,
                    float *y)
{
    return multiply(m, x, count, count, rows, bounded, bias, y, m->outputs);
}

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

    x = x < -87.0f ? -87.0f : x;
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

/* i, f, o = sigmoid, g = tanh of `a` + `b`; c' = f c + i g, h' = o tanh(c') (Gers et al. 2000). */
static void lstm(const float *restrict a, const float *restrict b, float *restrict c, float *restrict h, int64_t size)
{
    int64_t j;

    for (j = 0; j < size; j++) {
        float i = open_gate(a[j] + b[j]), f = open_gate(a[size + j] + b[size + j]);
        float o = open_gate(a[2 * size + j] + b[2 * size + j]), g = bend(a[3 * size + j] + b[3 * size + j]);
        float now = f * c[j] + i * g;
        c[j] = now;
        h[j] = o * bend(now);
    }
}

/* -------------------------------------------------------------------------------------------- encoder */

/* Read with one layer in one direction.
 *
 * gates: what the inputs give, rows of 4 * size; which of them, `rows` says: [sentences, steps].
 * h, c: [sentences, size], the first state, zeros; then the last one.
 * out: [sentences, steps, stride], of which `size` are written; zeros behind a sentence's end.
 */
int dragoman_read(const matrix *recurrent, int64_t size, const float *gates, const int64_t *rows,
                  const int64_t *lengths, int64_t sentences, int64_t steps, int backward, float *h, float *c,
                  float *out, int64_t stride)
{
    float *sum = malloc((size_t)(sentences * 4 * size) * sizeof(float) + 1);
    int64_t step, s;

    if (!sum)
        return 0;
    for (step = 0; step < steps; step++) {
        if (!multiply(recurrent, h, size, size, sentences, 1, NULL, sum, 4 * size)) {
            free(sum);
            return 0;
        }
        for (s = 0; s < sentences; s++) {
            int64_t at = backward ? lengths[s] - 1 - step : step;
            if (step >= lengths[s])
                continue;
            lstm(sum + s * 4 * size, gates + rows[s * steps + at] * 4 * size, c + s * size, h + s * size, size);
            memcpy(out + (s * steps + at) * stride, h + s * size, (size_t)size * sizeof(float));
        }
    }
    free(sum);
    return 1;
}

/* -------------------------------------------------------------------------------------------- decoder */

/* Look at one sentence from one state: weights = softmax(keys h + mask), mixed = weights values. */
static void look(const float *h, const float *keys, const float *values, const float *mask, int64_t length,
                 int64_t size, float *weights, float *mixed)
{
    float largest, sum = 0;
    int64_t t, j;

    for (t = 0; t < length; t++)
        weights[t] = isinf(mask[t]) ? mask[t] : dot(h, keys + t * size, size) + mask[t];
    largest = largest_of(weights, length);
    for (t = 0; t < length; t++) {
        weights[t] = isinf(weights[t]) ? 0 : expf(weights[t] - largest);
        sum += weights[t];
    }
    memset(mixed, 0, (size_t)size * sizeof(float));
    for (t = 0; t < length; t++) {
        weights[t] /= sum;
        for (j = 0; weights[t] > 0 && j < size; j++)
            mixed[j] += weights[t] * values[t * size + j];
    }
}

/* Read one token a hypothesis.
 *
 * last: ids, [sentences, beams]. state: [sentences, beams, 2 * layers * hidden], h of each layer, then c.
 * keys, values: [any, length, hidden]; mask: [any, length]; which of them a sentence has, `places` says.
 * weights: [sentences, beams, length].
 * scores: [sentences, beams, vocabulary]; log_sums: [sentences, beams], to be taken off them.
 */
int dragoman_step(const decoder *d, int64_t sentences, int64_t beams, int64_t length, const int64_t *last,
                  const float *state, const int64_t *places, const float *keys, const float *values,
                  const float *mask, float *new_state, float *weights, float *scores, float *log_sums)
{
    int64_t rows = sentences * beams, size = d->hidden, wide = 2 * d->layers * size, n, r, j;
    float *sum = malloc((size_t)(rows * 8 * size) * sizeof(float) + 1), *given = sum + rows * 4 * size;
    float *mixed = calloc((size_t)(rows * size) + 1, sizeof(float));
    float *query = malloc((size_t)(rows * (d->query + 1)) * sizeof(float));
    const float *top, *asked = mixed;
    int well = sum && mixed && query;

    for (n = 0; well && n < d->layers; n++) {
        const float *h = state + n * size, *c = state + (d->layers + n) * size;
        float *new_h = new_state + n * size, *new_c = new_state + (d->layers + n) * size;
        well = multiply(&d->recurrent[n], h, wide, size, rows, 1, NULL, sum, 4 * size);
        if (well && n)
            well = multiply(&d->input[n - 1], new_h - size, wide, size, rows, 1, d->bias[n], given, 4 * size);
        for (r = 0; well && r < rows; r++) {
            memcpy(new_c + r * wide, c + r * wide, (size_t)size * sizeof(float));
            lstm(sum + r * 4 * size, n ? given + r * 4 * size : d->table + last[r] * 4 * size, new_c + r * wide,
                 new_h + r * wide, size);
        }
    }
    top = new_state + (d->layers - 1) * size;
    if (well && d->looks) {
        well = multiply(&d->output, top, wide, size, rows, 1, NULL, sum, size);
        for (r = 0; well && r < rows; r++) {
            int64_t at = places[r / beams];
            look(top + r * wide, keys + at * length * size, values + at * length * size, mask + at * length, length,
                 size, weights + r * length, mixed + r * size);
            for (j = 0; j < size; j++)
                mixed[r * size + j] = bend(mixed[r * size + j] + sum[r * size + j]);
        }
    } else {
        for (r = 0; well && r < rows; r++)
            memcpy(mixed + r * size, top + r * wide, (size_t)size * sizeof(float));
    }
    if (well && d->query) {
        well = multiply(&d->map, mixed, size, size, rows, 1, NULL, query, d->query);
        asked = query;
    }
    n = d->query ? d->query : size;
    /* Few rows at a time: their scores are still in the processor's cache when they are summed. */
    for (r = 0; well && r < rows; r += FEW) {
        int64_t now = rows - r < FEW ? rows - r : FEW;
        well = multiply(&d->words, asked + r * n, n, n, now, !d->query, d->words_bias, scores + r * d->vocabulary,
                        d->vocabulary);
        for (j = r; well && j < r + now; j++)
            log_sums[j] = log_sum(scores + j * d->vocabulary, d->vocabulary);
    }
    free(sum);
    free(mixed);
    free(query);
    return well;
}

/* ----------------------------------------------------------------------------------------------- best */

static float insert(float score, int64_t id, int64_t count, float *best, int64_t *ids)
{
    int64_t at = count - 1;

    for (; at > 0 && best[at - 1] < score; at--) {
        best[at] = best[at - 1];
        ids[at] = ids[at - 1];
    }
    best[at] = score;
    ids[at] = id;
    return best[count - 1];
}

/* Find each row's best scores, best first, equal ones in the order of their ids; `banned` ids are not looked at. */
void dragoman_best(float *scores, const float *log_sums, int64_t rows, int64_t vocabulary, const int64_t *banned,
                   int64_t num_banned, int64_t count, float *best, int64_t *ids)
{
    int64_t r, i, n;

    for (r = 0; r < rows; r++, best += count, ids += count, scores += vocabulary) {
        float least = -INFINITY, kept[num_banned + 1];
        for (n = 0; n < count; n++) {
            best[n] = -INFINITY;
            ids[n] = 0;
        }
        for (n = 0; n < num_banned; n++) {
            kept[n] = scores[banned[n]];
            scores[banned[n]] = -INFINITY;
        }
        i = 0;
#if defined(__AVX2__)
        for (; i + 8 <= vocabulary; i += 8) {
            __m256 more = _mm256_cmp_ps(_mm256_loadu_ps(scores + i), _mm256_set1_ps(least), _CMP_GT_OQ);
            if (_mm256_movemask_ps(more))
                for (n = i; n < i + 8; n++)
                    if (scores[n] > least)
                        least = insert(scores[n], n, count, best, ids);
        }
#endif
        for (; i < vocabulary; i++)
            if (scores[i] > least)
                least = insert(scores[i], i, count, best, ids);
        for (n = num_banned - 1; n >= 0; n--)
            scores[banned[n]] = kept[n];
        for (n = 0; n < count; n++)
            best[n] -= log_sums[r];
    }
}
