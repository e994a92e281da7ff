/* Spaces and lots over HTTP: near against brute force, lists that hold everything once, entity
 * tags, crs both ways, and the fast renderer against the plain writer. */
#include "api/params.h"
#include "api/scene.h"
#include "bowei/base/json_read.h"
#include "tests/unit/api_city.h"

/* An answer's JSON. */
struct parsed {
    struct json_node nodes[60000];
    struct json_doc doc;
};

static struct parsed *parse(const struct answer_text *a)
{
    struct parsed *p = calloc(1, sizeof *p);

    assert_non_null(p);
    if (json_parse(&p->doc, a->body, a->body_len, p->nodes, ARRAY_LEN(p->nodes)) != JSON_OK) {
        print_error("%s\n%s\n", json_fault_text(p->doc.fault), a->body);
        fail();
    }
    return p;
}

static const struct json_node *member(const struct parsed *p, const struct json_node *object,
                                      const char *name)
{
    const struct json_node *node = json_member(&p->doc, object, name);

    if (node == NULL) {
        print_error("no member %s\n", name);
        fail();
    }
    return node;
}

static space_key id_of(const struct parsed *p, const struct json_node *item)
{
    char id[40];
    space_key key = 0;

    assert_int_equal(json_text(&p->doc, member(p, item, "id"), id, sizeof id), SPACE_ID_LEN);
    assert_int_equal(space_id_parse(id, SPACE_ID_LEN, &key), ID_OK);
    return key;
}

struct oracle_row {
    int64_t mm;
    space_key key;
};

static int by_distance(const void *a, const void *b)
{
    const struct oracle_row *x = a;
    const struct oracle_row *y = b;

    if (x->mm != y->mm) {
        return x->mm < y->mm ? -1 : 1;
    }
    return x->key < y->key ? -1 : x->key > y->key;
}

static uint32_t oracle(struct position_e7 at, int64_t radius_mm, unsigned states,
                       attribute_set attributes, struct oracle_row *out)
{
    uint32_t n = 0;

    for (uint32_t s = 0; s < city->inv->space_count; s++) {
        int64_t mm = distance_mm(at, city->inv->spaces[s].at);

        if (states >> city_state(s) & 1 && mm <= radius_mm &&
            (city->inv->spaces[s].attributes & attributes) == attributes) {
            out[n++] = (struct oracle_row){mm, city->inv->spaces[s].key};
        }
    }
    qsort(out, n, sizeof *out, by_distance);
    return n;
}

/* Follows the cursors of a near query and compares every item with the oracle. */
static void near_walk(const char *query, uint32_t limit, const struct oracle_row *rows, uint32_t n)
{
    char cursor[80] = "";
    uint32_t at = 0;

    for (;;) {
        struct answer_text a =
            client_get(city, "/v1/spaces/near?%s&limit=%u%s%s", query, (unsigned)limit,
                       cursor[0] == '\0' ? "" : "&cursor=", cursor);
        struct parsed *p;
        const struct json_node *items;
        const struct json_node *item;
        const struct json_node *next;
        char link[1400];

        assert_int_equal(a.status, 200);
        p = parse(&a);
        items = member(p, p->nodes, "items");
        item = json_first(&p->doc, items);
        for (uint32_t i = 0; i < items->count; i++) {
            int64_t metres;

            assert_true(at < n);
            assert_true(id_of(p, item) == rows[at].key);
            assert_true(json_int(&p->doc, member(p, item, "distance_m"), &metres));
            assert_int_equal(metres, (rows[at].mm + 500) / 1000);
            at++;
            item = json_after(&p->doc, item);
        }
        next = json_member(&p->doc, p->nodes, "next");
        assert_int_equal(next != NULL, at < n);
        assert_int_equal(head_find(a.head, "Link", link, sizeof link) != NULL, at < n);
        if (next != NULL) {
            assert_int_equal(items->count, limit);
            assert_true(json_text(&p->doc, next, cursor, sizeof cursor) > 0);
            assert_non_null(strstr(link, cursor));
        }
        free(p);
        answer_free(&a);
        if (next == NULL) {
            break;
        }
    }
    assert_int_equal(at, n);
}

