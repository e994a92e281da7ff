/* Episodes: the transition table against what it should say, for every state, event and role; and
 * random histories of bikes, people, planned events and a journal that refuses. Seeds are fixed;
 * BOWEI_SEEDS says how many. */
#include "tests/unit/fleet_fixture.h"
#include "tests/unit/seeds.h"

#include "bowei/journal.h"
#include "gateway/core/alert/transitions.h"

#define SEEDS     40
#define STEPS     300
#define BIKES     6
#define PACKED    2048
#define SNAPSHOT  (1 << 20)
#define ALERT_CAP 4096

/* --- the table --- */

/* Who may: m the machine, o operators, s staff; then the state it leads to, ! = it ends. */
static const struct {
    enum alert_state from;
    enum alert_event event;
    const char *says;
} wanted[] = {
    {ALERT_OPEN,         ALERT_EVENT_ACK,           "os acknowledged"},
    {ALERT_OPEN,         ALERT_EVENT_DISPATCH,      "os dispatched"  },
    {ALERT_OPEN,         ALERT_EVENT_RESOLVE,       "os resolved!"   },
    {ALERT_OPEN,         ALERT_EVENT_DISPUTE,       "o disputed"     },
    {ALERT_OPEN,         ALERT_EVENT_SEEN_GONE,     "m resolved!"    },
    {ALERT_OPEN,         ALERT_EVENT_EXPIRE,        "m expired"      },
    {ALERT_OPEN,         ALERT_EVENT_ESCALATE,      "m open"         },
    {ALERT_OPEN,         ALERT_EVENT_FENCE_REMOVED, "m resolved!"    },
    {ALERT_OPEN,         ALERT_EVENT_MUTE,          "m resolved!"    },
    {ALERT_OPEN,         ALERT_EVENT_UPDATE,        "m open"         },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_DISPATCH,      "os dispatched"  },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_RESOLVE,       "os resolved!"   },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_DISPUTE,       "o disputed"     },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_SEEN_GONE,     "m resolved!"    },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_EXPIRE,        "m expired"      },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_ESCALATE,      "m acknowledged" },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_FENCE_REMOVED, "m resolved!"    },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_MUTE,          "m resolved!"    },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_UPDATE,        "m acknowledged" },
    {ALERT_DISPATCHED,   ALERT_EVENT_RESOLVE,       "os resolved!"   },
    {ALERT_DISPATCHED,   ALERT_EVENT_DISPUTE,       "o disputed"     },
    {ALERT_DISPATCHED,   ALERT_EVENT_SEEN_GONE,     "m resolved!"    },
    {ALERT_DISPATCHED,   ALERT_EVENT_EXPIRE,        "m expired"      },
    {ALERT_DISPATCHED,   ALERT_EVENT_ESCALATE,      "m dispatched"   },
    {ALERT_DISPATCHED,   ALERT_EVENT_FENCE_REMOVED, "m resolved!"    },
    {ALERT_DISPATCHED,   ALERT_EVENT_MUTE,          "m resolved!"    },
    {ALERT_DISPATCHED,   ALERT_EVENT_UPDATE,        "m dispatched"   },
    {ALERT_DISPUTED,     ALERT_EVENT_UPHOLD,        "s resolved!"    },
    {ALERT_DISPUTED,     ALERT_EVENT_DISMISS,       "s acknowledged" },
    {ALERT_DISPUTED,     ALERT_EVENT_SEEN_GONE,     "m resolved!"    },
    {ALERT_DISPUTED,     ALERT_EVENT_FENCE_REMOVED, "m resolved!"    },
    {ALERT_DISPUTED,     ALERT_EVENT_MUTE,          "m resolved!"    },
    {ALERT_EXPIRED,      ALERT_EVENT_RESOLVE,       "os expired!"    },
    {ALERT_EXPIRED,      ALERT_EVENT_SEEN_GONE,     "m expired!"     },
    {ALERT_EXPIRED,      ALERT_EVENT_FENCE_REMOVED, "m expired!"     },
    {ALERT_EXPIRED,      ALERT_EVENT_MUTE,          "m expired!"     },
    {ALERT_EXPIRED,      ALERT_EVENT_UPDATE,        "m expired"      },
    {ALERT_EXPIRED,      ALERT_EVENT_REOPENED,      "m expired"      },
    {ALERT_RESOLVED,     ALERT_EVENT_REOPENED,      "m open"         },
};

static const char *wanted_of(enum alert_state from, enum alert_event event)
{
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (wanted[i].from == from && wanted[i].event == event) {
            return wanted[i].says;
        }
    }
    return "";
}

