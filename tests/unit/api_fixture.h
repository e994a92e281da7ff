#ifndef TESTS_UNIT_API_FIXTURE_H
#define TESTS_UNIT_API_FIXTURE_H

#include "bowei/api.h"
#include "bowei/base/city_clock.h"
#include "bowei/command.h"
#include "bowei/fleet.h"
#include "bowei/keys.h"
#include "tests/unit/city_fixture.h"
#include "tests/unit/scratch_folder.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* A whole API over a hand-made city, and a plain socket client that sees every byte of the answers.
 */

#define CITY_SPACES  400u
#define CITY_LOTS    8u /* with spaces; one more counts by gates */
#define FIRST_SITE   1u
#define GATE_SITE    900u
#define GATE_LOT_CAP 120u
#define RETIRED_SITE 950u

struct api_city {
    char folder[128];
    char keys_path[160];
    char staff[KEY_TEXT_MAX], operator_key[KEY_TEXT_MAX], admin[KEY_TEXT_MAX];
    struct config config;
    struct inventory *inv;
    struct inventory_board board;
    struct view *view;
    struct fleet_rules rules;
    struct change_ring *ring;
    struct alert_ring *alerts;
    struct counters counters;
    struct status status;
    struct push_port push;     /* set before city_api_start */
    struct event_port events;  /* the same; zeroed: no feed */
    struct intake_port intake; /* the same; zeroed: the stand-in below */
    struct api *api;
    int64_t at_ms;
    /* the core's stand-in */
    pthread_mutex_t lock;
    struct command last;  /* what came last; guarded by lock */
    struct command *held; /* kept unanswered; guarded */
    bool hold;            /* guarded */
    enum err answer;      /* guarded */
    /* the field's stand-in: what was asked for; guarded */
    uint32_t asked_count;
    uint16_t asked_first;
    enum err field_answer;
};

static inline enum err city_command(void *ctx, struct command *command)
{
    struct api_city *c = ctx;
    bool hold;

    pthread_mutex_lock(&c->lock);
    c->last = *command;
    hold = c->hold;
    command->result = c->answer;
    if (hold) {
        c->held = command;
    }
    pthread_mutex_unlock(&c->lock);
    if (command->kind == COMMAND_DEVICES) {
        uint32_t n = 0;
        uint32_t s = command->device;

        for (; s < c->inv->sensor_count && n < command->limit; s++, n++) {
            command->devices[n] = (struct device_health){.device = c->inv->sensors[s].device,
                                                         .channel = c->inv->sensors[s].channel,
                                                         .sensor = s,
                                                         .ever_heard = true,
                                                         .live = s % 2 == 0,
                                                         .heard_ms = c->at_ms};
        }
        command->devices_count = n;
        command->next = s < c->inv->sensor_count ? s : NO_SENSOR;
    }
    if (!hold) {
        command->done(command);
    }
    return ERR_OK;
}

static inline uint32_t city_unknown(void *ctx, struct unknown_device *out, uint32_t n)
{
    (void)ctx;
    if (n > 0) {
        out[0] = (struct unknown_device){.id = "stranger", .source = "lora", .readings = 3};
    }
    return n > 0 ? 1 : 0;
}

/* Channel 9 does not exist, of "line/unit" all channels learn together. */
static inline enum err city_recalibrate_check(void *ctx, const char *device, uint16_t channel,
                                              bool *whole_unit, char detail[160])
{
    (void)ctx;
    *whole_unit = strcmp(device, "line/unit") == 0;
    (void)snprintf(detail, 160, "channel: %u is not one of 1-8", channel);
    return channel == 9 ? ERR_UNPROCESSABLE : ERR_OK;
}

static inline enum err city_recalibrate_ask(void *ctx, const char *device, const uint16_t *channels,
                                            uint32_t count, char detail[160])
{
    struct api_city *c = ctx;
    enum err answer;

    (void)device;
    pthread_mutex_lock(&c->lock);
    answer = c->field_answer;
    c->asked_count = answer == ERR_OK ? count : c->asked_count;
    c->asked_first = channels[0];
    pthread_mutex_unlock(&c->lock);
    (void)snprintf(detail, 160, "256 writes wait on the device's line already");
    return answer;
}

