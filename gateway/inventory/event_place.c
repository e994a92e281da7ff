/* Events by name and place, as clients see them: the id of an event, and the opaque text of a place
 * in the feed. Used by the API, delivery and their tests; pure. */
#include "bowei/event_feed.h"
#include <stdio.h>
#include <string.h>

#define HEX_DIGITS 16u
#define CURSOR_LEN (1 + 2 * HEX_DIGITS)

_Static_assert(CURSOR_LEN < EVENT_CURSOR_MAX, "a cursor fits");

void event_id_format(const struct alert_image *alert, char out[EVENT_ID_MAX])
{
    alert_id_format(alert->id, out);
    (void)snprintf(out + ALERT_ID_LEN, EVENT_ID_MAX - ALERT_ID_LEN, ".%u", alert->version);
}

void event_type_format(const struct alert_image *alert, char out[EVENT_TYPE_MAX])
{
    (void)snprintf(out, EVENT_TYPE_MAX, "cn.bowei.alert.%s.%s.v1",
                   alert_kind_code((enum alert_kind)alert->kind),
                   alert_state_code((enum alert_state)alert->state));
}

/* "e", which names the kind of cursor, then both numbers in hex: the letters sort as the places. */
void event_place_format(struct event_place place, char out[EVENT_CURSOR_MAX])
{
    (void)snprintf(out, EVENT_CURSOR_MAX, "e%016llx%016llx", (unsigned long long)place.at_ms,
                   (unsigned long long)place.number);
}

static bool hex_parse(const char *text, uint64_t *out)
{
    *out = 0;
    for (unsigned i = 0; i < HEX_DIGITS; i++) {
        const char c = text[i];

        if (c >= '0' && c <= '9') {
            *out = *out << 4 | (uint64_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            *out = *out << 4 | (uint64_t)(c - 'a' + 10);
        } else {
            return false;
        }
    }
    return true;
}

bool event_place_parse(const char *text, size_t len, struct event_place *out)
{
    uint64_t at_ms;

    if (len != CURSOR_LEN || text[0] != 'e' || !hex_parse(text + 1, &at_ms) ||
        !hex_parse(text + 1 + HEX_DIGITS, &out->number) || at_ms > INT64_MAX) {
        return false;
    }
    out->at_ms = (int64_t)at_ms;
    return true;
}
