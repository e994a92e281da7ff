/* Any JSON by paths, constants and enumerations: the machine behind citysens and other feeds that
 * are tables, not code. Strict: a value that is there but is not what the mapping says refuses the
 * message. */
#include "sensors/mqtt/envelopes/mapped.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/err.h"
#include "sensors/mqtt/uplink.h"
#include <string.h>

#define PATH_BYTES     64
#define WORD_MAX       48
#define SECONDS_MAX    INT64_C(100000000000) /* larger numbers are milliseconds */
#define BATTERY_MAX_MV 30000

static const struct {
    const char *word;
    uint8_t value;
} states[] = {
    {"alive",     VALUE_ALIVE    },
    {"fault",     VALUE_FAULT    },
    {"free",      VALUE_FREE     },
    {"link_lost", VALUE_LINK_LOST},
    {"occupied",  VALUE_OCCUPIED },
    {"start",     VALUE_START    },
};

/* What each kind of message does to the place. */
static const struct {
    const char *word;
    uint8_t type, value;
    bool speaks;
} types[] = {
    {"status",     TYPE_STATUS,     VALUE_ALIVE,     true },
    {"heartbeat",  TYPE_HEARTBEAT,  VALUE_ALIVE,     true },
    {"startup",    TYPE_STARTUP,    VALUE_START,     false},
    {"parameters", TYPE_PARAMETERS, VALUE_ALIVE,     false},
    {"fault",      TYPE_FAULT,      VALUE_FAULT,     false},
    {"offline",    TYPE_OFFLINE,    VALUE_LINK_LOST, false},
};

/* "a.b.c" from an object; NULL when it is not there or null. */
static const struct json_node *at(const struct json_doc *doc, const struct json_node *object,
                                  const char *path)
{
    char name[PATH_BYTES];

    if (path == NULL || path[0] == '\0') {
        return NULL;
    }
    while (object != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");

        if (len >= sizeof name) {
            return NULL;
        }
        memcpy(name, path, len);
        name[len] = '\0';
        object = json_member(doc, object, name);
        path += len + (path[len] == '.');
    }
    return object != NULL && object->kind == JSON_NULL ? NULL : object;
}

/* A scalar, or the path's constant, as a word; -1: not there, -2: no scalar or too long. */
static int word_of(const struct json_doc *doc, const struct json_node *object, const char *path,
                   char out[WORD_MAX])
{
    const struct json_node *n;
    size_t len;

    if (path != NULL && path[0] == '=') {
        len = strnlen(path + 1, WORD_MAX - 1);
        memcpy(out, path + 1, len);
        out[len] = '\0';
        return (int)len;
    }
    n = at(doc, object, path);
    if (n == NULL) {
        return -1;
    }
    switch ((enum json_kind)n->kind) {
    case JSON_STRING: {
        int got = json_text(doc, n, out, WORD_MAX);

        return got < 0 ? -2 : got;
    }
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
        if (n->len >= WORD_MAX) {
            return -2;
        }
        memcpy(out, json_raw_text(doc, n), n->len);
        out[n->len] = '\0';
        return (int)n->len;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT: break;
    }
    return -2;
}

/* The meaning of a word in "word=meaning,word=meaning"; NULL when it is not listed. */
static const char *meaning(const char *list, const char *word, size_t *len)
{
    size_t word_len = strlen(word);

    while (*list != '\0') {
        size_t row = strcspn(list, ",");

        if (row > word_len && list[word_len] == '=' && strncmp(list, word, word_len) == 0) {
            *len = row - word_len - 1;
            return list + word_len + 1;
        }
        list += row + (list[row] == ',');
    }
    return NULL;
}

