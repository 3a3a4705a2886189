/* A map y = W x. Its weights are whole numbers, a row an output; each row has one scale. */
typedef signed char weight;
typedef struct {
    const weight *w;
    const float *scales;
    int rows, cols;
} matrix;
typedef int product(const weight *, const short *, int);
