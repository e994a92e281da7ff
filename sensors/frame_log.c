/* The newest raw frames, for the technician who asks what a sensor really sent. Noted by links and
 * lines through the ledger; an entry in the ring is a frame_record cut behind its bytes. */
#include "sensors/frame_log.h"
#include <stdlib.h>
#include <string.h>

#define HEAD  offsetof(struct frame_record, bytes)
#define ALIGN 8u

/* The newest frames of one device, oldest given up first. */
struct watched_frames {
    uint64_t device;
    uint64_t turn; /* of the last frame_log_watch */
    uint32_t count, next;
    struct frame_record frames[LEDGER_FRAMES];
};

/* FNV-1a, 64 bits: of ten million devices two share one with a chance of 1 in 370 000. */
uint64_t frame_device(const char *id, size_t len)
{
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (uint8_t)id[i]) * 1099511628211u;
    }
    return hash;
}

bool frame_log_init(struct frame_log *log, uint32_t kib)
{
    *log = (struct frame_log){.size = (size_t)kib << 10, .empty = true};
    log->ring = log->size == 0 ? NULL : malloc(log->size);
    return log->size == 0 || log->ring != NULL;
}

void frame_log_finish(struct frame_log *log)
{
    for (size_t i = 0; i < LEDGER_WATCHED_MAX; i++) {
        free(log->watched[i]);
    }
    free(log->ring);
}

static size_t kept_bytes(const struct frame_record *rec)
{
    return rec->len < FRAME_BYTES_MAX ? rec->len : FRAME_BYTES_MAX;
}

static size_t entry_size(const struct frame_record *rec)
{
    return (HEAD + kept_bytes(rec) + ALIGN - 1) / ALIGN * ALIGN;
}

static void entry_read(const struct frame_log *log, size_t at, struct frame_record *out)
{
    memcpy(out, log->ring + at, HEAD);
    memcpy(out->bytes, log->ring + at + HEAD, kept_bytes(out));
}

static size_t size_at(const struct frame_log *log, size_t at)
{
    struct frame_record head;

    memcpy(&head, log->ring + at, HEAD);
    return entry_size(&head);
}

/* Offset behind the entry at `at`. */
static size_t after(const struct frame_log *log, size_t at)
{
    at += size_at(log, at);
    return log->first > log->next && at == log->wrap ? 0 : at;
}

/* Gives up the oldest entry. */
static void drop_oldest(struct frame_log *log)
{
    const bool upper = log->first > log->next;
    const size_t at = log->first + size_at(log, log->first);

    log->first = upper && at == log->wrap ? 0 : at;
    if (log->first == log->next) {
        log->empty = true;
        log->first = 0;
        log->next = 0;
    }
}

/* Makes `need` bytes free at log->next, oldest entries first. The ring is never filled to the last
 * byte, so that first == next means empty. */
static void make_room(struct frame_log *log, size_t need)
{
    for (;;) {
        if (log->empty) {
            log->first = 0;
            log->next = 0;
            return;
        }
        if (log->next > log->first) {
            if (log->size - log->next >= need) {
                return;
            }
            if (log->first > need) {
                log->wrap = log->next;
                log->next = 0;
                return;
            }
        } else if (log->first - log->next > need) {
            return;
        }
        drop_oldest(log);
    }
}

static void ring_put(struct frame_log *log, uint64_t device, const struct frame_record *rec)
{
    const size_t need = entry_size(rec);
    uint8_t *to;

    if (log->size < 2 * sizeof *rec) {
        return;
    }
    make_room(log, need);
    to = log->ring + log->next;
    memcpy(to, rec, HEAD + kept_bytes(rec));
    memcpy(to + offsetof(struct frame_record, number), &log->newest, sizeof log->newest);
    memcpy(to + offsetof(struct frame_record, device), &device, sizeof device);
    log->next += need;
    log->empty = false;
}

static struct watched_frames *watched_find(const struct frame_log *log, uint64_t device)
{
    for (size_t i = 0; i < LEDGER_WATCHED_MAX; i++) {
        if (log->watched[i] != NULL && log->watched[i]->device == device) {
            return log->watched[i];
        }
    }
    return NULL;
}

