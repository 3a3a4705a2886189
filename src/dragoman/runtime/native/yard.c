/* The steps of an int8 bundle: 8-bit products that are exact, and all that stands between them, in one pass.
 *
 * Compiled for one machine by `dragoman accelerate`, all files of this folder as one; without it a bundle runs on ONNX
 * Runtime. What is computed is what its graphs say (docs/bundle.md): activations are rounded to -128..127, each row with
 * a scale of its own, products are sums of whole numbers, and everything else is float32.
 */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

/* ----------------------------------------------------------------------------------------------- yard */

/* Memory that a call works in. The block belongs to whoever calls, and serves the next call too: where threads take pages and
 * give them back all the time, they wait for each other in the system. What does not fit in it is taken beside it, and
 * given back at the end of the call; `wanted` says how large a block would have been enough. */
typedef struct piece {
    struct piece *next;
} piece;

typedef struct {
    char *block;
    int64_t size, used, wanted;
    piece *beside;
    int64_t failed; /* memory was short */
} yard;

#define LINE 64 /* pieces stand in cache lines of their own */

/* Take `count` things of so many bytes; NULL where memory is short. */
static void *take(yard *y, int64_t count, size_t bytes)
{
    int64_t size = (count * (int64_t)bytes + LINE) / LINE * LINE;
    piece *more;

    y->wanted += size;
    if (y->used + size <= y->size) {
        y->used += size;
        return y->block + y->used - size;
    }
    more = malloc((size_t)(size + LINE));
    y->failed |= !more;
    if (!more)
        return NULL;
    more->next = y->beside;
    y->beside = more;
    return (char *)more + LINE;
}

/* Give all back; returns whether there was memory enough. */
static int leave(yard *y)
{
    while (y->beside) {
        piece *next = y->beside->next;
        free(y->beside);
        y->beside = next;
    }
    y->used = 0;
    return !y->failed;
}
