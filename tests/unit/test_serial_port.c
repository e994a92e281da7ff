/* A serial line whose far end (a pseudo terminal) answers wrong, late, in pieces or not at all:
 * what is not the answer to this very request is never taken for it. */
#define _XOPEN_SOURCE 700 /* pseudo terminals */
#include "bowei/base/err.h"
#include "sensors/modbus/port.h"
#include "tests/unit/waiting.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS  100
#define PATIENCE_MS 600 /* how long a unit that missed its time may be late */

static char line_name[] = "line";
static char path[64];
static int master, keep;
static struct halt halt;
static struct port port;
static struct line_config config = {.name = line_name,
                                    .device = path,
                                    .baud = 115200,
                                    .data_bits = 8,
                                    .stop_bits = 1,
                                    .response_timeout_ms = TIMEOUT_MS};

static uint16_t crc_of(const uint8_t *frame, size_t len)
{
    uint16_t crc = 0xffff;

    for (size_t i = 0; i < len; i++) {
        crc ^= frame[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1) != 0 ? (crc >> 1) ^ 0xa001 : crc >> 1);
        }
    }
    return crc;
}

static bool request_get(uint8_t request[8])
{
    size_t have = 0;

    while (have < 8) {
        const ssize_t n = read(master, request + have, 8 - have);

        if (n <= 0) {
            return false;
        }
        have += (size_t)n;
    }
    return true;
}

/* What the far end does with one request. The frame is sent with its CRC behind it. */
struct turn {
    const char *name;
    int late_ms;      /* before the first byte */
    size_t len;       /* of frame; 0: one register, its value the request's address */
    uint8_t frame[8]; /* without CRC */
    size_t head;      /* bytes of noise (0x00) before the frame */
    size_t cut;       /* of the end is left out */
    int drip_ms;      /* between two bytes */
    bool bad_crc;
    enum port_result want;
    uint8_t exception; /* of PORT_EXCEPTION */
};

static void turn_answer(const struct turn *turn, const uint8_t request[8])
{
    uint8_t out[16] = {0};
    uint8_t *frame = out + turn->head;
    size_t len = turn->len == 0 ? 5 : turn->len;
    uint16_t crc;

    if (turn->len == 0) {
        memcpy(frame, (const uint8_t[5]){request[0], request[1], 2, request[2], request[3]}, 5);
    } else {
        memcpy(frame, turn->frame, len);
    }
    crc = crc_of(frame, len);
    frame[len] = (uint8_t)(crc ^ (turn->bad_crc ? 0xff : 0));
    frame[len + 1] = (uint8_t)(crc >> 8);
    len += 2 + turn->head - turn->cut;
    pause_ms(turn->late_ms);
    for (size_t at = 0; at < len;) {
        const ssize_t n = write(master, out + at, turn->drip_ms == 0 ? len - at : 1);

        if (n <= 0) {
            return;
        }
        at += (size_t)n;
        pause_ms(turn->drip_ms);
    }
}

static void *far_end(void *ctx)
{
    uint8_t request[8];

    for (const struct turn *turn = ctx; turn->name != NULL && request_get(request); turn++) {
        turn_answer(turn, request);
    }
    return NULL;
}

static int set_up(void **state)
{
    (void)state;
    config.response_timeout_ms = TIMEOUT_MS;
    master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    (void)snprintf(path, sizeof path, "%s", ptsname(master));
    keep = open(path, O_RDWR | O_NOCTTY);
    assert_true(keep >= 0);
    assert_true(halt_init(&halt));
    port_init(&port, &config, &halt);
    assert_true(port_open(&port));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    port_close(&port);
    (void)close(keep);
    (void)close(master);
    halt_finish(&halt);
    return 0;
}

static enum port_result ask(uint8_t unit, uint16_t address, struct read_reply *reply)
{
    const struct read_request request = {
        .unit = unit, .function = 3, .address = address, .count = 1};

    return port_read(&port, &request, TIMEOUT_MS, reply);
}

