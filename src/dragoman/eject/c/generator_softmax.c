
static void generate(dragoman *d, const float *output, size_t count, float *logits)
{
    multiply(d, &generator, output, count, OUTPUT, logits, TGT_VOCAB, OUTPUT_BOUNDED);
}
