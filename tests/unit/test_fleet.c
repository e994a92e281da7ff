/* Bikes, fences and episodes through the core's step, the clock an input. */
#include "tests/unit/fleet_fixture.h"

#define BIKE  "HLO-00000001"
#define BIKE2 "MTN-00000002"

static int start(void **state)
{
    struct fleet_fixture *f = calloc(1, sizeof *f);

    fleet_start(f);
    *state = f;
    return 0;
}

static int stop(void **state)
{
    fleet_stop(*state);
    free(*state);
    return 0;
}

static void a_bike_inside_counts_at_once(void **state)
{
    struct fleet_fixture *f = *state;

    fleet_park(f, BIKE, 20, 20);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_GNSS_INSIDE);
    assert_int_equal(fleet_count(f, PARK_ID), 1);
    fleet_unlock(f, BIKE);
    assert_int_equal(fleet_count(f, PARK_ID), 0);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_IN_USE);
    assert_int_equal(fleet_bike(f, BIKE).fixes, 0);
    assert_int_equal(fleet_bike(f, BIKE).newest.lat, 0); /* nothing of a place is kept */
}

static void outside_takes_the_dwell_and_makes_one_episode(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, -40, 20);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_UNCERTAIN);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_DWELL);
    fleet_wait(f, 60000);
    fleet_park(f, BIKE, -42, 21);
    fleet_wait(f, 59000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 0);
    fleet_wait(f, 2000);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_OUTSIDE);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_string_equal(alert.vehicle, BIKE);
    assert_string_equal(alert.operator_code, "HLO");
    assert_true(alert.fence == fleet_key(PARK_ID));
    assert_in_range(alert.distance_mm, 38000, 44000);
    assert_int_equal(alert.due_ack_ms - alert.opened_ms, 300000);
    assert_int_equal(alert.evidence[0].kind, EVIDENCE_GNSS);
    for (unsigned i = 0; i < 20; i++) { /* noise changes nothing */
        fleet_wait(f, 5000);
        fleet_park(f, BIKE, -30 - (int)(i % 3) * 10, 20);
    }
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.state, ALERT_OPEN);
    fleet_unlock(f, BIKE);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.state, ALERT_RESOLVED);
    assert_int_equal(alert.cause, CAUSE_SEEN_GONE);
}

static void within_the_buffer_nothing_is_said(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, -10, 20);
    fleet_wait(f, 600000);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_UNCERTAIN);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_BUFFER);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 0);
}

static void a_no_parking_zone_is_graver(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, ZONE_M + 20, 20);
    fleet_wait(f, 121000);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_NO_PARKING);
    assert_int_equal(fleet_alerts(f, ALERT_NO_PARKING_ZONE, &alert), 1);
    assert_int_equal(alert.severity, 3);
    assert_true(alert.fence == fleet_key(ZONE_ID));
}

static void a_verdict_holds_against_noise_and_yields_to_a_move(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, 38, 20);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
    for (unsigned i = 0; i < 30; i++) {
        fleet_wait(f, 10000);
        fleet_park(f, BIKE, i % 2 == 0 ? 66 : 58, 20); /* 18 to 26 m outside */
        assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
    }
    fleet_wait(f, 10000);
    fleet_park(f, BIKE, 122, 20); /* one stray is no move */
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
    fleet_wait(f, 10000);
    fleet_park(f, BIKE, 120, 20);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_UNCERTAIN);
    fleet_wait(f, 121000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
}

static void late_and_repeated_reports_change_nothing(void **state)
{
    struct fleet_fixture *f = *state;
    struct bike_report report = fleet_fix(f, BIKE, fleet_at(20, 20));

    report.event = 77;
    fleet_say(f, &report);
    fleet_wait(f, 10000);
    fleet_say(f, &report);
    assert_int_equal(count_get(&f->counters, COUNT_REPORTS_DUPLICATE), 1);
    report.event = 78;
    report.time_ms -= 5000;
    report.lock = LOCK_UNLOCKED;
    fleet_say(f, &report);
    assert_int_equal(count_get(&f->counters, COUNT_REPORTS_LATE), 1);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
}

