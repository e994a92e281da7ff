/* Bikes that were heard before a late Redis was read: where they stood already, they stand since
 * then, not since the restart. */
#include "bowei/journal.h"
#include "fleet_fixture.h"

#define BIKE    "HLO-00000001"
#define HOUR_MS 3600000

/* A gateway of before, and one that started a minute after it without Redis. */
struct pair {
    struct fleet_fixture was, is;
};

static void begin(struct pair *p)
{
    fleet_start(&p->was);
}

static void restart(struct pair *p)
{
    struct fleet_fixture *f = &p->is;

    *f = (struct fleet_fixture){.now = p->was.now, .seq = 100000, .inv = p->was.inv};
    f->now.at_ms += 60000;
    f->core = core_create(f->inv, &f->counters);
    assert_non_null(f->core);
    core_restored(f->core, f->now, false);
    fleet_listeners_live(f);
}

/* Redis is read at last. */
static void read_redis(struct pair *p)
{
    struct image image;

    for (uint32_t i = 0; i < core_alert_slots(p->was.core); i++) {
        if (core_alert_image(p->was.core, i, &image)) {
            core_restore(p->is.core, &image);
        }
    }
    for (uint32_t i = 0; i < core_bike_slots(p->was.core); i++) {
        if (core_bike_image(p->was.core, i, &image)) {
            core_restore(p->is.core, &image);
        }
    }
}

static void end(struct pair *p)
{
    core_destroy(p->is.core);
    fleet_stop(&p->was);
}

static void it_stands_since_it_came(void **state)
{
    struct pair p;
    struct bike_image was;
    struct bike_image is;

    (void)state;
    begin(&p);
    fleet_unlock(&p.was, BIKE);
    fleet_wait(&p.was, 5000);
    for (int hour = 0; hour < 3; hour++) {
        fleet_park(&p.was, BIKE, 20, 20);
        fleet_wait(&p.was, HOUR_MS);
    }
    was = fleet_bike(&p.was, BIKE);
    assert_int_equal(was.verdict, VERDICT_INSIDE);
    restart(&p);
    fleet_park(&p.is, BIKE, 24, 20);
    fleet_wait(&p.is, 1000);
    assert_int_equal(fleet_bike(&p.is, BIKE).parked_ms, p.is.now.at_ms - 1000);
    for (int again = 0; again < 2; again++) { /* Redis may have to be read twice */
        read_redis(&p);
        is = fleet_bike(&p.is, BIKE);
        assert_int_equal(is.verdict, VERDICT_INSIDE);
        assert_int_equal(is.since_ms, was.since_ms);
        assert_int_equal(is.parked_ms, was.parked_ms);
        assert_int_equal(is.moved_ms, was.moved_ms);
        assert_int_equal(is.flags & BIKE_MOVED, BIKE_MOVED);
        assert_int_equal(is.flags & BIKE_RESTORED, 0); /* it was heard */
        assert_int_equal(is.fixes, 4);
        assert_int_equal(is.sum_lon, 4 * E7_METRE_LON); /* in the mean of all four */
        assert_int_equal(is.newest.lon, fleet_at(24, 20).lon);
        assert_int_equal(fleet_count(&p.is, PARK_ID), 1);
    }
    end(&p);
}

