
/*
 * The implementation: decimal numbers, exact in both directions.
 */

/* A whole number that is large enough for any double times any power of ten
 * that is needed to write it, lowest limb first. */
typedef struct weirp_big {
    uint32_t limb[128];
    int used;
} weirp_big;

static void weirp_big_multiply(weirp_big *b, uint32_t by, uint32_t add) {
    uint64_t carry = add;
    for (int i = 0; i < b->used; i++) {
        carry += (uint64_t)b->limb[i] * by;
        b->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0) {
        b->limb[b->used++] = (uint32_t)carry;
    }
}

/* Divides and returns the remainder. */
static uint32_t weirp_big_divide(weirp_big *b, uint32_t by) {
    uint64_t rest = 0;
    for (int i = b->used - 1; i >= 0; i--) {
        rest = rest << 32 | b->limb[i];
        b->limb[i] = (uint32_t)(rest / by);
        rest %= by;
    }
    while (b->used > 0 && b->limb[b->used - 1] == 0) {
        b->used--;
    }
    return (uint32_t)rest;
}

static int weirp_big_bits(const weirp_big *b) {
    return b->used == 0 ? 0 : 32 * b->used - __builtin_clz(b->limb[b->used - 1]);
}

static void weirp_big_shift_left(weirp_big *b, int bits) {
    for (; bits > 0; bits -= bits > 31 ? 31 : bits) {
        weirp_big_multiply(b, (uint32_t)1 << (bits > 31 ? 31 : bits), 0);
    }
}

/* Shifts and tells whether bits were lost. */
static bool weirp_big_shift_right(weirp_big *b, int bits) {
    bool lost = false;
    for (; bits > 0; bits -= bits > 31 ? 31 : bits) {
        lost |= weirp_big_divide(b, (uint32_t)1 << (bits > 31 ? 31 : bits)) != 0;
    }
    return lost;
}

static void weirp_big_power10(weirp_big *b, int power) {
    for (; power >= 9; power -= 9) {
        weirp_big_multiply(b, 1000000000, 0);
    }
    for (; power > 0; power--) {
        weirp_big_multiply(b, 10, 0);
    }
}

static double weirp_double(uint64_t bits) {
    double x;
    weirp_copy(&x, &bits, sizeof x);
    return x;
}

/* The double nearest to b / 2^scale, plus a little when sticky. */
static double weirp_round_double(weirp_big *b, int scale, bool sticky) {
    int bits = weirp_big_bits(b);
    if (bits > 64) {
        sticky |= weirp_big_shift_right(b, bits - 64);
    } else {
        weirp_big_shift_left(b, 64 - bits);
    }
    uint64_t m = (uint64_t)b->limb[1] << 32 | b->limb[0];
    int exponent = bits - 1 - scale; /* of the highest bit */
    int drop = exponent < -1022 ? 11 - 1022 - exponent : 11;
    if (exponent > 1023) {
        return weirp_double((uint64_t)0x7ff << 52);
    }
    if (drop > 64) {
        return 0;
    }
    uint64_t kept = drop == 64 ? 0 : m >> drop;
    uint64_t rest = drop == 64 ? m : m & (((uint64_t)1 << drop) - 1);
    uint64_t half = (uint64_t)1 << (drop - 1);
    if (rest > half || (rest == half && (sticky || (kept & 1) != 0))) {
        kept++;
    }
    uint64_t biased = exponent < -1022 ? 0 : (uint64_t)(exponent + 1022);
    return weirp_double((biased << 52) + kept);
}

/* A number as it is written: digits with a point somewhere, and an exponent. */
typedef struct weirp_decimal {
    weir_str digits; /* may hold a point */
    int count;       /* significant digits before any are left out */
    int magnitude;   /* the number is 0.ddd times ten to this power */
    uint64_t head;   /* the first 19 significant digits */
    bool negative;
} weirp_decimal;

