/* Rendering spaces and lots. near, lists and single answers all come through here. scene_space is
 * the one place besides base/json_write that writes JSON: it is most of what the server does, so it
 * copies ready pieces; unit.api_scene holds it to the plain writer's bytes. */
#include "api/scene.h"
#include "api/ready_text.h"
#include "bowei/base/city_clock.h"
#include <string.h>

#define MS_PER_DAY INT64_C(86400000)
#define SITE_LEN   13     /* county, street, kind, site: what a lot and its spaces share */
#define NUMBERS    10000u /* numbers of a site */

/* A ready piece of an answer. All of it is copied, whatever its length: that is three vector moves
 * instead of a call. What stands behind it is written next. */
#define PIECE_MAX 48

struct piece {
    char text[PIECE_MAX];
    uint32_t len;
};

/* clang-format off */
#define PIECE(literal) {literal, sizeof(literal) - 1}

static const struct piece kind_pieces[PLACE_KIND_COUNT] = {
    [PLACE_BIKE_AREA] = PIECE("\",\"kind\":\"bike_area\",\"state\":\""),
    [PLACE_FENCE] = PIECE("\",\"kind\":\"fence\",\"state\":\""),
    [PLACE_LOT] = PIECE("\",\"kind\":\"lot\",\"state\":\""),
    [PLACE_NO_PARKING] = PIECE("\",\"kind\":\"no_parking\",\"state\":\""),
    [PLACE_ON_STREET] = PIECE("\",\"kind\":\"on_street\",\"state\":\""),
    [PLACE_TEMPORARY] = PIECE("\",\"kind\":\"temporary\",\"state\":\""),
};

static const struct piece state_pieces[SPACE_STATE_COUNT] = {
    [SPACE_UNKNOWN] = PIECE("unknown\",\"since\":"),
    [SPACE_FREE] = PIECE("free\",\"since\":"),
    [SPACE_OCCUPIED] = PIECE("occupied\",\"since\":"),
    [SPACE_OUT_OF_SERVICE] = PIECE("out_of_service\",\"since\":"),
};

static const struct piece known_pieces[SPACE_STATE_COUNT] = {
    [SPACE_UNKNOWN] = PIECE(",\"known\":null,\"confidence\":"),
    [SPACE_FREE] = PIECE(",\"known\":{\"state\":\"free\",\"since\":"),
    [SPACE_OCCUPIED] = PIECE(",\"known\":{\"state\":\"occupied\",\"since\":"),
    [SPACE_OUT_OF_SERVICE] = PIECE(",\"known\":{\"state\":\"out_of_service\",\"since\":"),
};

static const struct piece reason_pieces[REASON_COUNT] = {
#define REASON(name, code, en, zh) [REASON_##name] = PIECE(",\"reason\":\"" code "\",\"attributes\":["),
#include "bowei/reasons.def"
#undef REASON
};

static const struct piece crs_pieces[CRS_COUNT] = {
    [CRS_WGS84] = PIECE("],\"location\":{\"crs\":\"wgs84\",\"lat\":"),
    [CRS_GCJ02] = PIECE("],\"location\":{\"crs\":\"gcj02\",\"lat\":"),
    [CRS_BD09] = PIECE("],\"location\":{\"crs\":\"bd09\",\"lat\":"),
};

/* clang-format on */

static char *piece_put(char *p, const struct piece *piece)
{
    memcpy(p, piece->text, PIECE_MAX);
    return p + piece->len;
}

void scene_init(struct scene *scene, const struct inventory *inv, const struct view *view,
                struct view_now now, enum crs crs)
{
    scene->memo = NULL;
    memset(scene->days, 0, sizeof scene->days);
    scene->lot.version = 0;
    scene->inv = inv;
    scene->view = view;
    scene->now = now;
    scene->crs = crs;
    scene->geo = false;
    scene->members = ALL_MEMBERS;
}

