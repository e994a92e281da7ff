/* Starts a gateway: state folder -> inventory -> journal -> recovery (Redis and journal into the
 * core) -> intake, Redis writer, runner -> API -> field links; and stops it, in the reverse. Only
 * this folder knows every room. */
#include "bowei/base/log.h"
#include "gateway/gateway_state.h"

#include <stdlib.h>
#include <string.h>

static void on_restore(void *ctx, const struct image *image)
{
    core_restore(((struct gateway *)ctx)->core, image);
}

static void on_replay(void *ctx, const struct input *input)
{
    core_replay(((struct gateway *)ctx)->core, input);
}

static void on_wake(void *ctx)
{
    intake_wake(((struct gateway *)ctx)->intake);
}

static void on_stepped_down(void *ctx)
{
    atomic_store(&((struct gateway *)ctx)->stepped_down, true);
}

static uint32_t list_unknown(void *ctx, struct unknown_device *out, uint32_t n)
{
    return unknown_devices_list(ctx, out, n);
}

static void on_swapping(void *ctx, const struct inventory *former, const struct inventory *next)
{
    device_ledger_carry(((struct gateway *)ctx)->ledger, former, next);
}

struct recover_params gateway_recovery(struct gateway *g)
{
    return (struct recover_params){.state = g->state,
                                   .redis = &g->redis,
                                   .inventory = g->inventory,
                                   .counters = &g->counters,
                                   .wall_ms = host_wall_ms()};
}

static enum err open_state(struct gateway *g)
{
    pid_t owner = 0;
    enum err e = state_folder_open(g->config->state_folder, &g->state, &owner);
    if (e == ERR_CONFLICT) {
        log_line(LOG_ERROR, "gateway", "state_folder: %s is in use by process %ld",
                 g->config->state_folder, (long)owner);
    } else if (e != ERR_OK) {
        log_line(LOG_ERROR, "gateway", "state_folder: %s: %s", g->config->state_folder,
                 err_text(e, 0));
    }
    return e;
}

static enum err open_journal(struct gateway *g)
{
    const struct journal_params params = {
        .folder = state_folder_journal(g->state),
        .counters = &g->counters,
        .limit_bytes = (uint64_t)g->config->journal.limit_mib << 20,
        .reserve_bytes = (uint64_t)g->config->journal.reserve_mib << 20,
        .sync_ms = g->config->journal.sync_ms,
        .keep_ms = g->config->journal.keep_minutes * 60000u};
    enum err e = journal_open(&params, &g->journal);
    if (e != ERR_OK) {
        log_line(LOG_ERROR, "gateway", "journal: %s", err_text(e, 0));
    }
    return e;
}

/* Loads what was known into a new core; afterwards everything has its age and nothing is believed
 * beyond it. */
static enum err recover(struct gateway *g, struct now *start)
{
    g->core = core_create(g->inventory, &g->counters);
    if (g->core == NULL) {
        return ERR_NO_MEMORY;
    }
    fleet_settings_rules(g->config, &g->rules);
    core_fleet_rules(g->core, &g->rules);
    struct case_rules case_rules;
    enum err e = case_settings_rules(g->config, &case_rules, &g->calendar);
    if (e != ERR_OK) {
        return e;
    }
    core_case_rules(g->core, &case_rules);
    const struct recover_params params = gateway_recovery(g);
    const struct recover_calls calls = {g, on_restore, on_replay};
    e = recover_run(&params, &calls, &g->recovery);
    if (e != ERR_OK) {
        log_line(LOG_ERROR, "gateway", "recovery: %s", err_text(e, 0));
        return e;
    }
    start->at_ms =
        params.wall_ms > g->recovery.high_water_ms ? params.wall_ms : g->recovery.high_water_ms;
    int64_t behind_ms = params.wall_ms - start->at_ms;
    start->shift_ms = behind_ms < -CITY_CLOCK_JUMP_MS ? behind_ms : 0;
    const int64_t begin_ms = host_boot_ms();
    if (!g->recovery.redis_read) {
        core_lots_wait(g->core);
    }
    core_restored(g->core, *start, g->recovery.clock_suspect);
    if (g->recovery.redis_read) {
        core_events_after(g->core, g->recovery.event);
        core_cases_on(g->core);
        core_alerts_on(g->core);
    }
    g->restored_ms = host_boot_ms() - begin_ms;
    status_set(&g->status, DEGRADED_CLOCK_SUSPECT, g->recovery.clock_suspect);
    status_set(&g->status, DEGRADED_KEPT_UNREAD, !g->recovery.redis_read);
    log_line(LOG_INFO, "gateway",
             "epoch %llu: %llu images, %llu readings replayed, %llu skipped; Redis %s",
             (unsigned long long)g->recovery.epoch, (unsigned long long)g->recovery.images,
             (unsigned long long)g->recovery.replayed, (unsigned long long)g->recovery.skipped,
             g->recovery.redis_read ? "read" : "away");
    return ERR_OK;
}

