/* Rendering spaces and lots. near, lists and single answers all come through here. scene_space is
 * the one place besides base/json_write that writes JSON: it is most of what the server does, so it
 * copies ready pieces; unit.api_scene holds it to the plain writer's bytes. */
#include "api/scene.h"
#include "api/ready_text.h"
#include "bowei/base/city_clock.h"
#include <string.h>

/* A ready piece of an answer, one of a table. All of the table's room is copied, whatever the
 * piece's length: that is two or three vector moves instead of a call. */
#define SHORT_ROOM 32
#define LONG_ROOM  PUT_OVER

struct piece {
    char text[LONG_ROOM];
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

static char *short_put(char *p, const struct piece *piece)
{
    memcpy(p, piece->text, SHORT_ROOM);
    return p + piece->len;
}

static char *long_put(char *p, const struct piece *piece)
{
    memcpy(p, piece->text, LONG_ROOM);
    return p + piece->len;
}

void scene_init(struct scene *scene, struct scene_memo *memo, const struct inventory *inv,
                struct view_now now, enum crs crs)
{
    *scene =
        (struct scene){.memo = memo, .inv = inv, .now = now, .crs = crs, .members = ALL_MEMBERS};
}

#define MS_PER_HOUR 3600000
#define HOUR_AT     12 /* behind the day's text */

/* A moment as it is written: the two words that a stamp is made of. */
struct stamp {
    char day[DAY_TEXT]; /* "2026-11-21T, with the quote */
    uint64_t clock;     /* 14:03:11; 0: the moment is not known */
};

static inline struct stamp stamp_of(struct scene *scene, int64_t city_ms)
{
    const uint64_t factor = (UINT64_C(1) << POINT) / MS_PER_HOUR + 1;
    int64_t at_ms = city_ms + scene->now.shift_ms;
    const struct day_text *day;
    struct stamp stamp;
    uint64_t hour;
    uint64_t minute;
    uint64_t second;

    stamp.clock = 0;
    if (city_ms <= 0) {
        return stamp;
    }
    at_ms = at_ms < 0 ? 0 : at_ms;
    day = scene_memo_day(scene->memo, at_ms);
    memcpy(stamp.day, day->text, sizeof stamp.day);
    hour = (uint64_t)(at_ms + MS_PER_DAY - day->end_ms) * factor;
    minute = (hour & FRACTION) * 60;
    second = (minute & FRACTION) * 60;
    stamp.clock = pair_word(hour >> POINT) | (uint64_t)':' << 16 |
                  pair_word(minute >> POINT) << 24 | (uint64_t)':' << 40 |
                  pair_word(second >> POINT) << 48;
    return stamp;
}

static char *stamp_put(char *p, const struct stamp *stamp)
{
    if (stamp->clock == 0) {
        return PUT(p, "null");
    }
    memcpy(p, stamp->day, sizeof stamp->day);
    word_put(p + HOUR_AT, stamp->clock);
    return PUT(p + HOUR_AT + 8, "Z\"");
}

char *scene_time(struct scene *scene, char *p, int64_t city_ms)
{
    struct stamp stamp = stamp_of(scene, city_ms);

    return stamp_put(p, &stamp);
}

struct position_e7 scene_at(const struct scene *scene, struct position_e7 at)
{
    return scene->crs == CRS_WGS84
               ? at
               : position_round(crs_from_wgs84(scene->crs, position_deg_of(at)));
}

/* From the state's name up to the bracket of the attributes. */
static char *live_put(struct scene *scene, char *p, const struct space_view *view)
{
    struct stamp since = stamp_of(scene, view->since_ms);
    struct stamp seen = stamp_of(scene, view->seen_ms);

    p = short_put(p, &state_pieces[view->state]);
    p = stamp_put(p, &since);
    p = PUT(p, ",\"seen\":");
    p = stamp_put(p, &seen);
    p = long_put(p, &known_pieces[view->known_state]);
    if (view->known_state != SPACE_UNKNOWN) {
        if (view->known_since_ms != view->since_ms) {
            since = stamp_of(scene, view->known_since_ms);
        }
        p = stamp_put(p, &since);
        p = PUT(p, "},\"confidence\":");
    }
    p = number_put(p, view->confidence);
    return long_put(p, &reason_pieces[view->reason]);
}

static char *location_put(char *p, enum crs crs, struct position_e7 at)
{
    p = long_put(p, &crs_pieces[crs]);
    p = degrees_put(p, at.lat);
    p = PUT(p, ",\"lon\":");
    p = degrees_put(p, at.lon);
    return p;
}

char *scene_feature(char *p, const struct site_text *site, struct place_tail tail,
                    struct position_e7 at)
{
    p = PUT(p, "{\"type\":\"Feature\",\"id\":\"");
    p = id_put(p, site, tail);
    p = PUT(p, "\",\"geometry\":");
    p = PUT(p, "{\"type\":\"Point\",\"coordinates\":[");
    p = degrees_put(p, at.lon);
    *p++ = ',';
    p = degrees_put(p, at.lat);
    return PUT(p, "]},\"properties\":");
}

char *scene_space(struct scene *scene, char *p, uint32_t slot, const struct space_view *view,
                  int64_t distance_mm)
{
    const struct inv_space *space = &scene->inv->spaces[slot];
    struct position_e7 at = scene_at(scene, space->at);
    const struct site_text *lot;
    const struct site_text *site;
    struct place_tail tail;

    if (scene->members != ALL_MEMBERS) {
        return scene_space_some(scene, p, slot, view, distance_mm);
    }
    lot = scene_memo_lot(scene->memo, scene->inv, space->lot);
    site = scene_memo_site(scene->memo, lot, space->key);
    tail = site_text_tail(site, space->key);
    if (scene->geo) {
        p = scene_feature(p, site, tail, at);
    }
    p = PUT(p, "{\"id\":\"");
    p = id_put(p, site, tail);
    p = PUT(p, "\",\"display\":\"");
    p = display_put(p, site, tail);
    p = PUT(p, "\",\"lot\":\"");
    memcpy(p, lot->id, SPACE_ID_LEN);
    p = short_put(p + SPACE_ID_LEN, &kind_pieces[site->kind]);
    p = live_put(scene, p, view);
    if (space->attributes != 0) {
        p = attributes_put(p, space->attributes);
    }
    p = location_put(p, scene->crs, at);
    if (distance_mm >= 0) {
        p = PUT(p, "},\"distance_m\":");
        p = number_put(p, ((uint64_t)distance_mm + 500) / 1000);
        p = PUT(p, "}");
    } else {
        p = PUT(p, "}}");
    }
    return scene->geo ? PUT(p, "}") : p;
}
