/* The parts of a scene that are not hot: lots, boxes, and the plain form of a space that proves the
 * fast one. */
#include "api/scene.h"
#include <string.h>

static const char *const kind_names[LOT_KIND_COUNT] = {
    [LOT_ROAD_SECTION] = "road_section",
    [LOT_LOT] = "lot",
    [LOT_TEMPORARY] = "temporary",
};

#define BOX_MARGIN_E7 200000 /* 0.02 degree: more than any of the systems moves a point */

const char *lot_kind_name(enum lot_kind kind)
{
    return (unsigned)kind < LOT_KIND_COUNT ? kind_names[kind] : "lot";
}

static bool shows(const struct scene *scene, enum member member)
{
    return scene->members >> member & 1;
}

static void text(const struct scene *scene, struct json_writer *w, enum member member,
                 const char *value)
{
    if (shows(scene, member)) {
        json_kv_str(w, member_names[member], value);
    }
}

static void number(const struct scene *scene, struct json_writer *w, enum member member, uint64_t v)
{
    if (shows(scene, member)) {
        json_kv_u64(w, member_names[member], v);
    }
}

static void stamp(struct scene *scene, struct json_writer *w, const char *key, int64_t city_ms)
{
    if (city_ms <= 0) {
        json_kv_null(w, key);
    } else {
        json_kv_time(w, key, city_ms + scene->now.shift_ms);
    }
}

static void degrees_members(struct json_writer *w, struct position_e7 at)
{
    json_key(w, "lat");
    json_fixed(w, at.lat, 7);
    json_key(w, "lon");
    json_fixed(w, at.lon, 7);
}

static void location(const struct scene *scene, struct json_writer *w, struct position_e7 at)
{
    if (!shows(scene, MEMBER_LOCATION)) {
        return;
    }
    json_key(w, "location");
    json_object(w);
    json_kv_str(w, "crs", crs_name(scene->crs));
    degrees_members(w, scene_at(scene, at));
    json_object_end(w);
}

static void feature_open(const struct scene *scene, struct json_writer *w, const char *id,
                         struct position_e7 at)
{
    struct position_e7 p = scene_at(scene, at);

    json_object(w);
    json_kv_str(w, "type", "Feature");
    json_kv_str(w, "id", id);
    json_key(w, "geometry");
    json_object(w);
    json_kv_str(w, "type", "Point");
    json_key(w, "coordinates");
    json_array(w);
    json_fixed(w, p.lon, 7);
    json_fixed(w, p.lat, 7);
    json_array_end(w);
    json_object_end(w);
    json_key(w, "properties");
}

static void identity(const struct scene *scene, struct json_writer *w, space_key key)
{
    char id[SPACE_ID_LEN + 1];
    char display[SPACE_ID_DISPLAY_LEN + 1];

    space_id_format(key, id);
    space_id_display(key, display);
    text(scene, w, MEMBER_ID, id);
    text(scene, w, MEMBER_DISPLAY, display);
}

static void distance(const struct scene *scene, struct json_writer *w, int64_t distance_mm)
{
    if (distance_mm >= 0 && shows(scene, MEMBER_DISTANCE_M)) {
        json_kv_i64(w, "distance_m", (distance_mm + 500) / 1000);
    }
}

static void kept_text(const struct scene *scene, struct json_writer *w, enum member member,
                      uint32_t offset)
{
    if (!shows(scene, member)) {
        return;
    }
    if (offset == 0) {
        json_kv_null(w, member_names[member]);
    } else {
        json_kv_str(w, member_names[member], inventory_text(scene->inv, offset));
    }
}

static void lot_name(const struct scene *scene, struct json_writer *w, const struct inv_lot *lot)
{
    if (!shows(scene, MEMBER_NAME)) {
        return;
    }
    json_key(w, "name");
    json_object(w);
    if (lot->name_zh != 0) {
        json_kv_str(w, "zh-CN", inventory_text(scene->inv, lot->name_zh));
    }
    if (lot->name_en != 0) {
        json_kv_str(w, "en", inventory_text(scene->inv, lot->name_en));
    }
    json_object_end(w);
}

static void lot_entrances(const struct scene *scene, struct json_writer *w,
                          const struct inv_lot *lot)
{
    if (!shows(scene, MEMBER_ENTRANCES)) {
        return;
    }
    json_key(w, "entrances");
    json_array(w);
    for (uint32_t i = 0; i < lot->entrances_count; i++) {
        json_object(w);
        degrees_members(w, scene_at(scene, scene->inv->entrances[lot->entrances + i]));
        json_object_end(w);
    }
    json_array_end(w);
}

static void lot_description(const struct scene *scene, struct json_writer *w,
                            const struct inv_lot *lot)
{
    lot_name(scene, w, lot);
    text(scene, w, MEMBER_KIND, lot_kind_name((enum lot_kind)lot->kind));
    text(scene, w, MEMBER_COUNTING, lot->counting == COUNT_GATES ? "gates" : "spaces");
    kept_text(scene, w, MEMBER_ADDRESS, lot->address);
    lot_entrances(scene, w, lot);
    kept_text(scene, w, MEMBER_HOURS, lot->hours);
    kept_text(scene, w, MEMBER_FEE, lot->fee);
    if (shows(scene, MEMBER_HEIGHT_M)) {
        json_key(w, "height_m");
        if (lot->height_cm == 0) {
            json_null(w);
        } else {
            json_decimal(w, lot->height_cm, 2);
        }
    }
    location(scene, w, lot->at);
}

