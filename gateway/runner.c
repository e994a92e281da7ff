/* The core thread. Flow: intake -> here (core_step) -> journal E -> view, change ring -> Redis
 * flush.
 *
 * DESIGN. One loop owns the core. A batch of inputs is stepped one by one; after each step its kept
 * effects are appended to the journal before anything of it is published, and a command is answered
 * only when they are durable. City totals and the heartbeat go out once a batch. Redis is fed by
 * flush_step, which never waits. A retired inventory is freed when no reader holds it any more. */

#include "gateway/runner.h"

#include "bowei/base/log.h"
#include "gateway/core_images.h"
#include "gateway/late_images.h"
#include "gateway/publish.h"
#include "gateway/shorten.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

enum {
    BATCH = 64,
    TURN_MS = 250, /* a timer fires at most this late, and the view's heartbeat is this fresh */
    TRIM_EVERY_MS = 5000,
    RETIRED_MAX = 8,
    LATE_BATCH = 64,   /* late images taken at once */
    LATE_A_TURN = 512, /* and in one turn, so that inputs do not wait */
    LATE_PUBLISH_A_TURN = 4096,
    DRAIN_MS = 3000
};

#define LATE_IDLE UINT32_MAX

struct runner {
    struct runner_params p;
    struct flush *flush;
    pthread_t thread;
    _Atomic bool stop;
    _Atomic uint64_t confirmed_epoch, confirmed_seq;
    _Atomic uint64_t inventory_version;
    _Atomic int64_t turned_ms;
    struct position newest; /* core thread only, like all below */
    struct now now;
    int64_t trim_due_ms;
    struct publish out;
    struct shortening shortening;
    const struct inventory *retired[RETIRED_MAX];
    struct input inputs[BATCH];
    struct late_images late;
    _Atomic uint64_t late_epoch; /* these two: set before late ends */
    struct event_place late_event;
    struct event_refill events, rows; /* out of the journal */
    struct core_images images;
    struct image late_batch[LATE_BATCH];
    uint64_t late_taken;
    uint32_t late_published; /* roots published after the late images, LATE_IDLE = none under way */
};

static void answer_synced(void *ctx, enum err result)
{
    struct command *command = ctx;
    if (result != ERR_OK) {
        command->result = result;
    }
    command->done(command);
}

/* Complete in itself: the journal may outlive the runner. */
struct alert_release {
    struct alert_ring *ring;
    uint64_t number;
    void (*released)(void *ctx);
    void *ctx;
};

static void release_synced(void *ctx, enum err result)
{
    struct alert_release *release = ctx;
    if (result == ERR_OK) {
        alert_ring_release(release->ring, release->number);
        if (release->released != NULL) {
            release->released(release->ctx);
        }
    }
    free(release);
}

/* Changes of episodes go to the streams once they are on the disk. Without memory for it they go
 * with the next ones. */
static void put_alerts(struct runner *r, const struct effects *effects)
{
    uint64_t number = 0;
    for (size_t i = 0; i < effects->kept_count; i++) {
        if (effects->kept[i].kind == IMAGE_ALERT) {
            number = alert_ring_put(r->p.alerts, &effects->kept[i].alert);
        }
    }
    struct alert_release *release = number == 0 ? NULL : malloc(sizeof *release);
    if (release != NULL) {
        *release = (struct alert_release){r->p.alerts, number, r->p.released, r->p.released_ctx};
        journal_sync_then(r->p.journal, release_synced, release);
    }
}

/* Like roots; all other kept images wait for Redis in a queue. */
static bool dirty_by_slot(enum image_kind kind)
{
    return kind == IMAGE_ALERT || kind == IMAGE_MUTE || kind == IMAGE_CASE ||
           kind == IMAGE_CASE_ROW || kind == IMAGE_STAY;
}

/* Journals the kept effects of a step; on refusal the core takes them back, so that nothing of them
 * shows. */
static bool keep_effects(struct runner *r, const struct input *input, const struct effects *effects)
{
    enum err e = intake_append_images(r->p.intake, RECORD_EFFECT, input->at, input->now,
                                      core_inventory(r->p.core)->version, effects->kept,
                                      effects->kept_count);
    if (e != ERR_OK) {
        struct command *command = effects->command;
        if (command == NULL) {
            /* episodes wait; what bikes and fences are does not */
            publish_effects(&r->out, effects);
        }
        core_undo(r->p.core);
        publish_effects(&r->out, effects); /* what fell due before the command came */
        if (command != NULL) {
            command->result = e;
            command->done(command);
        }
        return false;
    }
    for (size_t i = 0; i < effects->kept_count; i++) {
        if (effects->kept[i].kind == IMAGE_ALERT) {
            flush_event(r->flush, &effects->kept[i]);
        }
        if (dirty_by_slot(effects->kept[i].kind)) {
            continue;
        }
        if (flush_keep(r->flush, &effects->kept[i]) != ERR_OK) {
            static int64_t gate;
            log_rate(LOG_WARNING, &gate, 10000, "runner",
                     "no memory for a decision on its way to Redis; it is safe in the journal");
        }
    }
    put_alerts(r, effects);
    return true;
}