static void near_equals_brute_force(void **state)
{
    struct dice dice = {11};
    struct oracle_row rows[CITY_SPACES];

    (void)state;
    for (int round = 0; round < 60; round++) {
        struct position_e7 at = {422500000 + (int32_t)dice_below(&dice, 27000),
                                 1188800000 + (int32_t)dice_below(&dice, 36000)};
        uint32_t radius = 1 + dice_below(&dice, 600);
        bool ev = dice_below(&dice, 2) == 0;
        unsigned states =
            dice_below(&dice, 2) == 0 ? 1u << SPACE_FREE : 1u << SPACE_FREE | 1u << SPACE_OCCUPIED;
        char query[200];
        uint32_t n = oracle(at, (int64_t)radius * 1000, states, ev ? 1 : 0, rows);

        (void)snprintf(query, sizeof query, "lat=%d.%07d&lon=%d.%07d&radius=%u%s%s",
                       at.lat / 10000000, at.lat % 10000000, at.lon / 10000000, at.lon % 10000000,
                       (unsigned)radius, ev ? "&attr=ev" : "",
                       states == 1u << SPACE_FREE ? "" : "&state=free,occupied");
        near_walk(query, 1 + dice_below(&dice, 50), rows, n);
        city_beat(city);
    }
}

static void coverage(void **state)
{
    struct answer_text a = client_get(city, "/v1/spaces/near?lat=0&lon=0");

    (void)state;
    assert_non_null(strstr(a.body, "\"coverage\":false,\"items\":[]}"));
    answer_free(&a);
    a = client_get(city, "/v1/spaces/near?lat=42.25&lon=118.88&state=unknown");
    assert_non_null(strstr(a.body, "\"coverage\":true,\"items\":[]}"));
    answer_free(&a);
}

/* Answers of one length share a response: each must still carry its own Link, or none. */
static void near_links_are_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        unsigned limit = i % 4 == 3 ? 1000 : 1 + i % 3;
        struct answer_text a = client_get(
            city, "/v1/spaces/near?lat=42.25%02u&lon=118.88&radius=5000&limit=%u", i % 10, limit);
        char own[80];

        assert_int_equal(a.status, 200);
        (void)snprintf(own, sizeof own,
                       "lat=42.25%02u&lon=118.88&radius=5000&limit=%u&cursor=", i % 10, limit);
        if (strstr(a.body, "\"next\":") != NULL) {
            assert_non_null(strstr(a.head, own));
            assert_non_null(strstr(a.head, ">; rel=\"next\""));
            assert_null(strstr(strstr(a.head, "Link: ") + 1, "Link: "));
        } else {
            assert_null(strstr(a.head, "Link: "));
        }
        answer_free(&a);
    }
}

/* Pages through a list and counts each key; keys must ascend. */
static uint32_t list_walk(const char *target, const char *joint)
{
    char cursor[80] = "";
    space_key last = 0;
    uint32_t n = 0;

    for (;;) {
        struct answer_text a =
            client_get(city, "%s%s%s", target, cursor[0] == '\0' ? "" : joint, cursor);
        struct parsed *p = parse(&a);
        const struct json_node *items = member(p, p->nodes, "items");
        const struct json_node *item = json_first(&p->doc, items);
        const struct json_node *next = json_member(&p->doc, p->nodes, "next");

        assert_int_equal(a.status, 200);
        for (uint32_t i = 0; i < items->count; i++) {
            space_key key = id_of(p, item);

            assert_true(key > last);
            last = key;
            n++;
            item = json_after(&p->doc, item);
        }
        if (next != NULL) {
            assert_true(json_text(&p->doc, next, cursor, sizeof cursor) > 0);
        }
        free(p);
        answer_free(&a);
        if (next == NULL) {
            return n;
        }
    }
}

static void lists_hold_everything_once(void **state)
{
    char target[120];
    char id[SPACE_ID_LEN + 1];
    uint32_t boxed = 0;

    (void)state;
    assert_int_equal(list_walk("/v1/spaces?limit=37", "&cursor="), CITY_SPACES);
    assert_int_equal(list_walk("/v1/spaces", "?cursor="), CITY_SPACES);
    assert_int_equal(list_walk("/v1/lots?limit=2", "&cursor="), CITY_LOTS + 1);
    assert_int_equal(list_walk("/v1/spaces?state=occupied&limit=9", "&cursor="), CITY_SPACES / 4);
    space_id_format(city_key(FIRST_SITE + 2, 0), id);
    (void)snprintf(target, sizeof target, "/v1/spaces?lot=%s&limit=7", id);
    assert_int_equal(list_walk(target, "&cursor="), CITY_SPACES / CITY_LOTS);
    for (uint32_t s = 0; s < city->inv->space_count; s++) {
        struct position_e7 at = city->inv->spaces[s].at;

        boxed += at.lat >= 422501000 && at.lat <= 422510000 && at.lon >= 1188805000 &&
                 at.lon <= 1188820000;
    }
    assert_true(boxed > 10);
    assert_int_equal(
        list_walk("/v1/spaces?bbox=118.8805,42.2501,118.8820,42.2510&limit=5", "&cursor="), boxed);
}

