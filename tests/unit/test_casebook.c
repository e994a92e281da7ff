/* Cases from report to closing: the ways of a plain case and of an abandoned vehicle, what the law
 * wants, clocks, duplicates, merges, recurrence, numbers, and what machines find. */
#include "tests/unit/case_fixture.h"

/* From report to handling: filed, sent to the routed unit, reported in. */
static void handle_plain(struct case_fixture *f, space_key place)
{
    assert_ok(f, case_open(f, CASE_ORDER, SOURCE_HOTLINE, place, ""));
    assert_case(f, REPORTED, NONE);
    assert_ok(f, case_say(f, "filer", CASE_EVENT_FILE));
    assert_case(f, DISPATCHED, NONE);
    assert_ok(f, case_say(f, "worker", CASE_EVENT_CHECK_IN));
    assert_case(f, HANDLING, NONE);
}

static void close_it(struct case_fixture *f)
{
    assert_ok(f, case_say(f, "checker", CASE_EVENT_CHECK));
    assert_ok(f, case_say(f, "checker", CASE_EVENT_CLOSE));
}

/* 定人 定责 定时 定奖惩: once dispatched all four are there, from the routes and the rules. */
static void plain_case_closes(void **state)
{
    struct case_fixture f;

    (void)state;
    case_start(&f);
    handle_plain(&f, case_space(1, 1));
    assert_string_equal(f.last.unit, "ROADS");
    assert_string_equal(f.last.person, "P-1");
    assert_true(f.last.duty[0] != '\0');
    assert_int_equal(f.last.score_hundredths, -20);
    assert_int_equal(f.last.route_rule, ROUTE_BY_STREET);
    /* 4 working hours behind Monday 10:00, two of them in the afternoon */
    assert_int_equal(f.last.due_ms, CASE_T0 + 6 * HOUR);
    assert_int_equal(case_id_adcode(f.last.id), 150402);
    assert_int_equal(f.last.id % 10000000000000u, 2026060100001u);
    assert_ok(&f, case_say(&f, "worker", CASE_EVENT_FEEDBACK));
    close_it(&f);
    assert_case(&f, CLOSED, NONE);
    assert_ok(&f, case_read(&f, f.last.id));
    assert_int_equal(f.row_count, 7);
    assert_int_equal(f.last.row_count, 7);
    assert_int_equal(f.last.version, 7);
    assert_int_equal(f.rows[2].event, CASE_EVENT_DISPATCH);
    assert_int_equal(f.rows[2].role, CASE_BY_MACHINE);
    assert_string_equal(f.rows[2].unit, "ROADS");
    case_stop(&f);
}

/* Up to a notice that has run out, on a Monday at ten. */
static void notice_runs_out(struct case_fixture *f, space_key place)
{
    assert_ok(f, case_open(f, CASE_ZOMBIE_CAR, SOURCE_PATROL, place, ""));
    assert_case(f, REPORTED, SUSPECT);
    assert_ok(f, case_say(f, "confirmer", CASE_EVENT_CONFIRM));
    assert_case(f, DISPATCHED, CONFIRMED);
    assert_ok(f, case_say(f, "worker", CASE_EVENT_CHECK_IN));
    assert_ok(f, case_say(f, "worker", CASE_EVENT_NOTICE));
    assert_case(f, HANDLING, NOTICED);
    assert_int_equal(f->last.stage_due_ms, f->now.at_ms + 10 * DAY);
    case_wait(f, 10 * DAY + MINUTE);
    assert_ok(f, case_read(f, f->last.id));
    assert_case(f, HANDLING, OVERDUE);
}

