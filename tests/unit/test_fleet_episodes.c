/* The life of an episode: due times, who may move it, what ends it, when it begins anew, and that
 * neither a full journal nor a restart tells it twice. */
#include "tests/unit/fleet_fixture.h"

#define BIKE  "HLO-00000001"
#define BIKE2 "MTN-00000002"

static void due_times_escalate_and_expire(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert = fleet_badly_parked(f, BIKE);

    fleet_wait(f, 300000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.escalated, 1);
    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_ACK, "HLO"), ERR_OK);
    fleet_wait(f, 1500000);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
    assert_int_equal(alert.state, ALERT_ACKNOWLEDGED);
    assert_int_equal(alert.escalated, 2);
    fleet_wait(f, 5400000);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
    assert_int_equal(alert.state, ALERT_EXPIRED);
    assert_int_equal(alert.escalated, 3);
    fleet_unlock(f, BIKE);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
    assert_int_equal(alert.state, ALERT_EXPIRED); /* a late clearing never looks like one in time */
    assert_int_equal(alert.cause, CAUSE_SEEN_GONE);
    assert_false(alert_is_open(&alert));
}

static void what_is_said_to_be_cleared_is_looked_at_again(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert = fleet_badly_parked(f, BIKE);

    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_RESOLVE, "HLO"), ERR_OK);
    fleet_wait(f, 599000);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
    assert_int_equal(alert.state, ALERT_RESOLVED);
    fleet_wait(f, 2000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.state, ALERT_OPEN);
    assert_int_equal(alert.count, 2);
}

/* Nor is it forgotten when that was said too late: it goes on, as late as it was. */
static void what_is_said_to_be_cleared_too_late_goes_on(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert = fleet_badly_parked(f, BIKE);

    fleet_wait(f, 7201000);
    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_RESOLVE, "HLO"), ERR_OK);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
    assert_false(alert_is_open(&alert));
    fleet_park(f, BIKE, -60, 20);
    fleet_wait(f, 601000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.state, ALERT_EXPIRED);
    assert_true(alert_is_open(&alert));
    assert_int_equal(alert.count, 2);
    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_RESOLVE, ""), ERR_OK); /* staff: final */
    fleet_wait(f, 601000);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
    assert_false(alert_is_open(&alert));
}

/* Found again soon after it was seen gone: who was in time is not told late at that moment. Said to
 * be cleared and still there: the time for it was over meanwhile, and the city is told. */
static void clocks_begin_anew_only_when_it_was_gone(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert = fleet_badly_parked(f, BIKE);

    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_ACK, "HLO"), ERR_OK);
    fleet_wait(f, 400000);
    fleet_unlock(f, BIKE);
    fleet_wait(f, 60000);
    fleet_park(f, BIKE, -60, 20);
    fleet_wait(f, 122000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.count, 2);
    assert_int_equal(alert.escalated, 0);
    assert_int_equal(alert.due_ack_ms - alert.changed_ms, 300000);
    assert_int_equal(alert.due_clear_ms - alert.changed_ms, 7200000);
    const int64_t due_ms = alert.due_ack_ms;
    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_RESOLVE, "HLO"), ERR_OK);
    fleet_wait(f, 602000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.count, 3);
    assert_true(alert.due_ack_ms == due_ms);
    assert_int_equal(alert.escalated, 1);
}

/* As is what grew with them. */
static void found_again_it_is_as_grave_as_at_first(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert = fleet_badly_parked(f, BIKE);

    fleet_wait(f, 301000);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
    assert_int_equal(alert.escalated, 1);
    assert_int_equal(alert.severity, 2);
    fleet_unlock(f, BIKE);
    fleet_park(f, BIKE, -60, 20);
    fleet_wait(f, 121000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.count, 2);
    assert_int_equal(alert.escalated, 0);
    assert_int_equal(alert.severity, 1);
}

static void a_ride_and_a_new_bad_stop_are_a_new_episode(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert = fleet_badly_parked(f, BIKE);

    fleet_unlock(f, BIKE);
    fleet_wait(f, 60000);
    fleet_park(f, BIKE, -160, 20);
    fleet_wait(f, 121000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 2);
    assert_int_equal(alert.count, 1);
}

