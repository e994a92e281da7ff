#ifndef TESTS_UNIT_CASE_FIXTURE_H
#define TESTS_UNIT_CASE_FIXTURE_H

/* A small city with those responsible for it, a core on it, and short ways to open and move cases.
 * Includes what cmocka wants first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "bowei/case_request.h"
#include "bowei/core.h"
#include "tests/unit/territory_fixture.h"
#include <cmocka.h>

#define CASE_T0 1780279200000LL /* Monday 2026-06-01, 10:00 in Shanghai */
#define MINUTE  60000LL
#define HOUR    (60 * MINUTE)
#define DAY     (24 * HOUR)

/* Street 001: unit ROADS for cars and bikes, with a person; STAFFLESS for facilities, without one.
 * Street 002: nobody. Units HELP-1 to HELP-5 serve nowhere here. */
#define CASE_SPACES 4 /* 150402001R0010001 ... on street 001 */

struct case_fixture {
    struct core *core;
    struct inventory *inv;
    struct counters counters;
    struct case_rules rules;
    struct now now;
    uint64_t seq;
    const struct effects *effects;
    char detail[160];
    bool refuse; /* the journal refuses each effect */
    struct case_image last;
    struct case_row_image rows[CASE_ROWS_MAX];
    uint32_t row_count;
};

static inline struct inventory *case_inventory(void)
{
    struct strbuf files[3] = {{0}};
    const char *texts[3];
    struct inventory *inv;
    char folder[256];
    char id[SPACE_ID_LEN + 1];

    scratch_folder_make(folder, sizeof folder);
    strbuf_puts(&files[0], "id,lat,lon,counting\n");
    strbuf_puts(&files[1], "id,lat,lon\n");
    for (unsigned street = 1; street <= 2; street++) {
        space_id_format(territory_key(street, 'R', 1, 0), id);
        strbuf_printf(&files[0], "%s,42.2578,118.8869,spaces\n", id);
        for (unsigned i = 1; i <= CASE_SPACES; i++) {
            space_id_format(territory_key(street, 'R', 1, i), id);
            strbuf_printf(&files[1], "%s,42.2578,118.8869\n", id);
        }
    }
    strbuf_puts(&files[2], "unit,kind,name_zh,name_en,trades,scope,person\n"
                           "ROADS,department,甲,Roads,motor;non_motor;shared_bike,150402001,P-1\n"
                           "STAFFLESS,department,乙,Staffless,facility,150402001,\n");
    for (unsigned i = 1; i <= 5; i++) {
        strbuf_printf(&files[2], "HELP-%u,enterprise,丙,Help,,,H-%u\n", i, i);
    }
    for (int i = 0; i < 3; i++) {
        strbuf_putc(&files[i], 0);
        texts[i] = files[i].data;
    }
    inv = territory_import(folder, texts, 3);
    for (int i = 0; i < 3; i++) {
        strbuf_finish(&files[i]);
    }
    scratch_folder_remove(folder);
    assert_non_null(inv);
    return inv;
}

static inline void case_start(struct case_fixture *f)
{
    memset(f, 0, sizeof *f);
    f->now.at_ms = CASE_T0;
    f->inv = case_inventory();
    case_rules_default(&f->rules);
    f->core = core_create(f->inv, &f->counters);
    assert_non_null(f->core);
    core_case_rules(f->core, &f->rules);
    core_restored(f->core, f->now, false);
    core_alerts_on(f->core);
    core_cases_on(f->core);
}

static inline void case_stop(struct case_fixture *f)
{
    core_destroy(f->core);
    inventory_destroy(f->inv);
}

/* Carries the effects out as the runner does: what the journal refuses is taken back. */
static inline bool case_carry(struct case_fixture *f)
{
    if (f->refuse && f->effects->kept_count > 0) {
        core_undo(f->core);
        return false;
    }
    return true;
}

static inline void case_wait(struct case_fixture *f, int64_t ms)
{
    f->now.at_ms += ms;
    while (core_due(f->core) <= f->now.at_ms) {
        f->effects = core_advance(f->core, f->now);
        if (!case_carry(f)) {
            break; /* again in a second */
        }
    }
}