static void single_and_tags(void **state)
{
    char id[SPACE_ID_LEN + 1];
    char target[80];
    char etag[80];
    char head[128];

    static const struct {
        const char *before, *after;
        bool tag, bare;
    } wraps[] = {
        {"If-None-Match: ",          "\r\n",        true,  false},
        {"If-None-Match: \"x\", W/", ", \"y\"\r\n", true,  true },
        {"If-None-Match: *",         "\r\n",        false, false},
    };

    static const char *const targets[] = {"/v1/lots", "/v1/spaces?limit=3", "/v1/lots/",
                                          "/v1/spaces/"};

    (void)state;
    for (size_t t = 0; t < ARRAY_LEN(targets); t++) {
        struct answer_text a;
        bool single = targets[t][strlen(targets[t]) - 1] == '/';

        space_id_format(city_key(FIRST_SITE, t == 2 ? 0 : 1), id);
        (void)snprintf(target, sizeof target, "%s%s", targets[t], single ? id : "");
        a = client_get(city, "%s", target);
        assert_int_equal(a.status, 200);
        assert_non_null(head_find(a.head, "ETag", etag, sizeof etag));
        answer_free(&a);
        for (size_t i = 0; i < ARRAY_LEN(wraps); i++) {
            const char *tag = strncmp(etag, "W/", 2) == 0 && wraps[i].bare ? etag + 2 : etag;

            (void)snprintf(head, sizeof head, "%s%s%s", wraps[i].before, wraps[i].tag ? tag : "",
                           wraps[i].after);
            a = client_ask(city, "GET", target, head, NULL);
            if (a.status != 304) {
                print_error("%s: %s\n", target, head);
            }
            assert_int_equal(a.status, 304);
            assert_int_equal(a.body_len, 0);
            answer_free(&a);
        }
        a = client_ask(city, "GET", target, "If-None-Match: \"other\"\r\n", NULL);
        assert_int_equal(a.status, 200);
        answer_free(&a);
    }
}

static void kept_answers_follow_the_version(void **state)
{
    char id[SPACE_ID_LEN + 1];
    struct answer_text a;
    struct lot_view lot = {
        .counts = {.free = 1, .occupied = 49},
        .capacity = 50,
        .reason = REASON_FRESH,
        .version = 2
    };
    uint32_t index = inventory_lot(city->inv, city_key(FIRST_SITE, 0));

    (void)state;
    space_id_format(city_key(FIRST_SITE, 0), id);
    a = client_get(city, "/v1/lots/%s", id);
    assert_non_null(strstr(a.body, "\"free\":25"));
    answer_free(&a);
    view_put_lot(city->view, index, &lot);
    a = client_get(city, "/v1/lots/%s", id);
    assert_non_null(strstr(a.body, "\"free\":1,"));
    answer_free(&a);
}

static void forms_of_ids(void **state)
{
    char id[SPACE_ID_LEN + 1];
    char display[SPACE_ID_DISPLAY_LEN + 1];
    char retired[SPACE_ID_LEN + 1];
    struct answer_text a;

    (void)state;
    space_id_format(city_key(FIRST_SITE, 1), id);
    space_id_display(city_key(FIRST_SITE, 1), display);
    for (char *c = display; *c != '\0'; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    }
    a = client_get(city, "/v1/spaces/%s", display);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, id));
    answer_free(&a);
    space_id_format(city_key(RETIRED_SITE, 7), retired);
    a = client_get(city, "/v1/spaces/%s", retired);
    assert_int_equal(a.status, 410);
    assert_non_null(strstr(a.body, "\"replaced_by\":\""));
    assert_non_null(strstr(a.body, id));
    answer_free(&a);
    a = client_get(city, "/v1/resolve?scheme=street&value=A%%2017%%2B");
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, id));
    answer_free(&a);
    a = client_get(city, "/v1/resolve?scheme=street&value=none");
    assert_int_equal(a.status, 404);
    answer_free(&a);
}

