/* Every route of the table, asked with every kind of key for every kind of object: one in the key's
 * district and one in the next, another operator's, one that is no more, one that never was. What
 * must come is worked out from the row; a route that is added is in the matrix with it. Where a key
 * may not look, what is there answers byte by byte as what is not. */
#include "tests/unit/api_fleet_fixture.h"

#include "api/route.h"

#define NEXT_ID  "150403001F0010000"
#define GONE_ID  "150402001F0090000"
#define ID_CAP   40
#define BODY_CAP 2048

enum asker { NOBODY, HELLO, MOUNTAIN, STAFF, NEAR_STAFF, FAR_STAFF, ADMIN, ASKER_COUNT };

/* NEAR and FAR lie in 150402 and 150403; of alerts and vehicles they are HLO's and MTN's. */
enum thing { NEAR, FAR, MISSING_NEAR, MISSING_FAR, GONE, THING_COUNT };

/* What a path's parameter names. */
enum named { NAMES_NOTHING, NAMES_PLACE, NAMES_ALERT, NAMES_VEHICLE, NAMES_OTHER };

enum { FENCES, SPACES, LOTS, ALERTS, VEHICLES };

static const struct {
    const char *prefix;
    enum named named;
    const char *ids[THING_COUNT]; /**< bodies of places; NULL: there is none, or it is filled in */
} collections[] = {
    [FENCES] = {"/v1/fences/{",
                NAMES_PLACE,   {PARK_ID, NEXT_ID, "150402001F0980000", "150403001F0980000", GONE_ID}      },
    [SPACES] = {"/v1/spaces/{",
                NAMES_PLACE,   {"150402001R0010001", "150403001R0010001", "150402001R0010098", "150403001R0010098",
                 "150402001R0010009"}                                         },
    [LOTS] = {"/v1/lots/{",
                NAMES_PLACE,   {"150402001R0010000", "150403001R0010000", "150402001R0980000", "150403001R0980000",
               "150402001R0090000"}                                           },
    [ALERTS] = {"/v1/alerts/{",
                NAMES_ALERT,   {NULL, NULL, "A0000000000000001", "A0000000000000002", "A0000000000000003"}},
    [VEHICLES] = {"/v1/vehicles/{",
                NAMES_VEHICLE, {NULL, NULL, "HLO-99999999", "MTN-99999999", "HLO-99999998"}               },
};

static char keys[ASKER_COUNT][KEY_TEXT_MAX];

static const enum role roles[ASKER_COUNT] = {
    [NOBODY] = ROLE_PUBLIC, [HELLO] = ROLE_OPERATOR,   [MOUNTAIN] = ROLE_OPERATOR,
    [STAFF] = ROLE_STAFF,   [NEAR_STAFF] = ROLE_STAFF, [FAR_STAFF] = ROLE_STAFF,
    [ADMIN] = ROLE_ADMIN,
};

static const char *const districts[ASKER_COUNT] = {[NEAR_STAFF] = "150402", [FAR_STAFF] = "150403"};

/* --- two districts --- */

static const char *id_of(const char *body)
{
    static char id[SPACE_ID_LEN + 1];

    space_id_format(fleet_key(body), id);
    return id;
}

/* A row each for what is NEAR, what is FAR, and at first what is GONE. */
static void table_say(struct fleet_import *import, const char *const *bodies, const char *heading,
                      const char *rest, bool first)
{
    static const enum thing things[] = {NEAR, FAR, GONE};

    char text[512];
    size_t len = (size_t)snprintf(text, sizeof text, "%s\n", heading);

    for (size_t i = 0; i < (first ? 3 : 2); i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s,%s\n", id_of(bodies[things[i]]),
                                rest);
    }
    fleet_import_table(import, text);
}

/* The first of the two also has what is GONE in the second, which comes with the first as current.
 */
static struct draft *two_districts(const struct draft *current)
{
    struct fleet_import import;
    const bool first = current == NULL;