static void zombie_lives_to_disposal(void **state)
{
    struct case_fixture f;

    (void)state;
    case_start(&f);
    notice_runs_out(&f, case_space(1, 1));
    assert_int_equal(case_say(&f, "confirmer", CASE_EVENT_IMPOUND), ERR_FORBIDDEN);
    assert_ok(&f, case_say(&f, "authoriser", CASE_EVENT_IMPOUND));
    assert_case(&f, HANDLING, IMPOUNDED);
    assert_int_equal(case_say(&f, "authoriser", CASE_EVENT_DISPOSE), ERR_CONFLICT);
    case_wait(&f, 60 * DAY + MINUTE);
    assert_ok(&f, case_read(&f, f.last.id));
    assert_case(&f, HANDLING, ANNOUNCED);
    assert_int_equal(case_say(&f, "authoriser", CASE_EVENT_DISPOSE), ERR_CONFLICT);
    case_wait(&f, 90 * DAY + MINUTE);
    assert_ok(&f, case_say(&f, "authoriser", CASE_EVENT_DISPOSE));
    assert_case(&f, FEEDBACK, DISPOSED);
    assert_false((f.last.flags & CASE_IS_OVERDUE) !=
                 0); /* what the law makes it wait is no delay */
    assert_ok(&f, case_say(&f, "authoriser", CASE_EVENT_CHECK));
    assert_int_equal(case_say(&f, "authoriser", CASE_EVENT_CLOSE), ERR_FORBIDDEN);
    assert_ok(&f, case_say(&f, "checker", CASE_EVENT_CLOSE));
    assert_case(&f, CLOSED, DISPOSED);
    case_stop(&f);
}

/* Administrative Compulsion Law, art. 43. */
static void nobody_is_moved_at_night_or_on_holidays(void **state)
{
    static const char days[] = "2026-06-12 holiday\n";
    const struct work_calendar_params params = {
        .utc_offset_min = 480, .days = days, .days_len = sizeof days - 1};
    struct work_calendar *calendar = NULL;
    struct case_move move = {.event = CASE_EVENT_IMPOUND, .document = "D-1"};
    struct case_fixture f;
    char detail[160];

    (void)state;
    case_start(&f);
    assert_int_equal(work_calendar_create(&params, &calendar, detail), ERR_OK);
    f.rules.calendar = calendar;
    core_case_rules(f.core, &f.rules);
    notice_runs_out(&f, case_space(1, 1));
    case_wait(&f, 12 * HOUR); /* Thursday 22:01 */
    assert_int_equal(case_do(&f, "authoriser", &move), ERR_CONFLICT);
    assert_non_null(strstr(f.detail, "night"));
    case_wait(&f, 12 * HOUR); /* Friday 10:01, a holiday */
    assert_int_equal(case_do(&f, "authoriser", &move), ERR_CONFLICT);
    move.emergency = true;
    assert_int_equal(case_do(&f, "authoriser", &move), ERR_CONFLICT); /* no reason */
    (void)snprintf(move.note, sizeof move.note, "blocks the fire brigade");
    assert_ok(&f, case_do(&f, "authoriser", &move));
    assert_true((f.last.flags & CASE_IS_EMERGENCY) != 0);
    case_stop(&f);
    work_calendar_destroy(calendar);
}

static void confirming_needs_evidence_and_a_feature(void **state)
{
    struct case_move move = {.event = CASE_EVENT_CONFIRM, .features = 1};
    struct case_fixture f;

    (void)state;
    case_start(&f);
    assert_ok(&f, case_open(&f, CASE_ZOMBIE_CAR, SOURCE_PATROL, case_space(1, 1), ""));
    assert_int_equal(case_do(&f, "confirmer", &move), ERR_UNPROCESSABLE);
    assert_non_null(strstr(f.detail, "evidence"));
    case_evidence(&move);
    move.features = 0;
    assert_int_equal(case_do(&f, "confirmer", &move), ERR_UNPROCESSABLE);
    assert_non_null(strstr(f.detail, "features"));
    move.features = 1;
    memset(move.sha256, 0, sizeof move.sha256);
    assert_int_equal(case_do(&f, "confirmer", &move), ERR_UNPROCESSABLE);
    assert_non_null(strstr(f.detail, "sha256"));
    case_evidence(&move);
    (void)snprintf(move.uri, sizeof move.uri, "data:image/png;base64,AAAA");
    assert_int_equal(case_do(&f, "confirmer", &move), ERR_UNPROCESSABLE);
    case_evidence(&move);
    assert_ok(&f, case_do(&f, "confirmer", &move));
    assert_int_equal(f.last.evidence_count, 1);
    assert_int_equal(f.last.features, 1);
    case_stop(&f);
}

