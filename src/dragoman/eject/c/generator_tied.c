
/* The target's vectors of words are the last map too (Press & Wolf 2017). */
static void generate(dragoman *d, const float *output, size_t count, float *logits)
{
    multiply(d, &generator, output, count, HIDDEN, d->temp, EMBEDDING, 1);
    multiply(d, &tgt_words, d->temp, count, EMBEDDING, logits, TGT_VOCAB, 0);
}
