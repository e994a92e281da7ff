/* Rounds over all sensors: core (COMMAND_DEVICES) -> here -> ledger, and with the rule on back to
 * the core (COMMAND_DEVICE_SUSPECT). gateway_turn calls it; it never waits. */

#include "gateway/examiner.h"

#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "bowei/suspicion.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE = 512, /* sensors a turn */
    ACTS = 16   /* devices the rule may take out in one round: more is no sensor's fault */
};

#define ACTOR "rule"

struct act {
    uint32_t device;
    char note[COMMAND_NOTE_MAX];
};

struct examiner {
    struct examiner_params p;
    struct command command;
    _Atomic bool answered;
    bool waiting; /* for the command */
    bool round;   /* one is under way */
    uint64_t version;
    uint32_t next; /* sensor to go on with */
    int64_t due_ms;
    struct lot_pulse *pulses; /* by lot, of this round */
    struct act acts[ACTS];
    uint32_t act_count, act_done;
    struct device_health rows[PAGE];
};

static void on_answer(struct command *command)
{
    atomic_store(&((struct examiner *)command->ctx)->answered, true);
}

struct examiner *examiner_create(const struct examiner_params *params)
{
    struct examiner *e = calloc(1, sizeof *e);

    if (e != NULL) {
        e->p = *params;
        e->due_ms = host_boot_ms() + (int64_t)params->config->devices.check_s * 1000;
    }
    return e;
}

void examiner_destroy(struct examiner *e)
{
    if (e != NULL) {
        free(e->pulses);
        free(e);
    }
}

static void round_end(struct examiner *e, int64_t boot_ms)
{
    e->round = false;
    e->due_ms = boot_ms + (int64_t)e->p.config->devices.check_s * 1000;
    free(e->pulses);
    e->pulses = NULL;
}

static void submit(struct examiner *e, int64_t boot_ms)
{
    e->command.inventory_version = e->version;
    e->command.done = on_answer;
    e->command.ctx = e;
    atomic_store(&e->answered, false);
    e->waiting = e->p.intake.command(e->p.intake.ctx, &e->command) == ERR_OK;
    if (!e->waiting) { /* the queue is full: next time */
        round_end(e, boot_ms);
    }
}

static void submit_page(struct examiner *e, int64_t boot_ms)
{
    e->command = (struct command){
        .kind = COMMAND_DEVICES, .device = e->next, .devices = e->rows, .limit = PAGE};
    submit(e, boot_ms);
}

static void round_begin(struct examiner *e, const struct inventory *inv, int64_t boot_ms)
{
    const struct view_now now = view_now(e->p.view, boot_ms);

    e->due_ms = boot_ms + (int64_t)e->p.config->devices.check_s * 1000;
    if (now.lagging || inv->sensor_count == 0) {
        return;
    }
    e->pulses = malloc(((size_t)inv->lot_count + 1) * sizeof *e->pulses);
    if (e->pulses == NULL) {
        return;
    }
    suspicion_pulses(e->p.view, inv, &now, e->p.config->devices.stuck_days, e->pulses);
    e->round = true;
    e->version = inv->version;
    e->next = 0;
    e->act_count = 0;
    e->act_done = 0;
    submit_page(e, boot_ms);
}

static bool says_state(const struct device_health *row)
{
    return row->live && (row->value == VALUE_FREE || row->value == VALUE_OCCUPIED);
}

/* Compares one of a place's rows with the others of the same rank. */
static void see_twins(const struct device_health *rows, uint32_t count, uint32_t at,
                      const struct inventory *inv, struct sensor_sight *sight)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i != at && says_state(&rows[i]) &&
            inv->sensors[rows[i].sensor].rank == inv->sensors[rows[at].sensor].rank) {
            sight->has_twin = true;
            sight->twin_differs = sight->twin_differs || rows[i].value != rows[at].value;
        }
    }
}

/* With the rule on: the first stuck or inverted suspicion that it has not acted on yet. */
static void consider(struct examiner *e, const struct device_health *row, struct rhythm *rhythm,
                     const struct lot_pulse *pulse)
{
    static const enum suspicion acted_on[] = {SUSPICION_INVERTED, SUSPICION_STUCK};

    if (!e->p.config->devices.suspect_rule || row->suspect || row->in_test) {
        return;
    }
    for (size_t i = 0; i < 2 && e->act_count < ACTS; i++) {
        const uint8_t bit = (uint8_t)(1u << acted_on[i]);

        if (rhythm->suspicions & bit && !(rhythm->acted & bit)) {
            struct act *act = &e->acts[e->act_count++];
            char text[SUSPICION_TEXT];

            suspicion_evidence(acted_on[i], row, rhythm, pulse, text);
            act->device = row->device;
            (void)snprintf(act->note, sizeof act->note, "%s: %.90s", suspicion_name(acted_on[i]),
                           text);
            rhythm->acted |= bit;
            return;
        }
    }
}

