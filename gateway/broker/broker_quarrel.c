/* Is somebody else using our client id? Links and MQTT out ask when a connection ends, before they
 * decide how long to pause. */
#include "bowei/broker_quarrel.h"

bool broker_quarrel_note(struct broker_quarrel *quarrel, int64_t boot_ms, int64_t life_ms)
{
    int64_t *const oldest = &quarrel->short_lives[quarrel->count % BROKER_QUARREL_MOST];
    bool many;

    if (life_ms >= BROKER_QUARREL_SHORT_MS) {
        return false;
    }
    many = quarrel->count >= BROKER_QUARREL_MOST && boot_ms - *oldest < BROKER_QUARREL_IN_MS;
    *oldest = boot_ms;
    quarrel->count = many ? 0 : quarrel->count + 1;
    return many;
}
