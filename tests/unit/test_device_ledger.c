/* The ledger: figures by counters and clocks, refusals by reason, raw frames within their bounds,
 * and all of it carried over an import. */
#include "bowei/device_ledger.h"
#include "core_fixture.h"
#include "sensors/frame_log.h"

static const struct fixture_lot lots[] = {{.spaces = 3}};

static const struct fixture_sensor sensors_as_bought[] = {
    {.device = 0, .place = 0},
    {.device = 1, .place = 1},
    {.device = 2, .place = 2}
};

static const struct fixture_spec spec = {.lots = lots,
                                         .lot_count = 1,
                                         .device_count = 3,
                                         .sensors = sensors_as_bought,
                                         .sensor_count = 3};

static struct frame_record frame(uint32_t counter)
{
    struct frame_record rec = {
        .wall_ms = 1000000,
        .net_time_ms = 997000,
        .counter = counter,
        .has = HAS_COUNTER | HAS_NET_TIME,
        .value = VALUE_FREE,
        .form = FRAME_HEX,
        .len = 2,
        .bytes = {1, (uint8_t)counter}
    };

    return rec;
}

static void note(struct device_ledger *ledger, const struct inventory *inv, uint32_t device,
                 struct frame_record rec)
{
    device_ledger_note(ledger, inv, device, &rec);
}

static void test_figures(void **state)
{
    struct inventory *inv = fixture_city(1, &spec);
    struct device_ledger *ledger = device_ledger_create(64);
    struct device_figures figures;
    struct frame_record rec;
    uint16_t refused[DECODE_FAULT_COUNT];

    (void)state;
    device_ledger_carry(ledger, NULL, inv);
    note(ledger, inv, 0, frame(65534));
    note(ledger, inv, 0, frame(65535));
    note(ledger, inv, 0, frame(65538)); /* two lost, across the low 16 bits */
    note(ledger, inv, 0, frame(65538));
    note(ledger, inv, 0, frame(65537)); /* late */
    assert_true(device_ledger_figures(ledger, 1, 0, &figures));
    assert_int_equal(figures.frames, 5);
    assert_int_equal(figures.lost, 2);
    assert_int_equal(figures.duplicates, 2);
    assert_true(figures.offset_known);
    assert_int_equal(figures.offset_s, -3);
    rec = frame(0);
    rec.value = VALUE_START;
    note(ledger, inv, 0, rec); /* begins anew */
    note(ledger, inv, 0, frame(1));
    note(ledger, inv, 0, frame(40000)); /* no gap of that size: a device that began anew */
    rec = frame(0);
    rec.has &= (uint8_t)~HAS_COUNTER;
    note(ledger, inv, 0, rec); /* a status event, say */
    rec.value = VALUE_JOIN;
    note(ledger, inv, 0, rec); /* a join of a network server: its counter begins again */
    note(ledger, inv, 0, frame(39990));
    note(ledger, inv, 0, frame(39991));
    rec = frame(39992);
    rec.fate = FRAME_REFUSED;
    rec.fault = DECODE_LENGTH;
    note(ledger, inv, 0, rec);
    assert_true(device_ledger_figures(ledger, 1, 0, &figures));
    assert_int_equal(figures.lost, 2);
    assert_int_equal(figures.duplicates, 2);
    assert_int_equal(figures.refusals, 1);
    device_ledger_refusals(ledger, "dev-000", 7, refused);
    assert_int_equal(refused[DECODE_LENGTH], 1);
    assert_int_equal(refused[DECODE_RANGE], 0);
    device_ledger_refusals(ledger, "dev-001", 7, refused);
    assert_int_equal(refused[DECODE_LENGTH], 0);
    assert_true(device_ledger_figures(ledger, 1, 1, &figures));
    assert_int_equal(figures.frames, 0);
    assert_false(device_ledger_figures(ledger, 2, 0, &figures));
    assert_false(device_ledger_figures(ledger, 1, 3, &figures));
    device_ledger_destroy(ledger);
    inventory_destroy(inv);
}

static void test_figures_stop_at_their_highest(void **state)
{
    struct inventory *inv = fixture_city(1, &spec);
    struct device_ledger *ledger = device_ledger_create(0);
    struct device_figures figures;
    struct frame_record rec = frame(7);

    (void)state;
    device_ledger_carry(ledger, NULL, inv);
    rec.fate = FRAME_REFUSED;
    rec.fault = DECODE_LENGTH;
    for (uint32_t i = 0; i <= FIGURE_DUPLICATES_MAX + 2; i++) {
        note(ledger, inv, 0, rec);
    }
    for (uint32_t i = 0; i <= FIGURE_LOST_MAX / 1000; i++) {
        note(ledger, inv, 0, frame(7 + (i + 1) * 1000));
    }
    assert_true(device_ledger_figures(ledger, 1, 0, &figures));
    assert_int_equal(figures.duplicates, FIGURE_DUPLICATES_MAX);
    assert_int_equal(figures.refusals, FIGURE_REFUSALS_MAX);
    assert_int_equal(figures.lost, FIGURE_LOST_MAX);
    assert_int_equal(figures.offset_s, -3);
    device_ledger_destroy(ledger);
    inventory_destroy(inv);
}