static struct frame_record *watched_put(struct watched_frames *watched,
                                        const struct frame_record *rec)
{
    struct frame_record *to = &watched->frames[watched->next];

    memcpy(to, rec, HEAD + kept_bytes(rec));
    watched->next = (watched->next + 1) % LEDGER_FRAMES;
    watched->count += watched->count < LEDGER_FRAMES;
    return to;
}

void frame_log_put(struct frame_log *log, uint64_t device, const struct frame_record *rec,
                   bool everywhere)
{
    struct watched_frames *watched = watched_find(log, device);

    if (watched == NULL && !everywhere) {
        return;
    }
    log->newest++;
    if (watched != NULL) {
        struct frame_record *own = watched_put(watched, rec);

        own->device = device;
        own->number = log->newest;
    }
    if (everywhere) {
        ring_put(log, device, rec);
    }
}

bool frame_log_is_watched(const struct frame_log *log, uint64_t device)
{
    return watched_find(log, device) != NULL;
}

/* Newest first; the ring is walked from its oldest entry, so the last n found are kept turning. */
static uint32_t ring_read(const struct frame_log *log, uint64_t device, uint64_t since,
                          struct frame_record *out, uint32_t n)
{
    size_t places[LEDGER_FRAMES];
    uint32_t found = 0;
    uint32_t count;

    n = n < LEDGER_FRAMES ? n : LEDGER_FRAMES;
    for (size_t at = log->first; !log->empty && n > 0 && at != log->next; at = after(log, at)) {
        struct frame_record head;

        memcpy(&head, log->ring + at, HEAD);
        if (head.device == device && head.number > since) {
            places[found++ % n] = at;
        }
    }
    count = found < n ? found : n;
    for (uint32_t i = 0; i < count; i++) {
        entry_read(log, places[(found - 1 - i) % n], &out[i]);
    }
    return count;
}

static uint32_t watched_read(const struct watched_frames *watched, uint64_t since,
                             struct frame_record *out, uint32_t n)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < watched->count && count < n; i++) {
        const uint32_t at = (watched->next + LEDGER_FRAMES - 1 - i) % LEDGER_FRAMES;

        if (watched->frames[at].number <= since) {
            break;
        }
        out[count++] = watched->frames[at];
    }
    return count;
}

uint32_t frame_log_read(const struct frame_log *log, uint64_t device, uint64_t after,
                        struct frame_record *out, uint32_t n)
{
    const struct watched_frames *watched = watched_find(log, device);

    return watched != NULL ? watched_read(watched, after, out, n)
                           : ring_read(log, device, after, out, n);
}

/* A free place, or that of the device watched longest ago. */
static struct watched_frames *watched_take(struct frame_log *log)
{
    struct watched_frames *oldest = NULL;

    for (size_t i = 0; i < LEDGER_WATCHED_MAX; i++) {
        if (log->watched[i] == NULL) {
            log->watched[i] = calloc(1, sizeof *log->watched[i]);
            return log->watched[i];
        }
        if (oldest == NULL || log->watched[i]->turn < oldest->turn) {
            oldest = log->watched[i];
        }
    }
    return oldest;
}

void frame_log_watch(struct frame_log *log, uint64_t device)
{
    struct watched_frames *watched = watched_find(log, device);
    struct frame_record *found;
    uint32_t n;

    if (watched == NULL) {
        found = malloc(LEDGER_FRAMES * sizeof *found);
        if (found == NULL) {
            return; /* the ring of all has to do */
        }
        n = ring_read(log, device, 0, found, LEDGER_FRAMES);
        watched = watched_take(log);
        if (watched != NULL) {
            watched->device = device;
            watched->count = 0;
            watched->next = 0;
            while (n > 0) {
                (void)watched_put(watched, &found[--n]);
            }
        }
        free(found);
    }
    if (watched != NULL) {
        watched->turn = ++log->watch_turn;
    }
}
