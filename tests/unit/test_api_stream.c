/* Event streams: changes as they come, resumed with the same bytes, told to load again when too
 * old, filtered, with the present state first, beaten and ended on time. */
#include "tests/unit/api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct api_city *city;

static int setup(void **state)
{
    (void)state;
    city = city_make();
    city->config.http.heartbeat_s = 1;
    city->config.http.stream_life_s = 4;
    city_api_start(city);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    city_close(city);
    return 0;
}

static int beat(void **state)
{
    (void)state;
    city_beat(city);
    return 0;
}

struct listener {
    int fd;
    char raw[1u << 20];
    size_t raw_len;
    char *text; /* chunks taken apart, NUL-terminated */
    size_t len;
    bool ended;
};

static struct listener *listen_to(const char *target, const char *head)
{
    struct listener *l = calloc(1, sizeof *l);
    char ask[600];
    int n = snprintf(ask, sizeof ask, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", target, head);

    assert_non_null(l);
    l->text = calloc(1, sizeof l->raw + 1);
    assert_non_null(l->text);
    l->fd = client_open(city);
    client_send(l->fd, ask, (size_t)n);
    return l;
}

static void listener_free(struct listener *l)
{
    close(l->fd);
    free(l->text);
    free(l);
}

/* Takes the chunked body apart as far as it has come. */
static void chunks_take(struct listener *l)
{
    char *at = strstr(l->raw, "\r\n\r\n");

    l->len = 0;
    if (at == NULL) {
        return;
    }
    for (at += 4;;) {
        char *end;
        size_t size = strtoul(at, &end, 16);

        if (end == at || strncmp(end, "\r\n", 2) != 0) {
            break;
        }
        if (size == 0) {
            l->ended = true;
            break;
        }
        if (end + 2 + size + 2 > l->raw + l->raw_len) {
            break;
        }
        memcpy(l->text + l->len, end + 2, size);
        l->len += size;
        at = end + 2 + size + 2;
    }
    l->text[l->len] = '\0';
}

/* Reads until `needle` has come `times` times, or 6 s have gone. */
static bool wait_for(struct listener *l, const char *needle, int times)
{
    int64_t until = host_boot_ms() + 6000;

    for (;;) {
        struct pollfd ready = {.fd = l->fd, .events = POLLIN};
        ssize_t got;
        int seen = 0;

        for (const char *at = strstr(l->text, needle); at != NULL; at = strstr(at + 1, needle)) {
            seen++;
        }
        if (seen >= times) {
            return true;
        }
        if (host_boot_ms() > until || poll(&ready, 1, 500) < 0) {
            print_error("waited for %s, have:\n%s\n%s\n", needle, l->raw, l->text);
            return false;
        }
        if (ready.revents == 0) {
            continue;
        }
        got = recv(l->fd, l->raw + l->raw_len, sizeof l->raw - 1 - l->raw_len, 0);
        if (got <= 0) {
            l->ended = true;
            return false;
        }
        l->raw_len += (size_t)got;
        chunks_take(l);
    }
}

static void change_space(uint32_t slot, enum space_state state)
{
    struct change change = {.at_ms = city->at_ms + 5,
                            .kind = CHANGE_SPACE,
                            .index = slot,
                            .space = city_live(city, state)};

    view_put_space(city->view, slot, &change.space);
    change_ring_put(city->ring, &change);
}

static void change_lot(uint32_t lot)
{
    struct change change = {
        .at_ms = city->at_ms + 5,
        .kind = CHANGE_LOT,
        .index = lot,
        .lot = {.counts = {.free = 3, .occupied = 47}, .capacity = 50, .reason = REASON_FRESH}
    };

    change_ring_put(city->ring, &change);
}

static void changes_come_and_repeat(void **state)
{
    struct listener *l = listen_to("/v1/stream", "");
    struct listener *again;
    char head[120];
    const char *first;
    const char *second;
    char id[48];

    (void)state;
    assert_true(wait_for(l, "retry: 3000", 1));
    for (uint32_t i = 0; i < 5; i++) {
        change_space(i, SPACE_OCCUPIED);
    }
    change_lot(1);
    assert_true(wait_for(l, "\n\n", 7)); /* retry and six events */
    assert_non_null(strstr(l->text, "event: lot\ndata: {\"id\":"));
    assert_null(strstr(l->text, "reset"));
    /* go on behind the first event: the rest comes again, byte for byte */
    first = strstr(l->text, "id: ");
    assert_non_null(first);
    (void)snprintf(id, sizeof id, "%.*s", (int)strcspn(first + 4, "\n") % 40, first + 4);
    second = strstr(first + 4, "id: 7-");
    assert_non_null(second);
    (void)snprintf(head, sizeof head, "Last-Event-ID: %s\r\n", id);
    again = listen_to("/v1/stream", head);
    assert_true(wait_for(again, "\n\n", 6));
    assert_non_null(strstr(again->text, "id: 7-"));
    assert_memory_equal(strstr(again->text, "id: 7-"), second, strlen(second));
    listener_free(again);
    (void)snprintf(head, sizeof head, "/v1/stream?last_event_id=%s", id);
    again = listen_to(head, "");
    assert_true(wait_for(again, "\n\n", 6));
    assert_memory_equal(strstr(again->text, "id: 7-"), second, strlen(second));
    listener_free(again);
    listener_free(l);
}

static void too_old_is_reset(void **state)
{
    struct listener *l = listen_to("/v1/stream", "Last-Event-ID: 6-12\r\n");

    (void)state;
    assert_true(wait_for(l, "event: reset", 1));
    listener_free(l);
    for (uint32_t i = 0; i < CHANGE_RING + 10; i++) {
        change_space(i % CITY_SPACES, SPACE_FREE);
    }
    l = listen_to("/v1/stream", "Last-Event-ID: 7-1\r\n");
    assert_true(wait_for(l, "event: reset", 1));
    change_space(3, SPACE_OCCUPIED);
    assert_true(wait_for(l, "event: space", 1));
    listener_free(l);
}

static void filters(void **state)
{
    char target[120];
    char id[SPACE_ID_LEN + 1];
    uint32_t slot = inventory_space(city->inv, city_key(FIRST_SITE + 3, 2));
    uint32_t other = inventory_space(city->inv, city_key(FIRST_SITE, 2));
    struct listener *l;

    (void)state;
    space_id_format(city_key(FIRST_SITE + 3, 0), id);
    (void)snprintf(target, sizeof target, "/v1/stream?topics=spaces&lot=%s", id);
    l = listen_to(target, "");
    assert_true(wait_for(l, "retry", 1));
    change_space(other, SPACE_OCCUPIED);
    change_lot(0);
    change_space(slot, SPACE_OCCUPIED);
    assert_true(wait_for(l, "event: space", 1));
    space_id_format(city_key(FIRST_SITE, 2), id);
    assert_null(strstr(l->text, id));
    assert_null(strstr(l->text, "event: lot"));
    listener_free(l);
}

static void snapshot_first(void **state)
{
    struct listener *l = listen_to("/v1/stream?snapshot=1", "");
    int spaces = 0;

    (void)state;
    assert_true(wait_for(l, "\nid: 7-", 1));
    for (const char *at = strstr(l->text, "event: space"); at != NULL;
         at = strstr(at + 1, "event: space")) {
        spaces++;
    }
    assert_int_equal(spaces, CITY_SPACES);
    assert_non_null(strstr(l->text, "event: lot"));
    change_space(1, SPACE_FREE);
    assert_true(wait_for(l, "event: space", (int)CITY_SPACES + 1));
    listener_free(l);
}

static void heartbeat_and_end(void **state)
{
    struct listener *l = listen_to("/v1/stream", "");

    (void)state;
    assert_true(wait_for(l, "\n:\n\n", 2));
    assert_false(wait_for(l, "never", 1)); /* the life of 4 s ends it */
    assert_true(l->ended);
    listener_free(l);
}

static void streams_are_capped(void **state)
{
    struct listener *held[8];
    struct answer_text a;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(held); i++) {
        held[i] = listen_to("/v1/stream", "");
        assert_true(wait_for(held[i], "retry", 1));
    }
    a = client_get(city, "/v1/stream");
    assert_int_equal(a.status, 503);
    answer_free(&a);
    for (size_t i = 0; i < ARRAY_LEN(held); i++) {
        listener_free(held[i]);
    }
}

/* Stopping with streams open and asleep ends them and returns. */
static void stop_with_streams(void **state)
{
    struct api_city *own = city_open();
    struct api_city *outer = city;
    struct listener *l;
    int64_t began;

    (void)state;
    city = own;
    l = listen_to("/v1/stream", "");
    assert_true(wait_for(l, "retry", 1));
    began = host_boot_ms();
    api_stop(own->api);
    assert_true(host_boot_ms() - began < 3000);
    own->api = NULL;
    listener_free(l);
    city_close(own);
    city = outer;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(changes_come_and_repeat, beat),
        cmocka_unit_test_setup(too_old_is_reset, beat),
        cmocka_unit_test_setup(filters, beat),
        cmocka_unit_test_setup(snapshot_first, beat),
        cmocka_unit_test_setup(heartbeat_and_end, beat),
        cmocka_unit_test_setup(streams_are_capped, beat),
        cmocka_unit_test_setup(stop_with_streams, beat),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