static void crs_both_ways(void **state)
{
    static const enum crs systems[] = {CRS_GCJ02, CRS_BD09};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(systems); i++) {
        const struct inv_space *space = &city->inv->spaces[0];
        struct position_deg p = crs_from_wgs84(systems[i], position_deg_of(space->at));
        struct answer_text a = client_get(
            city,
            "/v1/spaces/"
            "near?lat=%.9f&lon=%.9f&crs=%s&limit=1&state=free,occupied,unknown,out_of_service",
            p.lat, p.lon, crs_name(systems[i]));
        struct parsed *q = parse(&a);
        const struct json_node *item = json_first(&q->doc, member(q, q->nodes, "items"));
        const struct json_node *location = member(q, item, "location");
        int64_t lat;
        int64_t metres;

        assert_true(id_of(q, item) == space->key);
        assert_true(json_int(&q->doc, member(q, item, "distance_m"), &metres));
        assert_int_equal(metres, 0);
        assert_true(json_is_text(&q->doc, member(q, location, "crs"), crs_name(systems[i])));
        assert_true(json_scaled(&q->doc, member(q, location, "lat"), 7, &lat));
        assert_int_equal(lat, position_round(p).lat);
        free(q);
        answer_free(&a);
    }
}

static void geojson(void **state)
{
    struct answer_text a =
        client_ask(city, "GET", "/v1/spaces?limit=2", "Accept: application/geo+json\r\n", NULL);
    char type[64];

    (void)state;
    assert_int_equal(a.status, 200);
    assert_string_equal(head_find(a.head, "Content-Type", type, sizeof type),
                        "application/geo+json");
    free(parse(&a));
    assert_non_null(strstr(a.body, "\"type\":\"FeatureCollection\""));
    assert_non_null(strstr(a.body, "\"coordinates\":[118.8"));
    answer_free(&a);
    a = client_ask(city, "GET", "/v1/lots", "Accept: application/geo+json\r\n", NULL);
    free(parse(&a));
    answer_free(&a);
    a = client_ask(city, "GET", "/v1/lots?crs=gcj02", "Accept: application/geo+json\r\n", NULL);
    assert_int_equal(a.status, 400);
    answer_free(&a);
    a = client_ask(city, "GET", "/v1/lots", "Accept: text/html\r\n", NULL);
    assert_int_equal(a.status, 406);
    answer_free(&a);
    a = client_ask(city, "GET", "/v1/lots", "Accept: text/html, */*;q=0.1\r\n", NULL);
    assert_int_equal(a.status, 200);
    answer_free(&a);
}

static void fast_renderer_equals_plain_writer(void **state)
{
    static struct scene_memo memo;
    struct dice dice = {5};
    struct view_now now = view_now(city->view, host_boot_ms());

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct space_view v = {
            .state = (enum space_state)dice_below(&dice, SPACE_STATE_COUNT),
            .reason = (enum reason)dice_below(&dice, REASON_COUNT),
            .known_state = (enum space_state)dice_below(&dice, 3),
            .confidence = (uint8_t)dice_below(&dice, 101),
            .since_ms = (int64_t)(dice_u64(&dice) % 4000000000000),
            .known_since_ms = (int64_t)(dice_u64(&dice) % 4000000000000),
            .seen_ms = dice_below(&dice, 4) == 0 ? 0 : (int64_t)(dice_u64(&dice) % 4000000000000),
        };
        struct inv_space space = city->inv->spaces[dice_below(&dice, city->inv->space_count)];
        struct inventory copy = *city->inv;
        struct scene scene;
        struct strbuf plain = {0};
        struct json_writer w;
        char fast[SPACE_JSON_MAX + 1];
        int64_t mm = dice_below(&dice, 3) == 0 ? -1 : (int64_t)dice_below(&dice, 50000000);
        size_t len;

        if (dice_below(&dice, 4) == 0) { /* a space may be of a lot of another site */
            space.lot = dice_below(&dice, city->inv->lot_count);
        }
        space.attributes = (attribute_set)dice_below(&dice, 1u << 12);
        space.at = (struct position_e7){(int32_t)dice_below(&dice, 1800000000) - 900000000,
                                        (int32_t)(dice_u64(&dice) % 3600000000u - 1800000000u)};
        copy.spaces = &space;
        now.shift_ms = -(int64_t)dice_below(&dice, 100000);
        scene_init(&scene, &memo, &copy, now, (enum crs)dice_below(&dice, CRS_COUNT));
        scene.geo = dice_below(&dice, 2) == 0;
        if (dice_below(&dice, 2) == 0) {
            scene.members = 1 + (member_set)dice_below(&dice, (1u << MEMBER_COUNT) - 1);
        }
        len = (size_t)(scene_space(&scene, fast, 0, &v, mm) - fast);
        assert_true(len + PUT_OVER <= SPACE_JSON_MAX);
        json_writer_init(&w, &plain);
        scene_space_plain(&scene, &w, 0, &v, mm);
        if (len != plain.len || memcmp(fast, plain.data, len) != 0) {
            print_error("%.*s\n%.*s\n", (int)len, fast, (int)plain.len, plain.data);
            fail();
        }
        strbuf_finish(&plain);
    }
}

