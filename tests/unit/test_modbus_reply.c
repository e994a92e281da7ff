/* Modbus TCP replies: only the exact answer to the very request counts. Pure. */
#include "bowei/base/err.h"
#include "sensors/modbus/reply.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Confirmations of the three writes, and what is none. */
static void only_the_exact_confirmation_counts(void **state)
{
    static const struct write_request coil = {.unit = 7, .function = 5, .address = 3, .value = 1};
    static const struct write_request one = {.unit = 7, .function = 6, .address = 29, .value = 1};
    static const struct write_request many = {.unit = 7, .function = 16, .address = 29, .value = 9};
    static const uint8_t coil_frame[] = {0, 9, 0, 0, 0, 6, 7, 5, 0, 3, 0xff, 0};
    static const uint8_t one_frame[] = {0, 9, 0, 0, 0, 6, 7, 6, 0, 29, 0, 1};
    static const uint8_t many_frame[] = {0, 9, 0, 0, 0, 9, 7, 16, 0, 29, 0, 1, 2, 0, 9};
    static const uint8_t many_reply[] = {0, 9, 0, 0, 0, 6, 7, 16, 0, 29, 0, 1};
    static const uint8_t refusal[] = {0, 9, 0, 0, 0, 3, 7, 0x86, 2};
    uint8_t out[TCP_WRITE_BYTES];
    uint8_t other[12];
    uint8_t exception;

    (void)state;
    assert_int_equal(write_request_encode(&coil, 9, out), sizeof coil_frame);
    assert_memory_equal(out, coil_frame, sizeof coil_frame);
    assert_int_equal(write_request_encode(&one, 9, out), sizeof one_frame);
    assert_memory_equal(out, one_frame, sizeof one_frame);
    assert_int_equal(write_request_encode(&many, 9, out), sizeof many_frame);
    assert_memory_equal(out, many_frame, sizeof many_frame);
    assert_int_equal(write_reply_decode(&coil, 9, coil_frame, 12, &exception), REPLY_OK);
    assert_int_equal(write_reply_decode(&one, 9, one_frame, 12, &exception), REPLY_OK);
    assert_int_equal(write_reply_decode(&many, 9, many_reply, 12, &exception), REPLY_OK);
    assert_int_equal(write_reply_decode(&one, 9, refusal, 9, &exception), REPLY_EXCEPTION);
    assert_int_equal(exception, 2);
    for (size_t i = 0; i < sizeof other; i++) {
        memcpy(other, one_frame, sizeof other);
        other[i] ^= 1;
        assert_int_equal(write_reply_decode(&one, 9, other, sizeof other, &exception),
                         REPLY_GARBAGE);
    }
    assert_int_equal(write_reply_decode(&one, 9, one_frame, 11, &exception), REPLY_GARBAGE);
}

/* Modbus inputs 57-65 of the bad-input corpus, on a frame. */
static void only_the_exact_reply_counts(void **state)
{
    /* clang-format off */
    static const struct {
        const char *what;
        uint8_t adu[16];
        size_t len;
        enum reply_kind kind;
    } rows[] = {
        {"right",                   {0, 9, 0, 0, 0, 7, 7, 3, 4, 0, 1, 0xab, 0xcd},          13, REPLY_OK       },
        {"byte count not as asked", {0, 9, 0, 0, 0, 5, 7, 3, 2, 0, 1},                      11, REPLY_GARBAGE  },
        {"byte count 0",            {0, 9, 0, 0, 0, 3, 7, 3, 0},                            9,  REPLY_GARBAGE  },
        {"length 0",                {0, 9, 0, 0, 0, 0, 7, 3, 4, 0, 1, 0xab, 0xcd},          13, REPLY_GARBAGE  },
        {"length 65535",            {0, 9, 0, 0, 255, 255, 7, 3, 4, 0, 1, 0xab, 0xcd},      13, REPLY_GARBAGE  },
        {"protocol",                {0, 9, 1, 0, 0, 7, 7, 3, 4, 0, 1, 0xab, 0xcd},          13, REPLY_GARBAGE  },
        {"transaction",             {0, 8, 0, 0, 0, 7, 7, 3, 4, 0, 1, 0xab, 0xcd},          13, REPLY_GARBAGE  },
        {"unit",                    {0, 9, 0, 0, 0, 7, 9, 3, 4, 0, 1, 0xab, 0xcd},          13, REPLY_GARBAGE  },
        {"function",                {0, 9, 0, 0, 0, 7, 7, 4, 4, 0, 1, 0xab, 0xcd},          13, REPLY_GARBAGE  },
        {"exception 2",             {0, 9, 0, 0, 0, 3, 7, 0x83, 2},                         9,  REPLY_EXCEPTION},
        {"exception 0",             {0, 9, 0, 0, 0, 3, 7, 0x83, 0},                         9,  REPLY_GARBAGE  },
        {"exception 12",            {0, 9, 0, 0, 0, 3, 7, 0x83, 12},                        9,  REPLY_GARBAGE  },
        {"exception 255",           {0, 9, 0, 0, 0, 3, 7, 0x83, 255},                       9,  REPLY_GARBAGE  },
        {"nothing",                 {0},                                                    0,  REPLY_GARBAGE  },
        {"glued",                   {0, 9, 0, 0, 0, 7, 7, 3, 4, 0, 1, 0xab, 0xcd, 0, 9, 0}, 16, REPLY_GARBAGE  },
    };
    /* clang-format on */
    static struct read_reply reply;
    const struct read_request request = {.unit = 7, .function = 3, .address = 16, .count = 2};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (read_reply_decode(&request, 9, rows[i].adu, rows[i].len, &reply) != rows[i].kind) {
            fail_msg("%s", rows[i].what);
        }
    }
    assert_int_equal(read_reply_decode(&request, 9, rows[0].adu, rows[0].len, &reply), REPLY_OK);
    assert_int_equal(reply.values[0], 1);
    assert_int_equal(reply.values[1], 0xabcd);
}

static void bits_come_lowest_first(void **state)
{
    static const uint8_t adu[] = {0, 1, 0, 0, 0, 5, 1, 2, 2, 0x05, 0x01};
    static struct read_reply reply;
    const struct read_request request = {.unit = 1, .function = 2, .address = 0, .count = 9};
    const uint16_t want[9] = {1, 0, 1, 0, 0, 0, 0, 0, 1};
    uint8_t out[TCP_REQUEST_BYTES];
    static const uint8_t frame[TCP_REQUEST_BYTES] = {0, 1, 0, 0, 0, 6, 1, 2, 0, 0, 0, 9};

    (void)state;
    assert_int_equal(read_reply_decode(&request, 1, adu, sizeof adu, &reply), REPLY_OK);
    assert_memory_equal(reply.values, want, sizeof want);
    read_request_encode(&request, 1, out);
    assert_memory_equal(out, frame, sizeof frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_exact_confirmation_counts),
        cmocka_unit_test(only_the_exact_reply_counts),
        cmocka_unit_test(bits_come_lowest_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
