/* The published view: what readers are told at each age, that lag hides everything, and that
 * records are whole while they are being written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include "bowei/change_ring.h"
#include "tests/unit/city_fixture.h"
#include <cmocka.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SEEN  INT64_C(1700000000000)
#define SINCE INT64_C(1699999000000)

static const struct sensor_timing hourly = {
    .period_ms = 3600000, .limit_ms = 7500000, .confidence = 97};

static void age_makes_confidence_and_reason(void **state)
{
    static const struct {
        int64_t age_ms;
        enum space_state state;
        enum reason reason;
        uint8_t confidence;
        unsigned flag;
    } rows[] = {
        {0,       SPACE_FREE,    REASON_FRESH,  97, 100},
        {3600000, SPACE_FREE,    REASON_FRESH,  97, 100},
        {3600001, SPACE_FREE,    REASON_AGING,  97, 100},
 /* half way: 100 - 60 * 1950000 / 3900000 = 70; 97 * 70 / 100 = 67 */
        {5550000, SPACE_FREE,    REASON_AGING,  67, 100},
 /* the same with a flag: 67 * 90 / 100 = 60 */
        {5550000, SPACE_FREE,    REASON_AGING,  60, 90 },
        {7500000, SPACE_FREE,    REASON_AGING,  38, 100},
        {7500001, SPACE_UNKNOWN, REASON_SILENT, 0,  100},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct space_live live = {
            .bits = space_live_bits(SPACE_FREE, SPACE_FREE, REASON_FRESH, rows[i].flag, 97, 511),
            .since_ms = SINCE,
            .known_since_ms = SINCE - 1,
            .seen_ms = SEEN};
        struct space_view v;

        space_live_judge(&live, &hourly, SEEN + rows[i].age_ms, &v);
        assert_int_equal(v.state, rows[i].state);
        assert_int_equal(v.reason, rows[i].reason);
        assert_int_equal(v.confidence, rows[i].confidence);
        assert_int_equal(v.known_state, SPACE_FREE);
        assert_int_equal(v.known_since_ms, SINCE - 1);
        assert_int_equal(v.seen_ms, SEEN);
        assert_int_equal(v.since_ms, v.state == SPACE_UNKNOWN ? SEEN + hourly.limit_ms : SINCE);
    }
}

static void stored_reasons_stay(void **state)
{
    struct space_live live = {
        .bits = space_live_bits(SPACE_OCCUPIED, SPACE_OCCUPIED, REASON_HELD, 50, 97, 0),
        .since_ms = SINCE,
        .seen_ms = SEEN};
    struct space_view v;

    (void)state;
    space_live_judge(&live, &hourly, SEEN + 4000000, &v);
    assert_int_equal(v.reason, REASON_HELD); /* held comes before aging */
    live.bits = space_live_bits(SPACE_UNKNOWN, SPACE_FREE, REASON_CONFLICT, 100, 97, 0);
    space_live_judge(&live, &hourly, SEEN, &v);
    assert_int_equal(v.state, SPACE_UNKNOWN);
    assert_int_equal(v.reason, REASON_CONFLICT);
    assert_int_equal(v.confidence, 0);
    live.bits = space_live_bits(SPACE_OUT_OF_SERVICE, SPACE_FREE, REASON_EVENT, 100, 97, 0);
    space_live_judge(&live, &hourly, SEEN + 99999999, &v);
    assert_int_equal(v.state, SPACE_OUT_OF_SERVICE);
    assert_int_equal(v.confidence, 100);
    live = (struct space_live){
        .bits = space_live_bits(SPACE_FREE, SPACE_FREE, REASON_FRESH, 100, 97, 0)};
    space_live_judge(&live, &hourly, SEEN, &v);
    assert_int_equal(v.state, SPACE_UNKNOWN); /* never seen is never free */
}

static struct inventory *small_city(void)
{
    struct draft *d = draft_create();
    struct inventory *inv;

