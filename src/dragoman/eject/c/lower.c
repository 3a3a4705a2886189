
/* Say whether a capital sigma ends a word. */
static int is_final(const text *t, size_t at)
{
    size_t n;

    for (n = at; n && IS_IN(ignorable, t->at[n - 1]); n--)
        ;
    if (!n || !IS_IN(cased, t->at[n - 1]))
        return 0;
    for (n = at + 1; n < t->length && IS_IN(ignorable, t->at[n]); n++)
        ;
    return n == t->length || !IS_IN(cased, t->at[n]);
}

/* Drop case, as Python does. */
static int drop_case(dragoman *d, text *t)
{
    text made;
    size_t n, low, high, middle;

    if (t->length > (size_t)-1 / 3 || !(made.at = take(d, 2 * t->length + 1, sizeof(unsigned))))
        return 0;
    for (made.length = n = 0; n < t->length; n++) {
        unsigned c = t->at[n];
        if (c == 0x130) { /* The only letter that becomes two. */
            made.at[made.length++] = 'i';
            made.at[made.length++] = 0x307;
            continue;
        }
        if (c == 0x3A3 && is_final(t, n)) {
            made.at[made.length++] = 0x3C2;
            continue;
        }
        for (low = 0, high = sizeof capitals / sizeof *capitals; low < high;) {
            middle = low + (high - low) / 2;
            if (c > capitals[middle].last)
                low = middle + 1;
            else
                high = middle;
        }
        if (low < sizeof capitals / sizeof *capitals && c >= capitals[low].first &&
            (c - capitals[low].first) % capitals[low].every == 0)
            c = (unsigned)((long)c + capitals[low].shift);
        made.at[made.length++] = c;
    }
    *t = made;
    return 1;
}
