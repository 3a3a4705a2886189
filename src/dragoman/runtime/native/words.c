/* ---------------------------------------------------------------------------------------------- words */

/* What a first layer makes of each word, rows of map->outputs: computed when the word is first met, and kept. */
typedef struct {
    int64_t width, folded;   /* folded: the graphs keep the table in 16 bits */
    const int8_t *vectors;   /* [words, width] */
    const float *scales;     /* a word */
    const matrix *map;       /* its scales as they are stored */
    const float *bias;
    float *rows;
    uint8_t *known;          /* 0, 1 while it is made, 2 */
} word_table;

/* The nearest number of 16 bits, half to even. */
static inline float half(float x)
{
    const float least = 6.103515625e-05f;
    uint32_t bits;

    if (fabsf(x) < least) /* Below it they stand evenly, 2^-24 apart. */
        return rintf(x * 16777216.0f) / 16777216.0f;
    memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0xfffu + (bits >> 13 & 1u)) & ~0x1fffu;
    memcpy(&x, &bits, sizeof x);
    return fabsf(x) > 65504.0f ? copysignf(INFINITY, x) : x;
}

static void make_word(const word_table *t, int64_t id, int16_t *numbers)
{
    const matrix *m = t->map;
    const float none[WIDE] = {0};
    float *row = t->rows + id * m->outputs, sums[WIDE];
    int64_t block, j;

    for (j = 0; j < m->inputs; j++)
        numbers[j] = j < t->width ? t->vectors[id * t->width + j] : 0;
    for (block = 0; block * WIDE < m->outputs; block++) {
        int64_t at = block * WIDE, width = SMALLER(m->outputs - at, WIDE);
        tiles(1, numbers, &t->scales[id], m, block, none, sums, WIDE);
        for (j = 0; j < width; j++)
            row[at + j] = sums[j] + t->bias[at + j];
        for (j = 0; t->folded && j < width; j++)
            row[at + j] = half(row[at + j]);
    }
}

/* Make the rows of these words; whoever comes second waits. `numbers`: room for map->inputs. */
static void meet(const word_table *t, const int64_t *ids, int64_t count, int16_t *numbers)
{
    for (int64_t i = 0; i < count; i++) {
        uint8_t *known = t->known + ids[i], unknown = 0;
        if (__atomic_load_n(known, __ATOMIC_ACQUIRE) == 2)
            continue;
        if (__atomic_compare_exchange_n(known, &unknown, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
            make_word(t, ids[i], numbers);
            __atomic_store_n(known, 2, __ATOMIC_RELEASE);
        }
        while (__atomic_load_n(known, __ATOMIC_ACQUIRE) != 2)
            ;
    }
}

int dragoman_meet(const word_table *t, const int64_t *ids, int64_t count)
{
    yard own = {0};
    int16_t *numbers = take(&own, t->map->inputs, sizeof(int16_t));

    if (numbers)
        meet(t, ids, count, numbers);
    return leave(&own);
}