static const struct day_text *day_find(struct scene *scene, int64_t at_ms)
{
    uint64_t number = (uint64_t)at_ms / (uint64_t)MS_PER_DAY;
    int64_t start_ms = (int64_t)number * MS_PER_DAY;
    struct day_text *day =
        &(scene->memo == NULL ? scene->days : scene->memo->days)[number % DAYS_KEPT];

    if (day->start_ms != start_ms || start_ms == 0) {
        char text[RFC3339_LEN + 1];

        rfc3339_format(at_ms, text);
        memcpy(day->text, text, sizeof day->text);
        day->start_ms = start_ms;
    }
    return day;
}

char *scene_stamp(struct scene *scene, char *p, int64_t city_ms)
{
    int64_t at_ms = city_ms + scene->now.shift_ms;
    const struct day_text *day = day_find(scene, at_ms < 0 ? 0 : at_ms);
    uint32_t second = (uint32_t)((at_ms < 0 ? 0 : at_ms) - day->start_ms) / 1000;
    uint32_t minute = second / 60;

    memcpy(p, day->text, sizeof day->text);
    p = pair_put(p + sizeof day->text, minute / 60);
    *p++ = ':';
    p = pair_put(p, minute % 60);
    *p++ = ':';
    p = pair_put(p, second % 60);
    *p++ = 'Z';
    return p;
}

#define TIME_LEN (RFC3339_LEN + 2)

/* "2026-11-21T14:03:11Z" in quotes, null when the time is not known. */
char *scene_time(struct scene *scene, char *p, int64_t city_ms)
{
    if (city_ms <= 0) {
        return PUT(p, "null");
    }
    *p++ = '"';
    p = scene_stamp(scene, p, city_ms);
    *p++ = '"';
    return p;
}

/* The same moment again (copied from where it stands), or another one. */
static char *time_again(struct scene *scene, char *p, int64_t city_ms, const char *former,
                        int64_t former_ms)
{
    if (city_ms != former_ms || city_ms <= 0) {
        return scene_time(scene, p, city_ms);
    }
    memcpy(p, former, TIME_LEN);
    return p + TIME_LEN;
}

struct position_e7 scene_at(const struct scene *scene, struct position_e7 at)
{
    return scene->crs == CRS_WGS84
               ? at
               : position_round(crs_from_wgs84(scene->crs, position_deg_of(at)));
}

/* One step of ISO 7064 MOD 37,36 over a character's value; p stays in 1..36. */
static unsigned check_step(unsigned p, unsigned value)
{
    p += value;
    p -= p > 36 ? 36 : 0;
    p *= 2;
    return p - (p > 36 ? 37 : 0);
}

static unsigned check_value(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10);
}

static void lot_fill(struct lot_text *lot, space_key key)
{
    unsigned check = 36;

    space_id_write(key, lot->text);
    for (size_t i = 0; i < SITE_LEN; i++) {
        check = check_step(check, check_value(lot->text[i]));
    }
    lot->check = (uint8_t)check;
    lot->key = key;
}

void scene_lot_soon(const struct scene_memo *memo, uint32_t lot)
{
    __builtin_prefetch(&memo->lots[lot & (LOTS_KEPT - 1)]);
}

/* By index and version: the lot's own row, one more place in memory, is not looked at. */
const struct lot_text *scene_lot_text(struct scene *scene, uint32_t lot)
{
    struct lot_text *kept =
        scene->memo == NULL ? &scene->lot : &scene->memo->lots[lot & (LOTS_KEPT - 1)];

    if (kept->lot != lot || kept->version != scene->inv->version || kept->version == 0) {
        lot_fill(kept, scene->inv->lots[lot].key);
        kept->version = scene->inv->version;
        kept->lot = lot;
    }
    return kept;
}

/* The ID of a space of the lot: 13 characters are the lot's, so only the number and the check
 * character are worked out. */