static bool same(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

/* Index of the message's kind in types; ARRAY_LEN(types) when the mapping does not know it. */
static size_t kind_of(const struct mapping *m, const struct json_doc *doc,
                      const struct json_node *item)
{
    char word[WORD_MAX];
    const char *text;
    size_t len = 0;
    int got = word_of(doc, item, m->type, word);

    if (m->type == NULL || m->type[0] == '\0') {
        return 0;
    }
    if (got < 0) {
        return ARRAY_LEN(types);
    }
    text = m->types != NULL ? meaning(m->types, word, &len) : NULL;
    for (size_t i = 0; text != NULL && i < ARRAY_LEN(types); i++) {
        if (same(text, len, types[i].word)) {
            return i;
        }
    }
    return ARRAY_LEN(types);
}

static enum decode_fault read_state(const struct mapping *m, const struct json_doc *doc,
                                    const struct json_node *item, struct decoded *out)
{
    char word[WORD_MAX];
    const char *text;
    size_t len = 0;
    int got = word_of(doc, item, m->occupied, word);

    if (got == -1) {
        return DECODE_OK;
    }
    text = got < 0 ? NULL
                   : meaning(m->states != NULL ? m->states : MAPPING_DEFAULT_STATES, word, &len);
    for (size_t i = 0; text != NULL && i < ARRAY_LEN(states); i++) {
        if (same(text, len, states[i].word)) {
            out->reading.value = states[i].value;
            if (states[i].value == VALUE_FREE || states[i].value == VALUE_OCCUPIED) {
                decoded_occupied(out, states[i].value == VALUE_OCCUPIED);
            }
            return DECODE_OK;
        }
    }
    return DECODE_FIELD;
}

static enum decode_fault read_time(const struct mapping *m, const struct json_doc *doc,
                                   const struct json_node *item, struct uplink *out)
{
    const struct json_node *n = at(doc, item, m->time);
    int64_t v;

    if (n == NULL || n->kind != JSON_NUMBER) {
        return uplink_time(doc, n, out);
    }
    if (!json_int(doc, n, &v) || v <= 0) {
        return DECODE_RANGE;
    }
    out->decoded.reading.net_time_ms = v < SECONDS_MAX ? v * 1000 : v;
    out->decoded.reading.has |= HAS_NET_TIME;
    return DECODE_OK;
}

static enum decode_fault read_numbers(const struct mapping *m, const struct json_doc *doc,
                                      const struct json_node *item, struct uplink *out)
{
    struct reading *r = &out->decoded.reading;
    const struct json_node *battery = at(doc, item, m->battery_v);
    const struct json_node *temperature = at(doc, item, m->temperature_c);
    const struct json_node *counter = at(doc, item, m->counter);
    int64_t v;
    enum decode_fault fault = uplink_count(doc, at(doc, item, m->channel), UINT16_MAX, &v);

    r->channel = (uint16_t)v;
    if (fault == DECODE_OK && counter != NULL) {
        fault = uplink_count(doc, counter, UINT32_MAX, &v);
        r->counter = (uint32_t)v;
        r->has |= HAS_COUNTER;
    }
    if (fault == DECODE_OK && battery != NULL) {
        if (!json_scaled(doc, battery, 3, &v) || v < 0 || v > BATTERY_MAX_MV) {
            return DECODE_RANGE;
        }
        decoded_battery_mv(&out->decoded, (uint32_t)v);
    }
    if (fault == DECODE_OK && temperature != NULL) {
        if (!json_scaled(doc, temperature, 1, &v) || v < INT16_MIN || v > INT16_MAX) {
            return DECODE_RANGE;
        }
        decoded_temperature_dc(&out->decoded, (int32_t)v);
    }
    uplink_rssi(doc, at(doc, item, m->rssi), out);
    return fault;
}

/* The reading this call is for. */
static const struct json_node *item_of(const struct mapping *m, const struct json_doc *doc,
                                       struct uplink *out)
{
    const struct json_node *list;

    if (m->items == NULL || m->items[0] == '\0') {
        return uplink_item(doc, out);
    }
    list = at(doc, doc->nodes, m->items);
    if (list != NULL && list->kind == JSON_OBJECT) {
        return out->item == 0 ? list : NULL; /* a list of one, as OneNET sends it */
    }
    return list == NULL ? NULL : uplink_list_item(doc, list, out);
}

/* The device id, text or a whole number; below 0: it is not there, or something else. */
static int device_of(const struct mapping *m, const struct json_doc *doc,
                     const struct json_node *item, char out[WORD_MAX])
{
    const int len = word_of(doc, item, m->device, out);
    const struct json_node *n = m->device[0] == '=' ? NULL : at(doc, item, m->device);

    if (n == NULL || n->kind == JSON_STRING || len < 0) {
        return len;
    }
    return n->kind == JSON_NUMBER && strspn(out, "0123456789") == (size_t)len ? len : -2;
}

enum decode_fault mapped_open(const struct envelope *self, const char *topic,
                              const struct json_doc *doc, struct uplink *out)
{
    const struct mapping *m = self->mapping;
    struct decoded *d = &out->decoded;
    char device[WORD_MAX];
    const struct json_node *item;
    enum decode_fault fault;
    size_t kind;
    int len;

    (void)topic;
    out->kind = UPLINK_NOTHING;
    item = item_of(m, doc, out);
    if (item == NULL || item->kind != JSON_OBJECT) {
        return DECODE_FIELD;
    }
    len = device_of(m, doc, item, device);
    if (len < 0 || !decoded_device(d, device, (size_t)len)) {
        return DECODE_FIELD;
    }
    kind = kind_of(m, doc, item);
    if (kind == ARRAY_LEN(types)) {
        return DECODE_UNKNOWN;
    }
    fault = read_state(m, doc, item, d);
    d->reading.type = types[kind].type;
    if (!types[kind].speaks) {
        d->reading.value = types[kind].value; /* the bit is shown, not believed */
    }
    if (fault == DECODE_OK) {
        fault = read_time(m, doc, item, out);
    }
    if (fault == DECODE_OK) {
        fault = read_numbers(m, doc, item, out);
    }
    out->kind = UPLINK_READING;
    return fault;
}

static bool state_known(const char *text, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (same(text, len, states[i].word)) {
            return true;
        }
    }
    return false;
}

