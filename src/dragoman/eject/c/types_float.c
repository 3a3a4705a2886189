/* A map y = W x: a row of weights an output. */
typedef float weight;
typedef struct {
    const weight *w;
    int rows, cols;
} matrix;
typedef float product(const weight *, const float *, int);
