/* One line or link as the field keeps it. A new one is started held, so that everything that can
 * fail has been done before the one it follows is stopped. */
#include "sensors/slot.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include <stdlib.h>
#include <string.h>

#define AREA "field"

static const char *const kinds[SLOT_KIND_COUNT] = {[SLOT_LINE] = "modbus", [SLOT_LINK] = "mqtt"};

static bool thread_start(struct slot *slot, uint32_t index, const struct slot *former)
{
    const struct config *config = slot->ports.config;

    switch (slot->kind) {
    case SLOT_LINE:
        slot->of.line = line_start(&(struct line_params){.config = &config->lines[index],
                                                         .ports = &slot->ports,
                                                         .health = slot->health,
                                                         .halt = &slot->halt,
                                                         .status_index = slot->status_index});
        return slot->of.line != NULL;
    case SLOT_LINK:
        slot->of.link =
            link_start(&(struct link_params){.config = &config->links[index],
                                             .ports = &slot->ports,
                                             .health = slot->health,
                                             .halt = &slot->halt,
                                             .status_index = slot->status_index,
                                             .former = former == NULL ? NULL : former->of.link});
        return slot->of.link != NULL;
    case SLOT_KIND_COUNT: break;
    }
    return false;
}

struct slot *slot_start(enum slot_kind kind, uint32_t index, const struct field_params *ports,
                        struct field_health *health, const struct slot *former)
{
    struct slot *slot = calloc(1, sizeof *slot);

    if (slot == NULL) {
        return NULL;
    }
    slot->kind = kind;
    slot->name =
        kind == SLOT_LINE ? ports->config->lines[index].name : ports->config->links[index].name;
    slot->ports = *ports;
    slot->health = health;
    if (!halt_init(&slot->halt)) {
        goto undo_slot;
    }
    halt_hold(&slot->halt);
    slot->status_index = status_find_link(ports->status, kinds[kind], slot->name);
    if (slot->status_index < 0) {
        slot->status_index = status_add_link(ports->status, kinds[kind], slot->name);
        slot->added = true;
    }
    if (slot->status_index < 0) {
        log_line(LOG_ERROR, AREA, "more than %d names of lines and links since the start",
                 STATUS_LINKS_MAX);
        goto undo_halt;
    }
    if (!thread_start(slot, index, former)) {
        log_line(LOG_ERROR, AREA, "%s %s cannot be started", kinds[kind], slot->name);
        goto undo_status;
    }
    return slot;

undo_status:
    if (slot->added) {
        status_remove_link(ports->status, slot->status_index);
    }
undo_halt:
    halt_finish(&slot->halt);
undo_slot:
    free(slot);
    return NULL;
}

void slot_release(struct slot *slot)
{
    halt_release(&slot->halt);
}

void slot_stop(struct slot *slot)
{
    halt_raise(&slot->halt);
}

void slot_end(struct slot *slot, bool gone)
{
    if (slot == NULL) {
        return;
    }
    switch (slot->kind) {
    case SLOT_LINE: line_join(slot->of.line); break;
    case SLOT_LINK: link_join(slot->of.link); break;
    case SLOT_KIND_COUNT: break;
    }
    if (gone) {
        status_remove_link(slot->ports.status, slot->status_index);
    }
    halt_finish(&slot->halt);
    free(slot);
}
