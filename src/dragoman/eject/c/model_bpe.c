
/* --- byte-pair encoding (Sennrich et al. 2016) --- */

/* Two neighbours that can be merged: the earlier the pair was learned, the earlier it is merged. */
typedef struct {
    size_t rank, at;
    int made;
} candidate;

typedef struct {
    int *ids;
    size_t *next, *before, count;
    candidate *heap;
    size_t waiting;
} word;

#define NOWHERE ((size_t)-1)

static const merge *find_merge(int first, int second)
{
    size_t low = 0, high = sizeof merges / sizeof *merges, middle;

    while (low < high) {
        const merge *m = &merges[middle = low + (high - low) / 2];
        if (first > m->first || (first == m->first && second > m->second))
            low = middle + 1;
        else
            high = middle;
    }
    if (low < sizeof merges / sizeof *merges && merges[low].first == first && merges[low].second == second)
        return &merges[low];
    return NULL;
}

static int comes_first(candidate one, candidate other)
{
    return one.rank < other.rank || (one.rank == other.rank && one.at < other.at);
}

/* Remember that a symbol and the one after it can be merged, if they can. */
static void consider(word *w, size_t at)
{
    const merge *m;
    candidate one;
    size_t n, up;

    if (at == NOWHERE || w->next[at] == NOWHERE || !(m = find_merge(w->ids[at], w->ids[w->next[at]])))
        return;
    one.rank = (size_t)m->rank;
    one.at = at;
    one.made = m->made;
    for (n = w->waiting++; n && comes_first(one, w->heap[up = (n - 1) / 2]); n = up)
        w->heap[n] = w->heap[up];
    w->heap[n] = one;
}

static candidate first_of(word *w)
{
    candidate first = w->heap[0], last = w->heap[--w->waiting];
    size_t n = 0, down;

    while ((down = 2 * n + 1) < w->waiting) {
        if (down + 1 < w->waiting && comes_first(w->heap[down + 1], w->heap[down]))
            down++;
        if (!comes_first(w->heap[down], last))
            break;
        w->heap[n] = w->heap[down];
        n = down;
    }
    w->heap[n] = last;
    return first;
}

static void merge_word(word *w)
{
    size_t n, gone;

    w->waiting = 0;
    for (n = 0; n < w->count; n++) {
        w->before[n] = n ? n - 1 : NOWHERE;
        w->next[n] = n + 1 < w->count ? n + 1 : NOWHERE;
    }
    for (n = 0; n < w->count; n++)
        consider(w, n);
    while (w->waiting) {
        candidate one = first_of(w);
        const merge *m;
        if (w->ids[one.at] < 0 || (gone = w->next[one.at]) == NOWHERE)
            continue;
        m = find_merge(w->ids[one.at], w->ids[gone]);
        if (!m || m->made != one.made)
            continue;
        w->ids[one.at] = m->made;
        w->ids[gone] = -1;
        w->next[one.at] = w->next[gone];
        if (w->next[gone] != NOWHERE)
            w->before[w->next[gone]] = one.at;
        consider(w, w->before[one.at]);
        consider(w, one.at);
    }
}

/* Turn a source into ids: characters, merged word by word; a character that is no token is UNK. */
static int encode(dragoman *d, const marked *m, int *ids, size_t *count)
{
    const size_t most = m->text.length;
    size_t at, end, n;
    word w;
    int id;

    w.ids = take(d, most, sizeof(int));
    w.next = take(d, most, sizeof(size_t));
    w.before = take(d, most, sizeof(size_t));
    w.heap = most > (size_t)-1 / 4 ? NULL : take(d, 3 * most, sizeof(candidate));
    if (!w.ids || !w.next || !w.before || !w.heap)
        return 0;
    for (at = 0; at < most; at = end) {
        end = cut(&m->text, at);
        for (w.count = 0, n = at; n < end; n++) {
            id = find_token(m->bytes + m->starts[n], m->starts[n + 1] - m->starts[n]);
            w.ids[w.count++] = id < 0 ? UNK : id;
        }
        merge_word(&w);
        for (n = 0; n < w.count; n++)
            if (w.ids[n] >= 0)
                ids[(*count)++] = w.ids[n];
    }
    return 1;
}