static enum err start_core(struct gateway *g, struct now start)
{
    const struct intake_params intake = {.journal = g->journal,
                                         .counters = &g->counters,
                                         .epoch = g->recovery.epoch,
                                         .next_seq = g->recovery.next_seq,
                                         .wall_ms = host_wall_ms(),
                                         .boot_ms = host_boot_ms(),
                                         .at_least_ms = start.at_ms};
    g->intake = intake_create(&intake);
    g->view = view_create();
    g->changes = change_ring_create(g->recovery.epoch);
    g->alerts = alert_ring_create(g->recovery.epoch);
    if (g->intake == NULL || g->view == NULL || g->changes == NULL || g->alerts == NULL) {
        return ERR_NO_MEMORY;
    }
    g->feed = event_feed_create(&g->redis, g->alerts);
    if (g->feed == NULL) {
        return ERR_NO_MEMORY;
    }
    if (g->recovery.redis_read) {
        alert_ring_begin(g->alerts, core_newest_event(g->core));
    }
    const struct redis_writer_params writer = {.redis = g->redis,
                                               .counters = &g->counters,
                                               .board = &g->board,
                                               .log_keep_ms = (int64_t)g->rules.keep_ms,
                                               .epoch =
                                                   g->recovery.redis_read ? g->recovery.epoch : 0,
                                               .wake_core = on_wake,
                                               .stepped_down = on_stepped_down,
                                               .ctx = g};
    (void)inventory_publish(&g->board, g->inventory); /* the writer looks up districts */
    g->writer = redis_writer_start(&writer);
    if (g->writer == NULL) {
        return ERR_NO_MEMORY;
    }
    const struct runner_params runner = {.core = g->core,
                                         .intake = g->intake,
                                         .journal = g->journal,
                                         .writer = g->writer,
                                         .view = g->view,
                                         .changes = g->changes,
                                         .alerts = g->alerts,
                                         .board = &g->board,
                                         .counters = &g->counters,
                                         .status = &g->status,
                                         .inventory = g->inventory,
                                         .start = start,
                                         .swapping = on_swapping,
                                         .swapping_ctx = g,
                                         .released = event_feed_wake,
                                         .released_ctx = g->feed};
    g->ledger = device_ledger_create(g->config->devices.frames_kib);
    if (g->ledger == NULL) {
        return ERR_NO_MEMORY;
    }
    device_ledger_carry(g->ledger, NULL, g->inventory);
    const int64_t begin_ms = host_boot_ms();
    g->runner = runner_start(&runner);
    g->publish_ms = host_boot_ms() - begin_ms;
    if (g->runner == NULL) {
        return ERR_NO_MEMORY;
    }
    g->core = NULL; /* the runner's now */
    return ERR_OK;
}