static bool type_known(const char *text, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (same(text, len, types[i].word)) {
            return true;
        }
    }
    return false;
}

/* A blank beside a word would make it one that no message says. */
static bool word_is_plain(const char *word, size_t len)
{
    return len > 0 && word[0] != ' ' && word[len - 1] != ' ';
}

/* What is wrong with "word=meaning,word=meaning" whose meanings `known` finds; NULL = nothing. */
static const char *words_fault(const char *list, bool (*known)(const char *text, size_t len))
{
    const char *first = list;

    while (list != NULL && *list != '\0') {
        const size_t row = strcspn(list, ",");
        const size_t word = strcspn(list, "=");
        char name[WORD_MAX];
        size_t len;

        if (word >= row || word >= sizeof name || !known(list + word + 1, row - word - 1)) {
            return "not WORD=MEANING of the meanings that there are";
        }
        if (!word_is_plain(list, word)) {
            return "a word is empty or has a blank beside it";
        }
        memcpy(name, list, word);
        name[word] = '\0';
        if (meaning(first, name, &len) != list + word + 1) {
            return "a word stands twice";
        }
        list += row + (list[row] == ',');
    }
    return NULL;
}

/* Member names with dots between them, none of them empty; or nothing. */
static bool path_fits(const char *path)
{
    while (path != NULL && *path != '\0') {
        const size_t len = strcspn(path, ".");

        if (len == 0 || (path[len] == '.' && path[len + 1] == '\0')) {
            return false;
        }
        path += len + (path[len] == '.');
    }
    return true;
}

static struct mapping_fault paths_fault(const struct mapping *m)
{
    const struct {
        const char *key;
        char *const *path;
        bool may_be_constant;
    } rows[] = {
        {"items",         &m->items,         false},
        {"device",        &m->device,        true },
        {"occupied",      &m->occupied,      true },
        {"type",          &m->type,          true },
        {"time",          &m->time,          false},
        {"battery_v",     &m->battery_v,     false},
        {"temperature_c", &m->temperature_c, false},
        {"rssi",          &m->rssi,          false},
        {"counter",       &m->counter,       false},
        {"channel",       &m->channel,       false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *path = *rows[i].path;

        if (path != NULL && path[0] == '=' && rows[i].may_be_constant) {
            if (path[1] == '\0') {
                return (struct mapping_fault){rows[i].key, rows[i].path, "a constant is empty"};
            }
        } else if (path != NULL && path[0] == '=') {
            return (struct mapping_fault){rows[i].key, rows[i].path, "cannot be a constant"};
        } else if (!path_fits(path)) {
            return (struct mapping_fault){rows[i].key, rows[i].path,
                                          "not member names with one dot between them"};
        }
    }
    return (struct mapping_fault){.key = NULL};
}

struct mapping_fault mapping_fault(const struct mapping *mapping)
{
    const char *reason = words_fault(mapping->states, state_known);

    if (reason != NULL) {
        return (struct mapping_fault){"states", &mapping->states, reason};
    }
    reason = words_fault(mapping->types, type_known);
    if (reason == NULL && mapping->type != NULL && mapping->types == NULL) {
        reason = "is missing, type is given";
    }
    if (reason != NULL) {
        return (struct mapping_fault){"types", &mapping->types, reason};
    }
    return paths_fault(mapping);
}
