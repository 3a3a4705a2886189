/* Runs the kernel on random networks, odd sizes and hostile numbers; the sanitizers watch. Stands behind its files. */

#include <stdio.h>

static uint32_t seed = 1;

static uint32_t number(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static float *floats(int64_t count, int wild)
{
    static const float odd[] = {INFINITY, -INFINITY, 3e38f, -3e38f, 1e-45f, 0};
    float *made = malloc((size_t)count * sizeof(float) + 1);
    for (int64_t i = 0; i < count; i++)
        made[i] = wild && number(5) == 0 ? (number(3) ? odd[number(6)] : NAN) : ((float)number(2001) - 1000) / 1000;
    return made;
}

static int8_t *bytes(int64_t count)
{
    int8_t *made = malloc((size_t)count + 1);
    for (int64_t i = 0; i < count; i++)
        made[i] = (int8_t)(number(4) ? (int)number(255) - 127 : 127);
    return made;
}

static matrix *maps(int64_t count, int64_t inputs, int64_t outputs, int wild)
{
    matrix *made = malloc((size_t)(count + 1) * sizeof(matrix));
    int64_t even = inputs + inputs % 2, blocks = (outputs + WIDE - 1) / WIDE;
    for (int64_t n = 0; n < count; n++)
        made[n] = (matrix){even, outputs, bytes(blocks * WIDE * even), floats(blocks * WIDE, wild)};
    return made;
}

static shortlist list_of(int64_t words, int64_t width, int wild)
{
    int64_t room = (width + STRIDE - 1) / STRIDE * STRIDE, each = 1 + number(4), i;
    int32_t *always = malloc(3 * sizeof(int32_t)), *table = malloc((size_t)(words * each) * sizeof(int32_t));
    int8_t *vectors = bytes(words * room);
    for (i = 0; i < words * each; i++)
        table[i] = (int32_t)number((uint32_t)words);
    for (i = 0; i < 3; i++)
        always[i] = i ? (int32_t)number((uint32_t)words) : EOS;
    for (i = 0; i < words * room; i++)
        vectors[i] = i % room < width ? vectors[i] : 0;
    return (shortlist){room, vectors, floats(words, wild), floats(words, wild), words, 3, each, always, table};
}

int main(int argc, char **argv)
{
    for (int turn = 0; turn < (argc > 1 ? atoi(argv[1]) : 1); turn++) {
        int wild = turn % 3 == 2, tied = turn % 2, looks = turn % 5 != 0;
        int64_t hidden = 2 + 2 * number(20), layers = 1 + number(2), vocabulary = 5 + number(60), width = 1 + number(30);
        int64_t cell = number(2) ? LSTM : SSRU, gates = (cell == LSTM ? 4 : 2) * hidden, carried = cell == LSTM ? 2 : 1;
        int64_t sentences = 1 + number(9), size = 1 + number(6), length = 1 + number(12), steps = 1, i;
        int64_t banned[] = {0, 1, 2, 0, EOS}, *longest = malloc(9 * sizeof(int64_t));
        const float *bias[] = {floats(4 * hidden, wild), floats(4 * hidden, wild)};
        word_table table = {width, turn % 2, bytes(vocabulary * width), floats(vocabulary, wild),
                            maps(1, width, gates, wild), bias[0], floats(vocabulary * gates, 0),
                            calloc((size_t)vocabulary, 1)};
        int64_t query = tied ? width : 0, found = looks && turn % 3 ? query : 0;
        decoder d = {hidden, layers, vocabulary, looks, cell, query, found, &table, maps(layers, hidden, gates, wild),
                     maps(layers, hidden, gates, wild), bias, *maps(1, hidden, hidden, wild),
                     *maps(1, hidden, width, wild), *maps(1, tied ? width : hidden, vocabulary, wild),
                     floats(vocabulary, wild)};
        shortlist words = list_of(vocabulary, tied ? width : hidden, wild);
        yard own = {0};
        task t = {sentences, size, 1, 5, number(4), banned, longest, 0.7, length, NULL, number(2) ? &words : NULL, &own};
        for (i = 0; i < sentences; i++) {
            longest[i] = number(15);
            steps = LARGER(steps, longest[i]);
        }
        t.steps = steps;
        int64_t directions = 1 + number(2), deep = 1 + number(3), inner = hidden / directions, tokens = sentences * length;
        word_table tables[] = {table, table};
        const float *biases[] = {bias[0], bias[1], bias[0], bias[1]};
        for (i = 0; i < directions; i++) {
            tables[i].map = maps(1, width, 4 * inner, wild);
            tables[i].rows = floats(vocabulary * 4 * inner, 0);
            tables[i].known = calloc((size_t)vocabulary, 1);
        }
        word_table seen[] = {table, table};
        for (i = 0; i < 2; i++) {
            seen[i].map = maps(1, width, hidden + i * found, wild);
            seen[i].bias = floats(hidden + i * found, wild);
            seen[i].rows = floats(vocabulary * (hidden + i * found), 0);
            seen[i].known = calloc((size_t)vocabulary, 1);
        }
        int mapped = turn % 7 != 0, words_too = mapped && looks && turn % 4 != 1;
        encoder n = {hidden, deep, directions, mapped, looks, turn % 3, layers, carried, tables,
                     maps(deep * directions, inner, 4 * inner, wild), maps(deep * directions, hidden, 4 * inner, wild),
                     biases, maps(1, hidden, carried * layers * hidden, wild), floats(carried * layers * hidden, wild),
                     maps(1, hidden, hidden, wild), maps(1, hidden, hidden + found, wild),
                     {words_too ? &seen[0] : NULL, words_too ? &seen[1] : NULL}};
        int64_t *src = malloc((size_t)tokens * sizeof(int64_t));
        for (i = 0; i < tokens; i++) /* here and there with padding amid words, which nobody should hand over */
            src[i] = i % length && number(4) == 0 ? PAD : (int64_t)number((uint32_t)vocabulary);
        t.src = src;
        int64_t all = sentences * size, *ids = malloc((size_t)(all * steps) * sizeof(int64_t));
        int64_t *counts = malloc(3 * (size_t)all * sizeof(int64_t));
        float *gained = malloc((size_t)(all * steps) * sizeof(float));
        float *weights = turn % 4 ? malloc((size_t)(all * steps * length) * sizeof(float) + 1) : NULL;
        ends e = {calloc((size_t)sentences, sizeof(int64_t)), counts, counts + all,
                  malloc((size_t)all * sizeof(double)), ids, gained, weights};
        if (!dragoman_greedy(&n, &d, &t, ids, gained, counts, weights))
            return 1;
        if (number(2)) { /* also in a block that is large enough, or nearly so */
            own = (yard){.size = own.wanted * (1 + number(4)) / 4 + 1, .block = NULL};
            own.block = malloc((size_t)own.size);
        }
        if (!dragoman_beam(&n, &d, &t, &e))
            return 1;
        for (i = 0; i < sentences; i++)
            for (int64_t n = 0; n < e.found[i]; n++) {
                int64_t slot = i * size + e.order[i * size + n];
                if (e.counts[slot] < 1 || e.counts[slot] > LARGER(1, longest[i]) || ids[slot * steps] >= vocabulary)
                    return 2;
            }
    }
    puts("well");
    return 0;
}
