/* The field side's front door: a thread per Modbus line and per MQTT link out of the configuration.
 * A new configuration touches only the lines and links it changes: theirs are started first, held,
 * then the former ones are stopped, then the new ones go; all others never notice.
 * gateway/gateway.c calls it; everything it hears goes to the intake port it was given. */
#include "bowei/field.h"
#include "bowei/base/log.h"
#include "sensors/slot.h"
#include <mosquitto.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MAX (CONFIG_LINES_MAX + CONFIG_LINKS_MAX)

struct field {
    struct field_params params; /* config: the one in force */
    struct field_health health;
    struct slot *slots[SLOTS_MAX];
    uint32_t slot_count;
};

struct field_change {
    const struct config *config;
    struct slot *made[SLOTS_MAX]; /* held */
    uint32_t made_count;
    struct slot *kept[SLOTS_MAX];
    uint32_t kept_count;
    struct slot *ended[SLOTS_MAX];
    bool gone[SLOTS_MAX]; /* of ended: nothing of that name follows */
    uint32_t ended_count;
};

/* The running one of that name; NULL: there is none. */
static const struct slot *former_of(const struct field *field, enum slot_kind kind,
                                    const char *name)
{
    for (uint32_t i = 0; i < field->slot_count; i++) {
        if (field->slots[i]->kind == kind && strcmp(field->slots[i]->name, name) == 0) {
            return field->slots[i];
        }
    }
    return NULL;
}

static bool make(const struct field *field, struct field_change *change, enum slot_kind kind,
                 uint32_t index)
{
    struct field_params ports = field->params;
    struct slot *slot;

    ports.config = change->config;
    /* the health is shared by all and outlives them */
    slot = slot_start(kind, index, &ports, (struct field_health *)(uintptr_t)&field->health,
                      former_of(field, kind,
                                kind == SLOT_LINE ? change->config->lines[index].name
                                                  : change->config->links[index].name));
    if (slot == NULL) {
        return false;
    }
    change->made[change->made_count++] = slot;
    return true;
}

static bool make_all(const struct field *field, struct field_change *change,
                     const struct config_difference *difference)
{
    for (uint32_t i = 0; i < change->config->line_count; i++) {
        if (difference->lines[i] != CONFIG_KEPT && !make(field, change, SLOT_LINE, i)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < change->config->link_count; i++) {
        if (difference->links[i] != CONFIG_KEPT && !make(field, change, SLOT_LINK, i)) {
            return false;
        }
    }
    return true;
}

/* What becomes of a line or link that runs: its index in the new configuration, or UINT32_MAX. */
static uint32_t index_of(const struct config *config, const struct slot *slot)
{
    uint32_t count = slot->kind == SLOT_LINE ? config->line_count : config->link_count;

    for (uint32_t i = 0; i < count; i++) {
        const char *name = slot->kind == SLOT_LINE ? config->lines[i].name : config->links[i].name;

        if (strcmp(name, slot->name) == 0) {
            return i;
        }
    }
    return UINT32_MAX;
}

static void sort_out(const struct field *field, struct field_change *change,
                     const struct config_difference *difference)
{
    for (uint32_t i = 0; i < field->slot_count; i++) {
        struct slot *slot = field->slots[i];
        uint32_t index = index_of(change->config, slot);
        const uint8_t *changes = slot->kind == SLOT_LINE ? difference->lines : difference->links;

        if (index != UINT32_MAX && changes[index] == CONFIG_KEPT) {
            change->kept[change->kept_count++] = slot;
        } else {
            change->gone[change->ended_count] = index == UINT32_MAX;
            change->ended[change->ended_count++] = slot;
        }
    }
}

struct field_change *field_prepare(struct field *field, const struct config *next,
                                   const struct config_difference *difference)
{
    struct field_change *change = calloc(1, sizeof *change);

    if (change == NULL) {
        return NULL;
    }
    change->config = next;
    sort_out(field, change, difference);
    if (!make_all(field, change, difference)) {
        field_discard(change);
        return NULL;
    }
    return change;
}

void field_discard(struct field_change *change)
{
    for (uint32_t i = 0; i < change->made_count; i++) {
        slot_stop(change->made[i]);
    }
    for (uint32_t i = 0; i < change->made_count; i++) {
        slot_end(change->made[i], change->made[i]->added);
    }
    free(change);
}

void field_commit(struct field *field, struct field_change *change)
{
    for (uint32_t i = 0; i < change->ended_count; i++) {
        slot_stop(change->ended[i]);
    }
    for (uint32_t i = 0; i < change->ended_count; i++) {
        slot_end(change->ended[i], change->gone[i]);
    }
    memcpy(field->slots, change->kept, change->kept_count * sizeof change->kept[0]);
    field->slot_count = change->kept_count;
    for (uint32_t i = 0; i < change->made_count; i++) {
        field->slots[field->slot_count++] = change->made[i];
        slot_release(change->made[i]);
    }
    field->params.config = change->config;
    free(change);
}

bool field_uses(const struct field *field, const struct config *config)
{
    for (uint32_t i = 0; i < field->slot_count; i++) {
        if (field->slots[i]->ports.config == config) {
            return true;
        }
    }
    return field->params.config == config;
}

struct field *field_start(const struct field_params *params)
{
    static const struct config none = {.line_count = 0};
    struct config_difference all_new;
    struct field_change *change;
    struct field *field = calloc(1, sizeof *field);

    if (field == NULL) {
        return NULL;
    }
    field->params = *params;
    field->params.config = &none;
    field->health.status = params->status;
    if (mosquitto_lib_init() != MOSQ_ERR_SUCCESS) {
        goto undo_field;
    }
    memset(&all_new, 0, sizeof all_new);
    memset(all_new.lines, CONFIG_ADDED, sizeof all_new.lines);
    memset(all_new.links, CONFIG_ADDED, sizeof all_new.links);
    change = field_prepare(field, params->config, &all_new);
    if (change == NULL) {
        goto undo_library;
    }
    field_commit(field, change);
    return field;

undo_library:
    (void)mosquitto_lib_cleanup();
undo_field:
    free(field);
    return NULL;
}

void field_stop(struct field *field)
{
    if (field == NULL) {
        return;
    }
    for (uint32_t i = 0; i < field->slot_count; i++) {
        slot_stop(field->slots[i]);
    }
    for (uint32_t i = 0; i < field->slot_count; i++) {
        slot_end(field->slots[i], false);
    }
    (void)mosquitto_lib_cleanup();
    free(field);
}

bool field_settled(const struct field *field)
{
    const struct status *status = field->params.status;

    for (uint32_t i = 0; i < field->slot_count; i++) {
        if (!atomic_load(&status->link[field->slots[i]->status_index].polled)) {
            return false;
        }
    }
    return true;
}