    city_lot_add(d, city_key(1, 0), (struct position_e7){422578000, 1188869000});
    city_space_add(d, city_key(1, 1), (struct position_e7){422578000, 1188869000});
    city_device_add(d, "d", 0, city_key(1, 1), 0);
    inv = city_build(d, NULL, 1);
    draft_destroy(d);
    return inv;
}

static void lag_hides_everything(void **state)
{
    struct inventory *inv = small_city();
    struct view *view = view_create();
    struct space_live live = {.bits =
                                  space_live_bits(SPACE_FREE, SPACE_FREE, REASON_FRESH, 100, 97, 0),
                              .since_ms = SINCE,
                              .seen_ms = SEEN};
    const struct lot_view lot = {
        {3, 4, 5, 6},
        18, true, REASON_FRESH, 9, SEEN
    };
    const struct city_view city = {20, 5, 6, 7, 2, 18, 3, 11};
    struct space_view v;
    struct lot_view l;
    struct city_view c;
    struct view_now now;

    (void)state;
    now = view_now(view, 5000);
    assert_true(now.lagging); /* never a heartbeat */
    assert_int_equal(view_reserve(view, 1, 1), ERR_OK);
    view_put_space(view, 0, &live);
    view_put_lot(view, 0, &lot);
    view_put_city(view, &city);
    view_put_heartbeat(view, (struct now){SEEN + 100, -7}, 5000);

    now = view_now(view, 7000);
    assert_false(now.lagging);
    assert_int_equal(now.at_ms, SEEN + 2100);
    assert_int_equal(now.as_of_ms, SEEN + 100);
    assert_int_equal(now.shift_ms, -7);
    view_space(view, inv, 0, &now, &v);
    assert_int_equal(v.state, SPACE_FREE);
    assert_int_equal(view_space_state(view, 0, &now), SPACE_FREE);
    view_lot(view, 0, &now, &l);
    assert_int_equal(l.counts.free, 3);
    assert_int_equal(l.counts.out_of_service, 6);
    assert_true(l.closed);
    assert_int_equal(l.reason, REASON_FRESH);
    assert_int_equal(view_lot_version(view, 0), 9);
    view_city(view, &now, &c);
    assert_memory_equal(&c, &city, sizeof c);

    now = view_now(view, 7001);
    assert_true(now.lagging);
    view_space(view, inv, 0, &now, &v);
    assert_int_equal(v.state, SPACE_UNKNOWN);
    assert_int_equal(v.reason, REASON_GATEWAY_LAG);
    assert_int_equal(v.confidence, 0);
    assert_int_equal(v.known_state, SPACE_FREE);
    assert_int_equal(view_space_state(view, 0, &now), SPACE_UNKNOWN);
    view_lot(view, 0, &now, &l);
    assert_int_equal(l.counts.free + l.counts.occupied, 0);
    assert_int_equal(l.counts.unknown + l.counts.out_of_service, l.capacity);
    assert_int_equal(l.reason, REASON_GATEWAY_LAG);
    view_city(view, &now, &c);
    assert_int_equal(c.free + c.occupied, 0);
    assert_int_equal(c.unknown + c.out_of_service, c.capacity);

    /* a slot beyond what is reserved, a timing class of a later snapshot */
    now = view_now(view, 5000);
    view_space(view, inv, 4000000, &now, &v);
    assert_int_equal(v.state, SPACE_UNKNOWN);
    live.bits = space_live_bits(SPACE_FREE, SPACE_FREE, REASON_FRESH, 100, 97, 400);
    view_put_space(view, 0, &live);
    view_space(view, inv, 0, &now, &v);
    assert_int_equal(v.state, SPACE_UNKNOWN);
    view_destroy(view);
    inventory_destroy(inv);
}

