/* GET /v1/spaces/{id}/watch and GET /v1/devices/{device}/watch. The MHD thread fills the stream:
 * new frames out of the ledger, and the core's reasoning, asked for without a connection so that
 * the stream is never suspended for it. Between two looks it sleeps; the acceptor's tick wakes it.
 */
#include "api/watch.h"
#include "api/handlers/device_rows.h"
#include "api/handlers/places.h"
#include "api/server.h"
#include "bowei/base/city_clock.h"
#include "bowei/explain.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_MAX 16384u
#define TARGETS   SENSORS_PER_SPACE_MAX
#define KEY_MS    1000 /* between two looks whether the key still holds */
#define ASK_MS    1000 /* reasoning is asked for at least so often, and after each frame */

/* One device of the stream, and how far its frames were sent. */
struct watched_device {
    char id[DEVICE_ID_MAX + 1];
    uint8_t len;
    uint64_t sent;
};

struct watch {
    struct api *api;
    struct connection *slot;
    struct MHD_Connection *mhd;
    struct watch *next, *previous; /* guarded by watches.lock */
    bool asleep, beat, over;       /* guarded by watches.lock */
    int64_t end_ms, beat_ms;       /* boottime; guarded by watches.lock */
    char key[9];                   /* prefix of the key it was opened with */
    int64_t key_ms;                /* boottime of the next look at it */
    bool by_device;                /* else by space: its devices follow the inventory */
    uint64_t version;              /* of the inventory that targets were taken from */
    uint32_t space_count, device_count;
    space_key spaces[TARGETS];
    uint64_t said[TARGETS]; /* hash of the reasoning sent last */
    struct watched_device devices[TARGETS];
    uint32_t asked; /* which of spaces */
    int64_t ask_ms; /* boottime of the next question */
    struct pending *pending;
    struct strbuf out;
    size_t out_at;
};

int watches_init(struct watches *watches, struct api *api)
{
    watches->api = api;
    return pthread_mutex_init(&watches->lock, NULL);
}

void watches_finish(struct watches *watches)
{
    if (watches->api != NULL) {
        pthread_mutex_destroy(&watches->lock);
        watches->api = NULL;
    }
}

static void wake_locked(struct watch *watch)
{
    if (watch->asleep) {
        watch->asleep = false;
        MHD_resume_connection(watch->mhd);
        loop_wake(&watch->api->loop);
    }
}

void watches_tick(struct watches *watches, int64_t boot_ms)
{
    const int64_t every_ms = (int64_t)watches->api->p.config->http.heartbeat_s * 1000;

    pthread_mutex_lock(&watches->lock);
    for (struct watch *w = watches->first; w != NULL; w = w->next) {
        w->over = w->over || boot_ms >= w->end_ms || atomic_load(&w->slot->gone);
        if (boot_ms >= w->beat_ms) {
            w->beat = true;
            w->beat_ms = boot_ms + every_ms;
        }
        wake_locked(w);
    }
    pthread_mutex_unlock(&watches->lock);
}

void watches_end(struct watches *watches)
{
    pthread_mutex_lock(&watches->lock);
    watches->ending = true;
    for (struct watch *w = watches->first; w != NULL; w = w->next) {
        wake_locked(w);
    }
    pthread_mutex_unlock(&watches->lock);
}

static void add_device(struct watch *w, const struct inventory *inv, uint32_t device)
{
    const struct inv_device *is = &inv->devices[device];
    const char *id = inventory_text(inv, is->id);
    const struct ledger_port *port = &w->api->p.ledger;
    struct watched_device *to = &w->devices[w->device_count];

    for (uint32_t i = 0; i < w->device_count; i++) {
        if (strcmp(w->devices[i].id, id) == 0) {
            return;
        }
    }
    if (w->device_count == TARGETS) {
        return;
    }
    w->device_count++;
    if (strcmp(to->id, id) != 0) { /* another than stood here before a swap */
        *to = (struct watched_device){.len = is->id_len};
        memcpy(to->id, id, (size_t)is->id_len + 1);
    }
    if (port->ledger != NULL) {
        port->watch(port->ledger, to->id, to->len);
    }
}

static void add_space(struct watch *w, space_key key)
{
    for (uint32_t i = 0; i < w->space_count; i++) {
        if (w->spaces[i] == key) {
            return;
        }
    }
    if (w->space_count < TARGETS) {
        w->spaces[w->space_count++] = key;
    }
}

