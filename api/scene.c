/* Rendering spaces and lots. near, lists and single answers all come through here. scene_space is
 * the one place besides base/json_write that writes JSON: it is most of what the server does, so it
 * copies ready pieces; unit.api_scene holds it to the plain writer's bytes. */
#include "api/scene.h"
#include "bowei/base/city_clock.h"
#include <string.h>

#define MS_PER_DAY INT64_C(86400000)
#define SITE_LEN   13 /* county, street, kind, site: what a lot and its spaces share */

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

/* A text with its length known to the compiler. */
#define PIECE(p, text) (memcpy((p), (text), sizeof(text) - 1), (p) + sizeof(text) - 1)

static char *pair_put(char *p, unsigned v)
{
    memcpy(p, pairs + 2 * v, 2);
    return p + 2;
}

static char *text_put(char *p, const char *text)
{
    size_t len = strlen(text);

    memcpy(p, text, len);
    return p + len;
}

static char *number_put(char *p, uint64_t v)
{
    return p + u64_write(v, p);
}

void scene_init(struct scene *scene, const struct inventory *inv, const struct view *view,
                struct view_now now, enum crs crs)
{
    scene->inv = inv;
    scene->view = view;
    scene->now = now;
    scene->crs = crs;
    scene->geo = false;
    scene->lot = NO_SLOT;
    for (size_t i = 0; i < DAYS_KEPT; i++) {
        scene->day[i].start_ms = -MS_PER_DAY;
    }
}

char *scene_stamp(struct scene *scene, char *p, int64_t city_ms)
{
    int64_t at_ms = city_ms + scene->now.shift_ms;
    uint64_t day = (uint64_t)(at_ms < 0 ? 0 : at_ms) / (uint64_t)MS_PER_DAY;
    size_t kept = day % DAYS_KEPT;
    unsigned second;

    if (scene->day[kept].start_ms != (int64_t)day * MS_PER_DAY) {
        char text[RFC3339_LEN + 1];

        rfc3339_format(at_ms, text);
        memcpy(scene->day[kept].text, text, sizeof scene->day[kept].text);
        scene->day[kept].start_ms = (int64_t)day * MS_PER_DAY;
    }
    second = (unsigned)(((at_ms < 0 ? 0 : at_ms) - scene->day[kept].start_ms) / 1000);
    memcpy(p, scene->day[kept].text, sizeof scene->day[kept].text);
    p = pair_put(p + sizeof scene->day[kept].text, second / 3600);
    *p++ = ':';
    p = pair_put(p, second / 60 % 60);
    *p++ = ':';
    p = pair_put(p, second % 60);
    *p++ = 'Z';
    return p;
}

/* "2026-11-21T14:03:11Z" in quotes, null when the time is not known. */
static char *time_put(struct scene *scene, char *p, int64_t city_ms)
{
    if (city_ms <= 0) {
        return PIECE(p, "null");
    }
    *p++ = '"';
    p = scene_stamp(scene, p, city_ms);
    *p++ = '"';
    return p;
}

/* 1e-7 degree with 7 decimals: "42.2578000". */
static char *degrees_put(char *p, int32_t e7)
{
    uint32_t v = e7 < 0 ? 0u - (uint32_t)e7 : (uint32_t)e7;
    uint32_t fraction = v % 10000000u;

    if (e7 < 0) {
        *p++ = '-';
    }
    p = number_put(p, v / 10000000u);
    *p++ = '.';
    *p++ = (char)('0' + fraction / 1000000u);
    p = pair_put(p, fraction / 10000u % 100u);
    p = pair_put(p, fraction / 100u % 100u);
    return pair_put(p, fraction % 100u);
}

static struct position_e7 shown_at(const struct scene *scene, struct position_e7 at)
{
    return scene->crs == CRS_WGS84
               ? at
               : position_round(crs_from_wgs84(scene->crs, position_deg_of(at)));
}

/* One step of ISO 7064 MOD 37,36 over a character of the alphabet. */
static unsigned check_step(unsigned p, char c)
{
    p = (p + (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10)) % 36;
    return (p == 0 ? 36 : p) * 2 % 37;
}

static void lot_take(struct scene *scene, uint32_t lot)
{
    scene->lot = lot;
    space_id_write(scene->inv->lots[lot].key, scene->lot_text);
    scene->lot_check = 36;
    for (size_t i = 0; i < SITE_LEN; i++) {
        scene->lot_check = check_step(scene->lot_check, scene->lot_text[i]);
    }
}

/* The ID of a space of the scene's lot: 13 characters are the lot's, so only the number and the
 * check character are worked out. */
