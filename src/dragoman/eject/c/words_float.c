
/* Multiply a word's vector by the input map, and add the bias. */
static void make_word(dragoman *d, const word_table *t, int id, float *y)
{
    const matrix *m = &t->layer->input;

    multiply(d, m, t->words->w + (size_t)id * t->words->cols, 1, 0, y, 0, 0);
    add(y, t->layer->bias, (size_t)m->rows);
}
