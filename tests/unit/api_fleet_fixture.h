#ifndef TESTS_UNIT_API_FLEET_FIXTURE_H
#define TESTS_UNIT_API_FLEET_FIXTURE_H

/* A whole API with the real core behind it: an operator's key each for HLO (`city->operator_key`)
 * and MTN. */
#include "tests/unit/fleet_fixture.h"

#include "tests/unit/api_fixture.h"

static struct api_city *city;
static struct fleet_fixture fleet;
static char other_key[KEY_TEXT_MAX];

static inline void core_take(struct input *input)
{
    input->at = (struct position){1, fleet.seq++};
    input->now = fleet.now;
    input->inventory_version = 1;
    fleet.effects = core_step(fleet.core, input);
}

static inline enum err take_command(void *ctx, struct command *command)
{
    struct input input = {.kind = INPUT_COMMAND, .command = command};

    (void)ctx;
    pthread_mutex_lock(&city->lock);
    core_take(&input);
    pthread_mutex_unlock(&city->lock);
    command->done(command);
    return ERR_OK;
}

static struct bike_report report_taken; /* the last one; under the city's lock */

/* The last report as the journal would get it. */
static inline struct bike_report report_last(void)
{
    struct bike_report report;

    pthread_mutex_lock(&city->lock);
    report = report_taken;
    pthread_mutex_unlock(&city->lock);
    return report;
}

static inline enum err take_reports(void *ctx, uint64_t version, const struct bike_report *reports,
                                    size_t n)
{
    enum err answer;

    (void)ctx;
    (void)version;
    pthread_mutex_lock(&city->lock);
    answer = city->answer;
    for (size_t i = 0; i < n && answer == ERR_OK; i++) {
        struct input input = {.kind = INPUT_REPORT, .report = reports[i]};

        report_taken = reports[i];
        core_take(&input);
    }
    pthread_mutex_unlock(&city->lock);
    return answer;
}

static inline void synced(void *ctx, void (*done)(void *done_ctx, enum err result), void *done_ctx)
{
    (void)ctx;
    done(done_ctx, ERR_OK);
}

/* The API over a core of that inventory, which it takes over. */
static inline void fleet_api_open(struct inventory *inv)
{
    struct view *view;

    city = city_make();
    fleet_start_with(&fleet, inv);
    inventory_destroy(city->inv);
    city->inv = fleet.inv;
    (void)inventory_publish(&city->board, city->inv);
    fleet_rules_default(&city->rules);
    view = view_create();
    view_destroy(city->view);
    city->view = view;
    assert_int_equal(view_reserve(view, city->inv->space_count, city->inv->lot_count), ERR_OK);
    assert_int_equal(view_reserve_fences(view, city->inv->fence_count), ERR_OK);
    city->at_ms = T0;
    city_beat(city);
    /* that a reader of a stream is gone is noticed late */
    city->config.http.connections = city->config.http.connections_per_ip = 400;
    city->config.http.streams = city->config.http.streams_per_ip = 200;
    assert_int_equal(
        key_create(city->keys_path, "hello", ROLE_OPERATOR, "HLO", 1, city->operator_key), ERR_OK);
    assert_int_equal(key_create(city->keys_path, "mountain", ROLE_OPERATOR, "MTN", 1, other_key),
                     ERR_OK);
    city->intake =
        (struct intake_port){.command = take_command, .reports = take_reports, .synced = synced};
    city_api_start(city);
}

static inline void fleet_api_close(void)
{
    city_close(city); /* its thread steps the core */
    core_destroy(fleet.core);
}

static inline void fleet_api_beat(void)
{
    city->at_ms = fleet.now.at_ms;
    city_beat(city);
}

static inline struct answer_text ask(const char *method, const char *key, const char *target,
                                     const char *body)
{
    char head[240] = "";

    if (key != NULL) {
        (void)snprintf(head, sizeof head, "Authorization: Bearer %s\r\n%s", key,
                       body != NULL ? "Content-Type: application/json\r\n" : "");
    }
    return client_ask(city, method, target, head, body);
}

/* Asks and looks for a text in the answer, "" = nothing. */
static inline void expect(const char *method, const char *key, const char *target, const char *body,
                          int status, const char *has)
{
    struct answer_text a = ask(method, key, target, body);

    if (a.status != status || strstr(a.body, has) == NULL) {
        fail_msg("%s %s %s: %d %s, wanted %d with %s", method, target, body == NULL ? "" : body,
                 a.status, a.body, status, has);
    }
    answer_free(&a);
}

static inline uint64_t alert_of(const char *vehicle)
{
    struct image image;
    uint64_t id = 0;

    pthread_mutex_lock(&city->lock);
    for (uint32_t i = 0; i < core_alert_slots(fleet.core) && id == 0; i++) {
        if (core_alert_image(fleet.core, i, &image) && strcmp(image.alert.vehicle, vehicle) == 0) {
            id = image.alert.id;
        }
    }
    pthread_mutex_unlock(&city->lock);
    if (id == 0) {
        fail_msg("no alert of %s", vehicle);
    }
    return id;
}

static inline const char *text_of(uint64_t alert)
{
    static char text[ALERT_ID_LEN + 1];

    alert_id_format(alert, text);
    return text;
}

/* Bikes of both operators outside, and their alerts. */
static inline void make_alerts(void)
{
    pthread_mutex_lock(&city->lock); /* the HTTP thread steps the same core */
    for (int i = 0; i < 12; i++) {
        char ref[VEHICLE_REF_MAX + 1];

        (void)snprintf(ref, sizeof ref, "%s-4000000%X", i % 2 == 0 ? "HLO" : "MTN", (unsigned)i);
        fleet_park(&fleet, ref, -100 - 5 * i, 20);
    }
    fleet_wait(&fleet, 125000);
    pthread_mutex_unlock(&city->lock);
    fleet_api_beat();
}

/* Set-up and tear-down for cmocka: the usual city, with bikes of both operators outside. */
static inline int fleet_api_set_up(void **state)
{
    (void)state;
    fleet_api_open(fleet_inventory(1, true, "", NULL));
    make_alerts();
    return 0;
}

static inline int fleet_api_tear_down(void **state)
{
    (void)state;
    fleet_api_close();
    return 0;
}

static inline void cut_instance(char *body)
{
    char *at = strstr(body, "\"instance\":\"");

    if (at != NULL) {
        char *end = strchr(at + 12, '"');

        memmove(at, end, strlen(end) + 1);
    }
}

#endif
