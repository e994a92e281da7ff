/* What lines and links share besides their ports: how many of them are down, and which place a
 * sensor is bound to. */
#include "sensors/field_health.h"

void field_health_change(struct field_health *health, enum degraded which, bool down)
{
    _Atomic int *count = which == DEGRADED_MODBUS_DOWN ? &health->lines_down : &health->links_down;
    int now = atomic_fetch_add(count, down ? 1 : -1) + (down ? 1 : -1);

    status_set(health->status, which, now > 0);
}

uint64_t field_root(const struct inventory *inv, uint32_t sensor)
{
    const struct inv_sensor *s = &inv->sensors[sensor];

    return s->gate ? inv->lots[s->target].key : inv->spaces[s->target].key;
}
