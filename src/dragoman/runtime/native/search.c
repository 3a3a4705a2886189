/* --------------------------------------------------------------------------------------------- search */

/* The searches of search/greedy.py and search/beam.py, step for step: the same sums in the same order, so that they
 * give the same words and the same scores. */

#define EOS 3
#define SOS 2

typedef struct {
    int64_t sentences, size, steps; /* size: hypotheses of a sentence; steps: the most that any sentence takes */
    int64_t num_banned, least;      /* the last of `banned` is EOS, and said only after so many tokens */
    const int64_t *banned, *longest;
    double penalty;                 /* exponent of the length */
    int64_t length;
    const int64_t *src;             /* [sentences, length] */
    const shortlist *words;         /* NULL where every word may be said */
    yard *yard;
} task;

/* The hypotheses that go on, side by side by sentence. */
typedef struct {
    int64_t sentences, beams;       /* so many still go on, with so many hypotheses each: */
    int64_t *places, *last;         /* which ones, and what each hypothesis said last */
    memory seen;                    /* of all sentences */
    offer all, *offers;             /* what may be said: by each sentence, where there is a shortlist */
    float *state, *next, *weights;  /* before and after a step; where it looked */
    float *scores;                  /* of a few rows' words */
    float *best;                    /* [rows, width]: their best words' */
    int64_t *ids, width;            /* which these are */
    desk desk;
} crowd;

/* Read the sources; returns the first states, [sentences, wide]. */
static const float *read_all(const encoder *e, const decoder *d, const task *t, crowd *c)
{
    int64_t tokens = t->sentences * t->length, all = tokens * d->hidden;
    left to = {0};

    to.read = take(t->yard, all, sizeof(float));
    to.keys = e->mapped ? take(t->yard, all, sizeof(float)) : to.read;
    to.values = e->looks ? take(t->yard, all, sizeof(float)) : NULL;
    to.mask = e->looks ? take(t->yard, tokens, sizeof(float)) : NULL;
    to.state = take(t->yard, t->sentences * wide(d), sizeof(float));
    if (!t->yard->failed)
        encode(e, t->src, t->sentences, t->length, &to, t->yard);
    c->seen = (memory){d->looks ? t->length : 0, to.keys, to.values, to.mask};
    return to.state;
}

/* Choose each sentence's words; returns how many the most are. */
static int64_t offer_words(const decoder *d, const task *t, crowd *c)
{
    uint64_t *marked = take(t->yard, (d->vocabulary + 63) / 64, sizeof(uint64_t));
    int64_t most = 0, s;

    c->all = (offer){.count = d->vocabulary};
    c->offers = t->words ? take(t->yard, t->sentences, sizeof(offer)) : NULL;
    for (s = 0; t->words && !t->yard->failed && s < t->sentences; s++) {
        c->offers[s] = choose(t->words, t->src + s * t->length, t->length, marked, t->yard);
        most = LARGER(most, c->offers[s].count);
    }
    return t->words ? most : d->vocabulary;
}

static int open_crowd(crowd *c, const encoder *e, const decoder *d, const task *t, int64_t width)
{
    int64_t rows = t->sentences * t->size, all = wide(d), most = offer_words(d, t, c);
    const float *first = read_all(e, d, t, c);
    yard *y = t->yard;

    open_desk(&c->desk, d, rows, t->words ? most : 0, y);
    c->sentences = t->sentences;
    /* All beginnings of a sentence are alike: one is enough, where it has as many words as are to be compared. */
    c->beams = d->vocabulary < width ? t->size : 1;
    c->width = SMALLER(width, d->vocabulary);
    c->places = take(y, t->sentences, sizeof(int64_t));
    c->last = take(y, rows, sizeof(int64_t));
    c->state = take(y, rows * all, sizeof(float));
    c->next = take(y, rows * all, sizeof(float));
    c->weights = take(y, rows * c->seen.length, sizeof(float));
    c->scores = take(y, FEW * most, sizeof(float));
    c->best = take(y, rows * c->width, sizeof(float));
    c->ids = take(y, rows * c->width, sizeof(int64_t));
    if (y->failed)
        return 0;
    for (int64_t r = 0; r < t->sentences * c->beams; r++) {
        c->places[r / c->beams] = r / c->beams;
        c->last[r] = SOS;
        memcpy(c->state + r * all, first + r / c->beams * all, (size_t)all * sizeof(float));
    }
    return 1;
}

