
/* Say where the piece that begins at `at` ends: what stands between two spaces is one. */
static size_t cut(const text *t, size_t at)
{
    size_t end = at + 1;

    while (end < t->length && t->at[end] != SPACE)
        end++;
    return end;
}