static void one_cell(enum alert_state from, enum alert_event event, enum alert_role role)
{
    static const struct alert_image blank;
    const char *says = wanted_of(from, event);
    const char *state = strchr(says, ' ');
    const char letter = role == BY_MACHINE ? 'm' : role == BY_OPERATOR ? 'o' : 's';
    const bool listed = says[0] != '\0';
    const bool may = listed && memchr(says, letter, (size_t)(state - says)) != NULL;
    struct fleet_rules rules;
    struct alert_image alert = blank;
    struct alert_image former;
    enum err e;

    fleet_rules_default(&rules);
    alert.state = (uint8_t)from;
    alert.version = 7;
    alert.count = 1;
    alert.opened_ms = T0;
    alert.closed_ms = from == ALERT_RESOLVED ? T0 + 5 : 0;
    alert.disputed_ms = from == ALERT_DISPUTED ? T0 + 5 : 0;
    memcpy(&former, &alert, sizeof former);
    e = alert_move(&alert, event, role, &rules, T0 + 1000);
    assert_int_equal(e, may ? ERR_OK : listed ? ERR_FORBIDDEN : ERR_CONFLICT);
    if (!may) {
        assert_memory_equal(&alert, &former, sizeof former); /* refused: nothing changes */
        return;
    }
    const char *code = alert_state_code((enum alert_state)alert.state);
    const bool ends = says[strlen(says) - 1] == '!';
    assert_int_equal(strlen(state + 1) - (ends ? 1 : 0), strlen(code));
    assert_memory_equal(state + 1, code, strlen(code));
    assert_int_equal(alert.version, 8);
    assert_true(alert.changed_ms == T0 + 1000);
    assert_true(alert.closed_ms == (ends ? T0 + 1000 : 0));
    assert_int_equal(alert.cause != CAUSE_NONE, ends);
    assert_int_equal(alert.count, event == ALERT_EVENT_REOPENED ? 2 : 1);
    assert_int_equal(alert_is_open(&alert), !ends);
}

static void only_what_is_listed_is_allowed(void **state)
{
    static const enum alert_role roles[] = {BY_MACHINE, BY_OPERATOR, BY_STAFF};

    (void)state;
    for (unsigned from = 0; from < ALERT_STATE_COUNT; from++) {
        for (unsigned event = 0; event < ALERT_EVENT_COUNT; event++) {
            for (unsigned i = 0; i < 3; i++) {
                one_cell((enum alert_state)from, (enum alert_event)event, roles[i]);
            }
        }
    }
}

static void what_has_ended_late_stays_so(void **state)
{
    struct alert_image alert = {.state = ALERT_EXPIRED, .closed_ms = T0, .version = 3};
    struct fleet_rules rules;

    (void)state;
    fleet_rules_default(&rules);
    assert_false(alert_is_doubted(&alert));
    for (unsigned event = 0; event < ALERT_EVENT_COUNT; event++) {
        if (event == ALERT_EVENT_REOPENED) {
            continue; /* only of those that are doubted */
        }
        assert_int_equal(alert_move(&alert, (enum alert_event)event, BY_MACHINE, &rules, T0 + 1),
                         ERR_CONFLICT);
        assert_int_equal(alert.version, 3);
    }
}

/* --- random histories --- */

struct snapshot {
    uint8_t *bytes;
    size_t len;
};

struct story {
    struct fleet_fixture f;
    struct dice dice;
    uint64_t hash;
    struct snapshot before, after;
    struct alert_image *known; /**< by slot: as it was kept last */
    uint64_t moves, refusals, kept;
    struct event_place newest; /* of what was kept */
};

static unsigned roll(struct story *s, unsigned below)
{
    return dice_below(&s->dice, below);
}

static void snapshot_add(struct snapshot *to, const void *bytes, size_t len)
{
    assert_true(to->len + len <= SNAPSHOT);
    memcpy(to->bytes + to->len, bytes, len);
    to->len += len;
}

/* All that is kept: episodes and planned events. */
static void snapshot_take(const struct story *s, struct snapshot *to)
{
    uint8_t packed[PACKED];
    struct image image;

    to->len = 0;
    for (uint32_t i = 0; i < core_alert_slots(s->f.core); i++) {
        if (core_alert_image(s->f.core, i, &image)) {
            snapshot_add(to, &i, sizeof i);
            snapshot_add(to, &image.at.seq, sizeof image.at.seq);
            snapshot_add(to, packed, image_pack(&image, packed, sizeof packed));
        }
    }
    for (uint32_t i = 0; i < core_mutes(s->f.core); i++) {
        if (core_mute_image(s->f.core, i, &image)) {
            snapshot_add(to, packed, image_pack(&image, packed, sizeof packed));
        }
    }
}