static void test_refusers_are_bounded(void **state)
{
    static struct fixture_sensor sensors[LEDGER_REFUSERS + 1];
    const struct fixture_lot lot = {.spaces = LEDGER_REFUSERS + 1};
    const struct fixture_spec many = {.lots = &lot,
                                      .lot_count = 1,
                                      .device_count = LEDGER_REFUSERS + 1,
                                      .sensors = sensors,
                                      .sensor_count = LEDGER_REFUSERS + 1};
    struct device_ledger *ledger = device_ledger_create(64);
    struct inventory *inv;
    uint16_t refused[DECODE_FAULT_COUNT];

    (void)state;
    for (unsigned i = 0; i <= LEDGER_REFUSERS; i++) {
        sensors[i] = (struct fixture_sensor){.device = i, .place = i};
    }
    inv = fixture_city(1, &many);
    device_ledger_carry(ledger, NULL, inv);
    for (uint32_t i = 0; i <= LEDGER_REFUSERS; i++) {
        struct frame_record rec = frame(1);

        rec.fate = FRAME_REFUSED;
        rec.fault = DECODE_RANGE;
        note(ledger, inv, i, rec);
    }
    device_ledger_refusals(ledger, "dev-000", 7, refused); /* gave way */
    assert_int_equal(refused[DECODE_RANGE], 0);
    device_ledger_refusals(ledger, "dev-512", 7, refused);
    assert_int_equal(refused[DECODE_RANGE], 1);
    device_ledger_destroy(ledger);
    inventory_destroy(inv);
}

static void test_carried_over_an_import(void **state)
{
    const struct fixture_spec moved = {
        .lots = spec.lots,
        .lot_count = 1,
        .device_count = 3,
        .sensors = (const struct fixture_sensor[]){{.device = 1, .place = 0},
                                                   {.device = 0, .place = 1},
                                                   {.device = 2, .place = 2}},
        .sensor_count = 3
    };
    struct inventory *inv = fixture_city(1, &spec);
    struct inventory *next = fixture_city(2, &moved);
    struct device_ledger *ledger = device_ledger_create(64);
    struct device_figures figures;
    struct rhythm rhythm = {.with = 7, .suspicions = 1};

    (void)state;
    device_ledger_carry(ledger, NULL, inv);
    note(ledger, inv, 0, frame(1));
    note(ledger, inv, 0, frame(2));
    assert_true(device_ledger_rhythm_put(ledger, 1, 0, &rhythm));
    assert_true(device_ledger_rhythm_put(ledger, 1, 2, &rhythm));
    device_ledger_carry(ledger, inv, next);
    note(ledger, inv, 0, frame(3)); /* under way during the swap: only its frame is kept */
    assert_false(device_ledger_figures(ledger, 1, 0, &figures));
    assert_true(device_ledger_figures(ledger, 2, 0, &figures));
    assert_int_equal(figures.frames, 2);
    /* dev-0 and dev-1 have changed places: what was learnt of a place does not go along */
    assert_true(device_ledger_rhythm(ledger, 2, 1, &rhythm));
    assert_int_equal(rhythm.with, 0);
    assert_true(device_ledger_rhythm(ledger, 2, 2, &rhythm));
    assert_int_equal(rhythm.with, 7);
    device_ledger_destroy(ledger);
    inventory_destroy(inv);
    inventory_destroy(next);
}

static void test_frames_newest_first(void **state)
{
    struct inventory *inv = fixture_city(1, &spec);
    struct device_ledger *ledger = device_ledger_create(64);
    struct frame_record out[LEDGER_FRAMES];

    (void)state;
    device_ledger_carry(ledger, NULL, inv);
    for (uint32_t i = 1; i <= 30; i++) {
        note(ledger, inv, 0, frame(i));
        note(ledger, inv, 1, frame(100 + i));
    }
    assert_int_equal(device_ledger_newest(ledger), 60);
    assert_int_equal(device_ledger_frames(ledger, "dev-000", 7, 0, out, LEDGER_FRAMES), 20);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(out[i].counter, 30 - i);
        assert_int_equal(out[i].bytes[1], 30 - i);
    }
    assert_int_equal(device_ledger_frames(ledger, "dev-000", 7, out[1].number, out, 20), 1);
    assert_int_equal(device_ledger_frames(ledger, "dev-002", 7, 0, out, 20), 0);
    device_ledger_destroy(ledger);
    inventory_destroy(inv);
}