/* Devices of a space, or the first spaces of a device, by the present inventory. */
static void targets_take(struct watch *w, const struct inventory *inv)
{
    if (w->version == inv->version) {
        return;
    }
    w->version = inv->version;
    if (!w->by_device) {
        const uint32_t slot = inventory_space(inv, w->spaces[0]);

        w->device_count = 0;
        for (uint32_t i = 0; slot != NO_SLOT && i < inv->spaces[slot].sensor_count; i++) {
            add_device(w, inv, inv->sensors[inv->spaces[slot].sensors + i].device);
        }
        return;
    }
    const uint32_t device = inventory_device(inv, w->devices[0].id, w->devices[0].len);

    w->space_count = 0;
    for (uint32_t i = 0; device != NO_SLOT && i < inv->devices[device].sensor_count; i++) {
        const struct inv_sensor *is = &inv->sensors[inventory_device_sensors(inv, device)[i]];

        if (!is->gate) {
            add_space(w, inv->spaces[is->target].key);
        }
    }
}

/* New frames, oldest first. True when there were some. */
static bool frames_fill(struct watch *w)
{
    const struct ledger_port *port = &w->api->p.ledger;
    struct frame_record frames[LEDGER_FRAMES];
    bool any = false;

    for (uint32_t d = 0; port->ledger != NULL && d < w->device_count; d++) {
        struct watched_device *device = &w->devices[d];
        uint32_t n = port->frames(port->ledger, device->id, device->len, device->sent, frames,
                                  LEDGER_FRAMES);

        while (n > 0) {
            const struct frame_record *rec = &frames[--n];
            struct json_writer json;

            strbuf_puts(&w->out, "event: frame\ndata: ");
            json_writer_init(&json, &w->out);
            json_object(&json);
            json_kv_str(&json, "device", device->id);
            json_key(&json, "frame");
            frame_write(port, &json, rec);
            json_object_end(&json);
            strbuf_puts(&w->out, "\n\n");
            device->sent = rec->number;
            any = true;
        }
    }
    return any;
}

/* What tells two reasonings apart: all but the moment and what only time changes. */
static uint64_t reasoning_hash(const struct inventory *inv, const struct space_explain *why)
{
    struct space_explain still = *why;
    struct strbuf text = {0};
    struct json_writer json;
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    still.at_ms = 0;
    still.confidence = 0;
    json_writer_init(&json, &text);
    why_write(&json, inv, &still, 0);
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (uint8_t)text.data[i]) * 1099511628211u;
    }
    strbuf_finish(&text);
    return hash;
}

/* The core's answer, sent when it says something new. */
static bool answer_fill(struct watch *w, const struct inventory *inv, const struct view_now *now)
{
    const struct command *command = &w->pending->command;
    struct json_writer json;
    bool any = false;

    if (pending_answered(w->pending) && command->result == ERR_OK &&
        command->inventory_version == inv->version && w->asked < w->space_count) {
        const uint64_t hash = reasoning_hash(inv, command->explain);

        if (hash != w->said[w->asked]) {
            w->said[w->asked] = hash;
            strbuf_puts(&w->out, "event: why\ndata: ");
            json_writer_init(&json, &w->out);
            why_write(&json, inv, command->explain, now->shift_ms);
            strbuf_puts(&w->out, "\n\n");
            any = true;
        }
    }
    pending_release(w->pending);
    w->pending = NULL;
    w->asked++;
    return any;
}

static void ask(struct watch *w, const struct inventory *inv, int64_t boot_ms)
{
    struct api *api = w->api;
    struct pending *pending = pending_create(api->pending, 0);

    if (pending == NULL || !pending_explain(pending)) {
        pending_release(pending);
        return;
    }
    pending->command.kind = COMMAND_SPACE_WHY;
    pending->command.key = w->spaces[w->asked];
    pending->command.inventory_version = inv->version;
    w->pending = pending;
    pending_submit(pending, NULL, boot_ms + PENDING_WAIT_MS, api->p.intake.command,
                   api->p.intake.ctx);
}

/* Puts what is new into w->out. */
static void fill(struct watch *w, const struct inventory *inv)
{
    const int64_t boot_ms = host_boot_ms();
    const struct view_now now = view_now(w->api->p.view, boot_ms);

    strbuf_clear(&w->out);
    w->out_at = 0;
    targets_take(w, inv);
    if (frames_fill(w)) {
        w->ask_ms = boot_ms;
    }
    if (w->pending != NULL && pending_settled(w->pending)) {
        (void)answer_fill(w, inv, &now);
    }
    if (w->pending == NULL && w->asked < w->space_count) {
        ask(w, inv, boot_ms); /* the next of this round */
    } else if (w->pending == NULL && boot_ms >= w->ask_ms && w->space_count > 0) {
        w->asked = 0;
        w->ask_ms = boot_ms + ASK_MS;
        ask(w, inv, boot_ms);
    }
}

/* Sleeps until the next tick, unless it is over or a heartbeat is due. */
static bool rest(struct watch *w, bool *over)
{
    struct watches *watches = &w->api->watches;
    bool asleep = false;

    pthread_mutex_lock(&watches->lock);
    *over = w->over || watches->ending;
    if (!*over && w->beat) {
        w->beat = false;
        strbuf_clear(&w->out);
        strbuf_puts(&w->out, ":\n\n");
        w->out_at = 0;
    } else if (!*over) {
        w->asleep = true;
        MHD_suspend_connection(w->mhd);
        asleep = true;
    }
    pthread_mutex_unlock(&watches->lock);
    return asleep;
}

