
typedef struct {
    float *gates, *extra, *output, *log_probs, *weights;
} step_room;

static void log_softmax(float *x)
{
    float largest = x[0];
    double sum = 0;
    int i;

    for (i = 1; i < TGT_VOCAB; i++)
        largest = x[i] > largest ? x[i] : largest;
    for (i = 0; i < TGT_VOCAB; i++)
        sum += expf(x[i] - largest);
    largest += (float)log(sum);
    for (i = 0; i < TGT_VOCAB; i++)
        x[i] -= largest;
}

/* Read one token a hypothesis: from the states `old` to `new`, log-probabilities of the next tokens in `room`. */
static void step(dragoman *d, const sentence *s, size_t count, const int *last, float *old, float *new,
                 step_room *room)
{
    const int width = DECODER_GATES * HIDDEN;
    size_t n;
    int layer;

    for (n = 0; n < count; n++) {
        float *gates = room->gates + n * width;
        const float *made = word_gates(d, &d->tables[ENCODER_DIRECTIONS], last[n], gates);
        if (made != gates)
            memcpy(gates, made, width * sizeof(float));
    }
#if CONTEXT_EVERY_STEP || INPUT_FEEDING
    multiply(d, &decoder_extra, old + LAYERS_STATE, count, STATE, room->extra, width, 1);
    add(room->gates, room->extra, count * width);
#endif
    for (layer = 0; layer < DECODER_LAYERS; layer++) {
        const int h = SAID(layer), c = CARRIED(layer);
        states from = {old + h, old + c, STATE}, to = {new + h, new + c, STATE};
        if (layer) {
            multiply(d, &decoder[layer].input, new + SAID(layer - 1), count, STATE, room->gates, width, SAID_BOUNDED);
            add_bias(room->gates, count, width, decoder[layer].bias);
        }
        advance_decoder(d, &decoder[layer], count, room->gates, from, to);
    }
    attend(d, s, count, new + SAID(DECODER_LAYERS - 1), room->output, room->weights);
    for (n = 0; n < count; n++) {
        float *extra = new + n * STATE + LAYERS_STATE;
        if (CONTEXT_EVERY_STEP)
            memcpy(extra, old + n * STATE + LAYERS_STATE, HIDDEN * sizeof(float));
        if (INPUT_FEEDING)
            memcpy(extra + CONTEXT_EVERY_STEP * HIDDEN, room->output + n * OUTPUT, HIDDEN * sizeof(float));
    }
    generate(d, room->output, count, room->log_probs);
    for (n = 0; n < count; n++) {
        add(room->log_probs + n * TGT_VOCAB, generator_bias, TGT_VOCAB);
        log_softmax(room->log_probs + n * TGT_VOCAB);
    }
}
