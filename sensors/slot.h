#ifndef SENSORS_SLOT_H
#define SENSORS_SLOT_H

#include "sensors/field_health.h"
#include "sensors/halt.h"
#include "sensors/modbus/line.h"
#include "sensors/mqtt/link.h"

/* One running line or link with what is its own: the configuration it was started with, its stop
 * request, its entry in the status table. So each can be stopped and started without the others.
 * Thread of the field's owner only. */

enum slot_kind { SLOT_LINE, SLOT_LINK, SLOT_KIND_COUNT };

struct slot {
    enum slot_kind kind;
    const char *name;          /**< in its configuration */
    struct field_params ports; /**< its own copy: `config` is what it was started with */
    struct field_health *health;
    struct halt halt;
    int status_index;
    bool added; /**< the status entry was made for it */

    union {
        struct line *line;
        struct link *link;
    } of;
};

/** Starts the thread of a line or link of ports->config; it does nothing until slot_release.
 * former: the one of that name that it follows, NULL = none. NULL: no memory, no thread, no status
 * entry, or it cannot be set up (logged). */
struct slot *slot_start(enum slot_kind kind, uint32_t index, const struct field_params *ports,
                        struct field_health *health, const struct slot *former);
void slot_release(struct slot *slot);
/** Asks it to stop; slot_end waits for that. */
void slot_stop(struct slot *slot);
/** Waits for the thread and frees. gone: no line or link of that name follows. NULL does nothing.
 */
void slot_end(struct slot *slot, bool gone);

#endif
