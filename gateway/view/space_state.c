/* Names of states and reasons, as the API, Redis and the CLI print them. */
#include "bowei/view.h"
#include <string.h>

static const char *const states[SPACE_STATE_COUNT] = {
    [SPACE_UNKNOWN] = "unknown",
    [SPACE_FREE] = "free",
    [SPACE_OCCUPIED] = "occupied",
    [SPACE_OUT_OF_SERVICE] = "out_of_service",
};

static const char *const reasons[REASON_COUNT] = {
#define REASON(name, code, en, zh) [REASON_##name] = code,
#include "bowei/reasons.def"
#undef REASON
};

const char *space_state_name(enum space_state state)
{
    return (unsigned)state < SPACE_STATE_COUNT ? states[state] : states[SPACE_UNKNOWN];
}

bool space_state_find(const char *name, size_t len, enum space_state *out)
{
    for (int s = 0; s < SPACE_STATE_COUNT; s++) {
        if (strlen(states[s]) == len && memcmp(states[s], name, len) == 0) {
            *out = (enum space_state)s;
            return true;
        }
    }
    return false;
}

const char *reason_code(enum reason reason)
{
    return (unsigned)reason < REASON_COUNT ? reasons[reason] : reasons[REASON_GATEWAY_LAG];
}