void scene_lot(struct scene *scene, struct json_writer *w, uint32_t lot,
               const struct lot_view *view, int64_t distance_mm)
{
    const struct inv_lot *row = &scene->inv->lots[lot];
    char id[SPACE_ID_LEN + 1];

    space_id_format(row->key, id);
    if (scene->geo) {
        feature_open(scene, w, id, row->at);
    }
    json_object(w);
    identity(scene, w, row->key);
    lot_description(scene, w, row);
    if (shows(scene, MEMBER_CLOSED)) {
        json_kv_bool(w, "closed", view->closed);
    }
    number(scene, w, MEMBER_CAPACITY, view->capacity);
    number(scene, w, MEMBER_FREE, view->counts.free);
    number(scene, w, MEMBER_OCCUPIED, view->counts.occupied);
    number(scene, w, MEMBER_UNKNOWN, view->counts.unknown);
    number(scene, w, MEMBER_OUT_OF_SERVICE, view->counts.out_of_service);
    if (shows(scene, MEMBER_AS_OF)) {
        stamp(scene, w, "as_of", scene->now.as_of_ms);
    }
    text(scene, w, MEMBER_REASON, reason_code(view->reason));
    distance(scene, w, distance_mm);
    json_object_end(w);
    if (scene->geo) {
        json_object_end(w);
    }
}

/* state, since, seen, known, confidence, reason */
static void space_live(struct scene *scene, struct json_writer *w, const struct space_view *view)
{
    text(scene, w, MEMBER_STATE, space_state_name(view->state));
    if (shows(scene, MEMBER_SINCE)) {
        stamp(scene, w, "since", view->since_ms);
    }
    if (shows(scene, MEMBER_SEEN)) {
        stamp(scene, w, "seen", view->seen_ms);
    }
    if (shows(scene, MEMBER_KNOWN)) {
        json_key(w, "known");
        if (view->known_state == SPACE_UNKNOWN) {
            json_null(w);
        } else {
            json_object(w);
            json_kv_str(w, "state", space_state_name(view->known_state));
            stamp(scene, w, "since", view->known_since_ms);
            json_object_end(w);
        }
    }
    number(scene, w, MEMBER_CONFIDENCE, view->confidence);
    text(scene, w, MEMBER_REASON, reason_code(view->reason));
}

void scene_space_plain(struct scene *scene, struct json_writer *w, uint32_t slot,
                       const struct space_view *view, int64_t distance_mm)
{
    const struct inv_space *space = &scene->inv->spaces[slot];
    char id[SPACE_ID_LEN + 1];
    char lot[SPACE_ID_LEN + 1];

    space_id_format(space->key, id);
    space_id_format(scene->inv->lots[space->lot].key, lot);
    if (scene->geo) {
        feature_open(scene, w, id, space->at);
    }
    json_object(w);
    identity(scene, w, space->key);
    text(scene, w, MEMBER_LOT, lot);
    text(scene, w, MEMBER_KIND, place_kind_name(space_key_kind(space->key)));
    space_live(scene, w, view);
    if (shows(scene, MEMBER_ATTRIBUTES)) {
        json_key(w, "attributes");
        json_array(w);
        for (unsigned bit = 0; attribute_name(bit) != NULL; bit++) {
            if (space->attributes >> bit & 1) {
                json_str(w, attribute_name(bit));
            }
        }
        json_array_end(w);
    }
    location(scene, w, space->at);
    distance(scene, w, distance_mm);
    json_object_end(w);
    if (scene->geo) {
        json_object_end(w);
    }
}

static struct position_e7 corner(const struct geo_box *box, int64_t lat_e9, int64_t lon_e9,
                                 int32_t margin)
{
    struct position_deg at = {(double)lat_e9 / 1e9, (double)lon_e9 / 1e9};
    struct position_e7 p = position_round(box->crs == CRS_WGS84 ? at : crs_to_wgs84(box->crs, at));
    int64_t lat = (int64_t)p.lat + margin;
    int64_t lon = (int64_t)p.lon + margin;

    p.lat = (int32_t)(lat > 900000000 ? 900000000 : lat < -900000000 ? -900000000 : lat);
    p.lon = (int32_t)(lon > 1800000000 ? 1800000000 : lon < -1800000000 ? -1800000000 : lon);
    return p;
}

void geo_box_make(struct geo_box *box)
{
    int32_t margin = box->crs == CRS_WGS84 ? 1 : BOX_MARGIN_E7;

    box->south_west = corner(box, box->south_e9, box->west_e9, -margin);
    box->north_east = corner(box, box->north_e9, box->east_e9, margin);
}

bool geo_box_has(const struct geo_box *box, struct position_e7 at)
{
    struct position_e7 p =
        box->crs == CRS_WGS84 ? at : position_round(crs_from_wgs84(box->crs, position_deg_of(at)));

    return (int64_t)p.lat * 100 >= box->south_e9 && (int64_t)p.lat * 100 <= box->north_e9 &&
           (int64_t)p.lon * 100 >= box->west_e9 && (int64_t)p.lon * 100 <= box->east_e9;
}