static void mix(struct story *s, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        s->hash = (s->hash ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
    }
}

/* From what was kept of it before to what is kept now there is a row of the table. */
static void move_check(const struct alert_image *from, const struct alert_image *to)
{
    size_t count;
    const struct alert_transition *rows = alert_transitions(&count);

    if (from->id != to->id) {
        assert_int_equal(to->version, 1);
        assert_int_equal(to->state, ALERT_OPEN);
        return;
    }
    assert_true(to->version > from->version);
    assert_true(to->opened_ms == from->opened_ms && strcmp(to->vehicle, from->vehicle) == 0 &&
                to->kind == from->kind && to->count >= from->count);
    if (to->state == from->state && from->live && !to->live && from->closed_ms != 0) {
        return; /* people ended it; now it is so */
    }
    for (size_t i = 0; i < count; i++) {
        const bool machine = (rows[i].roles & BY_MACHINE) != 0;

        if (rows[i].from == from->state && rows[i].to == to->state &&
            machine == (to->actor[0] == '\0') &&
            (rows[i].cause != CAUSE_NONE) == (to->closed_ms != 0)) {
            return;
        }
    }
    fail_msg("from %s to %s by \"%s\"", alert_state_code((enum alert_state)from->state),
             alert_state_code((enum alert_state)to->state), to->actor);
}

static uint32_t slot_of(const struct story *s, uint64_t id)
{
    struct image image;

    for (uint32_t i = 0; i < core_alert_slots(s->f.core); i++) {
        if (core_alert_image(s->f.core, i, &image) && image.alert.id == id) {
            return i;
        }
    }
    fail_msg("what is kept is there");
    return 0;
}

/* One order of all changes: numbers without a gap, also where the journal refused some, and a time
 * that never falls. */
static void event_check(struct story *s, const struct alert_image *alert)
{
    assert_int_equal(alert->event, s->newest.number + 1);
    assert_true(alert->changed_ms >= s->newest.at_ms);
    s->newest = (struct event_place){alert->changed_ms, alert->event};
}

static void kept_check(struct story *s)
{
    uint8_t packed[PACKED];

    for (size_t i = 0; i < s->f.effects->kept_count; i++) {
        const struct image *image = &s->f.effects->kept[i];
        const size_t len = image_pack(image, packed, sizeof packed);

        assert_true(len > 0);
        mix(s, packed, len);
        s->kept++;
        if (image->kind == IMAGE_ALERT) {
            const uint32_t slot = slot_of(s, image->alert.id);

            assert_true(slot < ALERT_CAP);
            move_check(&s->known[slot], &image->alert);
            event_check(s, &image->alert);
            s->known[slot] = image->alert;
        }
    }
    for (size_t i = 0; i < s->f.effects->touched_count; i++) {
        const struct touched *t = &s->f.effects->touched[i];
        const uint32_t words[] = {(uint32_t)t->kind, t->index, t->shown};

        mix(s, words, sizeof words);
    }
}

/* After a step or an advance: sometimes the journal refuses. */
static void effects_take(struct story *s)
{
    if (s->f.effects->kept_count > 0 && roll(s, 6) == 0) {
        core_undo(s->f.core);
        s->refusals++;
        assert_int_equal(core_newest_event(s->f.core).number, s->newest.number);
        snapshot_take(s, &s->after);
        assert_int_equal(s->before.len, s->after.len);
        assert_memory_equal(s->before.bytes, s->after.bytes, s->after.len);
        return;
    }
    kept_check(s);
}

static void time_pass(struct story *s, int64_t ms)
{
    const int64_t until_ms = s->f.now.at_ms + ms;

    for (int64_t due_ms = core_due(s->f.core); due_ms <= until_ms; due_ms = core_due(s->f.core)) {
        s->f.now.at_ms = due_ms > s->f.now.at_ms ? due_ms : s->f.now.at_ms;
        snapshot_take(s, &s->before);
        s->f.effects = core_advance(s->f.core, s->f.now);
        effects_take(s);
    }
    s->f.now.at_ms = until_ms;
}

static void report_say(struct story *s, const struct bike_report *report)
{
    snapshot_take(s, &s->before);
    fleet_say(&s->f, report);
    effects_take(s);
}

