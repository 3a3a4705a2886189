
/* ------------------------------------------------------------------------------------- the three */

/* Turn target ids into text; the first tokens say nothing. */
static int decode(dragoman *d, const int *ids, size_t count, text *made)
{
    size_t size = 0, n, at = 0;
    char *bytes;

    for (n = 0; n < count; n++)
        size += tgt_starts[ids[n] + 1] - tgt_starts[ids[n]];
    if (!(bytes = take(d, size + 1, 1)))
        return 0;
    for (n = 0; n < count; n++) {
        size_t length = tgt_starts[ids[n] + 1] - tgt_starts[ids[n]];
        if (ids[n] < SILENT)
            continue;
        memcpy(bytes + at, tgt_tokens + tgt_starts[ids[n]], length);
        at += length;
    }
    if (!read_text(d, bytes, at, made))
        return 0;
    for (n = 0; n < made->length; n++)
        if (made->at[n] == SPACE)
            made->at[n] = ' ';
    squeeze(made);
    return compose_all(d, made);
}

/* Translate; the answer is in `said`. Returns whether there was memory enough. */
static int translate(dragoman *d, const char *source, size_t beam, text *said)
{
    finished found;
    marked m;
    text t;
    size_t count = 0;
    int *ids;

    said->length = 0;
    if (!read_text(d, source, strlen(source), &t) || !normalise(d, &t))
        return 0;
    if (!t.length)
        return 1;
    if (!mark(d, &t, &m) || !(ids = take(d, m.text.length + 1, sizeof(int))) || !encode(d, &m, ids, &count))
        return 0;
#if MAX_SRC_LENGTH
    if (count > MAX_SRC_LENGTH)
        count = MAX_SRC_LENGTH;
#endif
    ids[count++] = EOS;
    return search(d, ids, count, beam, &found) && decode(d, found.said, found.length, said);
}

dragoman *dragoman_open(void)
{
    dragoman *d = calloc(1, sizeof(dragoman));
    int n;

    if (!d)
        return NULL;
    d->dot = dot_plain;
#ifdef CHOOSE
    if (__builtin_cpu_supports("avx2"))
        d->dot = dot_wide;
#endif
    for (n = 0; n < TABLES; n++) {
        word_table *t = &d->tables[n];
        t->words = n == ENCODER_DIRECTIONS ? &tgt_words : &src_words;
        t->layer = n < ENCODER_DIRECTIONS ? &encoder[0][n] : &decoder[0];
        t->folded = n < ENCODER_DIRECTIONS ? FOLDED_SRC : FOLDED_TGT;
#ifdef WORD_MEMORY
        if (n > ENCODER_DIRECTIONS) {
            t->layer = &own[n - ENCODER_DIRECTIONS - 1];
            t->folded = t->layer == own ? FOLDED_KEYS : FOLDED_VALUES;
        }
#endif
        t->rows = calloc((size_t)t->words->rows, sizeof(float *));
        if (!t->rows) {
            dragoman_close(d);
            return NULL;
        }
    }
    return d;
}

const char *dragoman_translate(dragoman *d, const char *source, int beam)
{
    size_t size = (size_t)(beam > 0 ? beam : BEAM), n, at = 0;
    text said;
    char *answer = NULL;

    free(d->answer);
    d->answer = NULL;
    if (translate(d, source, size < 1000 ? size : 1000, &said) && (answer = malloc(4 * said.length + 1))) {
        for (n = 0; n < said.length; n++)
            at += write_character(said.at[n], answer + at);
        answer[at] = 0;
    }
    release(d);
    return d->answer = answer;
}

void dragoman_close(dragoman *d)
{
    int n, id;

    if (!d)
        return;
    for (n = 0; n < TABLES; n++) {
        for (id = 0; d->tables[n].rows && id < d->tables[n].words->rows; id++)
            free(d->tables[n].rows[id]);
        free(d->tables[n].rows);
    }
    free(d->answer);
    free(d);
}

#ifdef DRAGOMAN_MAIN
#include <stdio.h>

/* Read a line of any length, without its end and without zeros. Returns whether there is one; NULL: no memory. */
static int read_line(char **line, size_t *room)
{
    size_t length = 0;
    int c, seen = 0;

    while ((c = getchar()) != EOF) {
        seen = 1;
        if (c == '\n')
            break;
        if (length + 2 > *room) {
            char *more = realloc(*line, 2 * length + 80);
            if (!more) {
                free(*line);
                *line = NULL;
                return 1;
            }
            *line = more;
            *room = 2 * length + 80;
        }
        if (c)
            (*line)[length++] = (char)c;
    }
    if (*line) {
        (*line)[length] = 0;
        if (length && (*line)[length - 1] == '\r')
            (*line)[length - 1] = 0;
    }
    return seen;
}

/* Translate standard input line by line; the first argument is the beam size. */
int main(int count, char **arguments)
{
    dragoman *d = dragoman_open();
    size_t room = 80;
    char *line = malloc(room);
    int beam = count > 1 ? atoi(arguments[1]) : 0;

    while (d && line && read_line(&line, &room)) {
        const char *answer = line ? dragoman_translate(d, line, beam) : NULL;
        if (!answer || puts(answer) == EOF || fflush(stdout) == EOF)
            break;
    }
    if (!d || !line || !feof(stdin))
        fputs("no memory left, or nowhere to write to\n", stderr);
    count = d && line && feof(stdin) ? 0 : 1;
    free(line);
    dragoman_close(d);
    return count;
}
#endif
