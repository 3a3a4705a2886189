/* ---------------------------------------------------------------------------------------- memory */

#ifndef DRAGOMAN_CACHE
#define DRAGOMAN_CACHE 8000000 /* bytes of products of words that are kept from one call to the next */
#endif

/* Give memory that lasts until the call ends, or NULL. */
static void *take(dragoman *d, size_t count, size_t size)
{
    block *made;

    if (count > ((size_t)-1 - sizeof(block)) / size)
        return NULL;
    made = malloc(sizeof(block) + count * size);
    if (!made)
        return NULL;
    made->next = d->blocks;
    d->blocks = made;
    return made + 1;
}

static float *take_floats(dragoman *d, size_t rows, size_t width)
{
    if (width && rows > (size_t)-1 / sizeof(float) / width)
        return NULL;
    return take(d, rows * width + 1, sizeof(float));
}

static void release(dragoman *d)
{
    while (d->blocks) {
        block *gone = d->blocks;
        d->blocks = gone->next;
        free(gone);
    }
}
