/* The columns of the non-motor half: fences, beacons, listeners, operators, vehicles. GeoJSON and
 * CSV both come here. Identities are stored in their normal form (fences/identity.h). */
#include "gateway/inventory/row_bikes.h"
#include "bowei/base/city_clock.h"
#include "bowei/fences.h"
#include "gateway/inventory/fences/identity.h"
#include "gateway/inventory/row_values.h"
#include "gateway/inventory/territory/row_territory.h"
#include <stdio.h>
#include <string.h>

#define CAPACITY_MAX      UINT16_MAX /* as of a lot */
#define QUOTA_MAX         10000000
#define SCAN_PERIOD_MAX_S 3600 /* a gateway that is silent for longer says nothing of a fence */
#define LISTENER_MAX      40   /* as of a device */
#define LIST_MAX          32   /* prefixes or UUIDs of one operator */
#define PREFIX_MIN        6    /* digits: an OUI */
#define PREFIX_MAX        11   /* a whole MAC belongs to vehicles */
#define MS_PER_S          1000

/* --- fences --- */

static bool fence_key(struct row *row, const char *text, size_t len, space_key *key)
{
    if (!row_key(row, text, len, key)) {
        return false;
    }
    switch (space_key_kind(*key)) {
    case PLACE_BIKE_AREA:
    case PLACE_FENCE:
    case PLACE_NO_PARKING: break;
    case PLACE_ON_STREET:
    case PLACE_LOT:
    case PLACE_TEMPORARY:
    case PLACE_KIND_COUNT: return row_refuse(row, "fences have the kind letter F, B or N");
    }
    return space_key_number(*key) == 0
               ? true
               : row_refuse(row, "the ID of a fence ends with 0000 and its check character");
}

static bool fence_id(struct row *row, const char *text, size_t len)
{
    return fence_key(row, text, len, &row->fence.key);
}

static bool fence_capacity(struct row *row, const char *text, size_t len)
{
    return row_whole(row, text, len, 1, CAPACITY_MAX, &row->fence.capacity);
}

static bool fence_name_zh(struct row *row, const char *text, size_t len)
{
    return row_shown(row, text, len, &row->fence.name_zh);
}

static bool fence_name_en(struct row *row, const char *text, size_t len)
{
    return row_shown(row, text, len, &row->fence.name_en);
}

/* Whole seconds: what the canonical file writes. */
static bool time_parse(struct row *row, const char *text, size_t len, int64_t *out)
{
    int64_t at_ms;

    if (len > 64 || rfc3339_parse(text, (uint32_t)len, &at_ms) != 0 || at_ms < MS_PER_S) {
        return row_refuse(row, "must be a time as 2026-11-21T06:00:00Z or ...T14:00:00+08:00");
    }
    *out = at_ms / MS_PER_S * MS_PER_S;
    return true;
}

static bool fence_valid_from(struct row *row, const char *text, size_t len)
{
    return time_parse(row, text, len, &row->fence.from_ms);
}

static bool fence_valid_until(struct row *row, const char *text, size_t len)
{
    return time_parse(row, text, len, &row->fence.until_ms);
}

bool row_fence_whole(struct row *row, const char **field)
{
    const struct draft_fence *f = &row->fence;
    bool parks = space_key_kind(f->key) != PLACE_NO_PARKING;

    *field = "capacity";
    if (parks && f->capacity == 0) {
        return row_refuse(row, "a fence to park in (kind F or B) needs its capacity");
    }
    if (!parks && f->capacity != 0) {
        return row_refuse(row, "a no-parking zone (kind N) has no capacity");
    }
    *field = "valid_until";
    if (f->from_ms != 0 && f->until_ms != 0 && f->until_ms <= f->from_ms) {
        return row_refuse(row, "must be after valid_from");
    }
    *field = "geometry";
    return f->outline.ring_count > 0 ? true
                                     : row_refuse(row, "must be a Polygon or a MultiPolygon");
}

/* --- beacons and listeners --- */