static inline bool city_recalibrate_last(void *ctx, const char *device, uint16_t channel,
                                         struct recalibration *out)
{
    (void)ctx;
    (void)channel;
    *out = (struct recalibration){.outcome = RECALIBRATION_REFUSED,
                                  .exception = 2,
                                  .asked_wall_ms = 1700000000000,
                                  .ended_wall_ms = 1700000001000};
    return strcmp(device, "line/unit") == 0;
}

/* A grid of spaces 15 m apart round 42.25, 118.88; state by number. */
static inline struct inventory *city_inventory(void)
{
    struct draft *d = draft_create();
    struct draft_lot *lot;
    struct draft_retired *retired;
    struct draft_alias *alias;
    struct inventory *inv;

    assert(d != NULL);
    for (uint32_t l = 0; l < CITY_LOTS; l++) {
        city_lot_add(d, city_key(FIRST_SITE + l, 0),
                     (struct position_e7){422500000 + (int32_t)l * 10000, 1188800000});
    }
    city_lot_add(d, city_key(GATE_SITE, 0), (struct position_e7){422600000, 1188900000});
    lot = &DRAFT_LOTS(d)[CITY_LOTS];
    lot->counting = COUNT_GATES;
    lot->capacity = GATE_LOT_CAP;
    assert(draft_text_add(d, "\"East\" <gate>", 13, -1, &lot->name_en) == ERR_OK);
    for (uint32_t i = 0; i < CITY_SPACES; i++) {
        struct draft_space *space;

        city_space_add(d, city_key(FIRST_SITE + i % CITY_LOTS, 1 + i / CITY_LOTS),
                       (struct position_e7){422500000 + (int32_t)(i / 20) * 1350,
                                            1188800000 + (int32_t)(i % 20) * 1820});
        space = &DRAFT_SPACES(d)[i];
        space->attributes = i % 10 == 0 ? 1 : 0; /* ev */
    }
    city_device_add(d, "dev-1", 0, city_key(FIRST_SITE, 1), 0);
    city_device_add(d, "line/unit", 3, city_key(FIRST_SITE, 2), 0);
    city_device_add(d, "gate-1", 0, city_key(GATE_SITE, 0), 0);
    alias = draft_row_add(d, TABLE_ALIAS);
    assert(alias != NULL);
    alias->key = city_key(FIRST_SITE, 1);
    assert(draft_text_add(d, "street", 6, -1, &alias->scheme) == ERR_OK);
    assert(draft_text_add(d, "A 17+", 5, -1, &alias->value) == ERR_OK);
    retired = draft_row_add(d, TABLE_RETIRED);
    assert(retired != NULL);
    retired->key = city_key(RETIRED_SITE, 7);
    retired->replaced_by = city_key(FIRST_SITE, 1);
    inv = city_build(d, NULL, 1);
    draft_destroy(d);
    return inv;
}

static inline enum space_state city_state(uint32_t slot)
{
    static const enum space_state states[] = {SPACE_FREE, SPACE_OCCUPIED, SPACE_FREE,
                                              SPACE_OUT_OF_SERVICE};

    return states[slot % 4];
}

static inline struct space_live city_live(const struct api_city *c, enum space_state state)
{
    return (struct space_live){
        .bits = space_live_bits(state, state == SPACE_OUT_OF_SERVICE ? SPACE_FREE : state,
                                state == SPACE_OUT_OF_SERVICE ? REASON_MAINTENANCE : REASON_FRESH,
                                100, 97, 0),
        .since_ms = c->at_ms - 60000,
        .known_since_ms = c->at_ms - 60000,
        .seen_ms = c->at_ms - 1000,
    };
}

static inline void city_view_fill(struct api_city *c)
{
    struct city_view totals = {.capacity = CITY_SPACES + GATE_LOT_CAP,
                               .single_spaces = CITY_SPACES,
                               .lots = CITY_LOTS + 1,
                               .version = 1};

    assert(view_reserve(c->view, c->inv->space_count, c->inv->lot_count) == ERR_OK);
    for (uint32_t s = 0; s < c->inv->space_count; s++) {
        struct space_live live = city_live(c, city_state(s));

        view_put_space(c->view, s, &live);
    }
    for (uint32_t l = 0; l < c->inv->lot_count; l++) {
        struct lot_view lot = {
            .counts = {.free = 25, .occupied = 12, .out_of_service = 13},
            .capacity = 50,
            .reason = REASON_FRESH,
            .version = 1
        };

        view_put_lot(c->view, l, &lot);
    }
    totals.free = totals.capacity;
    view_put_city(c->view, &totals);
    view_put_heartbeat(c->view, (struct now){.at_ms = c->at_ms}, host_boot_ms());
}