static void carry_out(struct runner *r, const struct input *input, const struct effects *effects)
{
    bool kept = effects->kept_count > 0;
    if (kept && !keep_effects(r, input, effects)) {
        return;
    }
    struct command *command = effects->command;
    publish_effects(&r->out, effects);
    if (command == NULL) {
        return;
    }
    if (kept) {
        journal_sync_then(r->p.journal, answer_synced, command);
    } else {
        command->done(command);
    }
}

static void retire(struct runner *r, const struct inventory *inv)
{
    for (size_t i = 0; i < RETIRED_MAX; i++) {
        if (r->retired[i] == NULL) {
            r->retired[i] = inv;
            return;
        }
    }
    log_line(LOG_WARNING, "runner", "inventory %llu is kept: readers still hold older ones",
             (unsigned long long)inv->version);
}

static void collect_retired(struct runner *r)
{
    for (size_t i = 0; i < RETIRED_MAX; i++) {
        if (r->retired[i] != NULL && !inventory_in_use(r->p.board, r->retired[i])) {
            inventory_destroy(r->retired[i]);
            r->retired[i] = NULL;
        }
    }
}

/* A new snapshot: room first, then the core's step, then its live fields, and only then readers may
 * see it. */
static void swap_inventory(struct runner *r, const struct input *input)
{
    const struct inventory *next = input->inventory;
    if (view_reserve(r->p.view, next->space_count, next->lot_count) != ERR_OK ||
        view_reserve_fences(r->p.view, next->fence_count) != ERR_OK ||
        flush_reserve(r->flush, next) != ERR_OK) {
        log_line(LOG_ERROR, "runner", "inventory %llu refused: out of memory",
                 (unsigned long long)next->version);
        inventory_destroy(next);
        return;
    }
    const struct effects *effects = core_step(r->p.core, input);
    if (core_inventory(r->p.core) != next) {
        log_line(LOG_ERROR, "runner", "inventory %llu refused by the core",
                 (unsigned long long)next->version);
        inventory_destroy(next);
        return;
    }
    for (size_t i = 0; i < effects->touched_count; i++) {
        const struct touched *t = &effects->touched[i];
        switch (t->kind) {
        case CHANGE_SPACE: publish_space(&r->out, t->index, false); break;
        case CHANGE_LOT: publish_lot(&r->out, t->index, false); break;
        case CHANGE_FENCE: publish_fence(&r->out, t->index, false); break;
        case CHANGE_BIKE:
        case CHANGE_ALERT:
        case CHANGE_MUTE:
        case CHANGE_CASE:
        case CHANGE_CASE_ROW:
        case CHANGE_STAY:
        case CHANGE_KIND_COUNT: break;
        }
    }
    if (r->p.swapping != NULL) {
        r->p.swapping(r->p.swapping_ctx, r->p.inventory, next);
    }
    const struct inventory *former = inventory_publish(r->p.board, next);
    publish_effects(&r->out, effects);
    if (former != NULL) {
        retire(r, former);
    }
    r->p.inventory = next;
    atomic_store(&r->inventory_version, next->version);
    log_line(LOG_INFO, "runner", "inventory %llu in force: %u spaces, %u lots, %u devices",
             (unsigned long long)next->version, next->live_spaces, next->lot_count,
             next->device_count);
}

static void step(struct runner *r, const struct input *input)
{
    r->newest = input->at;
    r->now = input->now;
    r->out.at_ms = input->now.at_ms;
    if (input->kind == INPUT_INVENTORY) {
        swap_inventory(r, input);
    } else {
        carry_out(r, input, core_step(r->p.core, input));
    }
}

static void advance(struct runner *r, struct now now)
{
    r->now = now;
    r->out.at_ms = now.at_ms;
    const struct input none = {.at = r->newest, .now = now};
    while (core_due(r->p.core) <= now.at_ms) {
        carry_out(r, &none, core_advance(r->p.core, now));
    }
}

static void publish_city(struct runner *r, int64_t boot_ms)
{
    if (r->out.city_dirty) {
        struct city_view city;
        core_city_view(r->p.core, &city);
        view_put_city(r->p.view, &city);
        r->out.city_dirty = false;
    }
    if (!intake_blocked(r->p.intake)) { /* readers must not take for new what is not */
        view_put_heartbeat(r->p.view, r->now, boot_ms);
    }
    atomic_store_explicit(&r->turned_ms, boot_ms, memory_order_relaxed);
}