static bool identity_set(struct row *row, const char *text, size_t len, uint32_t *out)
{
    char name[IDENTITY_MAX];

    if (!identity_beacon(text, len, name)) {
        return row_refuse(row, "must be ibeacon:<uuid>:<major>:<minor>, "
                               "eddystone_uid:<20 hex digits>:<12 hex digits> or mac:<MAC>");
    }
    return row_text(row, name, strlen(name), -1, out);
}

static bool beacon_beacon(struct row *row, const char *text, size_t len)
{
    return identity_set(row, text, len, &row->beacon.identity);
}

static bool beacon_fence(struct row *row, const char *text, size_t len)
{
    return fence_key(row, text, len, &row->beacon.fence);
}

static bool listener_listener(struct row *row, const char *text, size_t len)
{
    char name[IDENTITY_MAX];

    return row_name(row, text, len, LISTENER_MAX, "._:/-") && identity_listener(text, len, name) &&
           row_text(row, name, strlen(name), -1, &row->listener.id);
}

static bool listener_fence(struct row *row, const char *text, size_t len)
{
    return fence_key(row, text, len, &row->listener.fence);
}

static bool listener_source(struct row *row, const char *text, size_t len)
{
    return row_name(row, text, len, LISTENER_MAX, "._:/-") &&
           row_text(row, text, len, 0, &row->listener.source);
}

static bool listener_scan_period_s(struct row *row, const char *text, size_t len)
{
    return row_whole(row, text, len, 1, SCAN_PERIOD_MAX_S, &row->listener.scan_period_s);
}

bool row_listener_whole(struct row *row, const char **field)
{
    *field = "source";
    return row->listener.fence == 0 || row->listener.source != 0
               ? true
               : row_refuse(row, "is missing: the link that carries it");
}

/* --- operators --- */

static bool operator_operator(struct row *row, const char *text, size_t len)
{
    bool good = len >= 2 && len <= OPERATOR_CODE;

    for (size_t i = 0; good && i < len; i++) {
        good = text[i] >= 'A' && text[i] <= 'Z';
    }
    return good ? row_text(row, text, len, -1, &row->operator.code)
                : row_refuse(row, "must be 2 to 6 capital letters");
}

static bool operator_name_zh(struct row *row, const char *text, size_t len)
{
    return row_shown(row, text, len, &row->operator.name_zh);
}

static bool operator_name_en(struct row *row, const char *text, size_t len)
{
    return row_shown(row, text, len, &row->operator.name_en);
}

static bool operator_quota(struct row *row, const char *text, size_t len)
{
    return row_whole(row, text, len, 1, QUOTA_MAX, &row->operator.quota);
}

/* "19:18:FC" -> "1918fc" */
static bool prefix_item(struct row *row, const char *text, size_t len, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c == ':' || c == '-') {
            continue;
        }
        if (n == PREFIX_MAX ||
            !((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'))) {
            n = 0;
            break;
        }
        out[n++] = (char)(c <= '9' ? c : c | 0x20);
    }
    out[n] = '\0';
    return n >= PREFIX_MIN
               ? true
               : row_refuse(row, "a MAC prefix has 6 to 11 hex digits (a whole MAC belongs to the "
                                 "vehicles table); separate by ;");
}

static bool uuid_item(struct row *row, const char *text, size_t len, char *out)
{
    const char *whose;

    if (!identity_uuid(text, len, out)) {
        return row_refuse(row, "a UUID has 32 hex digits; separate by ;");
    }
    whose = identity_factory_uuid(out);
    if (whose != NULL) {
        (void)snprintf(row->reason, sizeof row->reason,
                       "%s is a factory default (%s): many devices say it, list mac_prefixes or "
                       "vehicles instead",
                       out, whose);
    }
    return whose == NULL;
}

/* Items to their normal forms, joined by ; */
static bool list_set(struct row *row, const char *text, size_t len, uint32_t *out,
                     bool (*item)(struct row *row, const char *text, size_t len, char *out))
{
    char list[LIST_MAX * (UUID_DIGITS + 1) + 1];
    const char *end = text + len;
    size_t used = 0;

    for (unsigned n = 0; text < end; n++) {
        const char *stop = memchr(text, ';', (size_t)(end - text));

        stop = stop == NULL ? end : stop;
        if (n == LIST_MAX) {
            return row_refuse(row, "more than 32 items");
        }
        if (used > 0) {
            list[used++] = ';';
        }
        if (!item(row, text, (size_t)(stop - text), list + used)) {
            return false;
        }
        used += strlen(list + used);
        text = stop < end ? stop + 1 : end;
    }
    return row_text(row, list, used, -1, out);
}

