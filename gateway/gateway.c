/* A running gateway, turn by turn on the main thread: a late Redis, a new inventory or
 * configuration, readiness, what is degraded. */
#include "bowei/base/log.h"
#include "gateway/gateway_state.h"

#include <stdlib.h>
#include <string.h>

enum {
    READY_WITHIN_MS = 5000, /* after the links were opened: a broker that never drains does not keep
                               the gateway from serving */
    STUCK_MS = 10000,       /* a core that has not turned for so long is not alive */
    LAG_INPUTS = 4096,
    IMPORT_CONFIRM_MS = 20000,
    SETTLE_MS = 2000 /* an inventory that the core has been given is in force by then */
};

/* Redis was away at the start: its images are merged as soon as it is there, then the writer may
 * write. */
static void try_late(struct gateway *g)
{
    if (g->late.started) {
        if (late_redis_done(&g->late)) {
            if (host_wall_ms() + CITY_CLOCK_JUMP_MS < g->recovery.high_water_ms) {
                status_set(&g->status, DEGRADED_CLOCK_SUSPECT, true);
            }
            intake_set_epoch(g->intake, g->recovery.epoch);
            runner_late_done(g->runner, g->recovery.epoch, g->recovery.event);
        }
    } else if (!g->recovery.redis_read) {
        const struct recover_params params = gateway_recovery(g);
        (void)late_redis_start(&g->late, &params, &g->recovery, g->runner);
    }
}

static void set_degraded(struct gateway *g, int64_t boot_ms)
{
    status_set(&g->status, DEGRADED_REDIS_DOWN, redis_writer_state(g->writer) != REDIS_UP);
    status_set(&g->status, DEGRADED_DISK_FULL, journal_full(g->journal));
    status_set(&g->status, DEGRADED_CORE_LAG,
               intake_blocked(g->intake) || intake_lag(g->intake) > LAG_INPUTS ||
                   boot_ms - runner_turned_ms(g->runner) > 2000);
    status_set(&g->status, DEGRADED_STEPPED_DOWN, atomic_load(&g->stepped_down));
}

/* A new inventory goes in once everything before it is safely in Redis, so that no older reading
 * can meet it. */
static void apply_pending(struct gateway *g, int64_t boot_ms)
{
    if (g->pending != NULL) {
        if (position_compare(runner_confirmed(g->runner), g->pending_after) >= 0) {
            const uint64_t version = g->pending->version;
            if (intake_inventory(g->intake, g->pending) == ERR_OK) {
                g->handed = version;
                g->pending = NULL;
            }
        } else if (!g->pending_told && boot_ms - g->pending_since_ms > IMPORT_CONFIRM_MS) {
            g->pending_told = true;
            log_line(LOG_WARNING, "gateway",
                     "inventory %llu waits: Redis has not confirmed a flush for 20 s",
                     (unsigned long long)g->pending->version);
        }
    }
    uint64_t version = runner_inventory_version(g->runner);
    if (version != g->applied) {
        g->applied = version;
        if (state_folder_set_applied(g->state, version) != ERR_OK) {
            log_line(LOG_WARNING, "gateway", "inventory/applied cannot be written");
        }
    }
}

bool gateway_turn(struct gateway *g)
{
    int64_t boot_ms = host_boot_ms();
    try_late(g);
    apply_pending(g, boot_ms);
    set_degraded(g, boot_ms);
    examiner_turn(g->examiner, boot_ms);
    const bool settled = field_settled(g->field);
    if (!atomic_load(&g->status.ready) &&
        (settled || boot_ms - g->links_open_ms > READY_WITHIN_MS)) {
        atomic_store(&g->status.ready, true);
        log_line(LOG_INFO, "gateway", "ready after %lld ms on port %u%s",
                 (long long)(boot_ms - g->started_ms), (unsigned)api_port(g->api),
                 settled ? "" : ", before each link was drained and each line polled once");
    }
    return !atomic_load(&g->stepped_down);
}

/* An inventory on its way through the core must have arrived: the next one builds on it. */
static bool inventory_settles(struct gateway *g)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    const int64_t until_ms = host_boot_ms() + SETTLE_MS;
    bool settled = runner_inventory_version(g->runner) == g->handed;
    while (!settled && host_boot_ms() < until_ms) {
        nanosleep(&pause, NULL);
        settled = runner_inventory_version(g->runner) == g->handed;
    }
    g->handed = runner_inventory_version(g->runner); /* or the core had no memory for it */
    return settled;
}

static void reload_configuration(struct gateway *g)
{
    const bool settled = inventory_settles(g);
    const struct configuration_parts parts = {.state = g->state,
                                              .counters = &g->counters,
                                              .status = &g->status,
                                              .field = g->field,
                                              .push = g->push,
                                              .intake = g->intake,
                                              .inventory = inventory_get(&g->board, g->reader),
                                              .build = ++g->builds};
    configuration_reload(g->configuration, &parts,
                         settled ? NULL : "an inventory is being applied, ask again");
    inventory_put(&g->board, g->reader);
}

static void reload_inventory(struct gateway *g)
{
    const struct inventory *next = NULL;
    uint64_t newest = 0;
    char path[640] = "";
    enum err e =
        inventory_store_newest(state_folder_inventory(g->state), &newest, path, sizeof path);
    if (e == ERR_NOT_FOUND || (e == ERR_OK && newest <= g->applied)) {
        return;
    }
    if (e == ERR_OK) {
        const struct inventory *current = inventory_get(&g->board, g->reader);
        e = load_inventory(configuration_now(g->configuration), current, &next);
        inventory_put(&g->board, g->reader);
    }
    if (e != ERR_OK) {
        log_line(LOG_ERROR, "gateway", "the inventory stays as it is: %s", err_text(e, 0));
        return;
    }
    inventory_destroy(g->pending);
    g->pending = next;
    g->pending_after = intake_newest(g->intake);
    g->pending_since_ms = host_boot_ms();
    g->pending_told = false;
}

void gateway_reload(struct gateway *g)
{
    reload_configuration(g);
    api_reload(g->api);
    reload_inventory(g);
}

bool gateway_alive(struct gateway *g)
{
    return host_boot_ms() - runner_turned_ms(g->runner) < STUCK_MS;
}

struct status *gateway_status(struct gateway *g)
{
    return &g->status;
}