    fleet_import_begin(&import);
    fleet_import_square(&import, PARK_ID, ",\"capacity\":5", 0);
    fleet_import_square(&import, NEXT_ID, ",\"capacity\":5", OTHER_M);
    if (first) {
        fleet_import_square(&import, GONE_ID, ",\"capacity\":5", ZONE_M);
    }
    fleet_import_table(&import, "operator,name_en,quota\nHLO,Hello,100\nMTN,Mountain,100\n");
    table_say(&import, collections[LOTS].ids, "id,name_en,counting,lat,lon",
              "Lot,spaces,42.2578,118.8869", first);
    table_say(&import, collections[SPACES].ids, "id,lat,lon", "42.2578,118.8869", first);
    return fleet_import_draft(&import, current);
}

static struct inventory *city_of_two_districts(void)
{
    struct draft *first = two_districts(NULL);
    struct draft *second = two_districts(first);
    struct inventory *inv = NULL;

    assert_int_equal(inventory_build(second, 1, NULL, NULL, &inv), ERR_OK);
    draft_destroy(first);
    draft_destroy(second);
    return inv;
}

static int setup(void **state)
{
    struct key_row row;

    (void)state;
    fleet_api_open(city_of_two_districts());
    for (unsigned i = STAFF; i < ASKER_COUNT; i++) {
        const struct key_order order = {.name = i == ADMIN             ? "head"
                                                : districts[i] != NULL ? districts[i]
                                                                       : "all",
                                        .role = roles[i],
                                        .districts = districts[i]};

        assert_int_equal(key_issue(city->keys_path, &order, 2, &row, keys[i]), ERR_OK);
    }
    memcpy(keys[HELLO], city->operator_key, KEY_TEXT_MAX);
    memcpy(keys[MOUNTAIN], other_key, KEY_TEXT_MAX);
    make_alerts();
    return 0;
}

/* --- the matrix --- */

struct cell {
    const struct route *row;
    enum asker asker;
    enum thing thing;
    enum named named;
    char path[160];
};

static void path_make(struct cell *c)
{
    const char *open = strchr(c->row->path, '{');
    const char *id = "nothing-of-the-kind";

    c->named = open == NULL ? NAMES_NOTHING : NAMES_OTHER;
    for (size_t i = 0; i < ARRAY_LEN(collections); i++) {
        if (strncmp(c->row->path, collections[i].prefix, strlen(collections[i].prefix)) == 0) {
            c->named = collections[i].named;
            id = collections[i].ids[c->thing];
        }
    }
    switch (c->named) {
    case NAMES_PLACE: id = id_of(id); break;
    case NAMES_ALERT:
        id = id != NULL ? id : text_of(alert_of(c->thing == FAR ? "MTN-40000001" : "HLO-40000000"));
        break;
    case NAMES_VEHICLE:
        id = id != NULL ? id : c->thing == FAR ? "MTN-40000001" : "HLO-40000000";
        break;
    case NAMES_NOTHING:
    case NAMES_OTHER: break;
    }
    (void)snprintf(c->path, sizeof c->path, "%.*s%s%s",
                   (int)(open == NULL ? strlen(c->row->path) : (size_t)(open - c->row->path)),
                   c->row->path, open == NULL ? "" : id, open == NULL ? "" : strchr(open, '}') + 1);
}

static bool is_there(const struct cell *c)
{
    return c->thing == NEAR || c->thing == FAR;
}

/* A key of some districts changes only what the path says to lie in one of them; where the body
 * says it, the handler sees to it. */
static bool out_of_reach(const struct cell *c)
{
    const enum thing thing = c->thing;
    const bool far = thing == FAR || thing == MISSING_FAR;

    if (districts[c->asker] == NULL || c->row->method == METHOD_GET ||
        (c->row->flags & ROUTE_PLACED) != 0) {
        return false;
    }
    return c->named != NAMES_PLACE || (c->asker == NEAR_STAFF) == far;
}

static bool anothers(const struct cell *c)
{
    return (c->named == NAMES_ALERT || c->named == NAMES_VEHICLE) &&
           ((c->asker == HELLO && c->thing == FAR) || (c->asker == MOUNTAIN && c->thing == NEAR));
}