static void closing_needs_proof_of_the_end(void **state)
{
    struct case_move move = {.event = CASE_EVENT_FEEDBACK, .note = "done"};
    struct case_fixture f;

    (void)state;
    case_start(&f);
    handle_plain(&f, case_space(1, 1)); /* evidence of how it was came with the report already */
    assert_true(f.last.evidence_count > 0);
    assert_ok(&f, case_do(&f, "worker", &move));
    move = (struct case_move){.event = CASE_EVENT_CHECK};
    assert_ok(&f, case_do(&f, "checker", &move));
    move.event = CASE_EVENT_CLOSE;
    assert_int_equal(case_do(&f, "checker", &move), ERR_UNPROCESSABLE);
    case_evidence(&move);
    assert_ok(&f, case_do(&f, "checker", &move));
    case_stop(&f);
}

static void whistle_and_deadline_escalate(void **state)
{
    struct case_fixture f;

    (void)state;
    case_start(&f);
    assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_HOTLINE, case_space(1, 1), ""));
    assert_ok(&f, case_say(&f, "filer", CASE_EVENT_FILE));
    case_wait(&f, 31 * MINUTE);
    assert_ok(&f, case_read(&f, f.last.id));
    assert_int_equal(f.last.escalated, 1);
    assert_string_equal(f.rows[f.row_count - 1].note, "check_in");
    case_wait(&f, 5 * HOUR + 20 * MINUTE); /* 15:51: still in time */
    assert_ok(&f, case_read(&f, f.last.id));
    assert_int_equal(f.last.escalated, 1);
    case_wait(&f, 15 * MINUTE);
    assert_ok(&f, case_read(&f, f.last.id));
    assert_int_equal(f.last.escalated, 2);
    assert_true((f.last.flags & CASE_IS_OVERDUE) != 0);
    assert_string_equal(f.rows[f.row_count - 1].note, "deadline");
    case_wait(&f, 100 * DAY); /* told once */
    assert_ok(&f, case_read(&f, f.last.id));
    assert_int_equal(f.last.escalated, 2);
    case_stop(&f);
}

/* Both fell due while nobody looked (the gateway was down): each is told, and once. */
static void what_fell_due_together_is_told_one_by_one(void **state)
{
    struct case_fixture f;

    (void)state;
    case_start(&f);
    assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_HOTLINE, case_space(1, 1), ""));
    assert_ok(&f, case_say(&f, "filer", CASE_EVENT_FILE));
    f.now.at_ms += DAY;
    case_wait(&f, MINUTE);
    assert_ok(&f, case_read(&f, f.last.id));
    assert_int_equal(f.last.escalated, 2);
    assert_true((f.last.flags & CASE_IS_OVERDUE) != 0);
    assert_string_equal(f.rows[f.row_count - 2].note, "check_in");
    assert_string_equal(f.rows[f.row_count - 1].note, "deadline");
    assert_true(f.rows[f.row_count - 2].at_ms == f.rows[f.row_count - 1].at_ms);
    case_stop(&f);
}

