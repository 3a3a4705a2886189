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
    const float *first;             /* states, [sentences, wide] */
    memory seen;                    /* of [sentences] */
} task;

/* The hypotheses that go on, side by side by sentence. */
typedef struct {
    int64_t sentences, beams;       /* so many still go on, with so many hypotheses each: */
    int64_t *places, *last;         /* which ones, and what each hypothesis said last */
    float *state, *next, *weights;  /* before and after a step; where it looked */
    float *scores;                  /* of a few rows' words */
    float *best;                    /* [rows, width]: their best words' */
    int64_t *ids, width;            /* which these are */
    desk desk;
} crowd;

static int open_crowd(crowd *c, const decoder *d, const task *t, int64_t width)
{
    size_t rows = (size_t)(t->sentences * t->size), all = (size_t)wide(d);
    int well = open_desk(&c->desk, d, (int64_t)rows);

    c->sentences = t->sentences;
    /* All beginnings of a sentence are alike: one is enough, where it has as many words as are to be compared. */
    c->beams = d->vocabulary < width ? t->size : 1;
    c->width = SMALLER(width, d->vocabulary);
    c->places = malloc((size_t)t->sentences * sizeof(int64_t) + 1);
    c->last = malloc(rows * sizeof(int64_t) + 1);
    c->state = malloc(rows * all * sizeof(float) + 1);
    c->next = malloc(rows * all * sizeof(float) + 1);
    c->weights = malloc(rows * (size_t)t->seen.length * sizeof(float) + 1);
    c->scores = malloc((size_t)FEW * (size_t)d->vocabulary * sizeof(float) + 1);
    c->best = malloc(rows * (size_t)c->width * sizeof(float) + 1);
    c->ids = malloc(rows * (size_t)c->width * sizeof(int64_t) + 1);
    if (!(well && c->places && c->last && c->state && c->next && c->weights && c->scores && c->best && c->ids))
        return 0;
    for (int64_t r = 0; r < t->sentences * c->beams; r++) {
        c->places[r / c->beams] = r / c->beams;
        c->last[r] = SOS;
        memcpy(c->state + r * wide(d), t->first + r / c->beams * wide(d), all * sizeof(float));
    }
    return 1;
}

static void close_crowd(crowd *c)
{
    close_desk(&c->desk);
    free(c->places);
    free(c->last);
    free(c->state);
    free(c->next);
    free(c->weights);
    free(c->scores);
    free(c->best);
    free(c->ids);
}

/* Take a step, and find each hypothesis' best words. */
static void step_on(const decoder *d, const task *t, crowd *c, int64_t step)
{
    int64_t rows = c->sentences * c->beams, banned = t->num_banned - (step >= t->least), r;
    float log_sums[FEW];

    advance(d, &c->desk, c->sentences, c->beams, &t->seen, c->last, c->places, c->state, c->next, c->weights);
    for (r = 0; r < rows; r += FEW) {
        int64_t now = SMALLER(rows - r, FEW);
        score(d, &c->desk, r, now, c->scores, log_sums);
        best_words(c->scores, log_sums, now, d->vocabulary, t->banned, banned, c->width, c->best + r * c->width,
                   c->ids + r * c->width);
    }
}

static void go_on(const decoder *d, crowd *c, int64_t row, int64_t from, int64_t id)
{
    memcpy(c->state + row * wide(d), c->next + from * wide(d), (size_t)wide(d) * sizeof(float));
    c->last[row] = id;
}

/* ids, gained: [sentences, steps], of which `counts` are written; weights: [sentences, steps, length], or NULL. */
int dragoman_greedy(const decoder *d, const task *t, int64_t *ids, float *gained, int64_t *counts, float *weights)
{
    int64_t length = t->seen.length, step, r;
    crowd c;
    int well = open_crowd(&c, d, t, 1);

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
    close_crowd(&c);
    return well;
}

/* What has been said: of each step and hypothesis the one it went on from, the word, and its log-probability; where
 * those that went on further stand in it; and where it looked, [steps, rows, length], if that is asked for. */
typedef struct {
    int64_t rows;
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

static int open_past(past *p, int64_t rows, int64_t steps, int64_t length, int weights)
{
    size_t all = (size_t)(rows * steps);

    p->rows = rows;
    p->parents = malloc(3 * all * sizeof(int64_t) + 1);
    p->ids = p->parents ? p->parents + all : NULL;
    p->places = p->parents ? p->ids + all : NULL;
    p->gained = malloc(all * sizeof(float) + 1);
    p->weights = weights ? malloc(all * (size_t)length * sizeof(float) + 1) : NULL;
    return p->parents && p->gained && (p->weights || !weights);
}

static void close_past(past *p)
{
    free(p->parents);
    free(p->gained);
    free(p->weights);
}

/* Note an end among a sentence's best: those before it come first where scores are equal. */
static void finish(const task *t, const past *p, ends *e, int64_t sentence, int64_t step, choice one)
{
    double *scores = e->scores + sentence * t->size, score = (double)one.sum / pow((double)(step + 1), t->penalty);
    int64_t *order = e->order + sentence * t->size, length = t->seen.length, count = e->found[sentence], at, slot;

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

int dragoman_beam(const decoder *d, const task *t, ends *e)
{
    int64_t size = t->size, rows = t->sentences * size, length = t->seen.length, step, s, i;
    float *sums = malloc(2 * (size_t)rows * sizeof(float) + 1), *before = sums, *after = sums ? sums + rows : NULL;
    choice *best = malloc((size_t)(3 * size) * sizeof(choice) + 1), *going = best ? best + 2 * size : NULL;
    past p;
    crowd c;
    int kept = open_past(&p, rows, t->steps, length, e->weights != NULL);
    int well = open_crowd(&c, d, t, 2 * size) && kept && sums && best;

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
        before = after;
        after = before == sums ? sums + rows : sums;
    }
    close_crowd(&c);
    close_past(&p);
    free(best);
    free(sums);
    return well;
}