/* A busy city pushes an unwatched device out of the ring, a watched one keeps its frames. */
static void test_watched_are_kept_apart(void **state)
{
    struct inventory *inv = fixture_city(1, &spec);
    struct device_ledger *ledger = device_ledger_create(8);
    struct frame_record out[LEDGER_FRAMES];
    struct frame_record big = frame(0);

    (void)state;
    device_ledger_carry(ledger, NULL, inv);
    note(ledger, inv, 0, frame(1));
    note(ledger, inv, 1, frame(1));
    device_ledger_watch(ledger, "dev-000", 7);
    big.len = 4000; /* kept from its front */
    for (uint32_t i = 0; i < 500; i++) {
        big.len = (uint16_t)(i * 7 % 300);
        note(ledger, inv, 2, big);
    }
    device_ledger_glance(ledger, inv, 1, &big); /* nobody watches it */
    assert_int_equal(device_ledger_frames(ledger, "dev-001", 7, 0, out, 20), 0);
    assert_int_equal(device_ledger_frames(ledger, "dev-000", 7, 0, out, 20), 1);
    assert_int_equal(out[0].counter, 1);
    device_ledger_glance(ledger, inv, 0, &big);
    assert_int_equal(device_ledger_frames(ledger, "dev-000", 7, 0, out, 20), 2);
    assert_int_equal(device_ledger_frames(ledger, "dev-002", 7, 0, out, 20), 20);
    assert_int_equal(out[0].len, 499 * 7 % 300);
    for (uint32_t i = 1; i < 20; i++) {
        assert_int_equal(out[i].number, out[0].number - i);
    }
    device_ledger_destroy(ledger);
    inventory_destroy(inv);
}

/* The ring holds, at any size, exactly the newest frames in order, whatever their lengths. */
static void test_ring_is_whole(void **state)
{
    struct frame_log log;
    struct frame_record rec = frame(0);
    struct frame_record out[LEDGER_FRAMES];
    uint32_t dice = 1;

    (void)state;
    for (uint32_t kib = 0; kib <= 4; kib++) {
        assert_true(frame_log_init(&log, kib));
        for (uint32_t i = 1; i <= 3000; i++) {
            uint32_t n;

            dice = dice * 1664525u + 1013904223u;
            rec.len = (uint16_t)(dice >> 16 & 0x1ff);
            rec.counter = i;
            frame_log_put(&log, 5, &rec, true);
            n = frame_log_read(&log, 5, 0, out, LEDGER_FRAMES);
            assert_true(kib == 0 ? n == 0 : n >= (i < kib ? i : kib));
            for (uint32_t k = 0; k < n; k++) {
                assert_int_equal(out[k].counter, i - k);
            }
        }
        frame_log_finish(&log);
    }
}

static void test_watched_give_way(void **state)
{
    struct frame_log log;
    struct frame_record rec = frame(1);

    (void)state;
    assert_true(frame_log_init(&log, 4));
    for (uint64_t device = 1; device <= LEDGER_WATCHED_MAX; device++) {
        frame_log_watch(&log, device);
    }
    frame_log_watch(&log, 1); /* again: the second is oldest now */
    frame_log_watch(&log, 99);
    assert_true(frame_log_is_watched(&log, 1));
    assert_false(frame_log_is_watched(&log, 2));
    frame_log_put(&log, 99, &rec, false);
    assert_int_equal(log.newest, 1);
    frame_log_put(&log, 2, &rec, false);
    assert_int_equal(log.newest, 1);
    frame_log_finish(&log);
}

static void test_memory_is_bounded(void **state)
{
    struct device_ledger *ledger = device_ledger_create(512);
    struct inventory inv = {.version = 1, .device_count = 100000, .sensor_count = 100000};

    (void)state;
    device_ledger_carry(ledger, NULL, &inv);
    assert_true(device_ledger_memory(ledger) < 3u << 20);
    device_ledger_destroy(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_figures_stop_at_their_highest),
        cmocka_unit_test(test_refusers_are_bounded),
        cmocka_unit_test(test_carried_over_an_import),
        cmocka_unit_test(test_frames_newest_first),
        cmocka_unit_test(test_watched_are_kept_apart),
        cmocka_unit_test(test_ring_is_whole),
        cmocka_unit_test(test_watched_give_way),
        cmocka_unit_test(test_memory_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