/* The clock stands on the hanging account, goes on under transfer, and keeps its end in rework. */
static void clocks_stand_only_while_suspended(void **state)
{
    struct case_fixture f;
    int64_t due_ms;

    (void)state;
    case_start(&f);
    handle_plain(&f, case_space(1, 1)); /* due 16:00 */
    case_wait(&f, HOUR);                /* 11:00: three working hours are left */
    assert_ok(&f, case_say(&f, "boss", CASE_EVENT_SUSPEND));
    case_wait(&f, 2 * DAY + 5 * HOUR); /* Wednesday 16:00 */
    assert_ok(&f, case_say(&f, "boss", CASE_EVENT_RESUME));
    assert_case(&f, HANDLING, NONE);
    /* 1 h 30 on Wednesday, 1 h 30 on Thursday from 8:30 on */
    assert_int_equal(f.last.due_ms, CASE_T0 + 3 * DAY);
    assert_int_equal(f.last.paused_total_ms, 2 * DAY + 5 * HOUR);
    due_ms = f.last.due_ms;
    assert_ok(&f, case_say(&f, "boss", CASE_EVENT_TRANSFER));
    assert_string_equal(f.last.unit, "HELP-1");
    assert_int_equal(f.last.route_rule, ROUTE_NONE); /* no rule: somebody chose */
    assert_int_equal(f.last.due_ms, due_ms);
    assert_ok(&f, case_say(&f, "helper", CASE_EVENT_CHECK_IN));
    assert_ok(&f, case_say(&f, "helper", CASE_EVENT_FEEDBACK));
    assert_ok(&f, case_say(&f, "checker", CASE_EVENT_CHECK));
    assert_ok(&f, case_say(&f, "checker", CASE_EVENT_REWORK));
    assert_ok(&f, case_say(&f, "helper", CASE_EVENT_REHANDLE));
    assert_case(&f, HANDLING, NONE);
    assert_int_equal(f.last.due_ms, due_ms);
    assert_int_equal(f.last.rework_count, 1);
    case_stop(&f);
}

static void versions_and_roles_are_checked(void **state)
{
    struct case_move move = {.event = CASE_EVENT_NOTE, .version = 7, .note = "x"};
    struct case_request rate = {
        .move = {.event = CASE_EVENT_RATE, .rating = 5}
    };
    struct case_fixture f;

    (void)state;
    case_start(&f);
    assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_APP, case_space(1, 1), ""));
    assert_int_equal(case_do(&f, "clerk", &move), ERR_CONFLICT);
    assert_non_null(strstr(f.detail, "version: 7"));
    move.version = 1;
    assert_ok(&f, case_do(&f, "clerk", &move));
    assert_int_equal(case_say(&f, "clerk", CASE_EVENT_RATE), ERR_CONFLICT); /* not closed */
    assert_ok(&f, case_say(&f, "filer", CASE_EVENT_FILE));
    assert_ok(&f, case_say(&f, "worker", CASE_EVENT_CHECK_IN));
    assert_ok(&f, case_say(&f, "worker", CASE_EVENT_FEEDBACK));
    close_it(&f);
    assert_int_equal(case_say(&f, "clerk", CASE_EVENT_RATE), ERR_FORBIDDEN); /* the public's */
    rate.receipt = f.last.receipt;
    rate.id = f.last.id; /* with a receipt nobody is staff */
    rate.move.event = CASE_EVENT_NOTE;
    rate.cases = &f.last;
    (void)snprintf(rate.move.note, sizeof rate.move.note, "x");
    assert_int_not_equal(case_ask(&f, COMMAND_CASE_MOVE, "", &rate), ERR_OK);
    rate.move.event = CASE_EVENT_RATE;
    rate.cases = &f.last;
    assert_ok(&f, case_ask(&f, COMMAND_CASE_MOVE, "", &rate));
    assert_int_equal(f.last.rating, 5);
    assert_int_equal(case_ask(&f, COMMAND_CASE_MOVE, "", &rate), ERR_UNPROCESSABLE); /* once */
    case_stop(&f);
}

static void the_same_again_is_a_row_or_a_merge(void **state)
{
    struct case_move merge = {.event = CASE_EVENT_MERGE};
    struct case_fixture f;
    case_id first;

    (void)state;
    case_start(&f);
    assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_HOTLINE, case_space(1, 1), ""));
    first = f.last.id;
    assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_PATROL, case_space(1, 1), ""));
    assert_true(f.last.id == first);
    assert_int_equal(f.last.row_count, 2);
    assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_PATROL, case_space(1, 2), ""));
    assert_true(f.last.id == first + 1);
    merge.other = f.last.id;
    assert_int_equal(case_do(&f, "clerk", &merge), ERR_UNPROCESSABLE); /* into itself */
    merge.other = first;
    assert_ok(&f, case_do(&f, "clerk", &merge));
    assert_case(&f, VOIDED, NONE);
    assert_true(f.last.merged_into == first);
    assert_ok(&f, case_read(&f, first));
    assert_int_equal(f.row_count, 3);
    case_stop(&f);
}