/* What must come; 0: the handler's own affair, but nothing of who may. */
static int wanted(const struct cell *c)
{
    const enum role role = roles[c->asker];

    if ((c->row->flags & ROUTE_SECRET) != 0) {
        return 401; /* no API key opens it */
    }
    if (role < c->row->role) {
        return role == ROLE_PUBLIC ? 401 : 403;
    }
    if (out_of_reach(c)) {
        return 403;
    }
    if (c->named == NAMES_NOTHING || c->named == NAMES_OTHER) {
        return 0;
    }
    if (anothers(c)) {
        return 404;
    }
    return is_there(c) ? 0 : c->thing == GONE && c->named == NAMES_PLACE ? 410 : 404;
}

/* 503: of a part that this fixture does not run, such as webhooks, which asks for no place here. */
static bool own_affair(const struct cell *c, int status)
{
    const bool found = status != 404 || c->named == NAMES_OTHER;

    if (status == 503 && (c->named == NAMES_NOTHING || c->named == NAMES_OTHER)) {
        return true;
    }
    return found && status >= 200 && status < 500 && status != 401 && status != 403 &&
           status != 405 && (status != 410 || c->named == NAMES_OTHER);
}

/* A body is read before the place is looked for: nothing was sent, which is its own fault. */
static bool body_fault(const struct cell *c, int status)
{
    return (c->row->flags & ROUTE_BODY) != 0 && c->named == NAMES_PLACE && status == 422;
}

/* Asks, checks the status, and leaves the answer less its place in `body`. */
static int cell_ask(struct cell *c, char *body)
{
    const char *key = c->asker == NOBODY ? NULL : keys[c->asker];
    struct answer_text a;
    int want;

    path_make(c);
    want = wanted(c);
    a = ask(method_name(c->row->method), key, c->path, NULL);
    if (want == 0 ? !own_affair(c, a.status)
                  : a.status != want && !(want != 401 && want != 403 && body_fault(c, a.status))) {
        fail_msg("%s %s as %d: %d %s, wanted %d", method_name(c->row->method), c->path,
                 (int)c->asker, a.status, a.body, want);
    }
    cut_instance(a.body);
    (void)snprintf(body, BODY_CAP, "%d %s", a.status, a.body);
    const int status = a.status;
    answer_free(&a);
    return status;
}

static void each_cell_says_what_its_row_says(void **state)
{
    static char bodies[THING_COUNT][BODY_CAP];
    size_t count;
    const struct route *rows = routes(&count);
    unsigned cells = 0;
    unsigned refused = 0;
    unsigned alike = 0;

    (void)state;
    for (size_t i = 0; i < count; i++) {
        for (unsigned asker = 0; asker < ASKER_COUNT; asker++) {
            struct cell c = {.row = &rows[i], .asker = (enum asker)asker};
            int status[THING_COUNT];

            fleet_api_beat();
            for (unsigned thing = 0; thing < THING_COUNT; thing++) {
                c.thing = (enum thing)thing;
                status[thing] = cell_ask(&c, bodies[thing]);
                cells++;
                refused += status[thing] == 401 || status[thing] == 403;
                if (c.named == NAMES_NOTHING) {
                    break;
                }
            }
            if (c.named == NAMES_NOTHING || c.named == NAMES_OTHER) {
                continue;
            }
            for (unsigned thing = NEAR; thing <= FAR; thing++) {
                if (status[thing] == 401 || status[thing] == 403 || status[thing] == 404) {
                    assert_string_equal(bodies[thing], bodies[thing + 2]); /* as if missing */
                    alike++;
                }
            }
        }
    }
    print_message("%zu routes, %u cells, %u of them refused; %u times what is there answers as "
                  "what is not\n",
                  count, cells, refused, alike);
    assert_true(cells > 500 && refused > 200 && alike > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cell_says_what_its_row_says),
    };

    return cmocka_run_group_tests(tests, setup, fleet_api_tear_down);
}