static void a_listener_decides_before_positions(void **state)
{
    struct fleet_fixture *f = *state;
    const char *const refs[] = {BIKE};

    fleet_park(f, BIKE, -60, 20);
    for (unsigned i = 0; i < 3; i++) {
        fleet_scan(f, PARK_ID, 9, refs, 1, -65);
        fleet_wait(f, 10000);
    }
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER);
    assert_int_equal(fleet_count(f, PARK_ID), 1);
    for (unsigned i = 0; i < 7; i++) { /* no longer in its scans */
        fleet_scan(f, PARK_ID, 9, NULL, 0, 0);
        fleet_wait(f, 10000);
    }
    assert_int_equal(fleet_count(f, PARK_ID), 0);
    assert_int_not_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER);
}

static void weak_signals_do_not_enter(void **state)
{
    struct fleet_fixture *f = *state;
    const char *const refs[] = {BIKE};

    for (unsigned i = 0; i < 12; i++) {
        fleet_scan(f, PARK_ID, 9, refs, 1, -80);
        fleet_wait(f, 10000);
    }
    assert_int_equal(fleet_count(f, PARK_ID), 0);
    fleet_scan(f, PARK_ID, 9, refs, 1, -74);
    fleet_wait(f, 10000);
    assert_int_equal(fleet_count(f, PARK_ID), 0);
    fleet_scan(f, PARK_ID, 9, refs, 1, -74);
    assert_int_equal(fleet_count(f, PARK_ID), 1);
}

static void the_stronger_fence_wins_after_a_while(void **state)
{
    struct fleet_fixture *f = *state;
    const char *const refs[] = {BIKE};

    for (unsigned i = 0; i < 3; i++) {
        fleet_scan(f, PARK_ID, 9, refs, 1, -74);
        fleet_wait(f, 5000);
        fleet_scan(f, OTHER_ID, 10, refs, 1, -72); /* stronger, but not by 6 dB */
        fleet_wait(f, 5000);
    }
    assert_int_equal(fleet_count(f, PARK_ID), 1);
    assert_int_equal(fleet_count(f, OTHER_ID), 0);
    for (unsigned i = 0; i < 6; i++) {
        fleet_scan(f, PARK_ID, 9, refs, 1, -74);
        fleet_wait(f, 5000);
        fleet_scan(f, OTHER_ID, 10, refs, 1, -60);
        fleet_wait(f, 5000);
    }
    assert_int_equal(fleet_count(f, PARK_ID), 0);
    assert_int_equal(fleet_count(f, OTHER_ID), 1);
}

static void a_silent_listener_makes_its_fence_unknown(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;
    const char *const refs[] = {BIKE};

    for (unsigned i = 0; i < 3; i++) {
        fleet_scan(f, PARK_ID, 9, refs, 1, -70);
        fleet_wait(f, 10000);
    }
    fleet_wait(f, 119000);
    assert_int_equal(fleet_count(f, PARK_ID), UINT32_MAX);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER_SILENT);
    assert_int_equal(fleet_alerts(f, ALERT_FENCE_SILENT, &alert), 1);
    assert_true(alert_is_open(&alert));
    fleet_scan(f, PARK_ID, 9, refs, 1, -70);
    fleet_wait(f, 10000);
    fleet_scan(f, PARK_ID, 9, refs, 1, -70);
    assert_int_equal(fleet_count(f, PARK_ID), 1);
    assert_int_equal(fleet_alerts(f, ALERT_FENCE_SILENT, &alert), 1);
    assert_false(alert_is_open(&alert));
}

/* Evidence was gone for a while; what was decided before is remembered as it was. */
static void a_decision_outlasts_a_time_without_evidence(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;
    const char *const refs[] = {BIKE};

    for (unsigned i = 0; i < 3; i++) {
        fleet_scan(f, PARK_ID, 9, refs, 1, -70);
        fleet_wait(f, 10000);
    }
    fleet_wait(f, 119000);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER_SILENT);
    fleet_park(f, BIKE, 15, 20);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_GNSS_INSIDE);
    fleet_wait(f, 4 * 3600000 + 1000);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_UNCERTAIN);
    fleet_park(f, BIKE, -34, 20);
    fleet_wait(f, 121000);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_GNSS_INSIDE);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 0);

    fleet_park(f, "HLO-00000002", 15, 20); /* never heard by radio */
    fleet_wait(f, 4 * 3600000 + 1000);
    assert_int_equal(fleet_bike(f, "HLO-00000002").rule, RULE_POSITION_OLD);
    for (unsigned i = 0; i < 6; i++) {
        fleet_park(f, "HLO-00000002", -28, 20);
        fleet_wait(f, 60000);
        assert_int_equal(fleet_bike(f, "HLO-00000002").rule, RULE_GNSS_INSIDE);
    }
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 0);
}

