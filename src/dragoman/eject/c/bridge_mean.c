
/* s_0 = tanh(W mean(h_j)) (Sennrich et al. 2017). */
static void cross_bridge(dragoman *d, float finals[][2 * HIDDEN], const sentence *s, float *state)
{
    float mean[HIDDEN];
    size_t n;
    int i;

    (void)finals;
    memset(mean, 0, sizeof mean);
    for (n = 0; n < s->length; n++)
        for (i = 0; i < HIDDEN; i++)
            mean[i] += s->memory[n * HIDDEN + i];
    for (i = 0; i < HIDDEN; i++)
        mean[i] /= (float)s->length;
    multiply(d, &bridge, mean, 1, 0, state, 0, 1);
    add(state, bridge_bias, LAYERS_STATE);
    bend(state, LAYERS_STATE);
}
