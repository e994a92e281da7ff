/* Query parameters -> typed values. The router hands over the raw query of a target that target.c
 * has accepted; the handlers read only struct query. */
#include "api/params_value.h"
#include "api/target.h"
#include <stdio.h>
#include <string.h>

#define DEFAULT_RADIUS_M 500
#define VALUE_TOLD       40 /* bytes of a value that a refusal repeats */

const struct param_row param_rows[PARAM_COUNT] = {
#define PARAM(name, text, parser, low, high, doc) [PARAM_##name] = {text, #parser, low, high, doc},
#include "api/params.def"
#undef PARAM
};

static value_parse *const parsers[PARAM_COUNT] = {
#define PARAM(name, text, parser, low, high, doc) [PARAM_##name] = parse_##parser,
#include "api/params.def"
#undef PARAM
};

/* Its entry in the list; what it ends with when it is not there. */
static const param_entry *param_find(const char *name, size_t len, const param_entry *known)
{
    static const uint8_t lengths[PARAM_COUNT] = {
#define PARAM(name, text, parser, low, high, doc) [PARAM_##name] = sizeof(text) - 1,
#include "api/params.def"
#undef PARAM
    };

    for (; *known != PARAM_END; known++) {
        const enum param p = param_of(*known);

        if (lengths[p] == len && param_rows[p].name[0] == name[0] &&
            memcmp(param_rows[p].name, name, len) == 0) {
            break;
        }
    }
    return known;
}

bool param_listed(const param_entry *list, enum param param)
{
    while (*list != PARAM_END && param_of(*list) != param) {
        list++;
    }
    return *list != PARAM_END;
}

static void unknown_add(struct faults *faults, const char *name, const param_entry *known)
{
    char list[200] =
        ""; /* a fault's detail holds 240; a test asks every route for all of its list */
    char where[40];
    size_t used = 0;

    for (const param_entry *p = known; *p != PARAM_END && used < sizeof list; p++) {
        int n = snprintf(list + used, sizeof list - used, "%s%s", used == 0 ? "" : ", ",
                         param_rows[param_of(*p)].name);

        used += n > 0 ? (size_t)n : 0;
    }
    (void)snprintf(where, sizeof where, "%s", name);
    if (*known == PARAM_END) {
        faults_add(faults, where, "unknown parameter; this path takes none");
    } else {
        faults_add(faults, where, "unknown parameter; known: %s", list);
    }
}

/* What only makes sense together, and what depends on crs. */
static void query_finish(struct query *q, struct faults *faults)
{
    struct position_deg at = {(double)q->lat_e9 / 1e9, (double)q->lon_e9 / 1e9};

    if (q->crs == CRS_WGS84) {
        q->at.lat = (int32_t)((q->lat_e9 + (q->lat_e9 < 0 ? -50 : 50)) / 100);
        q->at.lon = (int32_t)((q->lon_e9 + (q->lon_e9 < 0 ? -50 : 50)) / 100);
    } else if ((query_has(q, PARAM_LAT) || query_has(q, PARAM_START_LAT)) &&
               (query_has(q, PARAM_LON) || query_has(q, PARAM_START_LON)) && faults->count == 0) {
        q->at = position_round(crs_to_wgs84(q->crs, at));
    }
    if (query_has(q, PARAM_FROM) && query_has(q, PARAM_UNTIL) && faults->count == 0 &&
        q->until_wall_ms <= q->from_wall_ms) {
        faults_add(faults, param_rows[PARAM_UNTIL].name, "must be later than from");
    }
}

/* Behind what a value may be, what it was, as far as is of use; `fault` is its row if there is one.
 */
static void value_tell(const struct value *v, uint32_t fault)
{
    char *detail = fault < v->faults->count ? v->faults->rows[fault].detail : NULL;
    const size_t used = detail == NULL ? 0 : strlen(detail);
    const size_t cap = sizeof v->faults->rows[0].detail;
    size_t len = v->len < VALUE_TOLD ? v->len : VALUE_TOLD;

    if (detail == NULL || used + len + sizeof " (was \"...\")" > cap) {
        return;
    }
    while (len < v->len && ((unsigned char)v->text[len] & 0xc0) == 0x80) {
        len--; /* no half of a character */
    }
    (void)snprintf(detail + used, cap - used, " (was \"%.*s%s\")", (int)len, v->text,
                   len < v->len ? "..." : "");
}

/* Decodes and parses one name=value; returns the bytes of scratch used. Names are hardly ever
 * escaped: one that is known as it stands is not decoded. */
static size_t pair_parse(struct value *v, const char *raw, size_t len, const param_entry *known,
                         char *scratch, size_t cap)
{
    const char *equals = memchr(raw, '=', len);
    size_t name_len = equals == NULL ? len : (size_t)(equals - raw);
    size_t value_at = equals == NULL ? len : name_len + 1;
    const param_entry *entry = param_find(raw, name_len, known);
    const bool plain = *entry != PARAM_END && cap > 0;
    int name = plain ? 0 : target_query_decode(raw, name_len, scratch, cap);
    int text = name < 0 ? -1
                        : target_query_decode(raw + value_at, len - value_at, scratch + name + 1,
                                              cap - (size_t)name - 1);
    enum param param;
    uint32_t fault;

    if (text < 0) {
        faults_add(v->faults, "query", "a parameter is not UTF-8 or too long");
        return 0;
    }
    entry = plain ? entry : param_find(scratch, (size_t)name, known);
    if (*entry == PARAM_END) {
        unknown_add(v->faults, scratch, known);
        return (size_t)(name + text) + 2;
    }
    param = param_of(*entry);
    if (query_has(v->query, param) && param != PARAM_ATTR) {
        faults_add(v->faults, param_rows[param].name, "is given twice");
        return (size_t)(name + text) + 2;
    }
    v->query->has[param / 64] |= UINT64_C(1) << (param % 64);
    v->text = scratch + name + 1;
    v->len = (size_t)text;
    v->row = &param_rows[param];
    fault = v->faults->count;
    parsers[param](v);
    if (param != PARAM_KEY) { /* a secret */
        value_tell(v, fault);
    }
    return (size_t)(name + text) + 2;
}

bool params_parse(const char *raw, size_t len, const param_entry *known, char *scratch, size_t cap,
                  struct query *out, struct faults *faults)
{
    struct value v = {.query = out, .faults = faults};
    size_t at = 0;
    size_t used = 0;

    *out = (struct query){.radius_m = DEFAULT_RADIUS_M};
    faults->count = 0;
    faults->pointer = false;
    while (at < len) {
        const char *end = memchr(raw + at, '&', len - at);
        size_t pair = end == NULL ? len - at : (size_t)(end - raw) - at;

        if (pair > 0) {
            used += pair_parse(&v, raw + at, pair, known, scratch + used, cap - used);
        }
        at += pair + 1;
    }
    for (; *known != PARAM_END; known++) {
        if ((*known & PARAM_REQUIRED) != 0 && !query_has(out, param_of(*known))) {
            faults_add(faults, param_rows[param_of(*known)].name, "is required");
        }
    }
    query_finish(out, faults);
    cell_finish(out, faults);
    return faults->count == 0;
}