/* Take a step, and find each hypothesis' best words. */
static void step_on(const decoder *d, const task *t, crowd *c, int64_t step)
{
    int64_t rows = c->sentences * c->beams, banned = t->num_banned - (step >= t->least), r, now;
    float log_sums[FEW];

    advance(d, &c->desk, c->sentences, c->beams, &c->seen, c->last, c->places, c->state, c->next, c->weights);
    for (r = 0; r < rows; r += now) {
        /* Rows whose words are the same: all, or those of one sentence. */
        const offer *o = c->offers ? c->offers + c->places[r / c->beams] : &c->all;
        now = SMALLER(c->offers ? c->beams - r % c->beams : rows - r, FEW);
        score(d, &c->desk, t->words, o, r, now, c->scores, log_sums);
        best_words(o, c->scores, log_sums, now, t->banned, banned, c->width, c->best + r * c->width,
                   c->ids + r * c->width);
    }
}

static void go_on(const decoder *d, crowd *c, int64_t row, int64_t from, int64_t id)
{
    memcpy(c->state + row * wide(d), c->next + from * wide(d), (size_t)wide(d) * sizeof(float));
    c->last[row] = id;
}

/* ids, gained: [sentences, steps], of which `counts` are written; weights: [sentences, steps, length], or NULL. */
int dragoman_greedy(const encoder *e, const decoder *d, const task *t, int64_t *ids, float *gained, int64_t *counts,
                    float *weights)
{
    int64_t step, r;
    crowd c;
    int well = open_crowd(&c, e, d, t, 1);
    int64_t length = c.seen.length;

    for (step = 0; well && c.sentences; step++) {
        int64_t going = 0;
        step_on(d, t, &c, step);
        for (r = 0; r < c.sentences; r++) {
            int64_t sentence = c.places[r], at = sentence * t->steps + step;
            ids[at] = c.ids[r];
            gained[at] = c.best[r];
            counts[sentence] = step + 1;
            if (weights)
                memcpy(weights + at * length, c.weights + r * length, (size_t)length * sizeof(float));
            if (c.ids[r] == EOS || step + 1 >= t->longest[sentence])
                continue;
            c.places[going] = sentence;
            go_on(d, &c, going++, r, c.ids[r]);
        }
        c.sentences = going;
    }
    return leave(t->yard);
}

/* What has been said: of each step and hypothesis the one it went on from, the word, and its log-probability; where
 * those that went on further stand in it; and where it looked, [steps, rows, length], if that is asked for. */
typedef struct {
    int64_t rows, length;
    int64_t *parents, *ids, *places;
    float *gained, *weights;
} past;

/* Each sentence's best ends, as they come, and the order of their scores: [sentences, size]. */
typedef struct {
    int64_t *found;                 /* how many, a sentence */
    int64_t *order, *counts;
    double *scores;
    int64_t *ids;                   /* [sentences, size, steps] */
    float *gained, *weights;        /* weights: [sentences, size, steps, length], or NULL */
} ends;

typedef struct {
    int64_t parent, id;
    float gained, sum;
} choice;

static void open_past(past *p, const task *t, int64_t length, int weights)
{
    int64_t all = p->rows * t->steps;

    p->length = length;
    p->parents = take(t->yard, all, sizeof(int64_t));
    p->ids = take(t->yard, all, sizeof(int64_t));
    p->places = take(t->yard, all, sizeof(int64_t));
    p->gained = take(t->yard, all, sizeof(float));
    p->weights = weights ? take(t->yard, all * length, sizeof(float)) : NULL;
}

/* Note an end among a sentence's best: those before it come first where scores are equal. */
static void finish(const task *t, const past *p, ends *e, int64_t sentence, int64_t step, choice one)
{
    double *scores = e->scores + sentence * t->size, score = (double)one.sum / pow((double)(step + 1), t->penalty);
    int64_t *order = e->order + sentence * t->size, length = p->length, count = e->found[sentence], at, slot;

    if (count == t->size && !(score > scores[order[count - 1]]))
        return;
    slot = count == t->size ? order[count - 1] : count;
    at = count == t->size ? count - 1 : count;
    for (; at > 0 && scores[order[at - 1]] < score; at--)
        order[at] = order[at - 1];
    order[at] = slot;
    scores[slot] = score;
    e->found[sentence] = SMALLER(count + 1, t->size);
    slot += sentence * t->size;
    e->counts[slot] = step + 1;
    for (; step >= 0; step--) {
        int64_t to = slot * t->steps + step;
        e->ids[to] = one.id;
        e->gained[to] = one.gained;
        if (e->weights)
            memcpy(e->weights + to * length, p->weights + (step * p->rows + one.parent) * length,
                   (size_t)length * sizeof(float));
        if (step) {
            int64_t from = (step - 1) * p->rows;
            from += p->places[from + one.parent];
            one = (choice){p->parents[from], p->ids[from], p->gained[from], 0};
        }
    }
}

