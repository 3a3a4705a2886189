
static void make_keys(dragoman *d, sentence *s)
{
    multiply(d, &attention_keys, s->memory, s->length, HIDDEN, s->keys, HIDDEN, 1);
    add_bias(s->keys, s->length, HIDDEN, attention_keys_bias);
}