static enum err start_sides(struct gateway *g)
{
    g->unknown = unknown_devices_create();
    g->desk = recalibration_desk_create(&g->counters);
    if (g->unknown == NULL || g->desk == NULL) {
        return ERR_NO_MEMORY;
    }
    const struct field_params field = {.config = g->config,
                                       .intake = intake_port_of(g->intake),
                                       .board = &g->board,
                                       .counters = &g->counters,
                                       .status = &g->status,
                                       .unknown = g->unknown,
                                       .ledger = g->ledger,
                                       .desk = g->desk};
    g->push = push_create(&field);
    g->audit_log = audit_reader_create(&g->redis);
    if (g->push == NULL || g->audit_log == NULL) {
        return ERR_NO_MEMORY;
    }
    const struct delivery_params delivery = {.config = g->config,
                                             .intake = intake_port_of(g->intake),
                                             .counters = &g->counters,
                                             .view = g->view,
                                             .folder = state_folder_path(g->state)};
    enum err e = outgoing_start(&g->outgoing, g->feed, delivery);
    if (e != ERR_OK) {
        return e;
    }
    const struct api_params api = {
        .config = g->config,
        .board = &g->board,
        .view = g->view,
        .changes = g->changes,
        .alerts = g->alerts,
        .events = event_reader_port(g->outgoing.asked),
        .audit = audit_reader_port(g->audit_log),
        .rules = &g->rules,
        .intake = intake_port_of(g->intake),
        .counters = &g->counters,
        .status = &g->status,
        .unknown = {g->unknown, list_unknown},
        .push = push_port_of(g->push),
        .recalibration = recalibration_port_of(g->desk),
        .ledger = device_ledger_port(g->ledger),
        .delivery = delivery_port_of(g->outgoing.delivery)
    };
    char detail[160] = "";
    e = api_start(&api, &g->api, detail);
    if (e != ERR_OK) {
        log_line(LOG_ERROR, "gateway", "http: %s", detail[0] != '\0' ? detail : err_text(e, 0));
        return e;
    }
    const struct mqtt_out_params out = {
        &g->config->mqtt_out, g->config->instance, &g->board,    g->view,
        g->changes,           g->alerts,           &g->counters, &g->status};
    e = mqtt_out_start(&out, &g->mqtt_out);
    if (e != ERR_OK) {
        log_line(LOG_ERROR, "gateway", "mqtt_out: %s", err_text(e, 0));
        return e;
    }
    g->field = field_start(&field);
    g->links_open_ms = host_boot_ms();
    const struct examiner_params examiner = {.config = g->config,
                                             .intake = intake_port_of(g->intake),
                                             .board = &g->board,
                                             .view = g->view,
                                             .ledger = g->ledger,
                                             .status = &g->status,
                                             .reader = g->reader};
    g->examiner = examiner_create(&examiner);
    return g->field == NULL || g->examiner == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static enum err start_all(struct gateway *g)
{
    struct now start;
    char detail[160] = "";
    enum err e = open_state(g);
    if (e != ERR_OK) {
        return e;
    }
    e = api_port_probe(g->config, detail);
    if (e != ERR_OK) {
        log_line(LOG_ERROR, "gateway", "http: %s", detail);
        return e;
    }
    const int64_t begin_ms = host_boot_ms();
    e = load_inventory(g->config, NULL, &g->inventory);
    if (e != ERR_OK) {
        log_line(LOG_ERROR, "gateway", "inventory: %s", err_text(e, 0));
        return e;
    }
    g->inventory_ms = host_boot_ms() - begin_ms;
    e = open_journal(g);
    if (e != ERR_OK) {
        return e;
    }
    e = recover(g, &start);
    if (e != ERR_OK) {
        return e;
    }
    e = start_core(g, start);
    if (e != ERR_OK) {
        log_line(LOG_ERROR, "gateway", "start: %s", err_text(e, 0));
        return e;
    }
    g->applied = g->handed = g->inventory->version;
    e = state_folder_set_applied(g->state, g->applied);
    if (e != ERR_OK) {
        log_line(LOG_WARNING, "gateway", "inventory/applied cannot be written: %s", err_text(e, 0));
    }
    e = start_sides(g);
    if (e != ERR_OK) {
        return e;
    }
    configuration_started(g->configuration, g->state);
    log_line(
        LOG_INFO, "gateway",
        "started in %lld ms: inventory %lld, journal %lld, Redis %lld, core %lld, publish %lld",
        (long long)(host_boot_ms() - g->started_ms), (long long)g->inventory_ms,
        (long long)g->recovery.journal_ms, (long long)g->recovery.redis_ms,
        (long long)g->restored_ms, (long long)g->publish_ms);
    return ERR_OK;
}

int gateway_start(const struct cli_origin *origin, struct config *config, struct gateway **out)
{
    struct gateway *g = calloc(1, sizeof *g);
    if (g == NULL) {
        config_destroy(config);
        return GATEWAY_EXIT_FAILURE;
    }
    g->configuration = configuration_create(origin, config);
    if (g->configuration == NULL) {
        free(g);
        return GATEWAY_EXIT_FAILURE;
    }
    g->config = config;
    g->redis = (struct redis_params){.socket = config->redis.socket,
                                     .host = config->redis.host,
                                     .port = (uint16_t)config->redis.port,
                                     .username = config->redis.username,
                                     .password = config->redis.password,
                                     .timeout_ms = config->redis.timeout_ms};
    g->started_ms = host_boot_ms();
    g->reader = inventory_reader(&g->board);
    enum err e = start_all(g);
    if (e != ERR_OK) {
        gateway_stop(g);
        return GATEWAY_EXIT_FAILURE;
    }
    *out = g;
    return GATEWAY_EXIT_OK;
}

void gateway_stop(struct gateway *g)
{
    atomic_store(&g->status.stopping, true);
    atomic_store(&g->status.ready, false);
    field_stop(g->field);
    mqtt_out_stop(g->mqtt_out);
    api_stop(g->api);
    audit_reader_destroy(g->audit_log);
    push_destroy(g->push);
    late_redis_stop(&g->late);
    runner_stop(g->runner);
    redis_writer_stop(g->writer);
    if (g->runner == NULL) { /* the start failed before the runner took them */
        core_destroy(g->core);
        inventory_destroy(g->inventory);
    }
    work_calendar_destroy(g->calendar);
    inventory_destroy(g->pending);
    change_ring_destroy(g->changes);
    journal_close(g->journal); /* its last sync releases what waits for it */
    outgoing_stop(&g->outgoing);
    intake_destroy(g->intake);
    view_destroy(g->view);
    alert_ring_destroy(g->alerts);
    event_feed_destroy(g->feed);
    unknown_devices_destroy(g->unknown);
    recalibration_desk_destroy(g->desk);
    examiner_destroy(g->examiner);
    device_ledger_destroy(g->ledger);
    state_folder_close(g->state);
    configuration_destroy(g->configuration);
    free(g);
}
