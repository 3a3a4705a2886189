
/* Turn a source into ids: a piece that is no token is UNK. */
static int encode(dragoman *d, const marked *m, int *ids, size_t *count)
{
    size_t at, end;
    int id;

    (void)d;
    for (at = 0; at < m->text.length; at = end) {
        end = cut(&m->text, at);
        id = find_token(m->bytes + m->starts[at], m->starts[end] - m->starts[at]);
        ids[(*count)++] = id < 0 ? UNK : id;
    }
    return 1;
}
