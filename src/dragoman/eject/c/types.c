/* One recurrent layer in one direction: the maps of its input and of its last state. */
typedef struct {
    matrix input, state;
    const float *bias, *state_bias;
} cell;

/* Vectors of words, and the products of a first layer's input map with them, made when first needed. */
typedef struct {
    float **rows;
    const matrix *words;
    const cell *layer;
    int folded;
} word_table;

/* What several hypotheses say and carry: where the first begins, and how far it is from one to the next. */
typedef struct {
    float *h, *c;
    size_t stride;
} states;

/* What all steps look at: the source's tokens, and what attention made of them. */
typedef struct {
    size_t length;
    const int *ids;
    float *memory, *keys, *values;
} sentence;

typedef struct block {
    struct block *next;
    union {
        double number;
        void *pointer;
        long whole;
    } first;
} block;

struct dragoman {
    block *blocks;
    char *answer;
    float *temp;
    product *dot;
    word_table tables[TABLES];
    size_t cached;
    short rounded[ROWS_AT_ONCE * WIDEST];
};
