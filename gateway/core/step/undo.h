#ifndef GATEWAY_CORE_STEP_UNDO_H
#define GATEWAY_CORE_STEP_UNDO_H

#include "gateway/core/lot/lot.h"
#include "gateway/core/space/space.h"
#include "gateway/core/step/kept.h"

/* What a command changes is noted before it does, so that core_undo can take it back. */

struct core;

/** How things were before the last command. */
struct undo {
    struct undo_space {
        uint32_t slot;
        struct space former;
    } * spaces;

    struct undo_lot {
        uint32_t index;
        struct lot former;
    } * lots;

    uint32_t space_count, space_room, lot_count, lot_room;
    uint32_t override_slot; /**< NO_SLOT = none */
    struct override_entry override;
    uint32_t device; /**< NO_SLOT = none */
    uint8_t begun;   /**< gates of the first lot that a true-up makes begin anew */
    struct suspect_entry suspect;
    struct city_view city;
    size_t settled; /**< touches of what fell due before the command: it is not taken back */
};

void undo_begin(struct core *core);
void undo_finish(struct core *core);
/** Brings a space up to the present and notes it and its lot, once; false on no memory. */
bool undo_note_space(struct core *core, uint32_t slot);
bool undo_note_lot(struct core *core, uint32_t lot);
void undo_note_override(struct core *core, uint32_t slot);
void undo_note_suspect(struct core *core, uint32_t device);

#endif
