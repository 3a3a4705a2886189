/* --------------------------------------------------------------------------------------- numbers */

/* The quotients of polynomials by which Eigen and ONNX Runtime compute both: right to the last digits, and the
   compiler can do several at once. */
static float tanh_(float x)
{
    float y, p, q;

    x = x < -9.0f ? -9.0f : x;
    x = x > 9.0f ? 9.0f : x;
    y = x * x;
    p = y * -2.76076847742355e-16f + 2.00018790482477e-13f;
    p = p * y + -8.60467152213735e-11f;
    p = p * y + 5.12229709037114e-08f;
    p = p * y + 1.48572235717979e-05f;
    p = p * y + 6.37261928875436e-04f;
    p = p * y + 4.89352455891786e-03f;
    q = y * 1.19825839466702e-06f + 1.18534705686654e-04f;
    q = q * y + 2.26843463243900e-03f;
    q = q * y + 4.89352518554385e-03f;
    return x * p / q;
}