/* What is forgotten makes room: years of cases take no more of it than those of a day. */
static void what_is_forgotten_leaves_its_slot(void **state)
{
    struct case_fixture f;

    (void)state;
    case_start(&f);
    f.rules.cases_max = 8;
    core_case_rules(f.core, &f.rules);
    for (unsigned i = 0; i < 100; i++) {
        assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_PATROL, case_space(2, 1), ""));
        assert_ok(&f, case_say(&f, "patrol", CASE_EVENT_VOID));
        case_wait(&f, DAY);
    }
    assert_true(count_get(&f.counters, COUNT_CASES_DROPPED) > 80);
    assert_true(core_case_slots(f.core) <= 64);
    case_stop(&f);
}

/* 整治、反弹: day 29 is a recurrence, day 31 is not. */
static void soon_again_is_a_recurrence(void **state)
{
    struct case_fixture f;
    case_id first;

    (void)state;
    case_start(&f);
    for (unsigned days = 29; days <= 31; days += 2) {
        handle_plain(&f, case_space(1, days - 28));
        assert_ok(&f, case_say(&f, "worker", CASE_EVENT_FEEDBACK));
        close_it(&f);
        first = f.last.id;
        case_wait(&f, days * DAY);
        assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_HOTLINE, case_space(1, days - 28), ""));
        assert_int_equal((f.last.flags & CASE_IS_RECURRING) != 0, days == 29);
        assert_true(f.last.former == (days == 29 ? first : 0));
        assert_int_equal(f.last.severity, days == 29 ? 2 : 1);
    }
    case_stop(&f);
}

/* A closing that the journal refused never was: the former closing is still the last one. */
static void a_refused_closing_is_no_closing(void **state)
{
    struct case_fixture f;
    case_id first;

    (void)state;
    case_start(&f);
    handle_plain(&f, case_space(1, 1));
    assert_ok(&f, case_say(&f, "worker", CASE_EVENT_FEEDBACK));
    close_it(&f);
    first = f.last.id;
    assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_HOTLINE, case_space(1, 1), "HLO-0001"));
    assert_ok(&f, case_say(&f, "filer", CASE_EVENT_FILE));
    assert_ok(&f, case_say(&f, "worker", CASE_EVENT_CHECK_IN));
    assert_ok(&f, case_say(&f, "worker", CASE_EVENT_FEEDBACK));
    assert_ok(&f, case_say(&f, "checker", CASE_EVENT_CHECK));
    f.refuse = true;
    assert_int_equal(case_say(&f, "checker", CASE_EVENT_CLOSE), ERR_DISK_FULL);
    f.refuse = false;
    assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_HOTLINE, case_space(1, 1), "HLO-0002"));
    assert_true(f.last.former == first);
    case_stop(&f);
}

/* Nobody to dispatch it to: an orphan, until somebody is named. */
static void what_nobody_serves_is_an_orphan(void **state)
{
    struct case_move move = {.event = CASE_EVENT_DISPATCH};
    struct case_figures figures;
    struct case_fixture f;

    (void)state;
    case_start(&f);
    assert_ok(&f, case_open(&f, CASE_FACILITY, SOURCE_PATROL, case_space(1, 1), ""));
    assert_ok(&f, case_say(&f, "filer", CASE_EVENT_FILE));
    assert_case(&f, FILED, NONE);
    case_books(&f, &figures);
    assert_int_equal(figures.orphans, 1);
    assert_int_equal(f.last.route_rule, ROUTE_NONE);
    assert_int_equal(case_do(&f, "boss", &move), ERR_UNPROCESSABLE);
    assert_non_null(strstr(f.detail, "person"));
    (void)snprintf(move.unit, sizeof move.unit, "NOBODY");
    assert_int_equal(case_do(&f, "boss", &move), ERR_UNPROCESSABLE);
    assert_non_null(strstr(f.detail, "unit: \"NOBODY\""));
    (void)snprintf(move.unit, sizeof move.unit, "HELP-2");
    (void)snprintf(move.person, sizeof move.person, "H-2");
    move.until_ms = f.now.at_ms - 1;
    assert_int_equal(case_do(&f, "boss", &move), ERR_UNPROCESSABLE);
    assert_non_null(strstr(f.detail, "until"));
    move.until_ms = f.now.at_ms + DAY;
    assert_ok(&f, case_do(&f, "boss", &move));
    case_books(&f, &figures);
    assert_int_equal(figures.orphans, 0);
    case_stop(&f);
}