static void id_put(const struct scene *scene, space_key key, char id[SPACE_ID_LEN])
{
    unsigned number = space_key_number(key);
    unsigned p = scene->lot_check;

    if (space_key_site(key) != scene->inv->lots[scene->lot].key) {
        space_id_write(key, id);
        return;
    }
    memcpy(id, scene->lot_text, SITE_LEN);
    (void)pair_put(pair_put(id + SITE_LEN, number / 100), number % 100);
    for (size_t i = SITE_LEN; i < SPACE_ID_LEN - 1; i++) {
        p = check_step(p, id[i]);
    }
    p = (37 - p) % 36;
    id[SPACE_ID_LEN - 1] = (char)(p < 10 ? '0' + p : 'A' + p - 10);
}

/* The display form is the ID with four hyphens: 6-3-4-4-1. */
static char *display_put(char *p, const char *id)
{
    memcpy(p, id, 6);
    p[6] = '-';
    memcpy(p + 7, id + 6, 3);
    p[10] = '-';
    memcpy(p + 11, id + 9, 4);
    p[15] = '-';
    memcpy(p + 16, id + 13, 4);
    p[20] = '-';
    p[21] = id[17];
    return p + SPACE_ID_DISPLAY_LEN;
}

static char *attributes_put(char *p, attribute_set attributes)
{
    bool first = true;

    *p++ = '[';
    for (unsigned bit = 0; attributes >> bit != 0; bit++) {
        if (attributes >> bit & 1) {
            p = first ? PIECE(p, "\"") : PIECE(p, ",\"");
            p = text_put(p, attribute_name(bit));
            *p++ = '"';
            first = false;
        }
    }
    *p++ = ']';
    return p;
}

static char *live_put(struct scene *scene, char *p, const struct space_view *view)
{
    p = PIECE(p, ",\"state\":\"");
    p = text_put(p, space_state_name(view->state));
    p = PIECE(p, "\",\"since\":");
    p = time_put(scene, p, view->since_ms);
    p = PIECE(p, ",\"seen\":");
    p = time_put(scene, p, view->seen_ms);
    if (view->known_state == SPACE_UNKNOWN) {
        p = PIECE(p, ",\"known\":null");
    } else {
        p = PIECE(p, ",\"known\":");
        *p++ = '{';
        p = PIECE(p, "\"state\":\"");
        p = text_put(p, space_state_name(view->known_state));
        p = PIECE(p, "\",\"since\":");
        p = time_put(scene, p, view->known_since_ms);
        *p++ = '}';
    }
    p = PIECE(p, ",\"confidence\":");
    p = number_put(p, view->confidence);
    p = PIECE(p, ",\"reason\":\"");
    p = text_put(p, reason_code(view->reason));
    *p++ = '"';
    return p;
}

static char *feature_put(const struct scene *scene, char *p, const char *id, struct position_e7 at)
{
    (void)scene;
    *p++ = '{';
    p = PIECE(p, "\"type\":\"Feature\",\"id\":\"");
    memcpy(p, id, SPACE_ID_LEN);
    p = PIECE(p + SPACE_ID_LEN, "\",\"geometry\":");
    *p++ = '{';
    p = PIECE(p, "\"type\":\"Point\",\"coordinates\":[");
    p = degrees_put(p, at.lon);
    *p++ = ',';
    p = degrees_put(p, at.lat);
    return PIECE(p, "]},\"properties\":");
}

char *scene_space(struct scene *scene, char *p, uint32_t slot, const struct space_view *view,
                  int64_t distance_mm)
{
    const struct inv_space *space = &scene->inv->spaces[slot];
    struct position_e7 at = shown_at(scene, space->at);
    char id[SPACE_ID_LEN];

    if (scene->lot != space->lot) {
        lot_take(scene, space->lot);
    }
    id_put(scene, space->key, id);
    if (scene->geo) {
        p = feature_put(scene, p, id, at);
    }
    *p++ = '{';
    p = PIECE(p, "\"id\":\"");
    memcpy(p, id, SPACE_ID_LEN);
    p = PIECE(p + SPACE_ID_LEN, "\",\"display\":\"");
    p = display_put(p, id);
    p = PIECE(p, "\",\"lot\":\"");
    memcpy(p, scene->lot_text, SPACE_ID_LEN);
    p = PIECE(p + SPACE_ID_LEN, "\",\"kind\":\"");
    p = text_put(p, place_kind_name(space_key_kind(space->key)));
    *p++ = '"';
    p = live_put(scene, p, view);
    p = PIECE(p, ",\"attributes\":");
    p = attributes_put(p, space->attributes);
    p = PIECE(p, ",\"location\":");
    *p++ = '{';
    p = PIECE(p, "\"crs\":\"");
    p = text_put(p, crs_name(scene->crs));
    p = PIECE(p, "\",\"lat\":");
    p = degrees_put(p, at.lat);
    p = PIECE(p, ",\"lon\":");
    p = degrees_put(p, at.lon);
    *p++ = '}';
    if (distance_mm >= 0) {
        p = PIECE(p, ",\"distance_m\":");
        p = number_put(p, ((uint64_t)distance_mm + 500) / 1000);
    }
    *p++ = '}';
    if (scene->geo) {
        *p++ = '}';
    }
    return p;
}
