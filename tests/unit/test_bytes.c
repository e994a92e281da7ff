/* Checksums and text forms of bytes against published vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/bytes.h"
#include <string.h>

static void test_integers(void **state)
{
    uint8_t p[9] = {0xff, 1, 2, 3, 4, 5, 6, 7, 8};

    (void)state;
    assert_int_equal(be16_get(p + 1), 0x0102);
    assert_int_equal(be32_get(p + 1), 0x01020304);
    assert_int_equal(le32_get(p + 1), 0x04030201);
    assert_true(le64_get(p + 1) == UINT64_C(0x0807060504030201));
    le32_put(p + 1, UINT32_C(0xdeadbeef));
    assert_int_equal(le32_get(p + 1), 0xdeadbeef);
    le64_put(p + 1, UINT64_C(0xfedcba9876543210));
    assert_true(le64_get(p + 1) == UINT64_C(0xfedcba9876543210));
    assert_int_equal(p[0], 0xff);
}

static void test_crc32c(void **state)
{
    uint8_t block[32];

    (void)state;
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    memset(block, 0, sizeof block); /* RFC 3720 appendix B.4 */
    assert_int_equal(crc32c(0, block, sizeof block), 0x8a9136aa);
    memset(block, 0xff, sizeof block);
    assert_int_equal(crc32c(0, block, sizeof block), 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++) {
        block[i] = i;
    }
    assert_int_equal(crc32c(0, block, sizeof block), 0x46dd794e);
    for (size_t cut = 0; cut <= sizeof block; cut++) {
        assert_int_equal(crc32c(crc32c(0, block, cut), block + cut, sizeof block - cut),
                         0x46dd794e);
    }
    assert_int_equal(crc32c(0, "", 0), 0);
}

static void test_base64(void **state)
{
    /* RFC 4648 section 10 */
    static const char *const rows[][2] = {
        {"",       ""        },
        {"f",      "Zg=="    },
        {"fo",     "Zm8="    },
        {"foo",    "Zm9v"    },
        {"foob",   "Zm9vYg=="},
        {"fooba",  "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"}
    };
    static const char *const bad[] = {"Z",      "Zg",   "Zg=",      "Zh==", "Zm9=", "Z===", "====",
                                      "Zm9v\n", "Zm-_", "Zg==Zg==", "Zg=a", " Zg=", "Zm9vY"};
    uint8_t out[16];
    char text[16];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i][0]);

        assert_int_equal(base64_decode(rows[i][1], strlen(rows[i][1]), out, sizeof out), len);
        assert_memory_equal(out, rows[i][0], len);
        base64_encode((const uint8_t *)rows[i][0], len, text, 4 * ((len + 2) / 3) + 1);
        assert_string_equal(text, rows[i][1]);
        assert_int_equal(base64_decode(rows[i][1], strlen(rows[i][1]), out, len), len);
        if (len > 0) {
            assert_int_equal(base64_decode(rows[i][1], strlen(rows[i][1]), out, len - 1), -1);
        }
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(base64_decode(bad[i], strlen(bad[i]), out, sizeof out), -1);
    }
}

static void test_hex(void **state)
{
    static const uint8_t want[] = {0x00, 0xaF, 0x10};
    uint8_t out[3];

    (void)state;
    assert_int_equal(hex_decode("00aF10", 6, out, sizeof out), 3);
    assert_memory_equal(out, want, 3);
    assert_int_equal(hex_decode("", 0, out, sizeof out), 0);
    assert_int_equal(hex_decode("00a", 3, out, sizeof out), -1);
    assert_int_equal(hex_decode("00ag", 4, out, sizeof out), -1);
    assert_int_equal(hex_decode("00000000", 8, out, sizeof out), -1);
}

/* The definition: decode by arithmetic, refuse what is not the shortest form of a scalar value. */
static int utf8_by_definition(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len;) {
        unsigned lead = p[i];
        size_t n = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
        uint32_t code = n == 1 ? lead : lead & (0x7fu >> n);
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

        if ((lead >= 0x80 && lead < 0xc0) || lead >= 0xf8 || i + n > len) {
            return 0;
        }
        for (size_t k = 1; k < n; k++) {
            if ((p[i + k] & 0xc0) != 0x80) {
                return 0;
            }
            code = code << 6 | (p[i + k] & 0x3f);
        }
        if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
            return 0;
        }
        i += n;
    }
    return 1;
}

static void test_utf8(void **state)
{
    /* every text of up to two bytes, and all three and four byte ones over the telling values */
    static const uint8_t telling[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                      0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
                                      0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
    const size_t n = sizeof telling;
    int good = 0;

    (void)state;
    for (unsigned v = 0; v < 65536; v++) {
        uint8_t p[2] = {(uint8_t)v, (uint8_t)(v >> 8)};

        assert_int_equal(utf8_valid((const char *)p, 1), utf8_by_definition(p, 1));
        assert_int_equal(utf8_valid((const char *)p, 2), utf8_by_definition(p, 2));
    }
    for (size_t v = 0; v < n * n * n * n; v++) {
        uint8_t p[4] = {telling[v % n], telling[v / n % n], telling[v / n / n % n],
                        telling[v / n / n / n]};

        assert_int_equal(utf8_valid((const char *)p, 3), utf8_by_definition(p, 3));
        assert_int_equal(utf8_valid((const char *)p, 4), utf8_by_definition(p, 4));
        good += utf8_valid((const char *)p, 4);
    }
    assert_true(good > 100);
    assert_true(utf8_valid("", 0));
    assert_true(utf8_valid("泊位 🅿", strlen("泊位 🅿")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers), cmocka_unit_test(test_crc32c),
        cmocka_unit_test(test_base64),   cmocka_unit_test(test_hex),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