/* Find the best continuations of all hypotheses of a sentence, best first, equal ones as they come; returns how many. */
static int64_t compare(const crowd *c, int64_t size, int64_t sentence, const float *sums, choice *best)
{
    int64_t most = SMALLER(2 * size, c->beams * c->width), count = 0, r, i, at;

    for (r = sentence * c->beams; r < (sentence + 1) * c->beams; r++)
        for (i = r * c->width; i < (r + 1) * c->width; i++) {
            float sum = sums[r] + c->best[i];
            if (count == most && !(sum > best[count - 1].sum))
                break; /* the rest of this one's words are no better */
            count += count < most;
            for (at = count - 1; at > 0 && best[at - 1].sum < sum; at--)
                best[at] = best[at - 1];
            best[at] = (choice){r, c->ids[i], c->best[i], sum};
        }
    return count;
}

/* Choose what a sentence goes on with, `going`, and note what has ended; say whether it goes on. */
static int weigh(const crowd *c, const task *t, past *p, ends *e, int64_t at, int64_t step, const float *sums,
                 choice *best, choice *going)
{
    int64_t size = t->size, sentence = c->places[at], count = compare(c, size, at, sums, best), kept = 0, i;
    float most = -INFINITY;
    double worst;

    for (i = 0; i < SMALLER(count, size); i++)
        if (best[i].id == EOS && isfinite(best[i].sum))
            finish(t, p, e, sentence, step, best[i]);
    for (i = 0; i < count && kept < size; i++)
        if (best[i].id != EOS)
            going[kept++] = best[i];
    for (i = 0; i < count && kept < size; i++)
        if (best[i].id == EOS)
            going[kept++] = best[i];
    for (i = 0; i < size; i++) {
        int64_t to = step * p->rows + at * size + i;
        p->parents[to] = going[i].parent;
        p->ids[to] = going[i].id;
        p->gained[to] = going[i].gained;
        most = going[i].sum > most ? going[i].sum : most;
    }
    for (i = 0; i < size && step + 1 >= t->longest[sentence]; i++)
        if (isfinite(going[i].sum))
            finish(t, p, e, sentence, step, going[i]);
    worst = e->found[sentence] < size ? -INFINITY : e->scores[sentence * size + e->order[(sentence + 1) * size - 1]];
    /* As numpy divides: a float32 by a float32. */
    return most / (float)pow((double)(step + 1), t->penalty) > worst && step + 1 < t->longest[sentence];
}

int dragoman_beam(const encoder *n, const decoder *d, const task *t, ends *e)
{
    int64_t size = t->size, rows = t->sentences * size, step, s, i;
    past p = {.rows = rows};
    crowd c;
    int64_t length = open_crowd(&c, n, d, t, 2 * size) ? c.seen.length : 0;
    int well;
    float *before = take(t->yard, rows, sizeof(float)), *after = take(t->yard, rows, sizeof(float)), *swapped;
    choice *best = take(t->yard, 2 * size, sizeof(choice)), *going = take(t->yard, size, sizeof(choice));

    open_past(&p, t, length, e->weights != NULL);
    well = !t->yard->failed;
    /* Where there are several beginnings of a sentence, only the first may be gone on from. */
    for (i = 0; well && i < t->sentences * c.beams; i++)
        before[i] = i % c.beams ? -INFINITY : 0;
    for (step = 0; well && c.sentences; step++) {
        int64_t left = 0;
        step_on(d, t, &c, step);
        if (e->weights)
            memcpy(p.weights + step * rows * length, c.weights,
                   (size_t)(c.sentences * c.beams * length) * sizeof(float));
        for (s = 0; s < c.sentences; s++) {
            if (!weigh(&c, t, &p, e, s, step, before, best, going))
                continue;
            for (i = 0; i < size; i++) {
                int64_t row = left * size + i;
                after[row] = going[i].sum;
                p.places[step * rows + row] = s * size + i;
                go_on(d, &c, row, going[i].parent, going[i].id);
            }
            c.places[left++] = c.places[s];
        }
        c.sentences = left;
        c.beams = size;
        swapped = before;
        before = after;
        after = swapped;
    }
    return leave(t->yard);
}