static void a_crowd_tells_each_operator_its_surplus(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;
    char ref[VEHICLE_REF_MAX + 1];

    for (unsigned i = 0; i < 9; i++) { /* capacity 5: six of HLO, three of MTN */
        (void)snprintf(ref, sizeof ref, "%s-%08u", i < 6 ? "HLO" : "MTN", 100 + i);
        fleet_park(f, ref, 10 + (int)i, 20);
    }
    assert_int_equal(fleet_count(f, PARK_ID), 9);
    fleet_wait(f, 599000);
    assert_int_equal(fleet_alerts(f, ALERT_PILE_UP, &alert), 0);
    fleet_wait(f, 2000);
    assert_int_equal(fleet_alerts(f, ALERT_PILE_UP, &alert), 1);
    assert_int_equal(alert.share_count, 2);
    assert_string_equal(alert.shares[0].operator_code, "HLO");
    assert_int_equal(alert.shares[0].surplus, 3); /* 4 * 6 / 9 = 2.67 */
    assert_int_equal(alert.shares[1].surplus, 1);
    assert_true(alert_visible(&alert, "HLO"));
    assert_false(alert_visible(&alert, "QJU"));
    for (unsigned i = 0; i < 4; i++) {
        (void)snprintf(ref, sizeof ref, "HLO-%08u", 100 + i);
        fleet_unlock(f, ref);
    }
    assert_int_equal(fleet_alerts(f, ALERT_PILE_UP, &alert), 1);
    assert_int_equal(alert.state, ALERT_RESOLVED);
}

static void a_filling_fence_is_foreseen(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;
    char ref[VEHICLE_REF_MAX + 1];

    for (unsigned i = 0; i < 4; i++) { /* first heard, not come: a core without a past */
        (void)snprintf(ref, sizeof ref, "HLO-%08u", 100 + i);
        fleet_park(f, ref, 10 + (int)i, 20);
        fleet_wait(f, 60000);
    }
    assert_int_equal(fleet_alerts(f, ALERT_FENCE_FILLING, &alert), 0);
    for (unsigned i = 0; i < 4; i++) {
        (void)snprintf(ref, sizeof ref, "HLO-%08u", 100 + i);
        fleet_unlock(f, ref);
    }
    fleet_wait(f, 15 * 60000);
    for (unsigned i = 0; i < 4; i++) {
        (void)snprintf(ref, sizeof ref, "HLO-%08u", 200 + i);
        fleet_park(f, ref, 10 + (int)i, 20);
        fleet_wait(f, 60000);
    }
    assert_int_equal(fleet_alerts(f, ALERT_FENCE_FILLING, &alert), 1);
    assert_int_equal(alert.bikes, 4);
}

static void due_times_escalate_and_expire(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, -60, 20);
    fleet_wait(f, 121000);
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
    struct alert_image alert;

    fleet_park(f, BIKE, -60, 20);
    fleet_wait(f, 121000);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_RESOLVE, "HLO"), ERR_OK);
    fleet_wait(f, 599000);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
    assert_int_equal(alert.state, ALERT_RESOLVED);
    fleet_wait(f, 2000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.state, ALERT_OPEN);
    assert_int_equal(alert.count, 2);
}

/* Found again soon after it was seen gone: who was in time is not told late at that moment. Said to
 * be cleared and still there: the time for it was over meanwhile, and the city is told. */
static void clocks_begin_anew_only_when_it_was_gone(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, -60, 20);
    fleet_wait(f, 121000);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
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

#define CROWD 2500u

