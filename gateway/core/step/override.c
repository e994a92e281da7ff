/* Out of service: what staff set lies on top of the fused state, which goes on underneath. An entry
 * that ended by itself is not journalled: its until says so to whoever restores it. */
#include "gateway/core/step/core_state.h"

const struct override_entry *override_of(const struct core *core, uint32_t slot)
{
    const struct override_entry *entry = NULL;

    if (core->spaces[slot].marks & SPACE_OVERRIDDEN) {
        entry = override_list_find(&core->overrides, slot);
    }
    return entry != NULL && entry->image.set ? entry : NULL;
}

int64_t override_due(const struct core *core, uint32_t slot)
{
    const struct override_entry *entry = override_of(core, slot);

    return entry == NULL || entry->image.until_ms == 0 ? INT64_MAX : entry->image.until_ms;
}

void override_settle(struct core *core, uint32_t slot)
{
    struct override_entry *entry;

    if (override_due(core, slot) > core->now.at_ms) {
        return;
    }
    entry = override_list_find(&core->overrides, slot);
    entry->image.set = false;
    entry->image.since_ms = entry->image.until_ms;
}
