/* Devices that speak but that no inventory row knows: the newest 1 000 are kept for GET
 * /v1/devices/unknown, so that a mistyped binding is found by looking. Links and lines note, an
 * HTTP thread lists; one lock, rank 3, held for copies only. */
#include "bowei/field.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024 /* a power of two about the number of entries */
#define NONE    UINT32_MAX

struct entry {
    struct unknown_device device;
    uint32_t bucket_next;
    uint32_t newer, older; /* list by last_wall_ms order of arrival */
};

struct unknown_devices {
    pthread_mutex_t lock;
    struct entry entries[UNKNOWN_DEVICES_MAX]; /* guarded by lock, as all below */
    uint32_t buckets[BUCKETS];
    uint32_t used;
    uint32_t newest, oldest;
};

struct unknown_devices *unknown_devices_create(void)
{
    struct unknown_devices *devices = calloc(1, sizeof *devices);

    if (devices == NULL) {
        return NULL;
    }
    if (pthread_mutex_init(&devices->lock, NULL) != 0) {
        free(devices);
        return NULL;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        devices->buckets[i] = NONE;
    }
    devices->newest = NONE;
    devices->oldest = NONE;
    return devices;
}

void unknown_devices_destroy(struct unknown_devices *devices)
{
    if (devices != NULL) {
        (void)pthread_mutex_destroy(&devices->lock);
        free(devices);
    }
}

/* FNV-1a over what tells two devices apart. */
static uint32_t bucket_of(const char *source, const char *id, uint16_t channel)
{
    uint32_t hash = 2166136261u;

    for (const char *p = source; *p != '\0'; p++) {
        hash = (hash ^ (uint8_t)*p) * 16777619u;
    }
    for (const char *p = id; *p != '\0'; p++) {
        hash = (hash ^ (uint8_t)*p) * 16777619u;
    }
    return (hash ^ channel) * 16777619u % BUCKETS;
}

static void list_remove(struct unknown_devices *d, uint32_t i)
{
    struct entry *e = &d->entries[i];

    if (e->newer != NONE) {
        d->entries[e->newer].older = e->older;
    } else {
        d->newest = e->older;
    }
    if (e->older != NONE) {
        d->entries[e->older].newer = e->newer;
    } else {
        d->oldest = e->newer;
    }
}

static void list_front(struct unknown_devices *d, uint32_t i)
{
    struct entry *e = &d->entries[i];

    e->newer = NONE;
    e->older = d->newest;
    if (d->newest != NONE) {
        d->entries[d->newest].newer = i;
    } else {
        d->oldest = i;
    }
    d->newest = i;
}

static void bucket_remove(struct unknown_devices *d, uint32_t i)
{
    const struct unknown_device *device = &d->entries[i].device;
    uint32_t *at = &d->buckets[bucket_of(device->source, device->id, device->channel)];

    while (*at != i) {
        at = &d->entries[*at].bucket_next;
    }
    *at = d->entries[i].bucket_next;
}

/* A free entry, the one heard longest ago when all are taken. */
static uint32_t entry_take(struct unknown_devices *d)
{
    uint32_t i;

    if (d->used < UNKNOWN_DEVICES_MAX) {
        return d->used++;
    }
    i = d->oldest;
    bucket_remove(d, i);
    list_remove(d, i);
    return i;
}

static void note_locked(struct unknown_devices *d, const struct unknown_device *seen)
{
    uint32_t bucket = bucket_of(seen->source, seen->id, seen->channel);
    uint32_t i = d->buckets[bucket];

    while (i != NONE && (d->entries[i].device.channel != seen->channel ||
                         strcmp(d->entries[i].device.id, seen->id) != 0 ||
                         strcmp(d->entries[i].device.source, seen->source) != 0)) {
        i = d->entries[i].bucket_next;
    }
    if (i == NONE) {
        i = entry_take(d);
        d->entries[i].device = *seen;
        d->entries[i].bucket_next = d->buckets[bucket];
        d->buckets[bucket] = i;
    } else {
        list_remove(d, i);
        d->entries[i].device.readings++;
        d->entries[i].device.last_wall_ms = seen->last_wall_ms;
        d->entries[i].device.last_value = seen->last_value;
    }
    list_front(d, i);
}

void unknown_devices_note(struct unknown_devices *devices, const char *source,
                          const struct reading *reading, int64_t wall_ms)
{
    struct unknown_device seen = {.channel = reading->channel,
                                  .readings = 1,
                                  .first_wall_ms = wall_ms,
                                  .last_wall_ms = wall_ms,
                                  .last_value = reading->value};

    memcpy(seen.id, reading->device, reading->device_len);
    memcpy(seen.source, source, strnlen(source, sizeof seen.source - 1));
    pthread_mutex_lock(&devices->lock);
    note_locked(devices, &seen);
    pthread_mutex_unlock(&devices->lock);
}

uint32_t unknown_devices_list(struct unknown_devices *devices, struct unknown_device *out,
                              uint32_t n)
{
    uint32_t count = 0;

    pthread_mutex_lock(&devices->lock);
    for (uint32_t i = devices->newest; i != NONE && count < n; i = devices->entries[i].older) {
        out[count++] = devices->entries[i].device;
    }
    pthread_mutex_unlock(&devices->lock);
    return count;
}