static void helpers_feed_back_and_the_lead_ends_it(void **state)
{
    struct case_move move = {.event = CASE_EVENT_ASSIST};
    struct case_fixture f;

    (void)state;
    case_start(&f);
    handle_plain(&f, case_space(1, 1));
    for (unsigned i = 1; i <= 5; i++) {
        (void)snprintf(move.unit, sizeof move.unit, "HELP-%u", i);
        assert_int_equal(case_do(&f, "boss", &move), i <= 4 ? ERR_OK : ERR_CONFLICT);
    }
    move.event = CASE_EVENT_ASSIST_FEEDBACK;
    assert_int_equal(case_do(&f, "helper", &move), ERR_CONFLICT); /* HELP-5 was not asked */
    (void)snprintf(move.unit, sizeof move.unit, "HELP-3");
    assert_ok(&f, case_do(&f, "helper", &move));
    assert_int_equal(f.last.assists[2].fed_back, 1);
    assert_int_equal(f.last.assists[1].fed_back, 0);
    assert_string_equal(f.last.unit, "ROADS");
    case_stop(&f);
}

/* A read of a case by staff leaves a row of who read it. */
static void reads_of_staff_are_kept(void **state)
{
    struct case_request request = {.audited = true, .limit = 1};
    struct case_fixture f;

    (void)state;
    case_start(&f);
    assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_HOTLINE, case_space(1, 1), ""));
    assert_int_equal(f.effects->kept_count, 3);
    request.id = f.last.id;
    request.cases = &f.last;
    assert_ok(&f, case_ask(&f, COMMAND_CASES, "reader", &request));
    assert_int_equal(f.effects->kept_count, 1);
    assert_int_equal(f.effects->kept[0].kind, IMAGE_AUDIT);
    assert_true(f.effects->kept[0].audit.case_id == f.last.id);
    assert_string_equal(f.effects->kept[0].audit.actor, "reader");
    case_stop(&f);
}

static void pages_follow_their_order(void **state)
{
    struct case_image found[3];
    struct case_request request = {.cases = found, .limit = 3, .filter = {.open = true}};
    struct case_fixture f;
    unsigned seen = 0;
    case_id last = UINT64_MAX;

    (void)state;
    case_start(&f);
    for (unsigned i = 1; i <= CASE_SPACES; i++) {
        assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_HOTLINE, case_space(1, i), ""));
        assert_ok(&f, case_open(&f, CASE_FACILITY, SOURCE_PATROL, case_space(2, i), ""));
        case_wait(&f, MINUTE);
        if (i % 2 == 0) {
            assert_ok(&f, case_say(&f, "clerk", CASE_EVENT_VOID));
        }
    }
    do {
        assert_ok(&f, case_ask(&f, COMMAND_CASES, "reader", &request));
        for (uint32_t i = 0; i < request.case_count; i++, seen++) {
            assert_true(found[i].id < last);
            last = found[i].id;
        }
        request.from_key = found[request.case_count - 1].reported_ms;
        request.from_id = last;
    } while (request.more);
    assert_int_equal(seen, 6);
    case_stop(&f);
}

/* The history of a case whose own image is damaged: it is not shown, but its number is never given
 * again. */
