
/* s_0 = tanh(W h), h the top layer's final state (Bahdanau et al. 2015). */
static void cross_bridge(dragoman *d, float finals[][2 * HIDDEN], const sentence *s, float *state)
{
    (void)s;
    multiply(d, &bridge, finals[ENCODER_LAYERS - 1], 1, 0, state, 0, 1);
    add(state, bridge_bias, LAYERS_STATE);
    bend(state, LAYERS_STATE);
}