static void examine_one(struct examiner *e, const struct inventory *inv, const struct view_now *now,
                        uint32_t first, uint32_t count, uint32_t at)
{
    const struct device_health *row = &e->rows[first + at];
    const struct inv_sensor *is = &inv->sensors[row->sensor];
    const struct lot_pulse *pulse = &e->pulses[is->gate ? is->target : inv->spaces[is->target].lot];
    struct sensor_sight sight = {.value = (enum reading_value)row->value,
                                 .live = is->gate ? row->value == VALUE_GATE : says_state(row),
                                 .flapping = row->flapping,
                                 .gate = is->gate,
                                 .now_ms = now->at_ms,
                                 .lot = pulse};
    struct rhythm rhythm;

    if (!device_ledger_rhythm(e->p.ledger, e->version, row->sensor, &rhythm)) {
        return;
    }
    if (!is->gate) {
        struct space_view space;

        view_space(e->p.view, inv, is->target, now, &space);
        sight.known = space.known_state;
        sight.known_since_ms = space.known_since_ms;
        see_twins(&e->rows[first], count, at, inv, &sight);
    }
    if (rhythm.acted != 0 && !row->suspect) { /* a person trusts it again: the rounds begin anew */
        rhythm.against_full = 0;
        rhythm.against_empty = 0;
        rhythm.with = 0;
    }
    suspicion_round(e->p.config, &sight, &rhythm);
    consider(e, row, &rhythm, pulse);
    (void)device_ledger_rhythm_put(e->p.ledger, e->version, row->sensor, &rhythm);
}

/* Places that are whole in the page; a place cut at its end is looked at with the next page. */
static void examine_page(struct examiner *e, const struct inventory *inv, int64_t boot_ms)
{
    const struct view_now now = view_now(e->p.view, boot_ms);
    const uint32_t rows = e->command.devices_count;
    uint32_t first = 0;

    while (first < rows) {
        const struct inv_sensor *is = &inv->sensors[e->rows[first].sensor];
        uint32_t count = 1;

        while (first + count < rows &&
               inv->sensors[e->rows[first + count].sensor].target == is->target &&
               inv->sensors[e->rows[first + count].sensor].gate == is->gate) {
            count++;
        }
        if (first + count == rows && first > 0 && e->command.next != NO_SENSOR) {
            break;
        }
        for (uint32_t i = 0; i < count; i++) {
            examine_one(e, inv, &now, first, count, i);
        }
        first += count;
    }
    e->next = first < rows ? e->rows[first].sensor : e->command.next;
}

/* The rule's next command, or the end of the round. */
static void act_next(struct examiner *e, const struct inventory *inv, int64_t boot_ms)
{
    const struct act *act = &e->acts[e->act_done];

    if (e->act_done == e->act_count || status_is(e->p.status, DEGRADED_KEPT_UNREAD)) {
        round_end(e, boot_ms);
        return;
    }
    e->act_done++;
    e->command =
        (struct command){.kind = COMMAND_DEVICE_SUSPECT, .device = act->device, .actor = ACTOR};
    memcpy(e->command.note, act->note, sizeof e->command.note);
    log_line(LOG_WARNING, "devices", "%s is taken out of the vote, %s",
             inventory_text(inv, inv->devices[act->device].id), act->note);
    submit(e, boot_ms);
}

static void go_on(struct examiner *e, const struct inventory *inv, int64_t boot_ms)
{
    if (e->command.kind == COMMAND_DEVICES) {
        if (e->command.result != ERR_OK) {
            round_end(e, boot_ms);
            return;
        }
        examine_page(e, inv, boot_ms);
        if (e->next != NO_SENSOR) {
            submit_page(e, boot_ms);
            return;
        }
    }
    act_next(e, inv, boot_ms);
}

void examiner_turn(struct examiner *e, int64_t boot_ms)
{
    const struct inventory *inv;

    if (e->waiting ? !atomic_load(&e->answered) : boot_ms < e->due_ms) {
        return;
    }
    inv = inventory_get(e->p.board, e->p.reader);
    if (inv == NULL || (e->round && inv->version != e->version)) {
        e->waiting = false;
        round_end(e, boot_ms);
    } else if (e->waiting) {
        e->waiting = false;
        go_on(e, inv, boot_ms);
    } else {
        round_begin(e, inv, boot_ms);
    }
    inventory_put(e->p.board, e->p.reader);
}
