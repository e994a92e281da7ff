#ifndef TESTS_UNIT_REDIS_FIXTURE_H
#define TESTS_UNIT_REDIS_FIXTURE_H

/* A real redis-server on a unix socket in a folder of its own, and a made-up city to write into it.
 * Every function ends the test by assertion when it cannot do its work. */

#include "bowei/redis_store.h"
#include "bowei/view.h"
#include "gateway/inventory/lookup.h"
#include "tests/unit/scratch_folder.h"
#include "tests/unit/waiting.h"
#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define FIXTURE_PATH 128

struct redis_server {
    char folder[FIXTURE_PATH];
    char socket[FIXTURE_PATH + 16];
    const char *acl; /* file of users, or NULL */
    pid_t pid;
};

static inline redisContext *server_connect(const struct redis_server *server)
{
    redisContext *c = redisConnectUnix(server->socket);

    assert_non_null(c);
    assert_int_equal(c->err, 0);
    return c;
}

/* Waits until it answers (an error such as NOAUTH is an answer), 10 s at most. */
static inline void server_await(const struct redis_server *server)
{
    for (int i = 0; i < 1000; i++) {
        redisContext *c = redisConnectUnix(server->socket);
        redisReply *reply = c != NULL && c->err == 0 ? redisCommand(c, "PING") : NULL;
        bool up = reply != NULL;

        freeReplyObject(reply);
        if (c != NULL) {
            redisFree(c);
        }
        if (up) {
            return;
        }
        pause_ms(10);
    }
    fail_msg("redis-server does not answer");
}

static inline void server_run(struct redis_server *server)
{
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* never outlives a test that failed */
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server->socket,
               "--save", "", "--appendonly", "no", "--dir", server->folder, "--logfile",
               "redis.log", "--enable-debug-command", "yes",
               server->acl != NULL ? "--aclfile" : NULL, server->acl, (char *)NULL);
        _exit(127);
    }
    server_await(server);
}

static inline void server_start(struct redis_server *server, const char *acl)
{
    *server = (struct redis_server){.acl = acl};
    scratch_folder_make(server->folder, sizeof server->folder);
    snprintf(server->socket, sizeof server->socket, "%s/redis.sock", server->folder);
    signal(SIGPIPE, SIG_IGN);
    server_run(server);
}

static inline void server_kill(struct redis_server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    unlink(server->socket);
}

static inline void server_stop(struct redis_server *server)
{
    server_kill(server);
    scratch_folder_remove(server->folder);
}

/* --- asking --- */

static inline redisReply *redis_vask(const struct redis_server *server, const char *format,
                                     va_list args)
{
    redisContext *c = server_connect(server);
    redisReply *reply = redisvCommand(c, format, args);

    assert_non_null(reply);
    redisFree(c);
    if (reply->type == REDIS_REPLY_ERROR) {
        fail_msg("%s: %s", format, reply->str);
    }
    return reply;
}

/* The answer to a command, as hiredis formats it; the caller frees it. An error fails the test. */
static inline redisReply *redis_ask(const struct redis_server *server, const char *format, ...)
    PRINTF_LIKE(2, 3);

static inline redisReply *redis_ask(const struct redis_server *server, const char *format, ...)
{
    redisReply *reply;
    va_list args;

    va_start(args, format);
    reply = redis_vask(server, format, args);
    va_end(args);
    return reply;
}

/* The number of an answer; 0 when it is none. */
static inline long long redis_number(const struct redis_server *server, const char *format, ...)
    PRINTF_LIKE(2, 3);

static inline long long redis_number(const struct redis_server *server, const char *format, ...)
{
    redisReply *reply;
    va_list args;
    long long n;

    va_start(args, format);
    reply = redis_vask(server, format, args);
    va_end(args);
    n = reply->integer;
    freeReplyObject(reply);
    return n;
}

/* A command whose answer is no matter, as long as it is no error. */
static inline void redis_do(const struct redis_server *server, const char *format, ...)
    PRINTF_LIKE(2, 3);

