/* ------------------------------------------------------------------------------------------- products */

#define WIDE 16 /* outputs that stand together in a packed matrix */
#define TALL 6  /* rows that are multiplied at once */

/* y = W x. `packed`: blocks of WIDE outputs; in a block the inputs two by two, in each pair of them the outputs, each
 * with two weights. `scales` hold the 1/127 of the activations too. */
typedef struct {
    int64_t inputs, outputs; /* the inputs even: one of zeros may stand at the end */
    const int8_t *packed;
    const float *scales;
} matrix;

/* A table for rows that are rounded, and what each is to be multiplied by. */
typedef struct {
    int16_t *numbers;
    float *largest;
} rounded;

/* Multiply a few rows with one block: out = sums * scales * largest + added, rows `stride` apart. */
#if defined(__AVX2__)
/* Unrolled by order, and added in place: left to itself, the compiler keeps sums in memory, at half the speed. */
#define ADD_TO(sum, more) __asm__("vpaddd %1, %0, %0" : "+x"(sum) : "x"(more))

INLINE void tile(const int rows, const int16_t *x, const float *largest, const matrix *m, int64_t block,
                 const float *added, float *out, int64_t stride)
{
    const int8_t *w = m->packed + block * WIDE * m->inputs;
    __m256i sum[TALL][2];
    int64_t k;

#pragma GCC unroll 6
    for (int r = 0; r < rows; r++)
        sum[r][0] = sum[r][1] = _mm256_setzero_si256();
    for (k = 0; k < m->inputs / 2; k++) {
        __m256i left = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(w + 32 * k)));
        __m256i right = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(w + 32 * k + 16)));
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            int32_t pair;
            __m256i both;
            memcpy(&pair, x + r * m->inputs + 2 * k, sizeof pair);
            both = _mm256_set1_epi32(pair);
            ADD_TO(sum[r][0], _mm256_madd_epi16(both, left));
            ADD_TO(sum[r][1], _mm256_madd_epi16(both, right));
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int half = 0; half < 2; half++) {
            __m256 scale = _mm256_loadu_ps(m->scales + block * WIDE + 8 * half);
            __m256 y = _mm256_mul_ps(_mm256_cvtepi32_ps(sum[r][half]), scale);
            y = _mm256_mul_ps(y, _mm256_set1_ps(largest[r]));
            _mm256_storeu_ps(out + r * stride + 8 * half, _mm256_add_ps(y, _mm256_loadu_ps(added + 8 * half)));
        }
}
#else
INLINE void tile(const int rows, const int16_t *x, const float *largest, const matrix *m, int64_t block,
                 const float *added, float *out, int64_t stride)
{
    const int8_t *w = m->packed + block * WIDE * m->inputs;

    for (int r = 0; r < rows; r++) {
        int32_t sum[WIDE] = {0};
        for (int64_t k = 0; k < m->inputs; k += 2)
            for (int j = 0; j < WIDE; j++)
                sum[j] += x[r * m->inputs + k] * w[WIDE * k + 2 * j]
                        + x[r * m->inputs + k + 1] * w[WIDE * k + 2 * j + 1];
        for (int j = 0; j < WIDE; j++)
            out[r * stride + j] = (float)sum[j] * m->scales[block * WIDE + j] * largest[r] + added[j];
    }
}
#endif

static void tiles(int64_t rows, const int16_t *x, const float *largest, const matrix *m, int64_t block,
                  const float *added, float *out, int64_t stride)
{
    switch (rows) { /* So that the compiler knows the number, and keeps all sums in registers. */
    case 1: tile(1, x, largest, m, block, added, out, stride); break;
    case 2: tile(2, x, largest, m, block, added, out, stride); break;
    case 3: tile(3, x, largest, m, block, added, out, stride); break;
    case 4: tile(4, x, largest, m, block, added, out, stride); break;
    case 5: tile(5, x, largest, m, block, added, out, stride); break;
    default: tile(TALL, x, largest, m, block, added, out, stride);
    }
}