/* `fields` picks members; the rest of the answer stays what it is. */
static void fields_pick_members(void **state)
{
    static const struct {
        const char *target, *want, *not ;
    } rows[] = {
        {"/v1/spaces/near?lat=42.25&lon=118.88&radius=50000&limit=1&fields=distance_m,id",
         "\"items\":[{\"id\":\"1504",                                                                                       "\"lot\""     },
        {"/v1/spaces?limit=2&fields=state",                                                    "\"items\":[{\"state\":\"",  "\"id\""      },
        {"/v1/spaces?limit=2&fields=distance_m",                                               "\"items\":[{},{}]",         "\"id\""      },
        {"/v1/lots?limit=1&fields=free,id",                                                    "\"items\":[{\"id\":\"1504", "\"name\""    },
        {"/v1/lots/near?lat=42.25&lon=118.88&radius=50000&limit=1&fields=location,distance_m",
         "\"items\":[{\"location\":{\"crs\":",                                                                              "\"capacity\""},
    };

    static const char *const bad[] = {
        "/v1/spaces?fields=",         "/v1/spaces?fields=id,,lot",
        "/v1/spaces?fields=capacity", "/v1/lots?fields=confidence",
        "/v1/spaces?fields=ID",       "/v1/spaces?fields=id&fields=lot",
        "/v1/stream?fields=id",
    };

    char list[256];

    (void)state;
    members_list(space_members, list, sizeof list);
    assert_non_null(strstr(param_rows[PARAM_SPACE_FIELDS].doc, list));
    members_list(lot_members, list, sizeof list);
    assert_non_null(strstr(param_rows[PARAM_LOT_FIELDS].doc, list));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct answer_text a = client_get(city, "%s", rows[i].target);

        assert_int_equal(a.status, 200);
        if (strstr(a.body, rows[i].want) == NULL || strstr(a.body, rows[i].not ) != NULL) {
            print_error("%s: %s\n", rows[i].target, a.body);
            fail();
        }
        assert_non_null(strstr(a.body, "\"as_of\""));
        answer_free(&a);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct answer_text a = client_get(city, "%s", bad[i]);

        assert_int_equal(a.status, 400);
        assert_non_null(strstr(a.body, "\"parameter\":\"fields\""));
        answer_free(&a);
    }
}

static void city_and_lag(void **state)
{
    struct answer_text a = client_get(city, "/v1/city");

    (void)state;
    assert_ptr_equal(strstr(a.body, "{\"adcodes\":[\"150402\"],\"capacity\":520,\"free\":520,"
                                    "\"occupied\":0,\"unknown\":0,\"out_of_service\":0,"
                                    "\"single_spaces\":400,\"lots\":9,\"as_of\":\""),
                     a.body);
    assert_non_null(strstr(a.body, "\"degraded\":[]}"));
    answer_free(&a);
    /* a core that has gone silent is not believed */
    view_put_heartbeat(city->view, (struct now){.at_ms = city->at_ms}, host_boot_ms() - 5000);
    a = client_get(city, "/v1/spaces/near?lat=42.25&lon=118.88");
    assert_non_null(strstr(a.body, "\"items\":[]"));
    answer_free(&a);
    a = client_get(city, "/readyz");
    assert_int_equal(a.status, 503);
    assert_non_null(strstr(a.body, "gateway_lag"));
    answer_free(&a);
    a = client_get(city, "/livez");
    assert_int_equal(a.status, 200);
    answer_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(near_equals_brute_force, city_fresh),
        cmocka_unit_test_setup(coverage, city_fresh),
        cmocka_unit_test_setup(near_links_are_its_own, city_fresh),
        cmocka_unit_test_setup(lists_hold_everything_once, city_fresh),
        cmocka_unit_test_setup(single_and_tags, city_fresh),
        cmocka_unit_test_setup(kept_answers_follow_the_version, city_fresh),
        cmocka_unit_test_setup(forms_of_ids, city_fresh),
        cmocka_unit_test_setup(crs_both_ways, city_fresh),
        cmocka_unit_test_setup(geojson, city_fresh),
        cmocka_unit_test_setup(fast_renderer_equals_plain_writer, city_fresh),
        cmocka_unit_test_setup(fields_pick_members, city_fresh),
        cmocka_unit_test_setup(city_and_lag, city_fresh),
    };

    return cmocka_run_group_tests(tests, city_set_up, city_tear_down);
}
