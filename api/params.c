/* Query parameters -> typed values. The router hands over the raw query of a target that target.c
 * has accepted; the handlers read only struct query. */
#include "api/params_value.h"
#include "api/target.h"
#include "bowei/suspicion.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_RADIUS_M 500
#define E9               INT64_C(1000000000)

const struct param_row param_rows[PARAM_COUNT] = {
#define PARAM(name, text, parser, low, high, doc) [PARAM_##name] = {text, #parser, low, high, doc},
#include "api/params.def"
#undef PARAM
};

/* One value on its way into the query. */
void faults_add(struct faults *faults, const char *where, const char *fmt, ...)
{
    va_list args;
    struct fault_row *row;

    if (faults->count >= FAULTS_MAX) {
        return;
    }
    row = &faults->rows[faults->count++];
    (void)snprintf(row->where, sizeof row->where, "%s", where);
    va_start(args, fmt);
    (void)vsnprintf(row->detail, sizeof row->detail, fmt, args);
    va_end(args);
}

/* Digits only, at most 9 of them. */
static bool number_read(const char *text, size_t len, int64_t *out)
{
    int64_t v = 0;

    if (len == 0 || len > 9) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        v = v * 10 + (text[i] - '0');
    }
    *out = v;
    return true;
}

/* "-12.3456789" in 1e-9; further digits are cut. No exponent, no sign but '-'. */
static bool degrees_read(const char *text, size_t len, int64_t *out)
{
    bool negative = len > 0 && text[0] == '-';
    size_t i = negative ? 1 : 0;
    size_t first = i;
    int64_t v = 0;
    int64_t weight = E9 / 10;

    for (; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
        v = v * 10 + (text[i] - '0');
        if (i - first >= 4) {
            return false;
        }
    }
    if (i == first) {
        return false;
    }
    v *= E9;
    if (i < len && text[i] == '.' && i + 1 < len) {
        for (i++; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
            v += (text[i] - '0') * weight;
            weight /= 10;
        }
    }
    *out = negative ? -v : v;
    return i == len;
}

static void whole_number(const struct value *v, uint32_t *out)
{
    int64_t number;

    if (!number_read(v->text, v->len, &number) || number < v->row->low || number > v->row->high) {
        faults_add(v->faults, v->row->name, "must be a whole number from %lld to %lld",
                   (long long)v->row->low, (long long)v->row->high);
        return;
    }
    *out = (uint32_t)number;
}

void value_whole(const struct value *v, uint32_t *out)
{
    whole_number(v, out);
}

static void degrees(const struct value *v, int64_t *out_e9)
{
    int64_t e9;

    if (!degrees_read(v->text, v->len, &e9) || e9 < v->row->low * E9 || e9 > v->row->high * E9) {
        faults_add(v->faults, v->row->name, "must be a decimal number from %lld to %lld",
                   (long long)v->row->low, (long long)v->row->high);
        return;
    }
    *out_e9 = e9;
}

static void parse_latitude(const struct value *v)
{
    degrees(v, &v->query->lat_e9);
}

static void parse_longitude(const struct value *v)
{
    degrees(v, &v->query->lon_e9);
}

static void parse_crs_word(const struct value *v)
{
    if (!crs_parse(v->text, (uint32_t)v->len, &v->query->crs)) {
        faults_add(v->faults, v->row->name, "must be wgs84, gcj02 or bd09");
    }
}

static void parse_radius(const struct value *v)
{
    whole_number(v, &v->query->radius_m);
}

static void parse_limit(const struct value *v)
{
    whole_number(v, &v->query->limit);
}

static void parse_min_confidence(const struct value *v)
{
    whole_number(v, &v->query->min_confidence);
}

static void parse_min_free(const struct value *v)
{
    whole_number(v, &v->query->min_free);
}