static void bike_say(struct story *s)
{
    /* inside, its edge, the buffer, outside, far away, the zone, the other fence */
    static const int easts[] = {20, 2, -10, -35, -45, -120, ZONE_M + 20, OTHER_M + 20};
    char ref[VEHICLE_REF_MAX + 1];
    const unsigned bike = roll(s, BIKES);
    struct bike_report report;

    (void)snprintf(ref, sizeof ref, "%s-%08u", bike % 2 == 0 ? "HLO" : "MTN", 1 + bike);
    report = fleet_fix(&s->f, ref, fleet_at(easts[roll(s, 8)] + (int)roll(s, 5), 20));
    if (roll(s, 4) == 0) {
        report.lock = LOCK_UNLOCKED;
        report.has = REPORT_HAS_TIME;
    }
    for (unsigned i = 0; i < 2; i++) { /* twice: a move takes two */
        report.time_ms = s->f.now.at_ms;
        report_say(s, &report);
        time_pass(s, 5000);
    }
}

static void scan_say(struct story *s)
{
    struct bike_report report = {.source = REPORT_SCAN,
                                 .rssi_dbm = (int8_t)(-60 - (int)roll(s, 30)),
                                 .fence = fleet_key(PARK_ID),
                                 .listener = 9,
                                 .scan_period_ms = 10000};

    (void)snprintf(report.vehicle, sizeof report.vehicle, "HLO-%08u", 1 + 2 * roll(s, BIKES / 2));
    for (unsigned i = 0; i < 3; i++) {
        struct bike_report end = report;

        report_say(s, &report);
        end.vehicle[0] = '\0';
        end.source = REPORT_LISTENER;
        end.has = REPORT_HAS_SCAN;
        report_say(s, &end);
        time_pass(s, 10000);
    }
}

static void command_do(struct story *s, struct command *command)
{
    const struct input input = {
        .at = {1, s->f.seq++},
          .now = s->f.now, .kind = INPUT_COMMAND, .command = command
    };

    snapshot_take(s, &s->before);
    s->f.effects = core_step(s->f.core, &input);
    effects_take(s);
}

static void people_move(struct story *s)
{
    static const char *const codes[] = {"", "HLO", "MTN", "QJU"};
    const uint32_t slots = core_alert_slots(s->f.core);
    struct image image;
    uint64_t id = 12345;
    enum err result = ERR_INTERNAL;
    struct fleet_request request = {
        .event = (enum alert_event)roll(s, ALERT_EVENT_COUNT), .results = &result, .id_count = 1};
    struct command command = {.kind = COMMAND_ALERT_MOVE, .fleet = &request, .actor = "tester"};
    const char *code = codes[roll(s, 4)];

    memset(&image, 0, sizeof image);
    for (unsigned i = 0; i < 4 && slots > 0; i++) { /* rather one that goes on */
        if (core_alert_image(s->f.core, roll(s, slots), &image)) {
            id = image.alert.id;
            if (alert_is_open(&image.alert)) {
                break;
            }
        }
    }
    id = image.alert.id != 0 ? image.alert.id : id;
    request.ids = &id;
    (void)snprintf(request.operator_code, sizeof request.operator_code, "%s", code);
    command_do(s, &command);
    if (image.alert.id == 0 || !alert_visible(&image.alert, code)) {
        assert_int_equal(result, ERR_NOT_FOUND); /* as if it were not there */
    }
    s->moves += result == ERR_OK;
}

static void event_plan(struct story *s)
{
    struct fleet_request request = {
        .until_ms = roll(s, 3) == 0 ? 0 : s->f.now.at_ms + 1 + roll(s, 3600000),
        .fence = roll(s, 3) == 0 ? 0 : fleet_key(roll(s, 2) == 0 ? PARK_ID : ZONE_ID)};
    struct command command = {.kind = COMMAND_MUTE, .fleet = &request, .actor = "tester"};

    command_do(s, &command);
}

/* --- what always holds --- */

static void one_open_of_a_kind(const struct story *s)
{
    struct image a;
    struct image b;

    for (uint32_t i = 0; i < core_alert_slots(s->f.core); i++) {
        if (!core_alert_image(s->f.core, i, &a) || !alert_is_open(&a.alert)) {
            continue;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (core_alert_image(s->f.core, j, &b) && alert_is_open(&b.alert)) {
                const bool vehicle = a.alert.vehicle[0] != '\0';

                assert_false(vehicle
                                 ? strcmp(a.alert.vehicle, b.alert.vehicle) == 0
                                 : a.alert.kind == b.alert.kind && a.alert.fence == b.alert.fence &&
                                       strcmp(a.alert.operator_code, b.alert.operator_code) == 0 &&
                                       b.alert.vehicle[0] == '\0');
            }
        }
    }
}