static weirp_decimal weirp_read_decimal(weir_str text) {
    weirp_decimal d = {text, 0, 0, 0, false};
    size_t at = 0;
    if (text.data[0] == '-') {
        d.negative = true;
        at = 1;
    }
    size_t start = at;
    bool point = false;
    for (; at < text.size && text.data[at] != 'e' && text.data[at] != 'E'; at++) {
        if (text.data[at] == '.') {
            point = true;
            continue;
        }
        bool significant = d.count > 0 || text.data[at] != '0';
        if (significant && d.count < 19) {
            d.head = d.head * 10 + (uint64_t)(text.data[at] - '0');
        }
        d.count += significant;
        d.magnitude += point ? (significant ? 0 : -1) : significant;
    }
    d.digits = weir_bytes(text.data + start, at - start);
    int exponent = 0;
    bool down = at + 1 < text.size && text.data[at + 1] == '-';
    for (at++; at < text.size; at++) {
        if (text.data[at] >= '0' && text.data[at] <= '9' && exponent < 100000000) {
            exponent = exponent * 10 + (text.data[at] - '0');
        }
    }
    d.magnitude += down ? -exponent : exponent;
    return d;
}

/* The most digits that can matter: no point half way between two doubles has
 * more. */
#define WEIRP_DIGITS 770

static double weirp_long_decimal(const weirp_decimal *d) {
    if (d->magnitude > 310 || d->magnitude < -330) {
        return d->magnitude > 0 ? weirp_double((uint64_t)0x7ff << 52) : 0;
    }
    weirp_big b;
    b.used = 0;
    int taken = 0;
    bool sticky = false;
    for (size_t i = 0; i < d->digits.size; i++) {
        char digit = d->digits.data[i];
        if (digit == '.' || (taken == 0 && digit == '0')) {
            continue;
        }
        if (taken == WEIRP_DIGITS) {
            sticky |= digit != '0';
            continue;
        }
        weirp_big_multiply(&b, 10, (uint32_t)(digit - '0'));
        taken++;
    }
    int power = d->magnitude - taken, scale = 0;
    if (power > 0) {
        weirp_big_power10(&b, power);
        power = 0;
    }
    /* Enough bits for 64 to be left after the division. */
    int wanted = -power * 3322 / 1000 + 67;
    if (power < 0 && weirp_big_bits(&b) < wanted) {
        scale = wanted - weirp_big_bits(&b);
        weirp_big_shift_left(&b, scale);
    }
    for (; power < 0; power += power <= -9 ? 9 : 1) {
        sticky |= weirp_big_divide(&b, power <= -9 ? 1000000000 : 10) != 0;
    }
    return weirp_round_double(&b, scale, sticky);
}

/* The double nearest to a number that is written as JSON has it. */
static double weirp_parse_number(weir_str text) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    weirp_decimal d = weirp_read_decimal(text);
    double x = 0;
    int power = d.magnitude - d.count;
    if (d.count > 0 && d.count <= 19 && d.head <= (uint64_t)1 << 53 && power >= -22 && power <= 22) {
        /* Both are exact, and so is the one rounding. */
        x = power < 0 ? (double)d.head / powers[-power] : (double)d.head * powers[power];
    } else if (d.count > 0) {
        x = weirp_long_decimal(&d);
    }
    return d.negative ? -x : x;
}

/* Whole numbers of at most 15 digits, which every double holds exactly; -0 is a
 * double of its own. */
static bool weirp_small_number(weir_str text, double *x) {
    bool negative = text.data[0] == '-';
    int64_t n = 0;
    if (text.size > 15) {
        return false;
    }
    for (size_t i = negative; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        n = n * 10 + (text.data[i] - '0');
    }
    *x = (double)(negative ? -n : n);
    return !negative || n != 0;
}

/* Writes the decimal digits of a positive, finite double, as many as are needed
 * to be sure of 17; returns how many, and the power as in weirp_decimal. */