static inline void city_config(struct api_city *c)
{
    static char host[] = "127.0.0.1";

    c->config.http.host = host;
    c->config.http.connections = 64;
    c->config.http.connections_per_ip = 32;
    c->config.http.streams = 8;
    c->config.http.streams_per_ip = 4;
    c->config.http.header_deadline_s = 10;
    c->config.http.body_deadline_s = 20;
    c->config.http.idle_s = 60;
    c->config.http.stream_life_s = 1800;
    c->config.http.heartbeat_s = 15;
    c->config.http.requests_per_s = 100;
    c->config.keys_file = c->keys_path;
}

static inline void city_api_start(struct api_city *c)
{
    struct api_params params = {
        .config = &c->config,
        .board = &c->board,
        .view = c->view,
        .changes = c->ring,
        .alerts = c->alerts,
        .events = c->events,
        .rules = &c->rules,
        .intake = c->intake.command != NULL
                      ? c->intake
                      : (struct intake_port){.ctx = c, .command = city_command},
        .counters = &c->counters,
        .status = &c->status,
        .unknown = {.ctx = c, .list = city_unknown   },
        .push = c->push,
    };
    const struct recalibration_port recalibration = {.ctx = c,
                                                     .check = city_recalibrate_check,
                                                     .ask = city_recalibrate_ask,
                                                     .last = city_recalibrate_last};
    char detail[160];
    enum err e;

    params.recalibration = recalibration;
    e = api_start(&params, &c->api, detail);

    if (e != ERR_OK) {
        (void)fprintf(stderr, "%s: %s\n", err_code(e), detail);
    }
    assert(e == ERR_OK);
}

/* Everything but the API itself, so that a test may change the configuration first. */
static inline struct api_city *city_make(void)
{
    struct api_city *c = calloc(1, sizeof *c);

    assert(c != NULL);
    pthread_mutex_init(&c->lock, NULL);
    scratch_folder_make(c->folder, sizeof c->folder);
    (void)snprintf(c->keys_path, sizeof c->keys_path, "%s/keys", c->folder);
    assert(key_create(c->keys_path, "warden", ROLE_STAFF, NULL, 1, c->staff) == ERR_OK);
    assert(key_create(c->keys_path, "bikes", ROLE_OPERATOR, "OP", 1, c->operator_key) == ERR_OK);
    assert(key_create(c->keys_path, "root", ROLE_ADMIN, NULL, 1, c->admin) == ERR_OK);
    c->at_ms = host_wall_ms();
    c->inv = city_inventory();
    (void)inventory_publish(&c->board, c->inv);
    c->view = view_create();
    c->ring = change_ring_create(7);
    c->alerts = alert_ring_create(7);
    assert(c->view != NULL && c->ring != NULL && c->alerts != NULL);
    city_view_fill(c);
    atomic_store(&c->status.ready, true);
    city_config(c);
    return c;
}

static inline struct api_city *city_open(void)
{
    struct api_city *c = city_make();

    city_api_start(c);
    return c;
}

static inline void city_close(struct api_city *c)
{
    api_stop(c->api);
    change_ring_destroy(c->ring);
    alert_ring_destroy(c->alerts);
    view_destroy(c->view);
    inventory_destroy(c->inv);
    scratch_folder_remove(c->folder);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* Some tests run longer than the 2 s after which a silent core is not believed. */
static inline void city_beat(struct api_city *c)
{
    view_put_heartbeat(c->view, (struct now){.at_ms = c->at_ms}, host_boot_ms());
}

/* --- the client --- */

#define ANSWER_MAX (2u << 20)

struct answer_text {
    int status; /* 0: the connection ended without an answer */
    bool closed;
    char *head, *body; /* NUL-terminated */
    size_t body_len;
    char *buffer;
};

/* receive_bytes: of the socket's buffer, 0 = the system's choice. */
static inline int client_open_small(const struct api_city *c, int receive_bytes)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(api_port(c->api))};
    struct timeval limit = {.tv_sec = 8};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert(fd >= 0);
    if (receive_bytes > 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    }
    assert(connect(fd, (const struct sockaddr *)&to, sizeof to) == 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
}

