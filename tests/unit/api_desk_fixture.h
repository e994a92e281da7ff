#ifndef TESTS_UNIT_API_DESK_FIXTURE_H
#define TESTS_UNIT_API_DESK_FIXTURE_H

/* The duty desk of one city: the HTTP server with the casebook's core behind it, keys of staff, and
 * short ways to open, move and look at cases. Included by one source a program, first of all. */
#include "tests/unit/case_fixture.h"

#include "api/handlers/staff.h"
#include "tests/unit/api_fixture.h"

#define EVIDENCE                                                                                   \
    "\"evidence\":{\"uri\":\"https://files.example/1.jpg\",\"sha256\":"                            \
    "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","                        \
    "\"taken_at\":\"2026-06-01T02:00:00Z\",\"device\":\"camera-7\"}"

static struct api_city *city;
static struct case_fixture f;
static char checker[KEY_TEXT_MAX], boss[KEY_TEXT_MAX], north[KEY_TEXT_MAX];

static inline enum err take_command(void *ctx, struct command *command)
{
    struct input input = {.kind = INPUT_COMMAND, .command = command, .inventory_version = 1};

    (void)ctx;
    pthread_mutex_lock(&city->lock);
    input.at = (struct position){1, ++f.seq};
    input.now = f.now;
    f.effects = core_step(f.core, &input);
    pthread_mutex_unlock(&city->lock);
    command->done(command);
    return ERR_OK;
}

static inline void key_make(const char *name, const char *districts, char out[KEY_TEXT_MAX])
{
    const struct key_order order = {.name = name, .role = ROLE_STAFF, .districts = districts};
    struct key_row row;

    assert_int_equal(key_issue(city->keys_path, &order, 2, &row, out), ERR_OK);
}

static inline int setup(void **state)
{
    static char url[] = "https://parking.example.cn";

    (void)state;
    city = city_make();
    case_start(&f);
    inventory_destroy(city->inv);
    city->inv = f.inv;
    (void)inventory_publish(&city->board, city->inv);
    view_destroy(city->view);
    city->view = view_create();
    assert_int_equal(view_reserve(city->view, city->inv->space_count, city->inv->lot_count),
                     ERR_OK);
    city->at_ms = f.now.at_ms;
    city_beat(city);
    key_make("checker", NULL, checker);
    key_make("boss", NULL, boss);
    key_make("north", "150499", north);
    city->config.http.public_url = url;
    city->config.calendar.utc_offset_min = 480;
    city->config.http.reports_per_minute = 60;
    city->config.http.reports_reach_m = 5000;
    city->intake = (struct intake_port){.command = take_command};
    city_api_start(city);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    city_close(city); /* its thread steps the core; it destroys the inventory */
    core_destroy(f.core);
    return 0;
}

static inline void beat(void)
{
    city->at_ms = f.now.at_ms;
    city_beat(city);
}

/* Time goes on for core and view. */
static inline void wait_ms(int64_t ms)
{
    pthread_mutex_lock(&city->lock);
    case_wait(&f, ms);
    pthread_mutex_unlock(&city->lock);
    beat();
}

static inline struct answer_text ask_with(const char *method, const char *key, const char *target,
                                          const char *more, const char *body)
{
    char head[320] = "";

    (void)snprintf(head, sizeof head, "%s%s%s%s%s", key != NULL ? "Authorization: Bearer " : "",
                   key != NULL ? key : "", key != NULL ? "\r\n" : "",
                   body != NULL ? "Content-Type: application/json\r\n" : "", more);
    return client_ask(city, method, target, head, body);
}

/* Asks and looks for a text in the answer, "" = nothing. */
static inline void expect(const char *method, const char *key, const char *target, const char *body,
                          int status, const char *has)
{
    struct answer_text a = ask_with(method, key, target, "", body);

    if (a.status != status || strstr(a.body, has) == NULL) {
        fail_msg("%s %s %s: %d %s, wanted %d with %s", method, target, body == NULL ? "" : body,
                 a.status, a.body, status, has);
    }
    answer_free(&a);
}

static inline const char *space_text(unsigned number)
{
    static char id[SPACE_ID_LEN + 1];

    space_id_format(case_space(1, number), id);
    return id;
}

/* Takes the text behind a member's name out of an answer. */
static inline void member(const char *body, const char *name, char *out, size_t cap)
{
    char start[40];
    const char *at;

    (void)snprintf(start, sizeof start, "\"%s\":\"", name);
    at = strstr(body, start);
    assert_non_null(at);
    at += strlen(start);
    (void)snprintf(out, cap, "%.*s", (int)strcspn(at, "\""), at);
}

/* Opens a case and gives its number. */
static inline void opened(const char *kind, const char *source, const char *place,
                          char number[CASE_NUMBER_LEN + 1])
{
    char body[300];
    struct answer_text a;

    (void)snprintf(body, sizeof body,
                   "{\"kind\":\"%s\",\"source\":\"%s\",\"place\":\"%s\",\"text\":\"seen\"}", kind,
                   source, place);
    a = ask_with("POST", city->staff, "/v1/cases", "", body);
    if (a.status != 201) {
        fail_msg("%d %s", a.status, a.body);
    }
    member(a.body, "id", number, CASE_NUMBER_LEN + 1);
    answer_free(&a);
}

static inline void move(const char *key, const char *number, const char *event, const char *body,
                        int status, const char *has)
{
    char target[80];

    (void)snprintf(target, sizeof target, "/v1/cases/%s/%s", number, event);
    expect("POST", key, target, body, status, has);
}

static inline void look(const char *number, const char *tail, int status, const char *has)
{
    char target[100];

    (void)snprintf(target, sizeof target, "/v1/cases/%s%s", number, tail);
    expect("GET", city->staff, target, NULL, status, has);
}

/* Opens a case of an order and brings it to its end. */
static inline void closed(const char *source, const char *place, char number[CASE_NUMBER_LEN + 1])
{
    opened("order", source, place, number);
    move(city->staff, number, "file", NULL, 200, "\"status\":\"dispatched\"");
    move(city->staff, number, "check_in", NULL, 200, "handling");
    move(city->staff, number, "feedback", "{\"note\":\"done\"," EVIDENCE "}", 200, "feedback");
    move(city->staff, number, "check", NULL, 200, "checking");
    move(checker, number, "close", NULL, 200, "closed");
}

#endif