static void shorten(struct runner *r, int64_t boot_ms, bool may_begin)
{
    const struct shorten_turn turn = {.core = r->p.core,
                                      .intake = r->p.intake,
                                      .journal = r->p.journal,
                                      .counters = r->p.counters,
                                      .newest = r->newest,
                                      .now = r->now,
                                      .boot_ms = boot_ms};
    if (may_begin) {
        shorten_when_due(&r->shortening, &turn);
    }
    shorten_go_on(&r->shortening, &turn);
}

static void maintain(struct runner *r, int64_t boot_ms)
{
    struct position confirmed = flush_confirmed(r->flush);
    atomic_store_explicit(&r->confirmed_epoch, confirmed.epoch, memory_order_relaxed);
    atomic_store_explicit(&r->confirmed_seq, confirmed.seq, memory_order_release);
    const bool due = boot_ms >= r->trim_due_ms;
    if (due) {
        r->trim_due_ms = boot_ms + TRIM_EVERY_MS;
        /* what time alone decided bears the newest position, also when that is confirmed already:
         * only below it everything is in Redis */
        const struct position below = {confirmed.epoch, confirmed.seq > 0 ? confirmed.seq - 1 : 0};
        journal_trim(r->p.journal, below, r->now.at_ms);
        core_confirmed(r->p.core, below);
        collect_retired(r);
    }
    shorten(r, boot_ms, due);
}

/* What late images changed becomes visible and dirty, some roots a turn; then, and only then, staff
 * may decide and the writer may write. */
static void publish_late(struct runner *r)
{
    const uint32_t all = publish_root_count(&r->out);
    for (unsigned n = 0; n < LATE_PUBLISH_A_TURN && r->late_published < all; n++) {
        publish_root(&r->out, r->late_published++, true);
    }
    r->out.city_dirty = true;
    if (r->late_published < all) {
        return;
    }
    r->late_published = LATE_IDLE;
    core_events_after(r->p.core, r->late_event);
    core_cases_on(r->p.core);
    core_alerts_on(r->p.core);
    alert_ring_begin(r->p.alerts, core_newest_event(r->p.core));
    redis_writer_set_epoch(r->p.writer, atomic_load(&r->late_epoch));
    status_set(r->p.status, DEGRADED_KEPT_UNREAD, false);
    log_line(LOG_INFO, "runner", "%llu images read from Redis after a start without it",
             (unsigned long long)r->late_taken);
}

static void apply_late(struct runner *r)
{
    if (r->late_published != LATE_IDLE) {
        publish_late(r);
        return;
    }
    for (unsigned taken = 0; taken < LATE_A_TURN;) {
        bool all;
        size_t n = late_images_take(&r->late, r->late_batch, LATE_BATCH, &all);
        for (size_t i = 0; i < n; i++) {
            core_restore(r->p.core, &r->late_batch[i]);
        }
        taken += (unsigned)n;
        r->late_taken += n;
        if (all) {
            core_lots_on(r->p.core);
            r->late_published = 0;
        }
        if (all || n == 0) {
            return;
        }
    }
    intake_wake(r->p.intake); /* there may be more */
}

/* Boottime until which the loop may sleep: the next turn, or the next timer of the core. */
static int64_t sleep_until(struct runner *r)
{
    int64_t boot_ms = host_boot_ms();
    if (r->shortening.under_way || r->late_published != LATE_IDLE) {
        return boot_ms;
    }
    int64_t due_in_ms = core_due(r->p.core) - r->now.at_ms;
    if (due_in_ms < 0) {
        due_in_ms = 0;
    }
    return boot_ms + (due_in_ms < TURN_MS ? due_in_ms : TURN_MS);
}

/* Accepted readings are gone: what their sources' sensors said before is no longer to be trusted,
 * as after a lost session. Which sources it was nobody knows. */
static void doubt_all(struct runner *r)
{
    const uint64_t lost = intake_lost(r->p.intake);
    const struct inventory *inv = core_inventory(r->p.core);
    struct input input = {.at = r->newest, .now = r->now, .kind = INPUT_SESSION_LOST};
    if (lost == 0) {
        return;
    }
    log_line(LOG_ERROR, "runner",
             "%llu accepted readings are lost: what was heard before is doubted",
             (unsigned long long)lost);
    input.session_lost.since_ms = r->now.at_ms;
    for (uint32_t i = 0; i < inv->source_count; i++) {
        const size_t len = strlen(inv->sources[i]);

        if (len > SOURCE_NAME_MAX) { /* no link has such a name: nothing was heard of it */
            continue;
        }
        memcpy(input.session_lost.link, inv->sources[i], len + 1);
        step(r, &input);
    }
}

