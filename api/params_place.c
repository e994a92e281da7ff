/* Query parameters of places: where to look, which spaces and lots, and what to show of them. */
#include "api/params_value.h"
#include <stdio.h>
#include <string.h>

#define E9 INT64_C(1000000000)

void parse_latitude(const struct value *v)
{
    value_degrees(v, &v->query->lat_e9);
}

void parse_longitude(const struct value *v)
{
    value_degrees(v, &v->query->lon_e9);
}

void parse_crs_word(const struct value *v)
{
    if (!crs_parse(v->text, (uint32_t)v->len, &v->query->crs)) {
        faults_add(v->faults, v->row->name, "must be wgs84, gcj02 or bd09");
    }
}

void parse_radius(const struct value *v)
{
    value_whole(v, &v->query->radius_m);
}

void parse_bbox(const struct value *v)
{
    int64_t corner[4];
    const char *text = v->text;

    for (size_t i = 0; i < ARRAY_LEN(corner); i++) {
        size_t len = strcspn(text, ",");
        int64_t bound = i % 2 == 0 ? 180 * E9 : 90 * E9;

        if (!value_degrees_read(text, len, &corner[i]) || corner[i] < -bound || corner[i] > bound ||
            (text[len] == ',') != (i < ARRAY_LEN(corner) - 1)) {
            faults_add(v->faults, v->row->name,
                       "must be west,south,east,north in degrees (-180..180, -90..90)");
            return;
        }
        text += len + (text[len] == ',');
    }
    if (corner[0] > corner[2] || corner[1] > corner[3]) {
        faults_add(
            v->faults, v->row->name,
            "west must not be above east (a box may not cross 180 degrees), nor south above north");
        return;
    }
    v->query->west_e9 = corner[0];
    v->query->south_e9 = corner[1];
    v->query->east_e9 = corner[2];
    v->query->north_e9 = corner[3];
}

void parse_lot_id(const struct value *v)
{
    value_id(v, &v->query->lot);
}

static bool state_set(struct query *query, const char *word, size_t len)
{
    enum space_state state;

    if (!space_state_find(word, len, &state)) {
        return false;
    }
    query->states |= (uint8_t)(1u << (unsigned)state);
    return true;
}

void parse_states(const struct value *v)
{
    value_words(v, state_set, "free, occupied, unknown, out_of_service");
}

static bool kind_set(struct query *query, const char *word, size_t len)
{
    static const struct {
        const char *name;
        enum place_kind kind;
    } rows[] = {
        {"on_street",    PLACE_ON_STREET},
        {"road_section", PLACE_ON_STREET}, /* what a lot on a street is called */
        {"lot",          PLACE_LOT      },
        {"temporary",    PLACE_TEMPORARY},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strlen(rows[i].name) == len && memcmp(rows[i].name, word, len) == 0) {
            query->kinds |= (uint8_t)(1u << (unsigned)rows[i].kind);
            return true;
        }
    }
    return false;
}

void parse_kinds(const struct value *v)
{
    value_words(v, kind_set, "on_street (of lots also road_section), lot, temporary");
}

static bool attribute_set_word(struct query *query, const char *word, size_t len)
{
    unsigned bit;

    if (!attribute_find(word, len, &bit)) {
        return false;
    }
    query->attributes |= (attribute_set)(1u << bit);
    return true;
}

void parse_attributes(const struct value *v)
{
    char allowed[128] = "";
    size_t used = 0;

    for (unsigned bit = 0; attribute_name(bit) != NULL && used < sizeof allowed; bit++) {
        int n = snprintf(allowed + used, sizeof allowed - used, "%s%s", bit == 0 ? "" : ", ",
                         attribute_name(bit));

        used += n > 0 ? (size_t)n : 0;
    }
    value_words(v, attribute_set_word, allowed);
}

void parse_min_confidence(const struct value *v)
{
    value_whole(v, &v->query->min_confidence);
}

void parse_min_free(const struct value *v)
{
    value_whole(v, &v->query->min_free);
}

static void members(const struct value *v, member_set known)
{
    const char *word = v->text;
    char allowed[224];

    for (;;) {
        size_t len = strcspn(word, ",");
        enum member member;

        if (!member_find(word, len, known, &member)) {
            members_list(known, allowed, sizeof allowed);
            faults_add(v->faults, v->row->name, "must be of %s", allowed);
            return;
        }
        v->query->members |= UINT32_C(1) << member;
        if (word[len] == '\0') {
            return;
        }
        word += len + 1;
    }
}

void parse_space_fields(const struct value *v)
{
    members(v, space_members);
}

void parse_lot_fields(const struct value *v)
{
    members(v, lot_members);
}

void parse_scheme(const struct value *v)
{
    value_text(v, SHORT_TEXT_MAX, &v->query->scheme);
}

void parse_value(const struct value *v)
{
    value_text(v, SHORT_TEXT_MAX, &v->query->value);
}