static void growing_moves_nothing(void **state)
{
    struct inventory *inv = small_city();
    struct view *view = view_create();
    struct space_live live = {
        .bits = space_live_bits(SPACE_UNKNOWN, SPACE_FREE, REASON_SILENT, 100, 97, 0)};
    const struct view_now now = {.at_ms = SEEN};

    (void)state;
    for (uint32_t n = 1; n <= 40000; n += 7919) {
        assert_int_equal(view_reserve(view, n, n / 100), ERR_OK);
        live.since_ms = n;
        view_put_space(view, n - 1, &live);
    }
    for (uint32_t n = 1; n <= 40000; n += 7919) {
        struct space_view v;

        view_space(view, inv, n - 1, &now, &v);
        assert_int_equal(v.since_ms, n);
    }
    assert_int_equal(view_reserve(view, UINT32_MAX, 0), ERR_TOO_LARGE);
    view_destroy(view);
    inventory_destroy(inv);
}

/* --- threads --- */

#define WRITES 200000

struct shared {
    struct view *view;
    struct inventory *inv;
    struct change_ring *ring;
    atomic_bool stop;
    atomic_uint wrong;
    atomic_uint ring_read;
};

/* Every write puts the same number in all fields; a torn record shows two. */
static void *view_reader(void *arg)
{
    struct shared *s = arg;
    uint64_t next = 1;

    while (!atomic_load(&s->stop)) {
        struct view_now now = view_now(s->view, 1);
        struct space_view v;
        struct lot_view l;
        struct city_view c;
        struct change change;
        enum change_read got;

        view_space(s->view, s->inv, 0, &now, &v);
        view_lot(s->view, 0, &now, &l);
        view_city(s->view, &now, &c);
        if (v.since_ms != v.known_since_ms || v.since_ms != v.seen_ms ||
            l.version != (uint32_t)l.changed_ms || l.counts.free != (uint16_t)l.version ||
            l.capacity != l.version || c.capacity != c.version || c.free != c.lots ||
            now.as_of_ms != now.shift_ms) {
            atomic_fetch_add(&s->wrong, 1);
        }
        got = change_ring_get(s->ring, next, &change);
        if (got == CHANGE_READ) {
            if (change.number != next || change.at_ms != (int64_t)next ||
                change.space.since_ms != (int64_t)next || change.space.seen_ms != (int64_t)next) {
                atomic_fetch_add(&s->wrong, 1);
            }
            next++;
            atomic_fetch_add(&s->ring_read, 1);
        } else if (got == CHANGE_OVERRUN) {
            next = change_ring_newest(s->ring);
        }
    }
    return NULL;
}

static void shared_write(struct shared *s, uint32_t n)
{
    struct space_live live = {space_live_bits(SPACE_UNKNOWN, SPACE_FREE, REASON_SILENT, 1, 1, 0), n,
                              n, n};
    const struct lot_view lot = {
        {(uint16_t)n, 0, 0, 0},
        n, false, REASON_FRESH, n, n
    };
    const struct city_view city = {n, n, 0, 0, 0, 0, n, n};
    struct change change = {.at_ms = n, .kind = CHANGE_SPACE, .space = live};

    view_put_space(s->view, 0, &live);
    view_put_lot(s->view, 0, &lot);
    view_put_city(s->view, &city);
    view_put_heartbeat(s->view, (struct now){n, n}, 1);
    change_ring_put(s->ring, &change);
}

static void readers_never_see_half_a_record(void **state)
{
    static struct shared s;
    pthread_t readers[2];

    (void)state;
    s.inv = small_city();
    s.view = view_create();
    s.ring = change_ring_create(1);
    assert_int_equal(view_reserve(s.view, 1, 1), ERR_OK);
    shared_write(&s, 1);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, view_reader, &s), 0);
    }
    for (uint32_t n = 2; n <= WRITES || atomic_load(&s.ring_read) < 100; n++) {
        shared_write(&s, n);
    }
    atomic_store(&s.stop, true);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        (void)pthread_join(readers[i], NULL);
    }
    assert_int_equal(atomic_load(&s.wrong), 0);
    change_ring_destroy(s.ring);
    view_destroy(s.view);
    inventory_destroy(s.inv);
}

