
/* The encoder's final states, layer by layer from the top, are the decoder's first ones (Sutskever et al. 2014). */
static void cross_bridge(dragoman *d, float finals[][2 * HIDDEN], const sentence *s, float *state)
{
    const int missing = ENCODER_LAYERS - DECODER_LAYERS;
    int layer, from;

    (void)d;
    (void)s;
    for (layer = 0; layer < DECODER_LAYERS; layer++) {
        from = missing > 0 ? layer + missing : layer;
        from = from < ENCODER_LAYERS ? from : ENCODER_LAYERS - 1;
        memcpy(state + layer * HIDDEN, finals[from], HIDDEN * sizeof(float));
        if (DECODER_LSTM)
            memcpy(state + (DECODER_LAYERS + layer) * HIDDEN, finals[from] + ENCODER_LSTM * HIDDEN,
                   HIDDEN * sizeof(float));
    }
}