static void a_number_stays_taken_by_its_rows(void **state)
{
    struct case_fixture f;
    struct image image = {
        .kind = IMAGE_CASE_ROW,
        .at = {1,            1                    },
        .case_row = { .id = case_id_make(150402, 20260601, 41), .number = 1, .role = CASE_BY_STAFF}
    };

    (void)state;
    case_start(&f);
    core_restore(f.core, &image);
    assert_int_equal(case_read(&f, image.case_row.id), ERR_NOT_FOUND);
    assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_HOTLINE, case_space(1, 1), ""));
    assert_true(f.last.id == image.case_row.id + 1);
    case_stop(&f);
}

/* Without any clock: last. */
static int64_t due_of(const struct case_image *image)
{
    const int64_t due_ms = case_due_next(image);

    return due_ms == 0 ? INT64_MAX : due_ms;
}

/* Pages by deadline are those of all cases sorted, whatever the page's size. */
static void pages_by_deadline_are_sorted(void **state)
{
    struct case_image *found = calloc(64, sizeof *found);
    struct case_fixture f;
    struct dice dice = {.state = 5};

    (void)state;
    assert_non_null(found);
    case_start(&f);
    for (unsigned i = 0; i < 60; i++) {
        struct case_move move = {.event = CASE_EVENT_DISPATCH, .unit = "HELP-1", .person = "H-1"};
        char vehicle[VEHICLE_REF_MAX + 1];

        (void)snprintf(vehicle, sizeof vehicle, "HLO-%04u", i);
        assert_ok(&f, case_open(&f, CASE_FACILITY, SOURCE_PATROL, case_space(1, 1), vehicle));
        move.until_ms = f.now.at_ms + (1 + (int64_t)dice_below(&dice, 20)) * HOUR;
        if (i % 7 != 0) { /* the others have no deadline yet */
            assert_ok(&f, case_say(&f, "filer", CASE_EVENT_FILE));
            assert_ok(&f, case_do(&f, "boss", &move));
        }
    }
    for (uint32_t limit = 1; limit <= 64; limit += 3) {
        struct case_request request = {
            .cases = found, .limit = limit, .order = CASES_DUE_NEXT, .filter = {.open = true}};
        struct case_image last = {.id = 0};
        unsigned seen = 0;

        do {
            assert_ok(&f, case_ask(&f, COMMAND_CASES, "reader", &request));
            for (uint32_t i = 0; i < request.case_count; i++, seen++) {
                const int64_t due_ms = due_of(&found[i]);
                const int64_t last_ms = due_of(&last);

                assert_true(last.id == 0 || due_ms > last_ms ||
                            (due_ms == last_ms && found[i].id > last.id));
                last = found[i];
            }
            request.from_key = case_due_next(&last);
            request.from_id = last.id;
        } while (request.more);
        assert_int_equal(seen, 60);
    }
    case_stop(&f);
    free(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_case_closes),
        cmocka_unit_test(zombie_lives_to_disposal),
        cmocka_unit_test(nobody_is_moved_at_night_or_on_holidays),
        cmocka_unit_test(confirming_needs_evidence_and_a_feature),
        cmocka_unit_test(closing_needs_proof_of_the_end),
        cmocka_unit_test(whistle_and_deadline_escalate),
        cmocka_unit_test(what_fell_due_together_is_told_one_by_one),
        cmocka_unit_test(clocks_stand_only_while_suspended),
        cmocka_unit_test(versions_and_roles_are_checked),
        cmocka_unit_test(the_same_again_is_a_row_or_a_merge),
        cmocka_unit_test(what_is_forgotten_leaves_its_slot),
        cmocka_unit_test(soon_again_is_a_recurrence),
        cmocka_unit_test(a_refused_closing_is_no_closing),
        cmocka_unit_test(what_nobody_serves_is_an_orphan),
        cmocka_unit_test(helpers_feed_back_and_the_lead_ends_it),
        cmocka_unit_test(reads_of_staff_are_kept),
        cmocka_unit_test(pages_follow_their_order),
        cmocka_unit_test(pages_by_deadline_are_sorted),
        cmocka_unit_test(a_number_stays_taken_by_its_rows),
    };

    return cmocka_run_group_tests_name("casebook", tests, NULL, NULL);
}