void value_words(const struct value *v, word_set *set, const char *allowed)
{
    const char *word = v->text;

    for (;;) {
        size_t len = strcspn(word, ",");

        if (!set(v->query, word, len)) {
            faults_add(v->faults, v->row->name, "must be of %s, several by comma", allowed);
            return;
        }
        if (word[len] == '\0') {
            return;
        }
        word += len + 1;
    }
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

static void parse_states(const struct value *v)
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

static void parse_kinds(const struct value *v)
{
    value_words(v, kind_set, "on_street, lot, temporary");
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

static void parse_attributes(const struct value *v)
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

static void parse_lot_id(const struct value *v)
{
    space_key key;
    enum id_fault fault = space_id_parse(v->text, v->len, &key);

    if (fault != ID_OK) {
        faults_add(v->faults, v->row->name, "%s", id_fault_text(fault));
        return;
    }
    v->query->lot = key;
}

static void parse_bbox(const struct value *v)
{
    int64_t corner[4];
    const char *text = v->text;

    for (size_t i = 0; i < ARRAY_LEN(corner); i++) {
        size_t len = strcspn(text, ",");
        int64_t bound = i % 2 == 0 ? 180 * E9 : 90 * E9;

        if (!degrees_read(text, len, &corner[i]) || corner[i] < -bound || corner[i] > bound ||
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

static void parse_cursor(const struct value *v)
{
    if (!cursor_read(v->text, v->len, &v->query->cursor)) {
        faults_add(v->faults, v->row->name, "is not a cursor that was given out");
    }
}

static void text_up_to(const struct value *v, size_t max, const char **out)
{
    if (v->len == 0 || v->len > max) {
        faults_add(v->faults, v->row->name, "must have 1 to %zu bytes", max);
        return;
    }
    *out = v->text;
}

static void text_value(const struct value *v, const char **out)
{
    text_up_to(v, 64, out);
}

static void parse_key(const struct value *v)
{
    text_up_to(v, 256, &v->query->key); /* settings.def: the longest secret */
}

static void parse_event(const struct value *v)
{
    text_value(v, &v->query->event);
}

static void parse_msg(const struct value *v)
{
    text_up_to(v, 256, &v->query->msg);
}

static void parse_nonce(const struct value *v)
{
    text_value(v, &v->query->nonce);
}

static void parse_signature(const struct value *v)
{
    text_value(v, &v->query->signature);
}

static void parse_scheme(const struct value *v)
{
    text_value(v, &v->query->scheme);
}

static void parse_value(const struct value *v)
{
    text_value(v, &v->query->value);
}

static void parse_last_event_id(const struct value *v)
{
    text_value(v, &v->query->last_event_id);
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

static void parse_space_fields(const struct value *v)
{
    members(v, space_members);
}

static void parse_lot_fields(const struct value *v)
{
    members(v, lot_members);
}

static bool topic_set(struct query *query, const char *word, size_t len)
{
    if (len == 6 && memcmp(word, "spaces", 6) == 0) {
        query->topics |= TOPIC_SPACES;
        return true;
    }
    if (len == 4 && memcmp(word, "lots", 4) == 0) {
        query->topics |= TOPIC_LOTS;
        return true;
    }
    if (len == 6 && memcmp(word, "fences", 6) == 0) {
        query->topics |= TOPIC_FENCES;
        return true;
    }
    return false;
}

static void parse_topics(const struct value *v)
{
    value_words(v, topic_set, "spaces, lots, fences");
}

static void parse_snapshot(const struct value *v)
{
    uint32_t number = 0;

    whole_number(v, &number);
    v->query->snapshot = number == 1;
}

static void parse_silent(const struct value *v)
{
    if (strcmp(v->text, "true") == 0 || strcmp(v->text, "false") == 0) {
        v->query->silent = v->text[0] == 't';
        return;
    }
    v->query->silent_for = true;
    whole_number(v, &v->query->silent_s);
}

static void parse_battery_below(const struct value *v)
{
    whole_number(v, &v->query->battery_below_mv);
}

/* "150402001", or "150402-001" as IDs are shown. */
static void parse_street(const struct value *v)
{
    const size_t hyphen = v->len == 10 && v->text[6] == '-';

    if (v->len - hyphen != 9 || strspn(v->text, "0123456789") != (hyphen ? 6u : 9u) ||
        strspn(v->text + 6 + hyphen, "0123456789") != 3) {
        faults_add(v->faults, v->row->name, "must be 9 digits: county and street");
        return;
    }
    memcpy(v->query->street, v->text, 6);
    memcpy(v->query->street + 6, v->text + 6 + hyphen, 4);
}

static void parse_model(const struct value *v)
{
    text_value(v, &v->query->model);
}

static void parse_source(const struct value *v)
{
    text_value(v, &v->query->source_name);
}

static void parse_suspicion(const struct value *v)
{
    if (!suspicion_find(v->text, &v->query->suspicions)) {
        faults_add(v->faults, v->row->name,
                   "must be stuck, flapping, inverted, out_of_step or any");
    }
}

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

        if (lengths[p] == len && memcmp(param_rows[p].name, name, len) == 0) {
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
    char list[120] = "";
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
}

/* Decodes and parses one name=value; returns the bytes of scratch used. */
static size_t pair_parse(struct value *v, const char *raw, size_t len, const param_entry *known,
                         char *scratch, size_t cap)
{
    const char *equals = memchr(raw, '=', len);
    size_t name_len = equals == NULL ? len : (size_t)(equals - raw);
    size_t value_at = equals == NULL ? len : name_len + 1;
    int name = target_query_decode(raw, name_len, scratch, cap);
    int text = name < 0 ? -1
                        : target_query_decode(raw + value_at, len - value_at, scratch + name + 1,
                                              cap - (size_t)name - 1);
    const param_entry *entry;
    enum param param;

    if (text < 0) {
        faults_add(v->faults, "query", "a parameter is not UTF-8 or too long");
        return 0;
    }
    entry = param_find(scratch, (size_t)name, known);
    if (*entry == PARAM_END) {
        unknown_add(v->faults, scratch, known);
        return (size_t)(name + text) + 2;
    }
    param = param_of(*entry);
    if (query_has(v->query, param) && param != PARAM_ATTR) {
        faults_add(v->faults, scratch, "is given twice");
        return (size_t)(name + text) + 2;
    }
    v->query->has[param / 64] |= UINT64_C(1) << (param % 64);
    v->text = scratch + name + 1;
    v->len = (size_t)text;
    v->row = &param_rows[param];
    parsers[param](v);
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