/* A key that was revoked or has expired ends what it opened. */
static bool key_holds(struct watch *w)
{
    const int64_t boot_ms = host_boot_ms();

    if (boot_ms < w->key_ms) {
        return true;
    }
    w->key_ms = boot_ms + KEY_MS;
    auth_refresh(&w->api->auth);
    return auth_lives(&w->api->auth, w->key);
}

static ssize_t watch_read(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct watch *w = cls;
    struct api *api = w->api;
    size_t n;
    bool over = false;

    (void)pos;
    if (!key_holds(w)) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (w->out_at == w->out.len) {
        const struct inventory *inv = inventory_get(api->p.board, api->reader);

        if (inv != NULL) {
            fill(w, inv);
        }
        inventory_put(api->p.board, api->reader);
    }
    if (w->out_at == w->out.len && rest(w, &over)) {
        return 0;
    }
    if (over || w->out.failed) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    n = w->out.len - w->out_at;
    n = n < max ? n : max;
    memcpy(buf, w->out.data + w->out_at, n);
    w->out_at += n;
    return (ssize_t)n;
}

static void watch_free(void *cls)
{
    struct watch *w = cls;
    struct watches *watches = &w->api->watches;

    pthread_mutex_lock(&watches->lock);
    if (w->previous != NULL) {
        w->previous->next = w->next;
    } else if (watches->first == w) {
        watches->first = w->next;
    }
    if (w->next != NULL) {
        w->next->previous = w->previous;
    }
    pthread_mutex_unlock(&watches->lock);
    atomic_fetch_sub(&watches->count, 1);
    pending_release(w->pending);
    strbuf_finish(&w->out);
    free(w);
}

static void watch_link(struct watch *w)
{
    struct watches *watches = &w->api->watches;

    pthread_mutex_lock(&watches->lock);
    w->next = watches->first;
    if (watches->first != NULL) {
        watches->first->previous = w;
    }
    watches->first = w;
    pthread_mutex_unlock(&watches->lock);
    atomic_fetch_add(&watches->count, 1);
}

static struct watch *watch_make(struct request *rq)
{
    const struct config *config = rq->api->p.config;
    struct watch *w;

    if (atomic_load(&rq->api->watches.count) >= WATCHES_MAX) {
        count_add(rq->api->p.counters, COUNT_SSE_REFUSED, 1);
        respond_problem(rq, ERR_OVERLOADED, "too many watch streams");
        return NULL;
    }
    w = calloc(1, sizeof *w);
    if (w == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return NULL;
    }
    w->api = rq->api;
    w->slot = rq->slot;
    w->mhd = rq->mhd;
    w->end_ms = rq->boot_ms + (int64_t)config->http.stream_life_s * 1000;
    w->beat_ms = rq->boot_ms + (int64_t)config->http.heartbeat_s * 1000;
    w->version = UINT64_MAX;
    w->key_ms = rq->boot_ms + KEY_MS;
    memcpy(w->key, rq->key->prefix, sizeof w->key); /* the route is for staff: there is one */
    w->out.limit = EVENT_MAX * LEDGER_FRAMES;
    return w;
}

static void watch_open(struct request *rq, struct watch *w)
{
    if (rq->method == METHOD_HEAD) {
        free(w);
        (void)respond_stream(rq, NULL, NULL, NULL);
        return;
    }
    strbuf_puts(&w->out, "retry: 3000\n\n");
    watch_link(w);
    if (respond_stream(rq, watch_read, w, watch_free)) {
        atomic_store_explicit(&rq->slot->deadline_ms, INT64_MAX, memory_order_relaxed);
    }
}

void space_watch_get(struct request *rq)
{
    const uint32_t slot = place_find(rq, false);
    struct watch *w = slot == NO_SLOT ? NULL : watch_make(rq);

    if (w != NULL) {
        w->spaces[0] = rq->inv->spaces[slot].key;
        w->space_count = 1;
        w->asked = 1;
        watch_open(rq, w);
    }
}

void device_watch_get(struct request *rq)
{
    const size_t len = strlen(rq->match.argument);
    const uint32_t device = inventory_device(rq->inv, rq->match.argument, len);
    struct watch *w;

    if (device == NO_SLOT) {
        respond_problem(rq, ERR_NOT_FOUND, "there is no such device");
        return;
    }
    w = watch_make(rq);
    if (w != NULL) {
        w->by_device = true;
        add_device(w, rq->inv, device);
        w->asked = TARGETS;
        watch_open(rq, w);
    }
}
