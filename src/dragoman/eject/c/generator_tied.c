
/* The target's vectors of words are the last map too (Press & Wolf 2017). */
static void generate(dragoman *d, const float *output, size_t count, float *logits)
{
    size_t n;

    multiply(d, &generator, output, count, OUTPUT, d->temp, EMBEDDING, OUTPUT_BOUNDED);
    for (n = 0; n < count && OUTPUT > HIDDEN; n++)
        add(d->temp + n * EMBEDDING, output + n * OUTPUT + HIDDEN, EMBEDDING);
    multiply(d, &tgt_words, d->temp, count, EMBEDDING, logits, TGT_VOCAB, 0);
}
