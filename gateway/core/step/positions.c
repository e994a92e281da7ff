/* Positions in 8 bytes: 16 bits say which epoch of a small table, 48 bits the seq. Epochs come with
 * restarts; a table that is full (65535 restarts inside what one city's images still remember)
 * packs to POSITION_NONE, which only makes a replay look again. */
#include "gateway/core/step/core_state.h"
#include <stdlib.h>

#define SEQ_BITS   48
#define SEQ_MASK   ((1ULL << SEQ_BITS) - 1)
#define EPOCHS_MAX 65536

static uint32_t epoch_index(struct core *core, uint64_t epoch)
{
    for (uint32_t i = core->epoch_count; i-- > 0;) { /* the present one is the last */
        if (core->epochs[i] == epoch) {
            return i;
        }
    }
    if (core->epoch_count == core->epoch_room) {
        const uint32_t room = core->epoch_room == 0 ? 16 : core->epoch_room * 2;
        uint64_t *larger = room > EPOCHS_MAX ? NULL : realloc(core->epochs, room * sizeof *larger);

        if (larger == NULL) {
            return EPOCHS_MAX;
        }
        core->epochs = larger;
        core->epoch_room = room;
    }
    core->epochs[core->epoch_count] = epoch;
    return core->epoch_count++;
}

uint64_t position_pack(struct core *core, struct position at)
{
    const uint32_t index = epoch_index(core, at.epoch);

    return index == EPOCHS_MAX ? POSITION_NONE : (uint64_t)index << SEQ_BITS | (at.seq & SEQ_MASK);
}

struct position position_unpack(const struct core *core, uint64_t packed)
{
    return (struct position){.epoch = core->epochs[packed >> SEQ_BITS], .seq = packed & SEQ_MASK};
}