static unsigned page_ask(struct fleet_fixture *f, struct fleet_request *request)
{
    struct command command = {.kind = COMMAND_BIKES, .fleet = request, .actor = "tester"};
    struct input input = {
        .at = {1, f->seq++},
          .now = f->now, .kind = INPUT_COMMAND, .command = &command
    };

    (void)core_step(f->core, &input);
    assert_int_equal(command.result, ERR_OK);
    return request->bike_count;
}

/* In whatever order they came, here backwards and shuffled: each once, in order, and no others. */
static void pages_of_bikes_are_in_order(void **state)
{
    static const uint32_t limits[] = {1, 37, FLEET_PAGE_MAX, CROWD * 2};
    struct fleet_fixture *f = *state;
    struct bike_image *bikes = calloc(FLEET_PAGE_MAX, sizeof *bikes);

    assert_non_null(bikes);
    for (uint32_t i = 0; i < CROWD; i++) {
        char ref[VEHICLE_REF_MAX + 1];
        const uint32_t at = i < CROWD / 2 ? CROWD - 1 - i : (i * 7919u) % (CROWD / 2);

        (void)snprintf(ref, sizeof ref, "%s-%08u", at % 5 == 0 ? "MTN" : "HLO", at);
        fleet_park(f, ref, 20, 20);
    }
    for (size_t k = 0; k < sizeof limits / sizeof limits[0]; k++) {
        struct fleet_request request = {.bikes = bikes, .limit = limits[k]};
        uint32_t next = 0;

        memcpy(request.operator_code, "HLO", sizeof "HLO");
        do {
            (void)page_ask(f, &request);
            for (uint32_t i = 0; i < request.bike_count; i++, next++) {
                next += next % 5 == 0;
                assert_int_equal(strtoul(bikes[i].ref + 4, NULL, 10), next);
                assert_memory_equal(bikes[i].ref, "HLO-", 4);
            }
            memcpy(request.after, bikes[request.bike_count - 1].ref, sizeof request.after);
        } while (request.more && next < 200 + CROWD * (limits[k] > 1));
        assert_true(limits[k] == 1 || next >= CROWD - 1);
    }
    free(bikes);
}

static void a_ride_and_a_new_bad_stop_are_a_new_episode(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, -60, 20);
    fleet_wait(f, 121000);
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
    struct alert_image alert;

    fleet_park(f, BIKE, -60, 20);
    fleet_wait(f, 121000);
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
    struct alert_image alert;

    fleet_park(f, BIKE, -60, 20);
    fleet_wait(f, 121000);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
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
    struct alert_image alert;

    fleet_park(f, BIKE, -60, 20);
    fleet_wait(f, 121000);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_ACK, "HLO"), ERR_OK);
    f->now.at_ms += 250;
    f->effects = core_advance(f->core, f->now);
    core_undo(f->core);
    (void)fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert);
    assert_int_equal(alert.state, ALERT_ACKNOWLEDGED);
}

/* A zone that is deleted ends its episodes, with that reason. */
static void a_deleted_zone_ends_its_episodes(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;
    struct inventory *former = f->inv;
    struct input input = {.now = f->now, .kind = INPUT_INVENTORY};

    fleet_park(f, BIKE, ZONE_M + 20, 20);
    fleet_wait(f, 121000);
    assert_int_equal(fleet_alerts(f, ALERT_NO_PARKING_ZONE, &alert), 1);
    f->inv = fleet_inventory(2, false, "", former);
    input.at = (struct position){1, f->seq++};
    input.now = f->now;
    input.inventory = f->inv;
    f->effects = core_step(f->core, &input);
    assert_ptr_equal(core_inventory(f->core), f->inv);
    inventory_destroy(former);
    fleet_wait(f, 2000);
    assert_int_equal(fleet_alerts(f, ALERT_NO_PARKING_ZONE, &alert), 1);
    assert_int_equal(alert.cause, CAUSE_FENCE_REMOVED);
    fleet_wait(f, 130000); /* and there it stands outside every fence */
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
}

