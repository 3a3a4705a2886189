/* Characters that follow each other, by their numbers. */
typedef struct {
    unsigned first, last;
} range;