static void counts_add_up(const struct story *s)
{
    static const char *const fences[] = {PARK_ID, OTHER_ID};
    struct image image;

    for (unsigned i = 0; i < 2; i++) {
        const space_key key = fleet_key(fences[i]);
        struct fence_view view;
        uint32_t count = 0;
        uint32_t sum = 0;

        for (uint32_t k = 0; k < core_bike_slots(s->f.core); k++) {
            count += core_bike_image(s->f.core, k, &image) &&
                     image.bike.verdict == VERDICT_INSIDE && image.bike.fence == key;
        }
        core_fence_view(s->f.core, fences_find(s->f.inv, key), &view);
        for (unsigned k = 0; k < OPERATORS_MAX; k++) {
            sum += view.by_operator[k];
        }
        assert_int_equal(view.brief.count, count);
        assert_int_equal(sum, count);
    }
}

/* Pages of any length give every episode once. */
static void pages_give_all(struct story *s)
{
    struct alert_image page[7];
    struct fleet_request request = {.alerts = page, .limit = 1 + roll(s, 7)};
    struct command command = {.kind = COMMAND_ALERTS, .fleet = &request};
    struct image image;
    uint32_t all = 0;
    uint32_t seen = 0;

    for (uint32_t i = 0; i < core_alert_slots(s->f.core); i++) {
        all += core_alert_image(s->f.core, i, &image);
    }
    do {
        command_do(s, &command);
        assert_int_equal(s->f.effects->kept_count, 0);
        seen += request.alert_count;
        if (request.alert_count > 0) {
            request.from.opened_ms = page[request.alert_count - 1].opened_ms;
            request.from.id = page[request.alert_count - 1].id;
        }
    } while (request.more);
    assert_int_equal(seen, all);
}

static uint64_t story_tell(uint64_t seed, struct story *s)
{
    s->dice.state = seed;
    s->hash = 14695981039346656037u;
    fleet_start(&s->f);
    for (unsigned i = 0; i < STEPS; i++) {
        const unsigned what = roll(s, 20);

        if (what < 8) {
            bike_say(s);
        } else if (what < 10) {
            scan_say(s);
        } else if (what < 16) {
            people_move(s);
        } else if (what == 16) {
            event_plan(s);
        } else {
            time_pass(s, 1 + (int64_t)roll(s, what == 17 ? 10800000 : 300000));
        }
        one_open_of_a_kind(s);
        counts_add_up(s);
    }
    pages_give_all(s);
    fleet_stop(&s->f);
    return s->hash;
}

static struct story *story_make(void)
{
    struct story *s = calloc(1, sizeof *s);

    assert_non_null(s);
    s->before.bytes = malloc(SNAPSHOT);
    s->after.bytes = malloc(SNAPSHOT);
    s->known = calloc(ALERT_CAP, sizeof s->known[0]);
    assert_true(s->before.bytes != NULL && s->after.bytes != NULL && s->known != NULL);
    return s;
}

static void story_free(struct story *s)
{
    free(s->before.bytes);
    free(s->after.bytes);
    free(s->known);
    free(s);
}

static void histories_keep_the_rules(void **state)
{
    const struct seeds seeds = seeds_wanted(SEEDS, 3);
    const uint64_t told = seeds.end - seeds.first;
    uint64_t moves = 0;
    uint64_t refusals = 0;
    uint64_t kept = 0;

    (void)state;
    for (seed_now = seeds.first; seed_now < seeds.end; seed_now++) {
        struct story *once = story_make();
        struct story *again = story_make();

        if (story_tell(seed_now, once) != story_tell(seed_now, again)) {
            fail_msg("told twice, two stories");
        }
        moves += once->moves;
        refusals += once->refusals;
        kept += once->kept;
        story_free(once);
        story_free(again);
    }
    print_message(
        "%llu histories of %d steps: %llu images kept, %llu moves of people, %llu refusals of "
        "the journal\n",
        (unsigned long long)told, STEPS, (unsigned long long)kept, (unsigned long long)moves,
        (unsigned long long)refusals);
    assert_true(moves > told && refusals > told * 3 &&
                kept > told * 20); /* or they prove nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_listed_is_allowed),
        cmocka_unit_test(what_has_ended_late_stays_so),
        SEEDED_TEST(histories_keep_the_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
