/* --------------------------------------------------------------------------------------------- search */

/* The searches of search/greedy.py and search/beam.py, step for step: the same sums in the same order, so that they
 * give the same words and the same scores. */

#define EOS 3
#define ABREAST 3 /* hypotheses of a sentence, at least, that take a step together: what they look at is fetched once */
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

/* A word that a hypothesis may go on with. */
typedef struct {
    int64_t parent, id;
    float gained, sum;
} choice;

/* The hypotheses that go on, side by side by sentence. */
typedef struct {
    int64_t sentences, beams;       /* so many still go on, with so many hypotheses each: */
    int64_t *places, *from, *last;  /* which ones, what state each hypothesis goes on from, and what it said last */
    memory seen;                    /* of all sentences */
    offer all, *offers;             /* what may be said: by each sentence, where there is a shortlist */
    float *state, *next, *weights;  /* before and after a step; where it looked */
    float *scores;                  /* of a few rows' words */
    pick found;                     /* the best words of those that take a step together */
    choice *choices;                /* [sentences, 2 * size]: how a sentence may go on, best first, */
    int64_t *num_choices;           /* and how many these are so far */
    party party;
    desk desk;
} crowd;

/* Read the sources. */
static void read_all(const encoder *e, const decoder *d, const task *t, crowd *c)
{
    int64_t tokens = t->sentences * t->length, all = tokens * d->hidden;
    left to = {0};

    to.read = take(t->yard, all, sizeof(float));
    to.keys = e->mapped ? take(t->yard, all, sizeof(float)) : to.read;
    to.values = e->looks ? take(t->yard, tokens * values_of(d), sizeof(float)) : NULL;
    to.mask = e->looks ? take(t->yard, tokens, sizeof(float)) : NULL;
    to.state = c->state;
    if (!t->yard->failed)
        encode(e, t->src, t->sentences, t->length, &to, t->yard);
    c->seen = (memory){d->looks ? t->length : 0, to.keys, to.values, to.mask};
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
    int64_t rows = t->sentences * t->size, all = wide(d), most = offer_words(d, t, c), r;
    yard *y = t->yard;

    c->state = take(y, rows * all, sizeof(float));
    read_all(e, d, t, c);
    open_desk(&c->desk, d, rows, t->words ? most : 0, y);
    c->party = open_party(rows, y);
    c->sentences = t->sentences;
    /* All beginnings of a sentence are alike: one is enough, where it has as many words as are to be compared. */
    c->beams = d->vocabulary < width ? t->size : 1;
    c->places = take(y, t->sentences, sizeof(int64_t));
    c->from = take(y, rows, sizeof(int64_t));
    c->last = take(y, rows, sizeof(int64_t));
    c->next = take(y, rows * all, sizeof(float));
    c->weights = take(y, rows * c->seen.length, sizeof(float));
    c->scores = take(y, FEW * (t->words ? most : PART), sizeof(float));
    c->found = (pick){.count = SMALLER(width, d->vocabulary), .banned = t->banned};
    c->found.best = take(y, rows * c->found.count, sizeof(float));
    c->found.ids = take(y, rows * c->found.count, sizeof(int64_t));
    c->choices = take(y, 2 * rows, sizeof(choice));
    c->num_choices = take(y, t->sentences, sizeof(int64_t));
    if (y->failed)
        return 0;
    for (r = 0; r < t->sentences * c->beams; r++) {
        c->places[r / c->beams] = c->from[r] = r / c->beams;
        c->last[r] = SOS;
    }
    return 1;
}

/* Have a hypothesis take part in what comes next. */
static void call(crowd *c, int64_t row)
{
    party *p = &c->party;

    p->rows[p->count] = row;
    p->from[p->count] = c->from[row];
    p->places[p->count] = c->places[row / c->beams];
    p->last[p->count++] = c->last[row];
}

/* Take a step with those that were called, and find each one's best words. */
static void step_on(const decoder *d, const task *t, crowd *c, int64_t step)
{
    int64_t r, now;
    pick found = c->found;

    found.num_banned = t->num_banned - (step >= t->least);
    advance(d, &c->desk, &c->party, &c->seen, c->state, c->next, c->weights);
    for (r = 0; r < c->party.count; r += now) {
        /* Rows whose words are the same: all, or those of one sentence. */
        int64_t place = c->party.places[r], most = SMALLER(c->party.count - r, FEW);
        for (now = c->offers ? 1 : most; now < most && c->party.places[r + now] == place;)
            now++;
        found.best = c->found.best + r * found.count;
        found.ids = c->found.ids + r * found.count;
        pick_words(d, &c->desk, t->words, c->offers ? c->offers + place : &c->all, r, now, c->scores, &found);
    }
}