/* Its ride was lost on the way: the van would go to where it no longer is. A drift is no move. */
static void an_episode_does_not_follow_a_bike_across_the_city(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert = fleet_badly_parked(f, BIKE);

    for (unsigned i = 0; i < 4; i++) {
        fleet_park(f, BIKE, -120, 20);
        fleet_wait(f, 60000);
    }
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_true(alert_is_open(&alert));
    const uint64_t former = alert.id;
    fleet_park(f, BIKE, -600, 20);
    fleet_wait(f, 60000);
    fleet_park(f, BIKE, -600, 20);
    fleet_wait(f, 1000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.cause, CAUSE_SEEN_GONE);
    fleet_wait(f, 121000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 2);
    assert_true(alert.id != former && alert_is_open(&alert));
    assert_true(distance_mm(alert.at, fleet_at(-600, 20)) < 1000);

    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_RESOLVE, "HLO"), ERR_OK);
    fleet_park(f, BIKE, -1200, 20); /* it was cleared indeed, and left badly elsewhere */
    fleet_wait(f, 60000);
    fleet_park(f, BIKE, -1200, 20);
    fleet_wait(f, 122000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 3);
    assert_int_equal(alert.count, 1);
    assert_true(distance_mm(alert.at, fleet_at(-1200, 20)) < 1000);
}

static void tenants_and_roles_are_kept_apart(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert = fleet_badly_parked(f, BIKE);

    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_ACK, "MTN"), ERR_NOT_FOUND);
    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_UPHOLD, "HLO"), ERR_CONFLICT);
    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_DISPUTE, ""), ERR_FORBIDDEN);
    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_DISPUTE, "HLO"), ERR_OK);
    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_UPHOLD, "HLO"), ERR_FORBIDDEN);
    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_UPHOLD, ""), ERR_OK);
    fleet_wait(f, 1200000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1); /* right is right */
    assert_int_equal(alert.state, ALERT_RESOLVED);
    assert_int_equal(alert.cause, CAUSE_DISPUTE_UPHELD);
}

/* The journal refuses: nothing of the step shows, and it is told a moment later. */
static void what_the_journal_refuses_is_told_later(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;
    unsigned refused = 0;

    fleet_park(f, BIKE, -60, 20);
    for (unsigned i = 0; i < 130 * 4 && refused < 3; i++) {
        f->now.at_ms += 250;
        while (core_due(f->core) <= f->now.at_ms) {
            f->effects = core_advance(f->core, f->now);
            if (f->effects->kept_count > 0) {
                core_undo(f->core);
                refused++;
                assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 0);
            }
        }
    }
    assert_int_equal(refused, 3);
    fleet_wait(f, 2000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
}

/* Taking back what timers did takes back nothing that was decided before. */
static void an_undo_of_timers_leaves_decisions_alone(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert = fleet_badly_parked(f, BIKE);

    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_ACK, "HLO"), ERR_OK);
    f->now.at_ms += 250;
    f->effects = core_advance(f->core, f->now);
    core_undo(f->core);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
    assert_int_equal(alert.state, ALERT_ACKNOWLEDGED);
}

/* From timer to timer. */
static void days_pass(struct fleet_fixture *f, unsigned days)
{
    const int64_t until_ms = f->now.at_ms + (int64_t)days * 86400000;

    for (int64_t due_ms = core_due(f->core); due_ms <= until_ms; due_ms = core_due(f->core)) {
        f->now.at_ms = due_ms > f->now.at_ms ? due_ms : f->now.at_ms;
        f->effects = core_advance(f->core, f->now);
    }
    f->now.at_ms = until_ms;
}

/* Ended alerts are kept 30 days and bikes that nobody hears 40, and not longer. */
static void what_is_kept_ends(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, -40, 20);
    fleet_wait(f, 121000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    fleet_park(f, BIKE, 20, 20); /* put right: the episode ends */
    fleet_wait(f, 60000);
    fleet_park(f, BIKE, 20, 20);
    fleet_wait(f, 60000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_true(alert.closed_ms > 0);
    days_pass(f, 29);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    days_pass(f, 2);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 0);
    assert_int_equal(count_get(&f->counters, COUNT_BIKES_FORGOTTEN), 0);
    days_pass(f, 8);
    assert_int_equal(count_get(&f->counters, COUNT_BIKES_FORGOTTEN), 0);
    days_pass(f, 2);
    assert_int_equal(count_get(&f->counters, COUNT_BIKES_FORGOTTEN), 1);
    assert_int_equal(fleet_count(f, PARK_ID), 0);
}

