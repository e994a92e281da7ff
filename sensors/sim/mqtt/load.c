/* `bowei-sim load`: numbered native readings of 200 bytes at a given rate, for benchmarks; says at
 * the end what the broker acknowledged. */
#include "bowei/base/city_clock.h"
#include "bowei/base/json_write.h"
#include "sensors/sim/mqtt/broker.h"
#include "sensors/sim/run.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BODY_LEN   200
#define SETTLE_MS  5000 /* for what is still in flight at the end */
#define CONNECT_MS 10000
#define BURST      200 /* messages between two looks at the socket */

struct load {
    struct broker broker;
    const struct load_options *options;
    uint32_t *counters;
    uint64_t sent, acknowledged;
    struct strbuf body;
};

static void on_acknowledged(void *ctx, uint16_t mid)
{
    struct load *l = ctx;

    (void)mid;
    l->acknowledged++;
}

static int64_t clock_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Padded with a key that readers ignore. */
static void body_write(struct load *l, const char *device, uint32_t counter)
{
    static const char pad[] =
        "................................................................................"
        "................................................................................";
    struct json_writer w;
    size_t room;

    strbuf_clear(&l->body);
    json_writer_init(&w, &l->body);
    json_object(&w);
    json_kv_str(&w, "device", device);
    json_kv_i64(&w, "time", host_wall_ms());
    json_kv_u64(&w, "counter", counter);
    json_kv_bool(&w, "occupied", counter % 2 != 0);
    json_kv_i64(&w, "rssi", -81);
    json_key(&w, "battery_v");
    json_fixed(&w, 3600, 3);
    room = l->body.len + sizeof ",\"note\":\"\"}" - 1;
    json_key(&w, "note");
    json_strn(&w, pad, room < BODY_LEN ? BODY_LEN - room : 0);
    json_object_end(&w);
}

static bool send_one(struct load *l)
{
    const uint32_t n = (uint32_t)(l->sent % l->options->devices);
    char device[64];
    char topic[96];
    struct broker_message message = {.topic = topic, .qos = l->options->qos};
    uint16_t mid;

    (void)snprintf(device, sizeof device, "%s%u", l->options->prefix, (unsigned)n);
    (void)snprintf(topic, sizeof topic, "bowei/up/%s", device);
    body_write(l, device, ++l->counters[n]);
    message.body = l->body.data;
    message.len = l->body.len;
    if (l->body.failed || broker_publish(&l->broker, &message, &mid) != ERR_OK) {
        return false;
    }
    l->sent++;
    return true;
}

static void turn(struct load *l, int wait_ms)
{
    bool writes = false;
    struct pollfd fd = {.events = POLLIN};

    fd.fd = broker_fd(&l->broker, &writes);
    fd.events = (short)(POLLIN | (writes ? POLLOUT : 0));
    (void)poll(&fd, 1, wait_ms);
    broker_turn(&l->broker, host_boot_ms());
}

static void send_all(struct load *l, int64_t start_us)
{
    const int64_t end_us = start_us + (int64_t)l->options->seconds * 1000000;
    int64_t now_us = clock_us();

    while (now_us < end_us) {
        const uint64_t due = l->options->rate == 0
                                 ? UINT64_MAX
                                 : (uint64_t)(now_us - start_us) * l->options->rate / 1000000;
        uint32_t burst = 0;

        while (l->sent < due && burst < BURST && broker_ready(&l->broker) && send_one(l)) {
            burst++;
        }
        turn(l, burst == BURST ? 0 : 1);
        now_us = clock_us();
    }
}

static void report(const struct load *l, int64_t start_us, int64_t end_us)
{
    struct strbuf b = {0};
    struct json_writer w;

    json_writer_init(&w, &b);
    json_object(&w);
    json_kv_u64(&w, "sent", l->sent);
    json_kv_u64(&w, "acknowledged", l->acknowledged);
    json_kv_u64(&w, "breaks", l->broker.breaks);
    json_key(&w, "seconds");
    json_fixed(&w, (end_us - start_us) / 1000, 3);
    json_object_end(&w);
    strbuf_putc(&b, '\n');
    if (!b.failed) {
        (void)fwrite(b.data, 1, b.len, stdout);
    }
    strbuf_finish(&b);
}

int load_command(const struct load_options *options)
{
    struct load l = {.options = options};
    int64_t start_us;
    int64_t until_ms;

    l.counters = calloc(options->devices, sizeof *l.counters);
    if (l.counters == NULL) {
        return 1;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    broker_library_init();
    broker_init(&l.broker, "bowei-load", options->broker_port);
    l.broker.acknowledged = on_acknowledged;
    l.broker.ctx = &l;
    until_ms = host_boot_ms() + CONNECT_MS;
    while (!l.broker.connected && host_boot_ms() < until_ms) {
        turn(&l, 10);
    }
    start_us = clock_us();
    if (l.broker.connected) {
        send_all(&l, start_us);
        until_ms = host_boot_ms() + SETTLE_MS;
        while (l.broker.inflight > 0 && host_boot_ms() < until_ms) {
            turn(&l, 10);
        }
        report(&l, start_us, clock_us());
    } else {
        (void)fprintf(stderr, "bowei-sim: no broker at port %u\n", (unsigned)options->broker_port);
    }
    broker_finish(&l.broker);
    broker_library_finish();
    strbuf_finish(&l.body);
    free(l.counters);
    return l.sent > 0 ? 0 : 1;
}
