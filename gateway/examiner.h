#ifndef GATEWAY_EXAMINER_H
#define GATEWAY_EXAMINER_H

#include "bowei/config.h"
#include "bowei/device_ledger.h"
#include "bowei/input.h"
#include "bowei/status.h"
#include "bowei/view.h"

/* The examiner: every devices.check_s it asks the core page by page what each sensor says, compares
 * it with its twins and its lot, and writes what it finds into the ledger. When the rule is on it
 * takes a stuck or inverted sensor out of the vote with the command that staff use, once for each
 * suspicion. Main thread only; a turn does one page at most. */

struct examiner_params {
    const struct config *config; /**< its `devices` */
    struct intake_port intake;
    struct inventory_board *board;
    const struct view *view;
    struct device_ledger *ledger;
    struct status *status;
    uint32_t reader; /**< of the board; not held between turns */
};

struct examiner;

/** NULL: no memory. */
struct examiner *examiner_create(const struct examiner_params *params);
/** After core and journal threads have ended: a command may have been under way. */
void examiner_destroy(struct examiner *examiner);
void examiner_turn(struct examiner *examiner, int64_t boot_ms);

#endif