static inline enum err case_ask(struct case_fixture *f, enum command_kind kind, const char *actor,
                                struct case_request *request)
{
    struct command command = {.kind = kind, .cases = request};
    struct input input = {
        .at = {1, ++f->seq},
          .now = f->now, .kind = INPUT_COMMAND, .command = &command
    };

    (void)snprintf(command.actor, sizeof command.actor, "%s", actor);
    f->effects = core_step(f->core, &input);
    (void)snprintf(f->detail, sizeof f->detail, "%s", command.detail);
    return case_carry(f) ? command.result : ERR_DISK_FULL;
}

static inline space_key case_space(unsigned street, unsigned number)
{
    return territory_key(street, 'R', 1, number);
}

/* Opens one; f->last is the answer. */
static inline enum err case_open(struct case_fixture *f, enum case_kind kind,
                                 enum case_source source, space_key place, const char *vehicle)
{
    struct case_request request = {.kind = kind,
                                   .source = source,
                                   .place = place,
                                   .new_receipt = source == SOURCE_APP ? 1000 + f->seq : 0,
                                   .cases = &f->last,
                                   .limit = 1};

    (void)snprintf(request.vehicle, sizeof request.vehicle, "%s", vehicle);
    return case_ask(f, COMMAND_CASE_OPEN, "patrol", &request);
}

static inline void case_evidence(struct case_move *move)
{
    (void)snprintf(move->uri, sizeof move->uri, "https://evidence.example/1.jpg");
    memset(move->sha256, 7, sizeof move->sha256);
    move->taken_ms = CASE_T0;
    (void)snprintf(move->device, sizeof move->device, "cam-1");
}

/* Moves the last one; f->last is the answer when it went well. */
static inline enum err case_do(struct case_fixture *f, const char *actor, struct case_move *move)
{
    struct case_request request = {.id = f->last.id, .move = *move, .cases = &f->last, .limit = 1};

    return case_ask(f, COMMAND_CASE_MOVE, actor, &request);
}

/* The same with all that any guard may want. */
static inline enum err case_say(struct case_fixture *f, const char *actor, enum case_event event)
{
    struct case_move move = {.event = event, .features = 1, .rating = 4};

    (void)snprintf(move.note, sizeof move.note, "because");
    (void)snprintf(move.document, sizeof move.document, "2026-001");
    (void)snprintf(move.channel, sizeof move.channel, "sticker");
    if (event != CASE_EVENT_DISPATCH) {
        (void)snprintf(move.unit, sizeof move.unit, "HELP-1");
        (void)snprintf(move.person, sizeof move.person, "H-1");
    }
    case_evidence(&move);
    return case_do(f, actor, &move);
}

/* Reads one with its history into f->last and f->rows. */
static inline enum err case_read(struct case_fixture *f, case_id id)
{
    struct case_request request = {.id = id, .cases = &f->last, .limit = 1, .rows = f->rows};
    const enum err e = case_ask(f, COMMAND_CASES, "reader", &request);

    f->row_count = request.row_count;
    return e;
}

static inline void case_books(struct case_fixture *f, struct case_figures *out)
{
    struct case_request request = {.figures = out};

    assert_int_equal(case_ask(f, COMMAND_CASES, "reader", &request), ERR_OK);
}

#define assert_case(f, status_, stage_)                                                            \
    do {                                                                                           \
        assert_string_equal(case_status_word((enum case_status)(f)->last.status)->code,            \
                            case_status_word(STATUS_##status_)->code);                             \
        assert_string_equal(case_stage_word((enum case_stage)(f)->last.stage)->code,               \
                            case_stage_word(STAGE_##stage_)->code);                                \
    } while (0)

#define assert_ok(f, call)                                                                         \
    do {                                                                                           \
        if ((call) != ERR_OK) {                                                                    \
            fail_msg("%s: %s", #call, (f)->detail);                                                \
        }                                                                                          \
    } while (0)

#endif