static inline void redis_do(const struct redis_server *server, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    freeReplyObject(redis_vask(server, format, args));
    va_end(args);
}

/* --- a city: two districts (or more), a lot for every 100 spaces, a device for each space --- */

#define CITY_LOT_SPACES 100u
#define CITY_DEVICE_LEN 16
#define CITY_DISTRICT   150402u /* the first one */

struct city {
    struct inventory inv;
    struct inventory_board board;
    struct space_image *spaces;
    struct lot_image *lots;
    struct position at;
    uint64_t looks; /* images handed out */
    uint32_t out;   /* slot with an override; NO_SLOT = none */
};

#define CITY_NOW_MS INT64_C(1795312800000)

static inline space_key city_place_key(uint32_t lot, uint32_t number, uint32_t district)
{
    char body[48];
    space_key key = 0;

    snprintf(body, sizeof body, "%06u%03uR%03u%04u", CITY_DISTRICT + district, 1 + lot / 900,
             1 + lot % 900, number);
    assert_int_equal(space_id_parse_body(body, 17, &key), ID_OK);
    return key;
}

static inline void city_space(struct city *city, uint32_t slot, unsigned state, int64_t since_ms)
{
    struct space_image *s = &city->spaces[slot];

    s->state = s->shown_state = s->known_state = (uint8_t)state;
    s->reason = s->shown_reason = REASON_FRESH;
    s->since_ms = s->shown_since_ms = s->known_since_ms = since_ms;
    s->seen_ms = since_ms + 1500;
    s->sensors[0].value = state == SPACE_FREE ? VALUE_FREE : VALUE_OCCUPIED;
    s->sensors[0].heard_ms = s->seen_ms;
    s->sensors[0].counter++;
}

/* Lots go round the districts; where there are fewer, from the last one down. */
static inline uint32_t city_district(uint32_t lot, uint32_t lots, uint32_t districts)
{
    return lots < districts ? districts - 1 - lot : lot % districts;
}

static inline void city_make_wide(struct city *city, uint32_t spaces, uint32_t districts)
{
    uint32_t lots = (spaces + CITY_LOT_SPACES - 1) / CITY_LOT_SPACES;

    *city = (struct city){
        .at = {.epoch = 1, .seq = 1000},
          .out = NO_SLOT
    };
    city->inv = (struct inventory){.version = 1,
                                   .space_count = spaces,
                                   .lot_count = lots,
                                   .device_count = spaces,
                                   .sensor_count = spaces,
                                   .district_count = districts,
                                   .live_spaces = spaces};
    city->inv.spaces = calloc(spaces, sizeof *city->inv.spaces);
    city->inv.lots = calloc(lots, sizeof *city->inv.lots);
    city->inv.devices = calloc(spaces, sizeof *city->inv.devices);
    city->inv.sensors = calloc(spaces, sizeof *city->inv.sensors);
    city->inv.districts = calloc(districts, sizeof *city->inv.districts);
    city->inv.text = calloc(spaces + 1u, CITY_DEVICE_LEN + 1);
    city->inv.lookup = calloc(1, sizeof *city->inv.lookup);
    city->spaces = calloc(spaces, sizeof *city->spaces);
    city->lots = calloc(lots, sizeof *city->lots);
    for (uint32_t i = 0; i < districts; i++) {
        city->inv.districts[i].adcode = CITY_DISTRICT + i;
    }
    for (uint32_t i = 0; i < lots; i++) {
        city->inv.lots[i] =
            (struct inv_lot){.key = city_place_key(i, 0, city_district(i, lots, districts)),
                             .district = (uint16_t)city_district(i, lots, districts)};
        city->lots[i] = (struct lot_image){.key = city->inv.lots[i].key,
                                           .reason = REASON_FRESH,
                                           .since_ms = CITY_NOW_MS,
                                           .capacity = CITY_LOT_SPACES,
                                           .free = i % 50,
                                           .occupied = 100 - i % 50};
    }
    for (uint32_t i = 0; i < spaces; i++) {
        uint32_t lot = i / CITY_LOT_SPACES;
        uint32_t text = 1 + i * (CITY_DEVICE_LEN + 1);

        snprintf(city->inv.text + text, CITY_DEVICE_LEN + 1, "a84041%010x", i);
        city->inv.devices[i] =
            (struct inv_device){.id = text, .id_len = CITY_DEVICE_LEN, .sensor_count = 1};
        city->inv.sensors[i] = (struct inv_sensor){.device = i, .target = i};
        city->inv.spaces[i] = (struct inv_space){
            .key =
                city_place_key(lot, 1 + i % CITY_LOT_SPACES, city_district(lot, lots, districts)),
            .lot = lot,
            .sensors = i,
            .sensor_count = 1,
            .at = {.lat = 422500000 + (int32_t)(i / 300 * 450),
                   .lon = 1188800000 + (int32_t)(i % 300 * 600)}
        };
        city->spaces[i] = (struct space_image){.key = city->inv.spaces[i].key,
                                               .sensor_count = 1,
                                               .limit_ms = 7500000,
                                               .confidence = 97,
                                               .source = i};
        city->spaces[i].sensors[0] = (struct sensor_image){.tag = i * 2654435761u,
                                                           .pending = VALUE_COUNT_,
                                                           .flags = SENSOR_HAS_COUNTER,
                                                           .counter = 1000 + i,
                                                           .changes = (uint64_t)i << 40 | 0x1011,
                                                           .battery_mv = 3600,
                                                           .rssi_dbm = -97};
        city_space(city, i, i % 10 < 3 ? SPACE_FREE : SPACE_OCCUPIED,
                   CITY_NOW_MS - (int64_t)i * 1000);
    }
    assert_int_equal(lookup_places(&city->inv), ERR_OK);
    (void)inventory_publish(&city->board, &city->inv);
}