static void ring_keeps_the_newest(void **state)
{
    struct change_ring *ring = change_ring_create(77);
    struct change change = {.kind = CHANGE_LOT, .index = 5};
    struct change got;
    uint64_t count = 0;
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    (void)state;
    assert_int_equal(change_ring_epoch(ring), 77);
    assert_int_equal(change_ring_newest(ring), 0);
    assert_int_equal(change_ring_get(ring, 1, &got), CHANGE_NONE_YET);
    change_ring_notify(ring, fd);
    for (uint64_t n = 1; n <= CHANGE_RING + 10; n++) {
        change.lot.version = (uint32_t)n;
        change_ring_put(ring, &change);
        assert_int_equal(change.number, n);
    }
    assert_int_equal(read(fd, &count, sizeof count), sizeof count);
    assert_int_equal(count, 1); /* told once until its reader has heard */
    assert_int_equal(read(fd, &count, sizeof count), -1);
    change_ring_heard(ring);
    change.lot.version = CHANGE_RING + 11;
    change_ring_put(ring, &change);
    assert_int_equal(read(fd, &count, sizeof count), sizeof count);
    for (uint64_t n = 0; n <= CHANGE_RING + 12; n++) {
        enum change_read want = n <= 11                 ? CHANGE_OVERRUN
                                : n <= CHANGE_RING + 11 ? CHANGE_READ
                                                        : CHANGE_NONE_YET;

        assert_int_equal(change_ring_get(ring, n, &got), want);
        if (want == CHANGE_READ) {
            assert_int_equal(got.number, n);
            assert_int_equal(got.lot.version, n);
            assert_int_equal(got.index, 5);
        }
    }
    (void)close(fd);
    change_ring_destroy(ring);
}

static void names_are_found_again(void **state)
{
    enum space_state found;

    (void)state;
    for (int i = 0; i < SPACE_STATE_COUNT; i++) {
        const char *name = space_state_name((enum space_state)i);

        assert_true(space_state_find(name, strlen(name), &found));
        assert_int_equal(found, i);
    }
    assert_false(space_state_find("fre", 3, &found));
    assert_string_equal(reason_code(REASON_GATEWAY_LAG), "gateway_lag");
    assert_string_equal(reason_code(REASON_COUNT_UNDER), "count_under");
}

/* The sieve says what view_space_state says, in runs that cross words and chunks, whatever was
 * written before. */
static void sieve_follows_the_states(void **state)
{
    enum { SLOTS = 5000 };
    struct view *view = view_create();
    struct dice dice = {5};
    struct view_now now;

    (void)state;
    assert_int_equal(view_reserve(view, SLOTS, 1), ERR_OK);
    view_put_heartbeat(view, (struct now){SEEN, 0}, 5000);
    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t slot = dice_below(&dice, SLOTS);
        enum space_state put = (enum space_state)dice_below(&dice, SPACE_STATE_COUNT);
        struct space_live live = {.bits = space_live_bits(put, put, REASON_FRESH, 100, 97, 0)};
        uint32_t count = 1 + dice_below(&dice, 64);
        uint32_t first = slot < count ? 0 : slot - dice_below(&dice, count);
        unsigned states = dice_below(&dice, 16);
        uint64_t bits;

        view_put_space(view, slot, &live);
        now = view_now(view, round % 2 == 0 ? 5000 : 9000); /* the second lags */
        bits = view_space_sieve(view, first, count, states, &now);
        for (uint32_t i = 0; i < count; i++) {
            bool want = states >> view_space_state(view, first + i, &now) & 1;

            assert_int_equal(bits >> i & 1, want || (states >> SPACE_UNKNOWN & 1));
        }
        assert_true(count == 64 || bits >> count == 0);
    }
    view_destroy(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(age_makes_confidence_and_reason),
        cmocka_unit_test(stored_reasons_stay),
        cmocka_unit_test(lag_hides_everything),
        cmocka_unit_test(sieve_follows_the_states),
        cmocka_unit_test(growing_moves_nothing),
        cmocka_unit_test(readers_never_see_half_a_record),
        cmocka_unit_test(ring_keeps_the_newest),
        cmocka_unit_test(names_are_found_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
