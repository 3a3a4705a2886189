
/* What shows nothing: controls, soft hyphens, zero-width spaces, direction marks. */
static const range invisible[] = {
    {0x0, 0x8},       {0xE, 0x1B},      {0x7F, 0x84},     {0x86, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},
    {0x180E, 0x180E}, {0x200B, 0x200B}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF},
    {0xFFF9, 0xFFFB},
};

/* What is done to a source first. */
static int normalise(dragoman *d, text *t)
{
    size_t kept = 0, n;

    for (n = 0; n < t->length; n++)
        if (!IS_IN(invisible, t->at[n]))
            t->at[kept++] = t->at[n] == SPACE ? '_' : t->at[n];
    t->length = kept;
    squeeze(t);
    if (!compose_all(d, t))
        return 0;
#if LOWERCASE
    if (!drop_case(d, t) || !compose_all(d, t))
        return 0;
#endif
#if DROP_FINAL_STOP
    if (t->length && (t->at[t->length - 1] == '.' || t->at[t->length - 1] == 0x3002)) {
        for (n = t->length - 1; n && is_space(t->at[n - 1]); n--)
            ;
        if (n && t->at[n - 1] != '.' && t->at[n - 1] != 0x3002)
            t->length = n;
    }
#endif
#if JAMO
    {
        text made;
        if (t->length > (size_t)-1 / 4 || !(made.at = take(d, 3 * t->length + 1, sizeof(unsigned))))
            return 0;
        for (made.length = n = 0; n < t->length; n++)
            if (t->at[n] >= 0xAC00 && t->at[n] < 0xAC00 + 11172)
                take_apart(&made, t->at[n]);
            else
                made.at[made.length++] = t->at[n];
        *t = made;
    }
#endif
    return 1;
}
