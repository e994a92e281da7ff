/* The Accept header (RFC 9110 12.5.1): of the forms there are, which is wanted. A header that
 * cannot be read is no reason to refuse: what is no media range names nothing. */
#include "api/accept.h"
#include <string.h>
#include <strings.h>

/* q of a media range in thousandths; 1000 when not given, 0 when it is no number. */
static unsigned quality_read(const char *range, size_t len)
{
    const char *q = NULL;
    unsigned v = 0;
    unsigned weight = 1000;

    for (size_t i = 0; i + 2 < len; i++) {
        if (range[i] == ';' && q == NULL) {
            size_t at = i + 1 + strspn(range + i + 1, " \t");

            q = at + 2 <= len && (range[at] == 'q' || range[at] == 'Q') && range[at + 1] == '='
                    ? range + at + 2
                    : NULL;
        }
    }
    if (q == NULL) {
        return 1000;
    }
    for (; q < range + len && ((*q >= '0' && *q <= '9') || *q == '.'); q++) {
        if (*q != '.') {
            v += (unsigned)(*q - '0') * weight;
            weight /= 10;
        }
    }
    return v > 1000 ? 1000 : v;
}

static bool range_is(const char *range, size_t len, const char *type)
{
    size_t type_len = strcspn(range, ";, \t");

    type_len = type_len < len ? type_len : len;
    return strlen(type) == type_len && strncasecmp(range, type, type_len) == 0;
}

/* The rows that a header's ranges name; the most definite one counts. */
enum named { NAMED_JSON, NAMED_GEO, NAMED_APPLICATION, NAMED_ANY, NAMED_COUNT };

/* Weights by range, -1 = not named. True when there was a range at all. */
static bool ranges_read(const char *at, int weight[NAMED_COUNT])
{
    static const char *const types[NAMED_COUNT] = {
        [NAMED_JSON] = "application/json",
        [NAMED_GEO] = "application/geo+json",
        [NAMED_APPLICATION] = "application/*",
        [NAMED_ANY] = "*/*",
    };
    bool some = false;

    while (*at != '\0') {
        size_t len;

        at += strspn(at, " \t,");
        len = strcspn(at, ",");
        some = some || len > 0;
        for (unsigned n = 0; n < NAMED_COUNT; n++) {
            if (range_is(at, len, types[n])) {
                weight[n] = (int)quality_read(at, len);
            }
        }
        at += len;
    }
    return some;
}

enum accept_class accept_class(const char *accept, bool geo)
{
    int weight[NAMED_COUNT] = {-1, -1, -1, -1};
    int json;

    if (accept == NULL || !ranges_read(accept, weight)) {
        return ACCEPT_JSON;
    }
    json = weight[NAMED_APPLICATION] < 0 ? weight[NAMED_ANY] : weight[NAMED_APPLICATION];
    json = weight[NAMED_JSON] < 0 ? json : weight[NAMED_JSON];
    /* by wildcards alone JSON is the first choice; named, GeoJSON is before what was not */
    if (geo && weight[NAMED_GEO] > 0 &&
        (weight[NAMED_GEO] > json || (weight[NAMED_GEO] == json && weight[NAMED_JSON] < 0))) {
        return ACCEPT_GEO;
    }
    return json > 0 ? ACCEPT_JSON : ACCEPT_NONE;
}