void scene_id(const struct lot_text *lot, space_key key, char id[SPACE_ID_LEN])
{
    uint64_t number = key - lot->key; /* the lot's own number is 0 */
    unsigned p = lot->check;
    unsigned high;
    unsigned low;

    if (number >= NUMBERS) {
        space_id_write(key, id);
        return;
    }
    high = (unsigned)number / 100;
    low = (unsigned)number % 100;
    memcpy(id, lot->text, SITE_LEN);
    (void)pair_put(pair_put(id + SITE_LEN, high), low);
    p = check_step(check_step(p, high / 10), high % 10);
    p = check_step(check_step(p, low / 10), low % 10);
    p = p <= 1 ? 1 - p : 37 - p; /* (37 - p) % 36 */
    id[SPACE_ID_LEN - 1] = (char)(p < 10 ? '0' + p : 'A' + p - 10);
}

/* From the state's name up to the bracket of the attributes. */
static char *live_put(struct scene *scene, char *p, const struct space_view *view)
{
    const char *since = p = piece_put(p, &state_pieces[view->state]);

    p = scene_time(scene, p, view->since_ms);
    p = PUT(p, ",\"seen\":");
    p = time_again(scene, p, view->seen_ms, since, view->since_ms);
    p = piece_put(p, &known_pieces[view->known_state]);
    if (view->known_state != SPACE_UNKNOWN) {
        p = time_again(scene, p, view->known_since_ms, since, view->since_ms);
        p = PUT(p, "},\"confidence\":");
    }
    p = number_put(p, view->confidence);
    return piece_put(p, &reason_pieces[view->reason]);
}

char *scene_feature(char *p, const char *id, struct position_e7 at)
{
    *p++ = '{';
    p = PUT(p, "\"type\":\"Feature\",\"id\":\"");
    memcpy(p, id, SPACE_ID_LEN);
    p = PUT(p + SPACE_ID_LEN, "\",\"geometry\":");
    *p++ = '{';
    p = PUT(p, "\"type\":\"Point\",\"coordinates\":[");
    p = degrees_put(p, at.lon);
    *p++ = ',';
    p = degrees_put(p, at.lat);
    return PUT(p, "]},\"properties\":");
}

char *scene_space(struct scene *scene, char *p, uint32_t slot, const struct space_view *view,
                  int64_t distance_mm)
{
    const struct inv_space *space = &scene->inv->spaces[slot];
    const struct lot_text *lot = scene_lot_text(scene, space->lot);
    struct position_e7 at = scene_at(scene, space->at);
    char id[SPACE_ID_LEN];

    if (scene->members != ALL_MEMBERS) {
        return scene_space_some(scene, p, slot, view, distance_mm);
    }
    scene_id(lot, space->key, id);
    if (scene->geo) {
        p = scene_feature(p, id, at);
    }
    *p++ = '{';
    p = PUT(p, "\"id\":\"");
    memcpy(p, id, SPACE_ID_LEN);
    p = PUT(p + SPACE_ID_LEN, "\",\"display\":\"");
    p = display_put(p, id);
    p = PUT(p, "\",\"lot\":\"");
    memcpy(p, lot->text, SPACE_ID_LEN);
    p = piece_put(p + SPACE_ID_LEN, &kind_pieces[space_key_kind(space->key)]);
    p = live_put(scene, p, view);
    if (space->attributes != 0) {
        p = attributes_put(p, space->attributes);
    }
    p = piece_put(p, &crs_pieces[scene->crs]);
    p = degrees_put(p, at.lat);
    p = PUT(p, ",\"lon\":");
    p = degrees_put(p, at.lon);
    *p++ = '}';
    if (distance_mm >= 0) {
        p = PUT(p, ",\"distance_m\":");
        p = number_put(p, ((uint64_t)distance_mm + 500) / 1000);
    }
    *p++ = '}';
    if (scene->geo) {
        *p++ = '}';
    }
    return p;
}