/* Restored from images, the same core goes on: nothing is told twice. */
static void a_restart_repeats_nothing(void **state)
{
    struct fleet_fixture *f = *state;
    struct counters counters = {0};
    struct core *next = core_create(f->inv, &counters);
    struct alert_image alert;
    struct image image;

    fleet_park(f, BIKE, -60, 20);
    fleet_park(f, BIKE2, 20, 20);
    fleet_wait(f, 121000);
    for (uint32_t i = 0; i < core_alert_slots(f->core); i++) {
        if (core_alert_image(f->core, i, &image)) {
            core_restore(next, &image);
        }
    }
    for (uint32_t i = 0; i < core_bike_slots(f->core); i++) {
        if (core_bike_image(f->core, i, &image)) {
            core_restore(next, &image);
        }
    }
    core_restored(next, f->now, false);
    assert_int_equal(core_newest_event(next).number, 1);
    /* the logs know of more, told by a clock that went ahead */
    core_events_after(next, (struct event_place){f->now.at_ms + 3600000, 500});
    core_alerts_on(next);
    core_destroy(f->core);
    f->core = next;
    fleet_listeners_live(f);
    fleet_wait(f, 10000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.version, 1);
    const int64_t ahead_ms = core_newest_event(next).at_ms;
    assert_int_equal(fleet_count(f, PARK_ID), 1);
    fleet_unlock(f, BIKE);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
    assert_int_equal(alert.state, ALERT_RESOLVED);
    assert_int_equal(alert.event, 501);
    assert_int_equal(alert.changed_ms, ahead_ms);
    assert_true(ahead_ms > f->now.at_ms);
}

static void a_planned_event_is_not_told(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_mute(f, f->now.at_ms + 1000000);
    assert_int_equal(f->effects->kept_count, 2);
    fleet_park(f, BIKE, -60, 20);
    fleet_wait(f, 900000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 0);
    fleet_wait(f, 200000);
    fleet_park(f, BIKE, -60, 20);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
}

/* The row of a bulk names what was moved: not what another has, or what may not be moved so. */
static void the_audit_of_a_bulk_names_what_was_moved(void **state)
{
    struct fleet_fixture *f = *state;
    const struct alert_image others = fleet_badly_parked(f, BIKE2);
    uint64_t ids[3] = {others.id, 12345};
    enum err results[3];
    struct fleet_request request = {.event = ALERT_EVENT_ACK,
                                    .operator_code = "HLO",
                                    .ids = ids,
                                    .results = results,
                                    .id_count = 3};
    struct command command = {.kind = COMMAND_ALERT_MOVE, .fleet = &request, .actor = "tester"};
    struct input input = {.kind = INPUT_COMMAND, .command = &command};
    char row[DEVICE_ID_MAX + 1];
    struct image image;

    fleet_park(f, BIKE, -60, 20);
    fleet_wait(f, 121000);
    for (uint32_t i = 0; i < core_alert_slots(f->core); i++) {
        if (core_alert_image(f->core, i, &image) && image.alert.id != others.id) {
            ids[2] = image.alert.id;
        }
    }
    input.at = (struct position){1, f->seq++};
    input.now = f->now;
    f->effects = core_step(f->core, &input);
    assert_int_equal(results[0], ERR_NOT_FOUND);
    assert_int_equal(results[1], ERR_NOT_FOUND);
    assert_int_equal(results[2], ERR_OK);
    assert_int_equal(f->effects->kept_count, 2);
    assert_int_equal(f->effects->kept[1].kind, IMAGE_AUDIT);
    (void)snprintf(row, sizeof row, "ack A%016llx 1", (unsigned long long)ids[2]);
    assert_int_equal(f->effects->kept[1].audit.device_len, strlen(row));
    assert_memory_equal(f->effects->kept[1].audit.device, row, strlen(row));
}

/* Said to be cleared a moment before: not opened again in the middle of the market. */
static void a_planned_event_is_not_told_again(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert = fleet_badly_parked(f, BIKE);
    const uint64_t former = alert.id;

    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_RESOLVE, "HLO"), ERR_OK);
    fleet_mute(f, f->now.at_ms + 1000000);
    fleet_wait(f, 900000);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
    assert_int_equal(alert.state, ALERT_RESOLVED);
    fleet_wait(f, 200000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 2);
    assert_true(alert.id != former);
    assert_int_equal(alert.state, ALERT_OPEN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fleet_begin, fleet_end)
    const struct CMUnitTest tests[] = {
        TEST(due_times_escalate_and_expire),
        TEST(what_is_said_to_be_cleared_is_looked_at_again),
        TEST(what_is_said_to_be_cleared_too_late_goes_on),
        TEST(clocks_begin_anew_only_when_it_was_gone),
        TEST(found_again_it_is_as_grave_as_at_first),
        TEST(a_ride_and_a_new_bad_stop_are_a_new_episode),
        TEST(an_episode_does_not_follow_a_bike_across_the_city),
        TEST(tenants_and_roles_are_kept_apart),
        TEST(what_the_journal_refuses_is_told_later),
        TEST(an_undo_of_timers_leaves_decisions_alone),
        TEST(the_audit_of_a_bulk_names_what_was_moved),
        TEST(a_planned_event_is_not_told),
        TEST(a_planned_event_is_not_told_again),
        TEST(a_restart_repeats_nothing),
        TEST(what_is_kept_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