INLINE void round_some(lanes x, lanes largest, int bounded, int16_t *numbers)
{
    x = nearest(over(bounded ? x : over(x, largest), one(1.0f / 127.0f)));
    x = larger(x, one(-128.0f)); /* also what is no number */
    store_whole(numbers, smaller(x, one(127.0f)));
}

/* Round a row: half to even. Where nothing bounds it, by its largest value, which is returned. */
static float round_row(const float *x, int64_t count, int64_t inputs, int bounded, int16_t *numbers)
{
    lanes largest = one(bounded ? 1.0f : 1e-30f);
    int64_t i;

    i = bounded ? count : 0;
    BY_LANES(i, left, count, largest = larger(size_of(load_some(x + i, left, 0)), largest))
    largest = one(largest_in(largest));
    i = 0;
    BY_LANES(i, left, count, round_some(load_some(x + i, left, 0), largest, bounded, numbers + i))
    for (i = count; i < inputs; i++)
        numbers[i] = 0;
    return largest_in(largest);
}

/* Rows that are to be multiplied: `apart` from one another, `count` numbers in each; those of `which`, if it is there. */
typedef struct {
    const float *first;
    int64_t apart, count, rows;
    const int64_t *which;
} sheet;

static const float *row_of(const sheet *x, int64_t r)
{
    return x->first + (x->which ? x->which[r] : r) * x->apart;
}

static void round_rows(const sheet *x, int64_t inputs, int bounded, rounded *room)
{
    for (int64_t r = 0; r < x->rows; r++)
        room->largest[r] = round_row(row_of(x, r), x->count, inputs, bounded, room->numbers + r * inputs);
}

/* Multiply rounded rows with a part of a matrix, outputs `first` to `last`, of which the first begins a block: into rows
 * `to` apart, plus a bias if there is one. */
static void multiply_part(const matrix *m, const rounded *x, int64_t rows, int64_t first, int64_t last,
                          const float *bias, float *y, int64_t to)
{
    int64_t at, r;

    for (at = first; at < last; at += WIDE) {
        int64_t width = SMALLER(last - at, WIDE);
        float added[WIDE] = {0}, narrow[TALL * WIDE];
        if (bias)
            memcpy(added, bias + at, (size_t)width * sizeof(float));
        for (r = 0; r < rows; r += TALL) {
            int64_t now = SMALLER(rows - r, TALL), i;
            const int16_t *numbers = x->numbers + r * m->inputs;
            float *out = y + r * to + at - first;
            if (width == WIDE) {
                tiles(now, numbers, x->largest + r, m, at / WIDE, added, out, to);
                continue;
            }
            tiles(now, numbers, x->largest + r, m, at / WIDE, added, narrow, WIDE);
            for (i = 0; i < now; i++)
                memcpy(out + i * to, narrow + i * WIDE, (size_t)width * sizeof(float));
        }
    }
}

/* y = W x, plus a bias if there is one. */
static void multiply(const matrix *m, sheet x, int bounded, const float *bias, float *y, int64_t to, rounded *room)
{
    round_rows(&x, m->inputs, bounded, room);
    multiply_part(m, room, x.rows, 0, m->outputs, bias, y, to);
}

/* Take a table for so many rows of so many numbers; the last may be written past its end. */
static rounded table_of(yard *y, int64_t rows, int64_t inputs)
{
    return (rounded){take(y, rows * inputs + LANES, sizeof(int16_t)), take(y, rows, sizeof(float))};
}

/* Returns 0 where memory is short, as all that Python calls. */
int dragoman_linear(const matrix *m, const float *x, int64_t count, int64_t rows, int bounded, const float *bias,
                    float *y)
{
    yard own = {0};
    rounded room = table_of(&own, rows, m->inputs);

    if (!own.failed)
        multiply(m, (sheet){x, count, count, rows, NULL}, bounded, bias, y, m->outputs, &room);
    return leave(&own);
}
