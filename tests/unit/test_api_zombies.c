/* GET /v1/vehicles/zombies over HTTP with the real core behind: who may ask, filters, groups, both
 * systems of coordinates, CSV, and that a parameter beside {id} is not taken for a vehicle. */
#include "tests/unit/fleet_fixture.h"

#include "tests/unit/api_fixture.h"

#define TARGET "/v1/vehicles/zombies"

static struct api_city *city;
static struct fleet_fixture fleet;

static enum err take_command(void *ctx, struct command *command)
{
    struct input input = {.kind = INPUT_COMMAND, .command = command, .inventory_version = 1};

    (void)ctx;
    pthread_mutex_lock(&city->lock);
    input.at = (struct position){1, fleet.seq++};
    input.now = fleet.now;
    fleet.effects = core_step(fleet.core, &input);
    pthread_mutex_unlock(&city->lock);
    command->done(command);
    return ERR_OK;
}

/* Two bikes side by side and one far off fall silent; a week later they are suspects. */
static void a_week(void)
{
    core_cases_on(fleet.core);
    fleet_park(&fleet, "HLO-00000001", 10, 10);
    fleet_park(&fleet, "MTN-00000002", 30, 10);
    fleet_park(&fleet, "HLO-00000003", OTHER_M + 2000, 10);
    for (unsigned hours = 0; hours < 8 * 24; hours++) {
        fleet.now.at_ms += 3600000;
        while (core_due(fleet.core) <= fleet.now.at_ms) {
            fleet.effects = core_advance(fleet.core, fleet.now);
        }
    }
}

static int setup(void **state)
{
    struct view *view = view_create();

    (void)state;
    city = city_make();
    fleet_start(&fleet);
    a_week();
    inventory_destroy(city->inv);
    city->inv = fleet.inv;
    (void)inventory_publish(&city->board, city->inv);
    view_destroy(city->view);
    city->view = view;
    assert_int_equal(view_reserve(view, city->inv->space_count, city->inv->lot_count), ERR_OK);
    assert_int_equal(view_reserve_fences(view, city->inv->fence_count), ERR_OK);
    city->intake = (struct intake_port){.command = take_command};
    city_api_start(city);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    city_close(city); /* its thread steps the core */
    core_destroy(fleet.core);
    return 0;
}

static int beat(void **state)
{
    (void)state;
    city->at_ms = fleet.now.at_ms;
    city_beat(city);
    return 0;
}

static struct answer_text ask(const char *key, const char *query)
{
    char head[240] = "";
    char target[160];

    if (key != NULL) {
        (void)snprintf(head, sizeof head, "Authorization: Bearer %s\r\n", key);
    }
    (void)snprintf(target, sizeof target, TARGET "%s", query);
    return client_ask(city, "GET", target, head, NULL);
}

static void expect(const char *key, const char *query, int status, const char *has)
{
    struct answer_text a = ask(key, query);

    if (a.status != status || strstr(a.body, has) == NULL) {
        fail_msg("%s: %d %s, wanted %d with %s", query, a.status, a.body, status, has);
    }
    answer_free(&a);
}

static unsigned times(const char *text, const char *what)
{
    unsigned count = 0;

    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what)) {
        count++;
    }
    return count;
}

static void staff_only(void **state)
{
    (void)state;
    expect(NULL, "", 401, "unauthenticated");
    expect(city->operator_key, "", 403, "forbidden");
    expect(city->staff, "", 200, "\"matches\":3");
}

static void neighbours_are_a_group(void **state)
{
    struct answer_text a = ask(city->staff, "");

    (void)state;
    assert_int_equal(times(a.body, "\"center\""), 2);
    assert_int_equal(times(a.body, "\"count\":2"), 1);
    assert_int_equal(times(a.body, "\"reasons\":[\"silent\"]"), 3);
    assert_int_equal(times(a.body, "\"dwell_days\":8"), 3);
    assert_int_equal(times(a.body, "\"stage\":\"suspect\""), 3);
    assert_non_null(strstr(a.body, "\"vehicle\":\"MTN-00000002\""));
    answer_free(&a);
    /* a round from the east: the far one first */
    a = ask(city->staff, "?lat=42.2578&lon=118.92");
    assert_true(strstr(a.body, "HLO-00000003") < strstr(a.body, "HLO-00000001"));
    assert_int_equal(times(a.body, "\"distance_m\""), 3);
    answer_free(&a);
}

static void it_is_filtered(void **state)
{
    (void)state;
    expect(city->staff, "?kind=zombie_car", 200, "\"groups\":[]");
    expect(city->staff, "?stage=noticed", 200, "\"matches\":0");
    expect(city->staff, "?street=150402002", 200, "\"matches\":0");
    expect(city->staff, "?lat=42.2578&lon=118.8869&radius=200", 200, "\"matches\":2");
    expect(city->staff, "?limit=1", 200, "\"matches\":3");
    expect(city->staff, "?lat=42.2578", 400, "together");
    expect(city->staff, "?radius=5", 400, "together");
    expect(city->staff, "?kind=car", 400, "zombie_car");
}

static void coordinates_go_both_ways(void **state)
{
    struct answer_text a = ask(city->staff, "?crs=gcj02&limit=1");
    const char *lat = strstr(a.body, "\"location\":{\"crs\":\"gcj02\",\"lat\":42.259");

    (void)state;
    assert_int_equal(a.status, 200);
    assert_non_null(lat); /* 42.2578 is 42.2597 there */
    answer_free(&a);
    /* the same start in that system: the same neighbours within reach */
    expect(city->staff, "?crs=gcj02&lat=42.2597354&lon=118.8930715&radius=200", 200,
           "\"matches\":2");
    expect(city->staff, "?lat=42.2597354&lon=118.8930715&radius=200", 200, "\"matches\":0");
}

static void a_spreadsheet(void **state)
{
    struct answer_text a = ask(city->staff, "?format=csv");

    (void)state;
    assert_int_equal(a.status, 200);
    assert_memory_equal(a.body, "\xef\xbb\xbfgroup,rank,case,kind,", 24);
    assert_int_equal(times(a.body, ",zombie_bike_shared,suspect,"), 3);
    answer_free(&a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, beat)
    const struct CMUnitTest tests[] = {
        TEST(staff_only),     TEST(neighbours_are_a_group),
        TEST(it_is_filtered), TEST(coordinates_go_both_ways),
        TEST(a_spreadsheet),
    };
#undef TEST

    return cmocka_run_group_tests(tests, setup, teardown);
}