static bool operator_mac_prefixes(struct row *row, const char *text, size_t len)
{
    return list_set(row, text, len, &row->operator.mac_prefixes, prefix_item);
}

static bool operator_uuids(struct row *row, const char *text, size_t len)
{
    return list_set(row, text, len, &row->operator.uuids, uuid_item);
}

/* --- vehicles --- */

static bool vehicle_vehicle(struct row *row, const char *text, size_t len)
{
    return vehicle_ref_valid(text, len)
               ? row_text(row, text, len, -1, &row->vehicle.ref)
               : row_refuse(row, "must be OPERATOR-NUMBER: 2 to 6 capital letters, a hyphen, 4 to "
                                 "20 of 0-9 A-Z");
}

static bool vehicle_mac(struct row *row, const char *text, size_t len)
{
    char name[IDENTITY_MAX];
    uint64_t mac;

    if (!identity_mac(text, len, &mac)) {
        return row_refuse(row, "a MAC has 12 hex digits, bare or in pairs with : or - between");
    }
    (void)snprintf(name, sizeof name, "%012llx", (unsigned long long)mac);
    return row_text(row, name, strlen(name), -1, &row->vehicle.mac);
}

static bool vehicle_imei(struct row *row, const char *text, size_t len)
{
    uint64_t imei;

    return identity_imei(text, len, &imei) ? row_text(row, text, len, -1, &row->vehicle.imei)
                                           : row_refuse(row, "an IMEI has 15 digits");
}

static bool vehicle_beacon(struct row *row, const char *text, size_t len)
{
    return identity_set(row, text, len, &row->vehicle.beacon);
}

bool row_vehicle_whole(struct row *row, const char **field)
{
    const char *beacon = draft_text(row->draft, row->vehicle.beacon);
    const char *whose = NULL;

    *field = "beacon";
    if (strncmp(beacon, "mac:", 4) == 0) {
        return row_refuse(row, "a MAC stands in the column mac");
    }
    if (strncmp(beacon, "ibeacon:", 8) == 0) {
        whose = identity_factory_uuid(beacon + 8);
    }
    if (whose != NULL) {
        (void)snprintf(row->reason, sizeof row->reason,
                       "its UUID is a factory default (%s): many devices say it, tell the bike by "
                       "its mac",
                       whose);
    }
    return whose == NULL;
}

/* --- the tables --- */

const struct row_field row_fence_fields[] = {
    {"id",          true,  fence_id         },
    {"capacity",    false, fence_capacity   },
    {"name_zh",     false, fence_name_zh    },
    {"name_en",     false, fence_name_en    },
    {"valid_from",  false, fence_valid_from },
    {"valid_until", false, fence_valid_until},
    ROW_DUTY_FIELDS,
    {NULL,          false, NULL             },
};

const struct row_field row_beacon_fields[] = {
    {"beacon", true,  beacon_beacon},
    {"fence",  false, beacon_fence },
    {NULL,     false, NULL         },
};

const struct row_field row_listener_fields[] = {
    {"listener",      true,  listener_listener     },
    {"fence",         false, listener_fence        },
    {"source",        false, listener_source       },
    {"scan_period_s", false, listener_scan_period_s},
    {NULL,            false, NULL                  },
};

const struct row_field row_operator_fields[] = {
    {"operator",     true,  operator_operator    },
    {"name_zh",      false, operator_name_zh     },
    {"name_en",      false, operator_name_en     },
    {"quota",        false, operator_quota       },
    {"mac_prefixes", false, operator_mac_prefixes},
    {"uuids",        false, operator_uuids       },
    {NULL,           false, NULL                 },
};

const struct row_field row_vehicle_fields[] = {
    {"vehicle", true,  vehicle_vehicle},
    {"mac",     false, vehicle_mac    },
    {"imei",    false, vehicle_imei   },
    {"beacon",  false, vehicle_beacon },
    {NULL,      false, NULL           },
};
