#ifndef GATEWAY_CORE_ZOMBIE_WATCH_H
#define GATEWAY_CORE_ZOMBIE_WATCH_H

#include "gateway/core/case/casebook.h"

/* The zombie watch: looks at every space and every bike in turn, all of them once in
 * case_rules.sweep_ms, and tells the casebook who has stood, or been silent, for too long, and who
 * has left. Level-triggered on what is kept anyway (known, since, gap; moved, heard), so that
 * restarts and clock jumps lose no clock and a million subjects cost a bounded look each. What a
 * short release would lose (the former stay) is a kept entity of its own, few of them. */

struct zombie_watch;
struct core;

struct zombie_watch *zombie_watch_create(struct counters *counters);
void zombie_watch_destroy(struct zombie_watch *watch);
void zombie_watch_set_rules(struct zombie_watch *watch, const struct case_rules *rules);
/** The known state of a space changed (called by step/ with what it was): notes releases of long
 * stays. */
void zombie_watch_space(struct zombie_watch *watch, struct core *core, uint32_t slot,
                        enum space_state former_known, int64_t former_since_ms,
                        uint32_t former_gap_s);
/** Looks at some subjects; next by zombie_watch_due. */
void zombie_watch_advance(struct zombie_watch *watch, struct core *core);
int64_t zombie_watch_due(const struct zombie_watch *watch);
void zombie_watch_undo(struct zombie_watch *watch);
void zombie_watch_restore(struct zombie_watch *watch, struct core *core, const struct image *image);
bool zombie_watch_image(const struct zombie_watch *watch, uint32_t index, struct image *out);
uint32_t zombie_watch_slots(const struct zombie_watch *watch);

#endif