static inline void city_make(struct city *city, uint32_t spaces)
{
    city_make_wide(city, spaces, 2);
}

static inline void city_drop(struct city *city)
{
    free(city->inv.spaces);
    free(city->inv.lots);
    free(city->inv.devices);
    free(city->inv.sensors);
    free(city->inv.districts);
    free(city->inv.text);
    lookup_destroy(city->inv.lookup);
    free(city->spaces);
    free(city->lots);
}

static inline void city_image_space(void *ctx, uint32_t slot, struct image *out)
{
    struct city *city = ctx;

    city->looks++;
    out->kind = IMAGE_SPACE;
    out->at = city->at;
    out->space = city->spaces[slot];
}

static inline void city_image_lot(void *ctx, uint32_t lot, struct image *out)
{
    struct city *city = ctx;

    out->kind = IMAGE_LOT;
    out->at = city->at;
    out->lot = city->lots[lot];
}

static inline bool city_image_override(void *ctx, space_key key, struct image *out)
{
    struct city *city = ctx;

    if (city->out == NO_SLOT || city->inv.spaces[city->out].key != key) {
        return false;
    }
    *out = (struct image){
        .kind = IMAGE_OVERRIDE, .at = {.epoch = 1, .seq = 7}
    };
    out->override = (struct override_image){.key = key,
                                            .set = true,
                                            .reason = OUT_EVENT,
                                            .since_ms = CITY_NOW_MS,
                                            .actor = "li.na",
                                            .note = "市场 \"夜\"\r\n"};
    return true;
}

static inline bool city_image_suspect(void *ctx, uint32_t device, struct image *out)
{
    const struct city *city = ctx;

    if (device != 5) {
        return false;
    }
    *out = (struct image){
        .kind = IMAGE_SUSPECT, .at = {.epoch = 1, .seq = 8}
    };
    out->suspect = (struct suspect_image){
        .device_len = CITY_DEVICE_LEN, .set = true, .since_ms = CITY_NOW_MS, .actor = "li.na"};
    memcpy(out->suspect.device, inventory_text(&city->inv, city->inv.devices[device].id),
           CITY_DEVICE_LEN);
    return true;
}

#endif
