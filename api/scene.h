#ifndef API_SCENE_H
#define API_SCENE_H

#include "api/members.h"
#include "api/scene_memo.h"
#include "bowei/base/json_write.h"
#include "bowei/view.h"

/* Rendering spaces and lots for one answer. The space writer is the hot path: constant pieces in
 * whole words, stamps and coordinates in fixed point, what neighbours share (lot, day) kept from
 * one to the next, and nothing read that has just been written. */

#define SPACE_JSON_MAX 1024u /**< bytes of one space at most, as a GeoJSON feature too */

struct scene {
    struct scene_memo *memo;
    const struct inventory *inv;
    struct view_now now;
    enum crs crs;
    bool geo;
    member_set members; /**< those to show; ALL_MEMBERS after scene_init */
};

void scene_init(struct scene *scene, struct scene_memo *memo, const struct inventory *inv,
                struct view_now now, enum crs crs);
/** Writes one space; at most SPACE_JSON_MAX bytes, with the PUT_OVER behind them that are written
 * to, too. distance_mm < 0: none. Returns the end. */
char *scene_space(struct scene *scene, char *p, uint32_t slot, const struct space_view *view,
                  int64_t distance_mm);
/** The same with the members of scene->members only. */
char *scene_space_some(struct scene *scene, char *p, uint32_t slot, const struct space_view *view,
                       int64_t distance_mm) APART;
/** RFC 3339 of a city time, in quotes; null when it is not known (<= 0). */
char *scene_time(struct scene *scene, char *p, int64_t city_ms);
/** A position in the scene's crs. */
struct position_e7 scene_at(const struct scene *scene, struct position_e7 at);
/** A GeoJSON feature up to its properties. */
char *scene_feature(char *p, const struct site_text *site, struct place_tail tail,
                    struct position_e7 at);
/** One lot as an object. */
void scene_lot(struct scene *scene, struct json_writer *w, uint32_t lot,
               const struct lot_view *view, int64_t distance_mm);
/** The same space through the JSON writer: what the fast one is tested against. */
void scene_space_plain(struct scene *scene, struct json_writer *w, uint32_t slot,
                       const struct space_view *view, int64_t distance_mm);
const char *lot_kind_name(enum lot_kind kind);

/** A box as asked, in its own crs, and a WGS-84 box round it for the index. */
struct geo_box {
    enum crs crs;
    int64_t west_e9, south_e9, east_e9, north_e9;
    struct position_e7 south_west, north_east;
};

void geo_box_make(struct geo_box *box);
bool geo_box_has(const struct geo_box *box, struct position_e7 at);

#endif