/* Outside for an hour, told, and heard once after the restart: no new dwell, no new episode. */
static void its_episode_goes_on(void **state)
{
    struct pair p;
    struct alert_image alert;

    (void)state;
    begin(&p);
    fleet_park(&p.was, BIKE, -60, 20);
    fleet_wait(&p.was, HOUR_MS);
    const struct bike_image was = fleet_bike(&p.was, BIKE);
    assert_int_equal(was.verdict, VERDICT_OUTSIDE);
    restart(&p);
    fleet_park(&p.is, BIKE, -60, 20);
    assert_int_equal(fleet_bike(&p.is, BIKE).verdict, VERDICT_UNCERTAIN);
    read_redis(&p);
    core_alerts_on(p.is.core);
    assert_int_equal(fleet_bike(&p.is, BIKE).verdict, VERDICT_OUTSIDE);
    assert_int_equal(fleet_bike(&p.is, BIKE).since_ms, was.since_ms);
    assert_int_equal(fleet_bike(&p.is, BIKE).outside_ms, was.outside_ms);
    fleet_wait(&p.is, HOUR_MS / 4);
    assert_int_equal(fleet_alerts(&p.is, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.state, ALERT_OPEN);
    end(&p);
}

/* What was seen or found to have gone away did not stand there. */
static void it_has_left(void **state)
{
    for (int how = 0; how < 2; how++) {
        struct pair p;
        struct bike_image is;

        (void)state;
        begin(&p);
        fleet_park(&p.was, BIKE, 20, 20);
        fleet_wait(&p.was, HOUR_MS);
        restart(&p);
        if (how == 0) { /* ridden since, and back at the same place */
            fleet_park(&p.is, BIKE, 20, 20);
            fleet_wait(&p.is, 1000);
            fleet_unlock(&p.is, BIKE);
            fleet_wait(&p.is, 1000);
            fleet_park(&p.is, BIKE, 20, 20);
        } else { /* elsewhere, twice */
            fleet_park(&p.is, BIKE, 20 + OTHER_M, 20);
            fleet_wait(&p.is, 1000);
            fleet_park(&p.is, BIKE, 20 + OTHER_M, 22);
        }
        const struct bike_image found = fleet_bike(&p.is, BIKE);
        read_redis(&p);
        is = fleet_bike(&p.is, BIKE);
        assert_int_equal(is.parked_ms, found.parked_ms);
        assert_int_equal(is.moved_ms, found.moved_ms);
        assert_int_equal(is.since_ms, found.since_ms);
        assert_int_equal(is.fixes, found.fixes);
        end(&p);
    }
}

/* One fix elsewhere is a stray, as it would have been, and a second one a move. */
static void one_fix_elsewhere_is_a_stray(void **state)
{
    struct pair p;

    (void)state;
    begin(&p);
    fleet_park(&p.was, BIKE, 20, 20);
    fleet_wait(&p.was, HOUR_MS);
    restart(&p);
    fleet_park(&p.is, BIKE, 20 + OTHER_M, 20);
    read_redis(&p);
    assert_int_equal(fleet_bike(&p.is, BIKE).parked_ms, T0);
    assert_int_equal(fleet_bike(&p.is, BIKE).strays, 1);
    assert_int_equal(fleet_count(&p.is, PARK_ID), 1);
    fleet_wait(&p.is, 1000);
    fleet_park(&p.is, BIKE, 20 + OTHER_M, 21);
    assert_int_equal(fleet_bike(&p.is, BIKE).parked_ms, p.is.now.at_ms);
    assert_int_equal(fleet_bike(&p.is, BIKE).flags & BIKE_MOVED, BIKE_MOVED);
    assert_int_equal(fleet_count(&p.is, OTHER_ID), 1);
    end(&p);
}

/* An event that was counted before the restart does not count again, ridden or not. */
static void an_event_counts_once(void **state)
{
    struct pair p;
    struct bike_report report;

    (void)state;
    begin(&p);
    report = fleet_fix(&p.was, BIKE, fleet_at(20, 20));
    report.event = 77;
    fleet_say(&p.was, &report);
    fleet_wait(&p.was, 1000);
    restart(&p);
    fleet_unlock(&p.is, BIKE);
    read_redis(&p);
    fleet_say(&p.is, &report);
    assert_int_equal(count_get(&p.is.counters, COUNT_REPORTS_DUPLICATE), 1);
    assert_int_equal(fleet_bike(&p.is, BIKE).flags & BIKE_GONE, BIKE_GONE);
    end(&p);
}

/* The journal was shortened before Redis came, and the gateway starts once more, with Redis: the
 * image of what was found is newer than that of Redis, but knows less. */
static void a_shortened_stop_goes_on(void **state)
{
    struct pair p;
    struct image image;
    struct image shortened = {0};
    uint8_t bytes[IMAGE_PACK_MAX];

    (void)state;
    begin(&p);
    fleet_unlock(&p.was, BIKE);
    fleet_wait(&p.was, 5000);
    fleet_park(&p.was, BIKE, 20, 20);
    fleet_wait(&p.was, HOUR_MS);
    const struct bike_image was = fleet_bike(&p.was, BIKE);
    restart(&p);
    fleet_park(&p.is, BIKE, 24, 20);
    assert_true(core_bike_image(p.is.core, 0, &image));
    assert_int_equal(image.bike.marks, BIKE_FOUND);
    assert_true(
        image_unpack(IMAGE_BIKE, bytes, image_pack(&image, bytes, sizeof bytes), &shortened));
    const struct now now = p.is.now;
    core_destroy(p.is.core);
    p.is.core = core_create(p.is.inv, &p.is.counters);
    assert_non_null(p.is.core);
    core_restore(p.is.core, &shortened);
    read_redis(&p);
    core_restored(p.is.core, now, false);
    const struct bike_image is = fleet_bike(&p.is, BIKE);
    assert_int_equal(is.verdict, VERDICT_INSIDE);
    assert_int_equal(is.parked_ms, was.parked_ms);
    assert_int_equal(is.moved_ms, was.moved_ms);
    assert_int_equal(is.since_ms, was.since_ms);
    fleet_listeners_live(&p.is);
    assert_int_equal(fleet_count(&p.is, PARK_ID), 1);
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_stands_since_it_came),
        cmocka_unit_test(its_episode_goes_on),
        cmocka_unit_test(it_has_left),
        cmocka_unit_test(one_fix_elsewhere_is_a_stray),
        cmocka_unit_test(an_event_counts_once),
        cmocka_unit_test(a_shortened_stop_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