static void *run(void *arg)
{
    struct runner *r = arg;
    (void)prctl(PR_SET_NAME, "core");
    for (;;) {
        struct now now;
        size_t n = intake_take(r->p.intake, r->inputs, BATCH, sleep_until(r), &now);
        core_expect(r->p.core, r->inputs, n);
        publish_expect(&r->out, r->inputs, n);
        for (size_t i = 0; i < n; i++) {
            step(r, &r->inputs[i]);
        }
        advance(r, now);
        doubt_all(r);
        apply_late(r);
        int64_t boot_ms = host_boot_ms();
        publish_city(r, boot_ms);
        if (!intake_blocked(r->p.intake)) { /* nor those of Redis: as_of stands, and ages */
            flush_step(r->flush, r->newest, r->now.at_ms, r->now.shift_ms);
        }
        maintain(r, boot_ms);
        if (n == 0 && atomic_load(&r->stop)) {
            /* Redis gets what is dirty, for a moment; what it does not get is in the journal */
            if (!flush_drain(r->flush, r->newest, r->now, DRAIN_MS)) {
                log_line(LOG_INFO, "runner", "stopped before Redis had all; the journal has it");
            }
            return NULL;
        }
    }
}

/* Everything restored becomes visible at once, before any reader asks. */
static void publish_all(struct runner *r)
{
    const struct inventory *inv = r->p.inventory;
    const uint32_t all = publish_root_count(&r->out);
    for (uint32_t root = 0; root < all; root++) {
        publish_root(&r->out, root, false);
    }
    flush_all(r->flush);
    r->out.city_dirty = true;
    publish_city(r, host_boot_ms());
    inventory_publish(r->p.board, inv);
}

struct runner *runner_start(const struct runner_params *params)
{
    struct runner *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return NULL;
    }
    r->p = *params;
    r->newest = intake_newest(params->intake);
    r->now = (struct now){.at_ms = params->start.at_ms, .shift_ms = params->start.shift_ms};
    atomic_init(&r->inventory_version, params->inventory->version);
    late_images_init(&r->late);
    r->late_published = LATE_IDLE;
    r->events = (struct event_refill){.journal = params->journal, .kind = IMAGE_ALERT};
    r->rows = (struct event_refill){.journal = params->journal, .kind = IMAGE_AUDIT};
    r->images = (struct core_images){.core = params->core, .events = &r->events, .rows = &r->rows};
    const struct image_source source = core_images_source(&r->images);
    r->flush = flush_create(params->writer, &source);
    if (r->flush == NULL || flush_reserve(r->flush, params->inventory) != ERR_OK ||
        view_reserve(params->view, params->inventory->space_count, params->inventory->lot_count) !=
            ERR_OK ||
        view_reserve_fences(params->view, params->inventory->fence_count) != ERR_OK) {
        goto undo_flush;
    }
    r->out = (struct publish){.core = params->core,
                              .view = params->view,
                              .changes = params->changes,
                              .alerts = params->alerts,
                              .flush = r->flush,
                              .counters = params->counters,
                              .at_ms = params->start.at_ms};
    publish_all(r);
    if (pthread_create(&r->thread, NULL, run, r) != 0) {
        goto undo_flush;
    }
    return r;
undo_flush:
    event_refill_finish(&r->events);
    event_refill_finish(&r->rows);
    flush_destroy(r->flush);
    late_images_finish(&r->late);
    free(r);
    return NULL;
}

void runner_stop(struct runner *r)
{
    if (r == NULL) {
        return;
    }
    atomic_store(&r->stop, true);
    intake_wake(r->p.intake);
    pthread_join(r->thread, NULL);
    event_refill_finish(&r->events);
    event_refill_finish(&r->rows);
    flush_destroy(r->flush);
    core_destroy(r->p.core);
    inventory_publish(r->p.board, NULL);
    for (size_t i = 0; i < RETIRED_MAX; i++) {
        inventory_destroy(r->retired[i]);
    }
    inventory_destroy(r->p.inventory);
    late_images_finish(&r->late);
    free(r);
}

struct position runner_confirmed(struct runner *r)
{
    uint64_t seq = atomic_load_explicit(&r->confirmed_seq, memory_order_acquire);
    return (struct position){atomic_load_explicit(&r->confirmed_epoch, memory_order_relaxed), seq};
}

uint64_t runner_inventory_version(struct runner *r)
{
    return atomic_load(&r->inventory_version);
}

int64_t runner_turned_ms(struct runner *r)
{
    return atomic_load_explicit(&r->turned_ms, memory_order_relaxed);
}

bool runner_late_image(struct runner *r, const struct image *image)
{
    bool put = late_images_put(&r->late, image);
    intake_wake(r->p.intake);
    return put;
}

void runner_late_done(struct runner *r, uint64_t epoch, struct event_place newest)
{
    r->late_event = newest; /* the queue's lock publishes it */
    atomic_store(&r->late_epoch, epoch);
    late_images_end(&r->late);
    intake_wake(r->p.intake);
}