static void a_shifted_feed_is_one_alert(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;
    char ref[VEHICLE_REF_MAX + 1];

    for (unsigned i = 0; i < 100; i++) {
        struct bike_report report;

        (void)snprintf(ref, sizeof ref, "HLO-%08u", 100 + i);
        report = fleet_fix(f, ref, fleet_at(500 + (int)i, 400));
        report.shift = SHIFT_INSIDE_GCJ02;
        fleet_say(f, &report);
        fleet_wait(f, 1000);
    }
    fleet_wait(f, 300000);
    assert_int_equal(fleet_alerts(f, ALERT_FEED_SUSPECT, &alert), 1);
    assert_string_equal(alert.operator_code, "HLO");
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 0);
    assert_int_equal(fleet_bike(f, ref).rule, RULE_FEED_SUSPECT);
    for (unsigned i = 0; i < 100; i++) { /* mended */
        struct bike_report report;

        (void)snprintf(ref, sizeof ref, "HLO-%08u", 100 + i);
        report = fleet_fix(f, ref, fleet_at(10, 20));
        report.shift = SHIFT_INSIDE;
        fleet_say(f, &report);
        fleet_wait(f, 1000);
    }
    (void)fleet_alerts(f, ALERT_FEED_SUSPECT, &alert);
    assert_false(alert_is_open(&alert));
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

static void many_at_once_are_a_storm(void **state)
{
    struct fleet_fixture *f = *state;
    char ref[VEHICLE_REF_MAX + 1];
    struct image image;
    unsigned storm = 0;
    unsigned all = 0;

    for (unsigned i = 0; i < 80; i++) {
        (void)snprintf(ref, sizeof ref, "HLO-%08u", 100 + i);
        fleet_park(f, ref, -60 - (int)i, 20);
    }
    fleet_wait(f, 125000);
    for (uint32_t i = 0; i < core_alert_slots(f->core); i++) {
        if (core_alert_image(f->core, i, &image) && image.alert.kind == ALERT_OUT_OF_FENCE) {
            all++;
            storm += image.alert.storm;
        }
    }
    assert_int_equal(all, 80);
    assert_int_equal(storm, 30); /* beyond the first 50 */
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
    struct fleet_request request = {.until_ms = f->now.at_ms + 1000000,
                                    .fence = fleet_key(PARK_ID)};
    struct command command = {.kind = COMMAND_MUTE, .fleet = &request, .actor = "tester"};
    struct input input = {
        .at = {1, f->seq++},
          .now = f->now, .kind = INPUT_COMMAND, .command = &command
    };

    f->effects = core_step(f->core, &input);
    assert_int_equal(command.result, ERR_OK);
    assert_int_equal(f->effects->kept_count, 2);
    fleet_park(f, BIKE, -60, 20);
    fleet_wait(f, 900000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 0);
    fleet_wait(f, 200000);
    fleet_park(f, BIKE, -60, 20);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(a_bike_inside_counts_at_once),
        TEST(outside_takes_the_dwell_and_makes_one_episode),
        TEST(within_the_buffer_nothing_is_said),
        TEST(a_no_parking_zone_is_graver),
        TEST(a_verdict_holds_against_noise_and_yields_to_a_move),
        TEST(late_and_repeated_reports_change_nothing),
        TEST(a_listener_decides_before_positions),
        TEST(weak_signals_do_not_enter),
        TEST(the_stronger_fence_wins_after_a_while),
        TEST(a_silent_listener_makes_its_fence_unknown),
        TEST(a_decision_outlasts_a_time_without_evidence),
        TEST(a_crowd_tells_each_operator_its_surplus),
        TEST(a_filling_fence_is_foreseen),
        TEST(due_times_escalate_and_expire),
        TEST(what_is_said_to_be_cleared_is_looked_at_again),
        TEST(clocks_begin_anew_only_when_it_was_gone),
        TEST(pages_of_bikes_are_in_order),
        TEST(a_ride_and_a_new_bad_stop_are_a_new_episode),
        TEST(an_episode_does_not_follow_a_bike_across_the_city),
        TEST(tenants_and_roles_are_kept_apart),
        TEST(what_the_journal_refuses_is_told_later),
        TEST(an_undo_of_timers_leaves_decisions_alone),
        TEST(a_deleted_zone_ends_its_episodes),
        TEST(a_shifted_feed_is_one_alert),
        TEST(what_is_kept_ends),
        TEST(many_at_once_are_a_storm),
        TEST(a_restart_repeats_nothing),
        TEST(a_planned_event_is_not_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
