/* MD5 against the test suite of RFC 1321, appendix A.5, in one piece and byte by byte. */
#include "bowei/base/bytes.h"
#include "bowei/base/err.h"
#include "bowei/base/md5.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void rfc_1321(void **state)
{
    static const char *const table[][2] = {
        {"",                                                                                 "d41d8cd98f00b204e9800998ecf8427e"},
        {"a",                                                                                "0cc175b9c0f1b6a831c399e269772661"},
        {"abc",                                                                              "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest",                                                                   "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz",                                                       "c3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "d174ab98d277d9f5a5611c2c9f419d9f"                                                                                    },
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "57edf4a22be3c955ac49da2e2107b67a"                                                                                    },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        for (int pieces = 0; pieces < 2; pieces++) {
            struct md5 md5;
            uint8_t want[MD5_BYTES];
            uint8_t got[MD5_BYTES];
            size_t len = strlen(table[i][0]);

            md5_init(&md5);
            for (size_t at = 0; pieces == 1 && at < len; at++) {
                md5_add(&md5, table[i][0] + at, 1);
            }
            md5_add(&md5, table[i][0], pieces == 1 ? 0 : len);
            md5_finish(&md5, got);
            assert_int_equal(hex_decode(table[i][1], 32, want, sizeof want), MD5_BYTES);
            assert_memory_equal(got, want, MD5_BYTES);
        }
    }
}

/* A million a's by another implementation (coreutils md5sum); crosses every block border. */
static void a_million(void **state)
{
    struct md5 md5;
    uint8_t want[MD5_BYTES];
    uint8_t got[MD5_BYTES];
    char piece[97];

    (void)state;
    memset(piece, 'a', sizeof piece);
    md5_init(&md5);
    for (size_t left = 1000000; left > 0;) {
        size_t part = left < sizeof piece ? left : sizeof piece;

        md5_add(&md5, piece, part);
        left -= part;
    }
    md5_finish(&md5, got);
    assert_int_equal(hex_decode("7707d6ae4e027c70eea2a935c2296f21", 32, want, sizeof want), 16);
    assert_memory_equal(got, want, MD5_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_1321),
        cmocka_unit_test(a_million),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