static inline int client_open(const struct api_city *c)
{
    return client_open_small(c, 0);
}

static inline void client_send(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t put = send(fd, data, len, MSG_NOSIGNAL);

        if (put <= 0) {
            return; /* the server may have had enough */
        }
        data += put;
        len -= (size_t)put;
    }
}

/* Value of a header in a head, NULL when absent; the text ends at CR. */
static inline const char *head_find(const char *head, const char *name, char *out, size_t cap)
{
    for (const char *line = strchr(head, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
        size_t len = strlen(name);

        if (strncasecmp(line + 1, name, len) == 0 && line[1 + len] == ':') {
            size_t n = strcspn(line + len + 2, "\r");

            n = n < cap ? n : cap;
            n -= n > 0 && line[len + 2] == ' ';
            memcpy(out, line + len + 2 + (line[len + 2] == ' '), n);
            out[n < cap ? n : cap - 1] = '\0';
            return out;
        }
    }
    return NULL;
}

static inline struct answer_text client_read(int fd, bool head_only)
{
    struct answer_text a = {.buffer = malloc(ANSWER_MAX + 1)};
    size_t len = 0;
    char text[32];
    char *end = NULL;
    size_t want = 0;

    assert(a.buffer != NULL);
    a.buffer[0] = '\0';
    while (end == NULL || len < want) {
        ssize_t got = recv(fd, a.buffer + len, ANSWER_MAX - len, 0);

        if (got <= 0) {
            a.closed = true;
            break;
        }
        len += (size_t)got;
        a.buffer[len] = '\0';
        if (end == NULL && (end = strstr(a.buffer, "\r\n\r\n")) != NULL) {
            const char *length = head_find(a.buffer, "Content-Length", text, sizeof text);

            want = (size_t)(end - a.buffer) + 4;
            want += length == NULL || head_only ? 0 : (size_t)strtoul(length, NULL, 10);
        }
    }
    if (end != NULL) {
        a.status = atoi(a.buffer + 9);
        end[2] = '\0';
        a.head = a.buffer;
        a.body = end + 4;
        a.body_len = len - (size_t)(end + 4 - a.buffer);
    } else {
        a.head = a.body = a.buffer;
    }
    return a;
}

static inline void answer_free(struct answer_text *a)
{
    free(a->buffer);
    a->buffer = NULL;
}

/* One request on a connection of its own; `head` are further header lines, each with CRLF. */
static inline struct answer_text client_ask(const struct api_city *c, const char *method,
                                            const char *target, const char *head, const char *body)
{
    char *text = malloc(strlen(target) + strlen(head) + (body == NULL ? 0 : strlen(body)) + 512);
    int fd = client_open(c);
    int n;
    struct answer_text a;

    assert(text != NULL);
    n = sprintf(text, "%s %s HTTP/1.1\r\nHost: x\r\n%s", method, target, head);
    if (body != NULL) {
        n += sprintf(text + n, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    } else {
        n += sprintf(text + n, "\r\n");
    }
    client_send(fd, text, (size_t)n);
    a = client_read(fd, strcmp(method, "HEAD") == 0);
    close(fd);
    free(text);
    return a;
}

static inline struct answer_text client_get(const struct api_city *c, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

static inline struct answer_text client_get(const struct api_city *c, const char *fmt, ...)
{
    char target[1200];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(target, sizeof target, fmt, args);
    va_end(args);
    return client_ask(c, "GET", target, "", NULL);
}

/* Raw bytes in, whatever comes out. */
static inline struct answer_text client_raw(const struct api_city *c, const char *data, size_t len)
{
    int fd = client_open(c);
    struct answer_text a;

    client_send(fd, data, len);
    a = client_read(fd, false);
    close(fd);
    return a;
}

#endif
