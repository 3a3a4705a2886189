
/* Say where the piece that begins at `at` ends: every character is one, and every <tag>. */
static size_t cut(const text *t, size_t at)
{
    size_t end = at + (t->at[at] == SPACE), start = end + 1;

    if (end < t->length && t->at[end] == '<') {
        for (end = start; end < t->length && t->at[end] != '<' && t->at[end] != '>' && t->at[end] != SPACE; end++)
            ;
        if (end > start && end < t->length && t->at[end] == '>')
            return end + 1;
    }
    return at + 1;
}