/* The states that a step has left are those that the next goes on from. */
static void turn(crowd *c)
{
    float *state = c->state;

    c->state = c->next;
    c->next = state;
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
        begin_step(&c.desk);
        for (c.party.count = r = 0; r < c.sentences; r++)
            call(&c, r);
        step_on(d, t, &c, step);
        for (r = 0; r < c.sentences; r++) {
            int64_t sentence = c.places[r], at = sentence * t->steps + step;
            ids[at] = c.found.ids[r];
            gained[at] = c.found.best[r];
            counts[sentence] = step + 1;
            if (weights)
                memcpy(weights + at * length, c.weights + r * length, (size_t)length * sizeof(float));
            if (ids[at] == EOS || step + 1 >= t->longest[sentence])
                continue;
            c.places[going] = sentence;
            c.from[going] = r;
            c.last[going++] = ids[at];
        }
        c.sentences = going;
        turn(&c);
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

/* Note the words of one that was called among the best of its sentence: equal ones as they come. */
static void compare(crowd *c, const task *t, int64_t called, const float *sums)
{
    int64_t row = c->party.rows[called], sentence = row / c->beams, width = c->found.count, n, at;
    int64_t most = SMALLER(2 * t->size, c->beams * width), *count = c->num_choices + sentence;
    choice *best = c->choices + sentence * 2 * t->size;

    for (n = called * width; n < (called + 1) * width; n++) {
        float sum = sums[row] + c->found.best[n];
        if (*count == most && !(sum > best[most - 1].sum))
            break; /* the rest of this one's words are no better */
        *count += *count < most;
        for (at = *count - 1; at > 0 && best[at - 1].sum < sum; at--)
            best[at] = best[at - 1];
        best[at] = (choice){row, c->found.ids[n], c->found.best[n], sum};
    }
}

/* Whether a hypothesis may still be gone on from: not where as many words as go on are no worse than all that it has said. */
static int may_count(const crowd *c, const task *t, int64_t row, const float *sums)
{
    const choice *best = c->choices + row / c->beams * 2 * t->size;
    int64_t better = 0, n;

    for (n = 0; n < c->num_choices[row / c->beams]; n++)
        better += best[n].id != EOS && best[n].sum >= sums[row];
    return better < t->size;
}

/* Take a step with a sentence's best hypotheses first, with the others as long as they count; with the more at once the
 * fewer sentences there are, since products of a few rows cost little more than of one. */
static void step_by_rank(const decoder *d, const task *t, crowd *c, int64_t step, const float *sums)
{
    int64_t at_once = LARGER((2 * TALL + c->sentences - 1) / c->sentences, ABREAST), first, s, r;

    begin_step(&c->desk);
    memset(c->num_choices, 0, (size_t)c->sentences * sizeof(int64_t));
    for (first = 0; first < c->beams; first += at_once) {
        for (c->party.count = s = 0; s < c->sentences; s++)
            for (r = first; r < SMALLER(first + at_once, c->beams); r++)
                if (may_count(c, t, s * c->beams + r, sums))
                    call(c, s * c->beams + r);
        step_on(d, t, c, step);
        for (r = 0; r < c->party.count; r++)
            compare(c, t, r, sums);
    }
}

/* Choose what a sentence goes on with, `going`, and note what has ended; say whether it goes on. */
static int weigh(const crowd *c, const task *t, past *p, ends *e, int64_t at, int64_t step, choice *going)
{
    int64_t size = t->size, sentence = c->places[at], count = c->num_choices[at], kept = 0, i;
    const choice *best = c->choices + at * 2 * size;
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
    choice *going = take(t->yard, size, sizeof(choice));

    open_past(&p, t, length, e->weights != NULL);
    well = !t->yard->failed;
    /* Where there are several beginnings of a sentence, only the first may be gone on from. */
    for (i = 0; well && i < t->sentences * c.beams; i++)
        before[i] = i % c.beams ? -INFINITY : 0;
    for (step = 0; well && c.sentences; step++) {
        int64_t left = 0;
        step_by_rank(d, t, &c, step, before);
        if (e->weights)
            memcpy(p.weights + step * rows * length, c.weights,
                   (size_t)(c.sentences * c.beams * length) * sizeof(float));
        for (s = 0; s < c.sentences; s++) {
            if (!weigh(&c, t, &p, e, s, step, going))
                continue;
            for (i = 0; i < size; i++) {
                int64_t row = left * size + i;
                after[row] = going[i].sum;
                p.places[step * rows + row] = s * size + i;
                c.from[row] = going[i].parent;
                c.last[row] = going[i].id;
            }
            c.places[left++] = c.places[s];
        }
        c.sentences = left;
        c.beams = size;
        turn(&c);
        swapped = before;
        before = after;
        after = swapped;
    }
    return leave(t->yard);
}
