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
    rounded room = make_room(sentences, recurrent->inputs);
    int well = sum && room.numbers;
    int64_t step, s;

    for (step = 0; well && step < steps; step++) {
        multiply(recurrent, h, size, size, sentences, 1, NULL, sum, 4 * size, &room);
        for (s = 0; s < sentences; s++) {
            int64_t at = backward ? lengths[s] - 1 - step : step;
            if (step >= lengths[s])
                continue;
            lstm(sum + s * 4 * size, gates + rows[s * steps + at] * 4 * size, c + s * size, h + s * size, size);
            memcpy(out + (s * steps + at) * stride, h + s * size, (size_t)size * sizeof(float));
        }
    }
    free(room.numbers);
    free(sum);
    return well;
}
