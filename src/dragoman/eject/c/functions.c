/* --------------------------------------------------------------------------------------- numbers */

/* Short loops over one array each, which the compiler turns into instructions that do several numbers at once. */
static void clamp(float *x, size_t count, float least, float most)
{
    size_t i;

    for (i = 0; i < count; i++)
        x[i] = x[i] < least ? least : x[i];
    for (i = 0; i < count; i++)
        x[i] = x[i] > most ? most : x[i];
}

/* x = tanh(x), by the quotient of polynomials that Eigen and ONNX Runtime take, right to the last digits. */
static void bend(float *x, size_t count)
{
    size_t i;

    clamp(x, count, -9.0f, 9.0f);
    for (i = 0; i < count; i++) {
        float y = x[i] * x[i], p, q;
        p = y * -2.76076847742355e-16f + 2.00018790482477e-13f;
        p = p * y + -8.60467152213735e-11f;
        p = p * y + 5.12229709037114e-08f;
        p = p * y + 1.48572235717979e-05f;
        p = p * y + 6.37261928875436e-04f;
        p = p * y + 4.89352455891786e-03f;
        q = y * 1.19825839466702e-06f + 1.18534705686654e-04f;
        q = q * y + 2.26843463243900e-03f;
        q = q * y + 4.89352518554385e-03f;
        x[i] = x[i] * p / q;
    }
}

static void add(float *x, const float *y, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        x[i] += y[i];
}
