
/* What follows a character belongs to it as people count them (UAX 29): marks, joined emoji, flags, Hangul. */
static int is_hangul(unsigned c, char kind)
{
    int syllable = c >= 0xAC00 && c < 0xAC00 + 11172, open = (c - 0xAC00) % 28 == 0;

    if (kind == 'L')
        return (c >= 0x1100 && c < 0x1160) || (c >= 0xA960 && c < 0xA97D);
    if (kind == 'V')
        return (c >= 0x1160 && c < 0x11A8) || (c >= 0xD7B0 && c < 0xD7C7);
    if (kind == 'T')
        return (c >= 0x11A8 && c < 0x1200) || (c >= 0xD7CB && c < 0xD7FC);
    return syllable && open == (kind == 'O');
}

/* Say whether a character goes on after `c`. */
static int goes_on(unsigned c, unsigned next, int joined, int flags)
{
    if (c == '\r' && next == '\n')
        return 1;
    if (IS_IN(controls, c) || IS_IN(controls, next))
        return 0;
    if (is_hangul(c, 'L') && (is_hangul(next, 'L') || is_hangul(next, 'V') || is_hangul(next, 'O') || is_hangul(next, 'C')))
        return 1;
    if ((is_hangul(c, 'O') || is_hangul(c, 'V')) && (is_hangul(next, 'V') || is_hangul(next, 'T')))
        return 1;
    if ((is_hangul(c, 'C') || is_hangul(c, 'T')) && is_hangul(next, 'T'))
        return 1;
    if (next == 0x200D || IS_IN(extending, next) || IS_IN(spacing, next) || IS_IN(preceding, c))
        return 1;
    if (joined && IS_IN(pictures, next))
        return 1;
    return flags % 2 && next >= 0x1F1E6 && next <= 0x1F1FF;
}

static size_t end_of_character(const text *t, size_t at)
{
    /* A picture and its marks stand before; so they do, and then one joiner; how many letters of flags. */
    int picture = 0, joined, flags = 0;

    for (;;) {
        unsigned c = t->at[at++];
        flags = c >= 0x1F1E6 && c <= 0x1F1FF ? flags + 1 : 0;
        joined = picture && c == 0x200D;
        if (c == 0x200D || !IS_IN(extending, c))
            picture = IS_IN(pictures, c);
        if (at == t->length || !goes_on(c, t->at[at], joined, flags))
            return at;
    }
}

/* Say where the piece that begins at `at` ends: a word and its elision, or any other single character. */
static size_t cut(const text *t, size_t at)
{
    size_t end = at + (t->at[at] == SPACE);

    if (end == t->length || t->at[end] == SPACE)
        return at + 1;
    if (!IS_IN(letters, t->at[end]))
        return end_of_character(t, end);
    while (end < t->length && IS_IN(letters, t->at[end]))
        end++;
    if (end + 1 < t->length && (t->at[end] == '\'' || t->at[end] == 0x2019) && IS_IN(letters, t->at[end + 1]))
        end++;
    return end;
}
