/* ------------------------------------------------------------------------------------------ functions */

/* tanh and sigmoid: the quotients of polynomials that ONNX Runtime takes. */
INLINE lanes bend(lanes x)
{
    lanes y, p, q;

    x = smaller(one(9.0f), larger(one(-9.0f), x));
    y = times(x, x);
    p = add_times(one(2.00018790482477e-13f), y, one(-2.76076847742355e-16f));
    p = add_times(one(-8.60467152213735e-11f), p, y);
    p = add_times(one(5.12229709037114e-08f), p, y);
    p = add_times(one(1.48572235717979e-05f), p, y);
    p = add_times(one(6.37261928875436e-04f), p, y);
    p = add_times(one(4.89352455891786e-03f), p, y);
    q = add_times(one(1.18534705686654e-04f), y, one(1.19825839466702e-06f));
    q = add_times(one(2.26843463243900e-03f), q, y);
    q = add_times(one(4.89352518554385e-03f), q, y);
    return over(times(x, p), q);
}

INLINE lanes open_gate(lanes x)
{
    lanes y, p, q;

    x = smaller(one(18.0f), larger(one(-18.0f), x));
    y = times(x, x);
    p = add_times(one(1.15627324459942e-07f), y, one(4.37031012579801e-11f));
    p = add_times(one(6.08574864600143e-05f), p, y);
    p = add_times(one(8.51377133304701e-03f), p, y);
    p = add_times(one(2.48287947061529e-01f), p, y);
    q = add_times(one(5.76102136993427e-09f), y, one(6.10247389755681e-13f));
    q = add_times(one(6.29106785017040e-06f), q, y);
    q = add_times(one(1.70198817374094e-03f), q, y);
    q = add_times(one(1.16817656904453e-01f), q, y);
    q = add_times(one(9.93151921023180e-01f), q, y);
    x = plus(over(times(x, p), q), one(0.5f));
    return smaller(one(1.0f), larger(one(0.0f), x));
}

/* e^x for x <= 0 (Cephes' expf): 2^n times a polynomial of what is left. What is no number counts as the least. */
INLINE lanes falling_exp(lanes x)
{
    lanes n, p;

    x = larger(x, one(-87.0f));
    n = nearest(times(x, one(1.44269504088896341f)));
    x = add_times(add_times(x, n, one(-0.693359375f)), n, one(2.12194440e-4f));
    p = add_times(one(1.3981999507e-3f), x, one(1.9875691500e-4f));
    p = add_times(one(8.3334519073e-3f), p, x);
    p = add_times(one(4.1665795894e-2f), p, x);
    p = add_times(one(1.6666665459e-1f), p, x);
    p = add_times(one(5.0000001201e-1f), p, x);
    p = plus(add_times(x, p, times(x, x)), one(1.0f));
    return times(p, power(n));
}

#define NEAR 4 /* rows that are multiplied with one another at once: each number of that one is fetched once for them */

/* The products of a row with a few rows that stand behind each other. */
INLINE void dots(const int rows, const float *a, const float *b, int64_t size, float *out)
{
    lanes even[NEAR], odd[NEAR];
    int64_t i;

#pragma GCC unroll 4
    for (int r = 0; r < rows; r++)
        even[r] = odd[r] = one(0);
    for (i = 0; i + 2 * LANES <= size; i += 2 * LANES)
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++) {
            even[r] = add_times(even[r], load(a + i), load(b + r * size + i));
            odd[r] = add_times(odd[r], load(a + i + LANES), load(b + r * size + i + LANES));
        }
    for (; i < size; i += LANES)
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++)
            even[r] = add_times(even[r], load_some(a + i, size - i, 0), load_some(b + r * size + i, size - i, 0));
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++)
        out[r] = sum_of(plus(even[r], odd[r]));
}

#define SIDE 8 /* registers in which numbers are summed side by side */

/* sum[j] = sum of weights[t] rows[t][j], but for weights of 0. */
static void mix(const float *weights, const float *rows, int64_t count, int64_t size, float *sum)
{
    int64_t j = 0, t;

    for (; j + SIDE * LANES <= size; j += SIDE * LANES) {
        lanes side[SIDE];
#pragma GCC unroll 8
        for (int l = 0; l < SIDE; l++)
            side[l] = one(0);
        for (t = 0; t < count; t++)
            if (weights[t] > 0)
#pragma GCC unroll 8
                for (int l = 0; l < SIDE; l++)
                    side[l] = add_times(side[l], one(weights[t]), load(rows + t * size + j + l * LANES));
#pragma GCC unroll 8
        for (int l = 0; l < SIDE; l++)
            store(sum + j + l * LANES, side[l]);
    }
    for (; j < size; j += LANES) {
        lanes side = one(0);
        for (t = 0; t < count; t++)
            if (weights[t] > 0)
                side = add_times(side, one(weights[t]), load_some(rows + t * size + j, size - j, 0));
        store_some(sum + j, size - j, side);
    }
}

/* x = softmax(x), where each is a number or -inf, which becomes 0. */
static void share_out(float *x, int64_t count)
{
    const lanes none = one(-INFINITY);
    lanes most = none, sum = one(0), share;
    int64_t i;

    i = 0;
    BY_LANES(i, left, count, most = larger(load_some(x + i, left, -INFINITY), most))
    most = one(largest_in(most));
    i = 0;
    BY_LANES(i, left, count, share = load_some(x + i, left, -INFINITY);
             share = where_above(falling_exp(minus(share, most)), share, none);
             sum = plus(sum, share); store_some(x + i, left, share))
    sum = one(sum_of(sum));
    i = 0;
    BY_LANES(i, left, count, store_some(x + i, left, over(load_some(x + i, left, 0), sum)))
}

/* i, f, o = sigmoid, g = tanh of `a` + `b`; c' = f c + i g, h' = o tanh(c') (Gers et al. 2000). c' may be where c is.
 * h' in a pass of its own: one number's c' and h' wait for each other, those of different ones do not. */
static void lstm(const float *a, const float *b, const float *c, float *new_c, float *h, int64_t size)
{
    lanes sum[4];
    int64_t j = 0;

    BY_LANES(j, left, size, for (int gate = 0; gate < 4; gate++) sum[gate] =
             plus(load_some(a + gate * size + j, left, 0), load_some(b + gate * size + j, left, 0));
             sum[0] = times(open_gate(sum[0]), bend(sum[3]));
             store_some(new_c + j, left, add_times(sum[0], open_gate(sum[1]), load_some(c + j, left, 0)));
             store_some(h + j, left, open_gate(sum[2])))
    j = 0;
    BY_LANES(j, left, size, sum[0] = bend(load_some(new_c + j, left, 0));
             store_some(h + j, left, times(load_some(h + j, left, 0), sum[0])))
}

/* f = sigmoid(gates), c' = f c + (1 - f) u, and what is said of it, relu(c') (Kim et al. 2019, D19-5632, section 3.2). */
static void ssru(const float *gates, const float *c, float *new_c, float *said, int64_t size)
{
    lanes u, sum;
    int64_t j = 0;

    BY_LANES(j, left, size, u = load_some(gates + size + j, left, 0);
             sum = add_times(u, open_gate(load_some(gates + j, left, 0)), minus(load_some(c + j, left, 0), u));
             store_some(new_c + j, left, sum); store_some(said + j, left, larger(sum, one(0))))
}
