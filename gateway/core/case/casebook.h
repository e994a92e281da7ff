#ifndef GATEWAY_CORE_CASE_CASEBOOK_H
#define GATEWAY_CORE_CASE_CASEBOOK_H

#include "bowei/case_request.h"
#include "bowei/core.h"

/* The casebook: all cases and their histories, moved by one transition table. Stepped by step/, by
 * the same rules as the fleet: pure, one owner, equal inputs give equal effects; a step whose
 * effects the journal refuses is taken back whole. */

struct casebook;

#define NO_CASE UINT32_MAX

struct casebook *casebook_create(const struct inventory *inv, struct counters *counters);
void casebook_destroy(struct casebook *book);
void casebook_set_rules(struct casebook *book, const struct case_rules *rules);
void casebook_begin(struct casebook *book, struct now now);
void casebook_at(struct casebook *book, struct position at);
/** COMMAND_CASES, COMMAND_CASE_OPEN, COMMAND_CASE_MOVE; sets result and detail. */
void casebook_command(struct casebook *book, struct command *command);
/** Fires what is due (deadlines, notices, claims, announcements), a bounded number. */
void casebook_advance(struct casebook *book);
int64_t casebook_due(const struct casebook *book);
/** Never fails: responsibilities are read from the snapshot when a case moves. */
void casebook_swap(struct casebook *book, const struct inventory *next);
const struct touched *casebook_touched(const struct casebook *book, size_t *count);
const struct image *casebook_kept(const struct casebook *book, size_t *count);
void casebook_undo(struct casebook *book);

/* recovery, as for the fleet */
void casebook_restore(struct casebook *book, const struct image *image);
void casebook_restored(struct casebook *book, struct now now);
/** All kept cases are known: deadlines may fire and machines may open cases. */
void casebook_on(struct casebook *book);
bool casebook_is_on(const struct casebook *book);

/* reading */
bool casebook_case_image(const struct casebook *book, uint32_t slot, struct image *out);
bool casebook_row_image(const struct casebook *book, uint32_t row_slot, struct image *out);
uint32_t casebook_case_slots(const struct casebook *book);
uint32_t casebook_row_slots(const struct casebook *book);
void casebook_figures(const struct casebook *book, struct case_figures *out);
size_t casebook_memory(const struct casebook *book);

/* --- machines that find: the zombie watch, expired alerts --- */

struct case_finding {
    enum case_kind kind;
    space_key place;
    const char *vehicle; /**< "" = none */
    struct position_e7 at;
    uint8_t reasons;  /**< bits of enum zombie_reason */
    int64_t since_ms; /**< city time */
    uint32_t gap_s;
};

/** The open case about a subject (vehicle when given, else place) of a zombie or plain kind;
 * NO_CASE. */
uint32_t casebook_find(const struct casebook *book, enum case_kind kind, space_key place,
                       const char *vehicle);
/** Opens a case (source sensor, status reported) unless one of that kind and subject is open; then
 * new reasons are added to it. Returns its slot, NO_CASE when it cannot be kept (counted; the
 * finder asks again later). */
uint32_t casebook_report(struct casebook *book, const struct case_finding *finding);
/** Level-triggered: the subject has left at left_ms, city time (SELF_CLEAR where the table allows
 * it; the moment is the row's note). */
void casebook_gone(struct casebook *book, uint32_t slot, int64_t left_ms);
const struct case_image *casebook_case(const struct casebook *book, uint32_t slot);

#endif
