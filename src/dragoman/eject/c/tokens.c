
/* A marked source: characters, the same in UTF-8, and where in it each character begins. */
typedef struct {
    text text;
    char *bytes;
    size_t *starts;
} marked;

/* Write a space before each word as the tokenizers do. */
static int mark(dragoman *d, const text *t, marked *made)
{
    size_t n, at = 0;

    made->text.length = t->length + 1;
    made->text.at = take(d, t->length + 1, sizeof(unsigned));
    made->bytes = take(d, t->length + 1, 4);
    made->starts = take(d, t->length + 2, sizeof(size_t));
    if (!made->text.at || !made->bytes || !made->starts)
        return 0;
    made->text.at[0] = SPACE;
    for (n = 0; n < t->length; n++)
        made->text.at[n + 1] = t->at[n] == ' ' ? SPACE : t->at[n];
    for (n = 0; n < made->text.length; n++) {
        made->starts[n] = at;
        at += write_character(made->text.at[n], made->bytes + at);
    }
    made->starts[n] = at;
    return 1;
}

/* Look a token up among the sorted ones: its id, or -1. */
static int find_token(const char *bytes, size_t length)
{
    size_t low = 0, high = sizeof sorted / sizeof *sorted, middle;

    while (low < high) {
        size_t own;
        int id, order;
        middle = low + (high - low) / 2;
        id = (int)sorted[middle];
        own = src_starts[id + 1] - src_starts[id];
        order = memcmp(bytes, src_tokens + src_starts[id], own < length ? own : length);
        if (order == 0 && own == length)
            return id;
        if (order > 0 || (order == 0 && length > own))
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}
