
/* --- unigram pieces (Kudo 2018) --- */

/* The likeliest way to cut the text before a character. */
typedef struct {
    double score;
    size_t start;
    int id;
} node;

/* Turn a piece into ids, the likeliest ones; neighbouring characters that are no tokens are one UNK. */
static size_t cut_piece(const marked *m, size_t first, size_t end, node *nodes, int *ids)
{
    size_t at, stop, count = 0, n;
    int id;

    for (at = first; at <= end; at++)
        nodes[at].id = -1;
    nodes[first].score = 0;
    for (at = first; at < end; at++) {
        int single = 0;
        for (stop = at + 1; stop <= end && stop - at <= LONGEST_TOKEN; stop++) {
            double score = nodes[at].score;
            id = find_token(m->bytes + m->starts[at], m->starts[stop] - m->starts[at]);
            if (id < 0 && !(stop == at + 1))
                continue;
            single = id >= 0;
            score += single ? token_scores[id] : UNKNOWN_SCORE;
            if (nodes[stop].id < 0 || score > nodes[stop].score) {
                nodes[stop].score = score;
                nodes[stop].start = at;
                nodes[stop].id = single ? id : UNK;
            }
        }
    }
    for (at = end; at > first; at = nodes[at].start)
        if (nodes[at].id != UNK || !count || ids[count - 1] != UNK)
            ids[count++] = nodes[at].id;
    for (n = 0; n < count / 2; n++) {
        id = ids[n];
        ids[n] = ids[count - 1 - n];
        ids[count - 1 - n] = id;
    }
    return count;
}

static int encode(dragoman *d, const marked *m, int *ids, size_t *count)
{
    node *nodes = take(d, m->text.length + 1, sizeof(node));
    size_t at, end;

    if (!nodes)
        return 0;
    for (at = 0; at < m->text.length; at = end) {
        end = cut(&m->text, at);
        *count += cut_piece(m, at, end, nodes, ids + *count);
    }
    return 1;
}
