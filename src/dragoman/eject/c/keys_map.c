
static void make_keys(dragoman *d, sentence *s)
{
    multiply(d, &attention_keys, s->memory, s->length, HIDDEN, s->keys, HIDDEN, 1);
}