static int weirp_all_digits(double x, char *digits, int *magnitude) {
    uint64_t bits;
    weirp_copy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52);
    uint64_t m = bits & (((uint64_t)1 << 52) - 1);
    m += exponent > 0 ? (uint64_t)1 << 52 : 0;
    exponent = (exponent > 0 ? exponent : 1) - 1075;
    weirp_big b = {{(uint32_t)m, (uint32_t)(m >> 32)}, m >> 32 != 0 ? 2 : 1};
    int scale = 0;
    if (exponent >= 0) {
        weirp_big_shift_left(&b, exponent);
    } else {
        int tens = (weirp_big_bits(&b) + exponent) * 301 / 1000;
        scale = tens < 19 ? 19 - tens : 0;
        weirp_big_power10(&b, scale);
        weirp_big_shift_right(&b, -exponent);
    }
    char reversed[340];
    int count = 0;
    while (b.used > 0) {
        uint32_t rest = weirp_big_divide(&b, 1000000000);
        for (int i = 0; i < 9 && (b.used > 0 || rest > 0); i++, rest /= 10) {
            reversed[count++] = (char)('0' + rest % 10);
        }
    }
    for (int i = 0; i < count; i++) {
        digits[i] = reversed[count - 1 - i];
    }
    *magnitude = count - scale;
    return count;
}

/* Rounds digits to a number of them, without zeros at the end. */
static int weirp_round_digits(const char *digits, int count, int wanted, char *rounded, int *magnitude) {
    if (count < wanted) {
        wanted = count;
    }
    weirp_copy(rounded, digits, (size_t)wanted);
    if (wanted < count && digits[wanted] >= '5') {
        int at = wanted - 1;
        while (at >= 0 && rounded[at] == '9') {
            rounded[at--] = '0';
        }
        if (at >= 0) {
            rounded[at]++;
        } else {
            rounded[0] = '1';
            (*magnitude)++;
        }
    }
    while (wanted > 1 && rounded[wanted - 1] == '0') {
        wanted--;
    }
    return wanted;
}

/* Writes digits with a point or an exponent; returns the size. */
static size_t weirp_lay_out(const char *digits, int count, int magnitude, char *out) {
    size_t size = 0;
    if (magnitude > 21 || magnitude < -5) {
        for (int i = 0; i < count; i++) {
            out[size++] = digits[i];
            if (i == 0 && count > 1) {
                out[size++] = '.';
            }
        }
        int power = magnitude - 1;
        out[size++] = 'e';
        out[size++] = power < 0 ? '-' : '+';
        power = power < 0 ? -power : power;
        for (int unit = power > 99 ? 100 : power > 9 ? 10 : 1; unit > 0; unit /= 10) {
            out[size++] = (char)('0' + power / unit % 10);
        }
        return size;
    }
    for (int i = magnitude < 1 ? magnitude - 1 : 0; i < count || i < magnitude; i++) {
        if (i == magnitude) {
            out[size++] = '.';
        }
        out[size++] = i < 0 || i >= count ? '0' : digits[i];
    }
    return size;
}

/* The room that any double needs. */
#define WEIRP_NUMBER_ROOM 40

/* Writes a double in as few digits as read back the same; returns the size. */
static size_t weirp_write_number(double x, char *out) {
    if (x != x) {
        weirp_copy(out, "NaN", 3);
        return 3;
    }
    size_t size = 0;
    if (x < 0) {
        out[size++] = '-';
        x = -x;
    }
    if (x == 0) {
        out[size++] = '0';
        return size;
    }
    if (x > 1.7976931348623157e308) {
        weirp_copy(out + size, "Infinity", 8);
        return size + 8;
    }
    char digits[340], rounded[20];
    int magnitude, count = weirp_all_digits(x, digits, &magnitude);
    /* Doubles of full precision need 15 digits at least, zeros at the end aside. */
    for (int wanted = x < 2.2250738585072014e-308 ? 1 : 15;; wanted++) {
        int power = magnitude, kept = weirp_round_digits(digits, count, wanted, rounded, &power);
        size_t length = weirp_lay_out(rounded, kept, power, out + size);
        if (wanted == 17 || weirp_parse_number(weir_bytes(out + size, length)) == x) {
            return size + length;
        }
    }
}
