/* The promise to slow readers, as a property: whatever changes come and however slowly a client
 * takes them, when it has caught up its last state of each space is the view's. */
#include "api/stream.h"
#include "tests/unit/stream_listener.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ROUNDS  30
#define BATCH   4000 /* changes at once: less than the ring has */
#define TEXT_AT 160  /* id, lot, state and since of an event */

struct mirror {
    struct api_city *city;
    struct listener *listener;
    char (*state)[TEXT_AT]; /* by slot: what the client was told last */
    uint64_t number;        /* of the last id */
    uint64_t events;
};

/* `"state":"...","since":"..."` of an event's data. */
static void state_copy(const char *data, char out[TEXT_AT])
{
    const char *from = strstr(data, "\"state\":");
    const char *to = from == NULL ? NULL : strstr(from, ",\"seen\"");

    assert_non_null(to);
    (void)snprintf(out, TEXT_AT, "%.*s", (int)(to - from), from);
}

static void data_take(struct mirror *m, const char *data)
{
    space_key key;
    uint32_t slot;

    if (strncmp(data, "data: {\"id\":\"", 13) != 0) {
        return;
    }
    assert_int_equal(space_id_parse(data + 13, strcspn(data + 13, "\""), &key), ID_OK);
    slot = inventory_space(m->city->inv, key);
    assert_true(slot < m->city->inv->space_count);
    state_copy(data, m->state[slot]);
    m->events++;
}

/* Takes whole events out of what has come. */
static void events_take(struct mirror *m)
{
    struct listener *l = m->listener;
    char *at = l->text;

    for (char *end = strstr(at, "\n\n"); end != NULL; end = strstr(at, "\n\n")) {
        *end = '\0';
        for (char *line = at; line != NULL; line = strchr(line, '\n')) {
            line += *line == '\n';
            assert_true(strncmp(line, "event: reset", 12) != 0);
            if (strncmp(line, "id: 7-", 6) == 0) {
                m->number = strtoull(line + 6, NULL, 10);
            }
            if (strncmp(line, "data: ", 6) == 0) {
                data_take(m, line);
                break;
            }
        }
        at = end + 2;
    }
    l->len -= (size_t)(at - l->text);
    memmove(l->text, at, l->len + 1);
}

static void put_random(struct api_city *city, struct dice *dice, uint32_t slots)
{
    static const enum space_state states[] = {SPACE_FREE, SPACE_OCCUPIED, SPACE_OUT_OF_SERVICE};
    struct change change = {
        .at_ms = city->at_ms, .kind = CHANGE_SPACE, .index = dice_below(dice, slots)};

    change.space = city_live(city, states[dice_below(dice, 3)]);
    change.space.since_ms -= dice_below(dice, 1000000); /* tells one change from the other */
    view_put_space(city->view, change.index, &change.space);
    change_ring_put(city->ring, &change);
}

static void view_compare(const struct mirror *m)
{
    const struct view_now now = view_now(m->city->view, host_boot_ms());

    for (uint32_t slot = 0; slot < m->city->inv->space_count; slot++) {
        struct strbuf text = {0};
        struct space_view view;
        char want[TEXT_AT];

        view_space(m->city->view, m->city->inv, slot, &now, &view);
        event_space(&text, m->city->inv, slot, &view, now.as_of_ms);
        strbuf_putc(&text, '\0');
        assert_false(text.failed);
        state_copy(text.data, want);
        assert_string_equal(m->state[slot], want);
        strbuf_finish(&text);
    }
}

/* Until the API has taken over everything so far: a quick client has the newest. */
static void witness_wait(const struct api_city *city, struct listener *witness)
{
    char id[48];

    (void)snprintf(id, sizeof id, "id: 7-%llu\n",
                   (unsigned long long)change_ring_newest(city->ring));
    assert_true(listener_wait(witness, id, 1));
    listener_clear(witness);
}

/* A history in batches; between two the client takes a little, or nothing. */
static void history(uint64_t seed, uint32_t slots, const char *filter)
{
    struct dice dice = {seed};
    struct mirror m = {.city = city_make()};
    char target[160];
    struct listener *witness;
    int64_t until;

    print_message("seed %llu, %u spaces\n", (unsigned long long)seed, slots);
    city_api_start(m.city);
    m.state = calloc(m.city->inv->space_count, sizeof *m.state);
    assert_non_null(m.state);
    (void)snprintf(target, sizeof target, "/v1/stream?topics=spaces&snapshot=1%s", filter);
    m.listener = listener_open(m.city, target, "", 4096);
    assert_true(listener_wait(m.listener, "\nid: 7-", 1));
    witness = listener_open(m.city, "/v1/stream", "", 0);
    assert_true(listener_wait(witness, "retry", 1));
    events_take(&m);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < BATCH; i++) {
            put_random(m.city, &dice, slots);
        }
        witness_wait(m.city, witness);
        for (uint32_t reads = dice_below(&dice, 8); reads > 0; reads--) {
            (void)listener_read(m.listener, 1 + dice_below(&dice, 8192), 20);
        }
        city_beat(m.city);
        events_take(&m);
    }
    until = host_boot_ms() + 20000;
    while (m.number < change_ring_newest(m.city->ring) && host_boot_ms() < until) {
        (void)listener_read(m.listener, SIZE_MAX, 100);
        city_beat(m.city);
        events_take(&m);
    }
    assert_int_equal(m.number, change_ring_newest(m.city->ring));
    assert_true(m.events < (uint64_t)ROUNDS * BATCH / 2); /* it was behind, and was spared */
    city_beat(m.city);
    view_compare(&m);
    print_message("%llu events, %llu left out, %llu catch-ups\n", (unsigned long long)m.events,
                  (unsigned long long)count_get(&m.city->counters, COUNT_SSE_COALESCED),
                  (unsigned long long)count_get(&m.city->counters, COUNT_SSE_CATCH_UPS));
    listener_free(witness);
    listener_free(m.listener);
    free(m.state);
    city_close(m.city);
}

static void last_states_of_a_few(void **state)
{
    (void)state;
    history(1, 10, "&bbox=110,30,125,50");
}

static void last_states_of_all(void **state)
{
    (void)state;
    history(2, CITY_SPACES, "&bbox=110,30,125,50");
    history(3, CITY_SPACES, "&crs=gcj02&bbox=110,30,125,50");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_states_of_a_few),
        cmocka_unit_test(last_states_of_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
