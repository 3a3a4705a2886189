
/* ------------------------------------------------------------------------------------------ text */

#define SPACE 0x2581 /* the tokenizers write a space so */

/* Characters, by their numbers. */
typedef struct {
    unsigned *at;
    size_t length;
} text;

#define IS_IN(ranges, c) is_in(ranges, sizeof(ranges) / sizeof(range), c)

static int is_in(const range *ranges, size_t count, unsigned c)
{
    size_t low = 0, high = count, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (c > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && c >= ranges[low].first;
}

/* Read UTF-8; each longest part that is the beginning of no character is U+FFFD, as Python and browsers have it. */
static unsigned read_character(const unsigned char *bytes, size_t length, size_t *used)
{
    unsigned c = bytes[0], least = 0x80, most = 0xBF;
    size_t more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : (c & 0xF0) == 0xE0 ? 2 : c >= 0xF0 && c < 0xF5 ? 3 : 9, n;

    *used = 1;
    if (more == 0)
        return c;
    if (more == 9)
        return 0xFFFD;
    if (c == 0xE0)
        least = 0xA0;
    if (c == 0xED)
        most = 0x9F;
    if (c == 0xF0)
        least = 0x90;
    if (c == 0xF4)
        most = 0x8F;
    c &= 0x3Fu >> more;
    for (n = 1; n <= more; n++) {
        if (n == length || bytes[n] < least || bytes[n] > most)
            return 0xFFFD;
        c = c << 6 | (bytes[n] & 0x3Fu);
        *used = n + 1;
        least = 0x80;
        most = 0xBF;
    }
    return c;
}

static size_t write_character(unsigned c, char *bytes)
{
    unsigned char *out = (unsigned char *)bytes;

    if (c < 0x80) {
        out[0] = (unsigned char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (unsigned char)(0xC0 | c >> 6);
        out[1] = (unsigned char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (unsigned char)(0xE0 | c >> 12);
        out[1] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (unsigned char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (unsigned char)(0xF0 | c >> 18);
    out[1] = (unsigned char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (unsigned char)(0x80 | (c & 0x3F));
    return 4;
}

static int read_text(dragoman *d, const char *bytes, size_t length, text *made)
{
    size_t at = 0, used;

    made->at = take(d, length + 1, sizeof(unsigned));
    made->length = 0;
    if (!made->at)
        return 0;
    while (at < length) {
        made->at[made->length++] = read_character((const unsigned char *)bytes + at, length - at, &used);
        at += used;
    }
    return 1;
}

/* What Python's str.split() cuts at. */
static int is_space(unsigned c)
{
    return (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* Leave one space between words, and none around them. */
static void squeeze(text *t)
{
    size_t kept = 0, n;

    for (n = 0; n < t->length; n++)
        if (!is_space(t->at[n]))
            t->at[kept++] = t->at[n];
        else if (kept && t->at[kept - 1] != ' ')
            t->at[kept++] = ' ';
    t->length = kept - (kept && t->at[kept - 1] == ' ');
}

/* --- Unicode's normal form C (UAX 15) --- */

static int class_of(unsigned c)
{
    size_t low = 0, high = sizeof combining / sizeof *combining, middle;

    if (c < 0x300)
        return 0;
    while (low < high) {
        middle = low + (high - low) / 2;
        if (c > combining[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sizeof combining / sizeof *combining && c >= combining[low].first ? combining[low].order : 0;
}

/* Append a character, taken apart; no more than four come of one. */
static void take_apart(text *t, unsigned c)
{
    size_t low = 0, high = sizeof apart / sizeof *apart, middle;

    if (c < 0xC0) {
        t->at[t->length++] = c;
        return;
    }
    if (c >= 0xAC00 && c < 0xAC00 + 11172) {
        c -= 0xAC00;
        t->at[t->length++] = 0x1100 + c / 588;
        t->at[t->length++] = 0x1161 + c % 588 / 28;
        if (c % 28)
            t->at[t->length++] = 0x11A7 + c % 28;
        return;
    }
    while (low < high) {
        middle = low + (high - low) / 2;
        if (c > apart[middle].whole)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == sizeof apart / sizeof *apart || apart[low].whole != c) {
        t->at[t->length++] = c;
        return;
    }
    take_apart(t, apart[low].first);
    if (apart[low].second)
        take_apart(t, apart[low].second);
}

/* Give what two characters make together, or 0. */
static unsigned compose(unsigned first, unsigned second)
{
    size_t low = 0, high = sizeof together / sizeof *together, middle;

    if (first >= 0x1100 && first < 0x1113 && second >= 0x1161 && second < 0x1176)
        return 0xAC00 + ((first - 0x1100) * 21 + (second - 0x1161)) * 28;
    if (first >= 0xAC00 && first < 0xAC00 + 11172 && (first - 0xAC00) % 28 == 0 && second > 0x11A7 && second < 0x11C3)
        return first + (second - 0x11A7);
    while (low < high) {
        const pair *p = &together[middle = low + (high - low) / 2];
        if (first > p->first || (first == p->first && second > p->second))
            low = middle + 1;
        else
            high = middle;
    }
    if (low < sizeof together / sizeof *together && together[low].first == first && together[low].second == second)
        return together[low].whole;
    return 0;
}

/* Bring to normal form C. Returns whether there was memory enough. */
static int compose_all(dragoman *d, text *t)
{
    text made;
    size_t n, back, starter, kept;
    int order, before;

    for (n = 0; n < t->length && t->at[n] < 0x300; n++)
        ;
    if (n == t->length)
        return 1;
    if (t->length > (size_t)-1 / 5 || !(made.at = take(d, 4 * t->length + 1, sizeof(unsigned))))
        return 0;
    for (made.length = n = 0; n < t->length; n++)
        take_apart(&made, t->at[n]);
    for (n = 1; n < made.length; n++) { /* Marks stand in the order of their classes. */
        unsigned c = made.at[n];
        order = class_of(c);
        for (back = n; order && back && class_of(made.at[back - 1]) > order; back--)
            made.at[back] = made.at[back - 1];
        made.at[back] = c;
    }
    starter = made.length;
    for (before = 0, kept = n = 0; n < made.length; n++) {
        unsigned c = made.at[n], whole = 0;
        order = class_of(c);
        if (starter < made.length && (before < order || (before == 0 && starter + 1 == kept)))
            whole = compose(made.at[starter], c);
        if (whole) {
            made.at[starter] = whole;
            continue;
        }
        if (order == 0)
            starter = kept;
        before = order;
        made.at[kept++] = c;
    }
    made.length = kept;
    *t = made;
    return 1;
}
