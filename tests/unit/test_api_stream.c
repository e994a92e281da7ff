/* Event streams: changes as they come, resumed with the same bytes, told to load again when too
 * old, filtered, with the present state first, beaten and ended on time. */
#include "api/stream_source.h"
#include "tests/unit/api_city.h"
#include "tests/unit/stream_listener.h"

static int setup(void **state)
{
    (void)state;
    city = city_make();
    city->config.http.heartbeat_s = 1;
    city->config.http.stream_life_s = 4;
    city_api_start(city);
    return 0;
}

static struct listener *listen_to(const char *target, const char *head)
{
    return listener_open(city, target, head, 0);
}

static bool wait_for(struct listener *l, const char *needle, int times)
{
    bool come = listener_wait(l, needle, times);

    if (!come) {
        print_message("no %s in:\n%s\n", needle, l->text);
    }
    return come;
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

/* Puts so many changes of the first `slots` spaces, no faster than a listener follows. */
static void change_many(struct listener *follower, uint32_t count, uint32_t slots)
{
    for (uint32_t i = 0; i < count; i++) {
        change_space(i % slots, i / slots % 2 == 0 ? SPACE_OCCUPIED : SPACE_FREE);
        if (i % 4000 == 3999 || i == count - 1) {
            char id[48];

            (void)snprintf(id, sizeof id, "id: 7-%llu\n",
                           (unsigned long long)change_ring_newest(city->ring));
            assert_true(wait_for(follower, id, 1));
            listener_clear(follower);
        }
    }
}

static void another_epoch_is_reset(void **state)
{
    struct listener *l = listen_to("/v1/stream", "Last-Event-ID: 6-12\r\n");

    (void)state;
    assert_true(wait_for(l, "event: reset", 1));
    change_space(3, SPACE_OCCUPIED);
    assert_true(wait_for(l, "event: space", 1));
    listener_free(l);
    l = listen_to("/v1/stream", "Last-Event-ID: 7-99999999\r\n"); /* one that was never sent */
    assert_true(wait_for(l, "event: reset", 1));
    listener_free(l);
}

/* Who comes back when the ring has gone over his place gets the last state of each object that
 * changed, once, and an id to go on from; never a reset. */
static void too_late_gets_last_states(void **state)
{
    struct listener *follower = listen_to("/v1/stream?topics=spaces", "");
    struct listener *l;
    char head[80];
    char id[48];

    (void)state;
    assert_true(wait_for(follower, "retry", 1));
    change_space(7, SPACE_OCCUPIED);
    (void)snprintf(head, sizeof head, "Last-Event-ID: 7-%llu\r\n",
                   (unsigned long long)change_ring_newest(city->ring));
    change_many(follower, CHANGE_RING + 2000, 5);
    l = listen_to("/v1/stream", head);
    (void)snprintf(id, sizeof id, "id: 7-%llu\n\n",
                   (unsigned long long)change_ring_newest(city->ring));
    assert_true(wait_for(l, id, 1));
    assert_int_equal(text_times(l->text, "event: space"), 5);
    assert_null(strstr(l->text, "reset"));
    change_space(9, SPACE_FREE);
    assert_true(wait_for(l, "event: space", 6));
    listener_free(l);
    listener_free(follower);
}

/* Who comes back within what is kept gets all of it as others had it, however much that is. */
static void nothing_is_left_out_of_a_return(void **state)
{
    const uint32_t count = STREAM_BEHIND * 4;
    struct listener *follower = listen_to("/v1/stream?topics=spaces", "");
    struct listener *l;
    struct listener *again;
    char head[80];
    char id[48];

    (void)state;
    assert_true(wait_for(follower, "retry", 1));
    change_space(7, SPACE_OCCUPIED);
    (void)snprintf(head, sizeof head, "Last-Event-ID: 7-%llu\r\n",
                   (unsigned long long)change_ring_newest(city->ring));
    change_many(follower, count, 5);
    (void)snprintf(id, sizeof id, "id: 7-%llu\nevent: space",
                   (unsigned long long)change_ring_newest(city->ring));
    l = listen_to("/v1/stream", head);
    again = listen_to("/v1/stream", head);
    assert_true(wait_for(l, id, 1) && wait_for(l, "event: space", (int)count));
    assert_true(wait_for(again, "event: space", (int)count));
    assert_int_equal(text_times(l->text, "id: 7-"), count);
    assert_string_equal(l->text, again->text);
    listener_free(again);
    listener_free(l);
    listener_free(follower);
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

/* Zoom 18 at this latitude: tiles of about 113 m. */
static void cell_of(struct position_e7 at, char out[48])
{
    const double n = 1u << 18;
    const double lat = at.lat / 1e7 * M_PI / 180;

    (void)snprintf(out, 48, "18/%u/%u", (unsigned)((at.lon / 1e7 + 180) / 360 * n),
                   (unsigned)((1 - asinh(tan(lat)) / M_PI) / 2 * n));
}

static void cells(void **state)
{
    const uint32_t near = 0;
    const uint32_t far = CITY_SPACES - 1; /* 300 m off */
    char target[120];
    char cell[48];
    char id[SPACE_ID_LEN + 1];
    struct listener *l;

    (void)state;
    cell_of(city->inv->spaces[near].at, cell);
    (void)snprintf(target, sizeof target, "/v1/stream?topics=spaces&cell=%s", cell);
    l = listen_to(target, "");
    assert_true(wait_for(l, "retry", 1));
    change_space(far, SPACE_OCCUPIED);
    change_space(near, SPACE_OCCUPIED);
    assert_true(wait_for(l, "event: space", 1));
    space_id_format(city->inv->spaces[near].key, id);
    assert_non_null(strstr(l->text, id));
    space_id_format(city->inv->spaces[far].key, id);
    assert_null(strstr(l->text, id));
    listener_free(l);
}

static void filters_are_checked(void **state)
{
    static const struct {
        const char *query, *says;
    } rows[] = {
        {"cell=18/1",                     "zoom/x/y"                     },
        {"cell=23/0/0",                   "zoom from 0 to 22"            },
        {"cell=2/4/0",                    "2^zoom - 1"                   },
        {"cell=2/0/-1",                   "zoom/x/y"                     },
        {"cell=2/00/1",                   "zoom/x/y"                     },
        {"cell=2/1/1/",                   "zoom/x/y"                     },
        {"cell=",                         "zoom/x/y"                     },
        {"cell=99999999999999999999/0/0", "zoom/x/y"                     },
        {"cell=2/1/1&bbox=1,1,2,2",       "cell or bbox"                 },
        {"cell=2/1/1&crs=bd09",           "Baidu"                        },
        {"topics=fences&lot=%s",          "fences are asked for"         },
        {"topics=spaces&fence=%s",        "spaces and lots are asked for"},
        {"fence=x",                       "\"parameter\":\"fence\""      },
        {"fence=%s",                      "no such fence"                },
        {"lot=150402001L9990000B",        "no such lot"                  },
    };

    char lot[SPACE_ID_LEN + 1];

    (void)state;
    space_id_format(city_key(FIRST_SITE, 0), lot);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const size_t len = strcspn(rows[i].query, "%");
        struct answer_text a = client_get(city, "/v1/stream?%.*s%s", (int)len, rows[i].query,
                                          rows[i].query[len] == '%' ? lot : "");

        if (a.status != 400 || strstr(a.body, rows[i].says) == NULL) {
            print_error("%s: %d %s\n", rows[i].query, a.status, a.body);
        }
        assert_int_equal(a.status, 400);
        assert_non_null(strstr(a.body, rows[i].says));
        answer_free(&a);
    }
}

/* A key that is revoked ends what it opened; a stream without it goes on. */
static void revoked_key_ends_its_stream(void **state)
{
    char key[KEY_TEXT_MAX];
    char head[KEY_TEXT_MAX + 32];
    char prefix[9] = "";
    char desk[9] = "";
    struct listener *keyed;
    struct listener *watch;
    struct listener *open;

    (void)state;
    assert_int_equal(key_create(city->keys_path, "desk", ROLE_STAFF, NULL, 1, key), ERR_OK);
    memcpy(desk, key + 3, 8);
    (void)snprintf(head, sizeof head, "Authorization: Bearer %s\r\n", key);
    watch = listen_to("/v1/devices/dev-1/watch", head);
    assert_int_equal(key_create(city->keys_path, "van", ROLE_OPERATOR, "OP", 1, key), ERR_OK);
    memcpy(prefix, key + 3, 8);
    (void)snprintf(head, sizeof head, "Authorization: Bearer %s\r\n", key);
    keyed = listen_to("/v1/alerts/stream", head);
    open = listen_to("/v1/stream", "");
    assert_true(wait_for(keyed, "retry", 1));
    assert_true(wait_for(open, "retry", 1));
    assert_true(wait_for(watch, "retry", 1));
    assert_int_equal(key_revoke(city->keys_path, prefix), ERR_OK);
    assert_int_equal(key_revoke(city->keys_path, desk), ERR_OK);
    assert_false(listener_wait(keyed, "never", 1));
    assert_true(keyed->ended);
    assert_false(listener_wait(watch, "never", 1));
    assert_true(watch->ended);
    assert_false(open->ended);
    change_space(1, SPACE_FREE);
    assert_true(wait_for(open, "event: space", 1));
    listener_free(open);
    listener_free(watch);
    listener_free(keyed);
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
    assert_false(listener_wait(l, "never", 1)); /* the life of 4 s ends it */
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

/* One key has its share and no more, from whatever address; without it there is room yet. */
static void a_key_has_its_share(void **state)
{
    struct api_city *outer = city;
    char head[KEY_TEXT_MAX + 32];
    struct listener *held[4];
    struct answer_text a;

    (void)state;
    city = city_open();
    (void)snprintf(head, sizeof head, "Authorization: Bearer %s\r\n", city->operator_key);
    for (size_t i = 0; i < ARRAY_LEN(held); i++) {
        held[i] = listen_to(i % 2 == 0 ? "/v1/alerts/stream" : "/v1/stream", head);
        assert_true(wait_for(held[i], "retry", 1));
    }
    a = client_ask(city, "GET", "/v1/stream", head, NULL);
    assert_int_equal(a.status, 503);
    answer_free(&a);
    a = client_ask(city, "HEAD", "/v1/stream", "", NULL);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    for (size_t i = 0; i < ARRAY_LEN(held); i++) {
        listener_free(held[i]);
    }
    city_close(city);
    city = outer;
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
        cmocka_unit_test_setup(changes_come_and_repeat, city_fresh),
        cmocka_unit_test_setup(another_epoch_is_reset, city_fresh),
        cmocka_unit_test_setup(too_late_gets_last_states, city_fresh),
        cmocka_unit_test_setup(nothing_is_left_out_of_a_return, city_fresh),
        cmocka_unit_test_setup(filters, city_fresh),
        cmocka_unit_test_setup(cells, city_fresh),
        cmocka_unit_test_setup(filters_are_checked, city_fresh),
        cmocka_unit_test_setup(revoked_key_ends_its_stream, city_fresh),
        cmocka_unit_test_setup(snapshot_first, city_fresh),
        cmocka_unit_test_setup(heartbeat_and_end, city_fresh),
        cmocka_unit_test_setup(streams_are_capped, city_fresh),
        cmocka_unit_test_setup(a_key_has_its_share, city_fresh),
        cmocka_unit_test_setup(stop_with_streams, city_fresh),
    };

    return cmocka_run_group_tests(tests, setup, city_tear_down);
}