static void what_is_no_answer_is_not_taken(void **state)
{
    static const struct turn turns[] = {
        {.name = "right",                 .want = PORT_OK},
        {.name = "another unit",                               .len = 5, .frame = {6, 3, 2, 0, 1}, .want = PORT_GARBAGE},
        {.name = "no unit",.len = 5, .frame = {0, 3, 2, 0, 1}, .want = PORT_GARBAGE},
        {.name = "another function",           .len = 5, .frame = {5, 4, 2, 0, 1}, .want = PORT_GARBAGE},
        {.name = "two registers",               .len = 7, .frame = {5, 3, 4, 0, 1, 0, 2}, .want = PORT_GARBAGE},
        {.name = "no register",       .len = 3, .frame = {5, 3, 0}, .want = PORT_GARBAGE},
        {.name = "a bad CRC",                               .bad_crc = true, .want = PORT_GARBAGE},
        {.name = "the request's echo",             .len = 6, .frame = {5, 3, 0, 9, 0, 1}, .want = PORT_GARBAGE},
        {.name = "half a frame",           .cut = 3, .want = PORT_TIMEOUT},
        {.name = "noise in front",         .head = 1, .want = PORT_GARBAGE},
        {.name = "a dripping one", .drip_ms = 40, .want = PORT_TIMEOUT},
        {.name = "busy",                               .len = 3, .frame = {5, 0x83, 6}, .want = PORT_EXCEPTION, .exception = 6},
        {.name = "path",                 .len = 3, .frame = {5, 0x83, 10}, .want = PORT_EXCEPTION, .exception = 10},
        {.name = "exception 0",           .len = 3, .frame = {5, 0x83, 0}, .want = PORT_IO},
        {.name = "exception 255",             .len = 3, .frame = {5, 0x83, 255}, .want = PORT_GARBAGE},
        {.name = "right again",           .want = PORT_OK},
        {.name = NULL   },
    };
    static struct read_reply reply;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, far_end, (void *)(uintptr_t)turns), 0);
    for (const struct turn *turn = turns; turn->name != NULL; turn++) {
        enum port_result result;

        if (!port_is_open(&port)) {
            assert_true(port_open(&port));
        }
        memset(&reply, 0xee, sizeof reply);
        result = ask(5, 9, &reply);
        if (result != turn->want) {
            fail_msg("%s: %d, not %d", turn->name, (int)result, (int)turn->want);
        }
        if (result == PORT_OK) {
            assert_int_equal(reply.values[0], 9);
        } else if (result == PORT_EXCEPTION) {
            assert_int_equal(reply.exception, turn->exception);
        } else {
            if (turn->drip_ms != 0) {
                pause_ms(8 * turn->drip_ms); /* until it has said all */
            }
            port_recover(&port, result);
        }
    }
    (void)pthread_join(thread, NULL);
}

/* RTU has no transaction number: an answer that misses its time must not be the next one's. */
static void a_late_answer_is_nobodys(void **state)
{
    static const struct turn turns[] = {
        {.name = "late", .late_ms = TIMEOUT_MS + 60},
        {.name = "in time"             },
        {.name = "another unit's"},
        {.name = NULL             },
    };
    static struct read_reply reply;
    pthread_t thread;
    int64_t began_ms;

    (void)state;
    config.response_timeout_ms = PATIENCE_MS; /* a busy machine is not later than this */
    assert_int_equal(pthread_create(&thread, NULL, far_end, (void *)(uintptr_t)turns), 0);
    assert_int_equal(ask(5, 100, &reply), PORT_TIMEOUT);
    port_recover(&port, PORT_TIMEOUT);
    assert_int_equal(ask(5, 200, &reply), PORT_OK);
    assert_int_equal(reply.values[0], 200);
    /* others do not wait for that unit */
    began_ms = host_boot_ms();
    assert_int_equal(ask(6, 300, &reply), PORT_OK);
    assert_int_equal(reply.values[0], 300);
    assert_in_range(host_boot_ms() - began_ms, 0, PATIENCE_MS / 2);
    (void)pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_no_answer_is_not_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_late_answer_is_nobodys, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
