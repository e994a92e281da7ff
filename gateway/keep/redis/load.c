/* What a start reads from Redis: takes the epoch, then loads the image of everything the inventory
 * names, in pipelines with one batch always under way. Of what is mostly absent (overrides,
 * suspects) whole batches are first asked for existence with one command. Runs in main before the
 * threads, or beside them for a Redis that came late; reads no key by pattern, so it works the same
 * on a shared Redis. */
#include "bowei/base/log.h"
#include "gateway/keep/redis/case_fields.h"
#include "gateway/keep/redis/epoch.h"
#include "gateway/keep/redis/fields.h"
#include "gateway/keep/redis/fleet_fields.h"
#include "gateway/keep/redis/loading.h"
#include "gateway/keep/redis/stream.h"
#include <stdlib.h>
#include <string.h>

#define TAKE_TRIES 16

/* --- the epoch --- */

static enum err open_link(struct redis_link *link, const struct redis_params *params)
{
    *link = (struct redis_link){0};
    if (!redis_link_open(link, params)) {
        static int64_t gate; /* it is asked again and again */
        log_rate(LOG_WARNING, &gate, 10000, "redis", "not reached at start: %s: %s",
                 link_fault_name(link->fault), link->detail);
        return ERR_UNAVAILABLE;
    }
    return ERR_OK;
}

/* The epoch that the newest entry of a stream was written in; 0: there is none, or nobody can have
 * written it. False: the connection failed. Somebody who deleted the epoch key left the streams,
 * which would refuse all that a smaller epoch writes. */
static bool stream_epoch(struct redis_link *link, uint32_t adcode, enum redis_key_kind kind,
                         uint64_t *epoch)
{
    struct redis_key key;
    struct stream_id newest;
    bool found;

    redis_key_district(&key, adcode, kind);
    if (!stream_newest(link, &key, &newest, &found) || newest.first > EPOCH_MOST) {
        newest.first = 0;
    }
    *epoch = newest.first;
    return link->context != NULL; /* a foreign type is replaced by the writer */
}

/* The greatest epoch and refusal of a schema we do not know. */
static enum err look_around(struct redis_link *link, const struct inventory *inv, uint64_t *most)
{
    const size_t n = redis_epoch_districts(inv);

    for (size_t i = 0; i < n; i++) {
        const uint32_t adcode = redis_epoch_district(inv, i);
        struct epoch_state state;
        uint64_t streamed;

        if (!redis_epoch_read(link, adcode, &state) ||
            !stream_epoch(link, adcode, adcode == ADCODE_CITY ? KEY_AUDIT : KEY_CHANGES,
                          &streamed)) {
            return ERR_UNAVAILABLE;
        }
        if (state.schema > REDIS_SCHEMA) {
            if (adcode == ADCODE_CITY) {
                log_line(LOG_ERROR, "redis", "schema %llu of {city} is newer than ours (%d)",
                         (unsigned long long)state.schema, REDIS_SCHEMA);
            } else {
                log_line(LOG_ERROR, "redis", "schema %llu of district %u is newer than ours (%d)",
                         (unsigned long long)state.schema, adcode, REDIS_SCHEMA);
            }
            return ERR_NEWER_SCHEMA;
        }
        *most = state.epoch > *most ? state.epoch : *most;
        *most = state.applied.epoch > *most ? state.applied.epoch : *most;
        *most = streamed > *most ? streamed : *most;
    }
    return ERR_OK;
}

/* ERR_CONFLICT: somebody else took the same or a greater one meanwhile (*most is raised). */
static enum err take_all(struct redis_link *link, const struct inventory *inv, uint64_t epoch,
                         uint64_t *most)
{
    const size_t n = redis_epoch_districts(inv);

    for (size_t i = 0; i < n; i++) {
        uint64_t found = 0;

        switch (redis_epoch_take(link, redis_epoch_district(inv, i), epoch, false, &found)) {
        case EPOCH_TAKEN: break;
        case EPOCH_FOREIGN:
            *most = found > *most ? found : *most;
            *most = epoch > *most ? epoch : *most;
            return ERR_CONFLICT;
        case EPOCH_FAILED: return ERR_UNAVAILABLE;
        }
    }
    return ERR_OK;
}

enum err redis_take_epoch(const struct redis_params *redis, const struct inventory *inv,
                          uint64_t at_least, uint64_t *epoch)
{
    uint64_t most = at_least > 0 ? at_least - 1 : 0;
    struct redis_link link;
    enum err e = open_link(&link, redis);

    if (e != ERR_OK) {
        return e;
    }
    e = ERR_CONFLICT;
    for (int tries = 0; e == ERR_CONFLICT && tries < TAKE_TRIES; tries++) {
        e = look_around(&link, inv, &most);
        if (e == ERR_OK) {
            *epoch = most + 1;
            e = take_all(&link, inv, *epoch, &most);
        }
    }
    if (e != ERR_OK && e != ERR_NEWER_SCHEMA) {
        log_line(LOG_WARNING, "redis", "epoch not taken: %s: %s", link_fault_name(link.fault),
                 link.detail);
        e = ERR_UNAVAILABLE;
    }
    redis_link_close(&link);
    return e;
}

/* --- the images --- */

/* Names the n-th hash to read; the loading of one kind of image. */
struct load_pass {
    uint32_t count;
    bool (*name)(const struct inventory *inv, uint32_t at, struct redis_key *key,
                 struct image *image);
    bool rare;     /**< mostly absent */
    bool *present; /**< rare: which batches have any; NULL = all are read */
};

static uint32_t adcode_of_lot(const struct inventory *inv, uint32_t lot)
{
    return inv->districts[inv->lots[lot].district].adcode;
}

static bool name_space(const struct inventory *inv, uint32_t at, struct redis_key *key,
                       struct image *image)
{
    const struct inv_space *space = &inv->spaces[at];

    redis_key_space(key, adcode_of_lot(inv, space->lot), space->key);
    image->kind = IMAGE_SPACE;
    image->space.key = space->key;
    image->space.source = NO_SENSOR;
    return space->removed == 0;
}

static bool name_override(const struct inventory *inv, uint32_t at, struct redis_key *key,
                          struct image *image)
{
    const struct inv_space *space = &inv->spaces[at];

    redis_key_override(key, adcode_of_lot(inv, space->lot), space->key);
    image->kind = IMAGE_OVERRIDE;
    image->override.key = space->key;
    return space->removed == 0;
}

static bool name_lot(const struct inventory *inv, uint32_t at, struct redis_key *key,
                     struct image *image)
{
    redis_key_lot(key, adcode_of_lot(inv, at), inv->lots[at].key);
    image->kind = IMAGE_LOT;
    image->lot.key = inv->lots[at].key;
    return inv->lots[at].removed == 0;
}

/* Only what listeners said of a fence is read back. */
static bool name_fence(const struct inventory *inv, uint32_t at, struct redis_key *key,
                       struct image *image)
{
    const struct inv_fence *fence = &inv->fences[at];

    redis_key_fence(key, inv->districts[fence->district].adcode, fence->key);
    image->kind = IMAGE_FENCE;
    image->fence.key = fence->key;
    return fence->removed == 0 && fence->has_radio != 0;
}

/* The last one is the city's. */
static bool name_mute(const struct inventory *inv, uint32_t at, struct redis_key *key,
                      struct image *image)
{
    image->kind = IMAGE_MUTE;
    image->mute.fence = at < inv->fence_count ? inv->fences[at].key : 0;
    redis_key_mute(key, image->mute.fence);
    return at >= inv->fence_count || inv->fences[at].removed == 0;
}

static bool name_stay(const struct inventory *inv, uint32_t at, struct redis_key *key,
                      struct image *image)
{
    const struct inv_space *space = &inv->spaces[at];

    redis_key_stay(key, adcode_of_lot(inv, space->lot), space->key);
    image->kind = IMAGE_STAY;
    image->stay.key = space->key;
    return space->removed == 0;
}

static bool name_suspect(const struct inventory *inv, uint32_t at, struct redis_key *key,
                         struct image *image)
{
    const struct inv_device *device = &inv->devices[at];
    uint8_t len = device->id_len < DEVICE_ID_MAX ? device->id_len : DEVICE_ID_MAX;

    redis_key_suspect(key, inventory_text(inv, device->id), len);
    image->kind = IMAGE_SUSPECT;
    image->suspect.device_len = len;
    memcpy(image->suspect.device, inventory_text(inv, device->id), len);
    return true;
}

/* --- are there any? --- */

/* Queues one EXISTS of all keys of at .. end - 1, if there are any. */
static bool ask_present(struct loading *l, const struct load_pass *pass, uint32_t at, uint32_t end,
                        struct strbuf *b)
{
    struct redis_key key;
    struct image image;
    unsigned keys = 0;

    for (uint32_t i = at; i < end; i++) {
        keys += pass->name(l->inv, i, &key, &image);
    }
    if (keys == 0) {
        return true;
    }
    strbuf_clear(b);
    resp_command(b, keys + 1);
    RESP_LITERAL(b, "$6\r\nEXISTS\r\n");
    for (uint32_t i = at; i < end; i++) {
        if (pass->name(l->inv, i, &key, &image)) {
            resp_key(b, &key);
        }
    }
    pass->present[at / LOAD_BATCH] = true; /* a reply is to come */
    return redis_link_append(&l->link, b) && redis_link_flush(&l->link);
}

static bool take_present(struct loading *l, bool *present)
{
    redisReply *reply;

    if (!*present) {
        return true;
    }
    reply = redis_link_reply(&l->link);
    if (reply == NULL) {
        return false;
    }
    /* an error (a user without EXISTS) only costs the reading of all */
    *present = reply->type != REDIS_REPLY_INTEGER || reply->integer != 0;
    reply_arena_clear(&l->arena);
    return true;
}

static uint32_t batch_end(const struct load_pass *pass, uint32_t at)
{
    return pass->count - at < LOAD_BATCH ? pass->count : at + LOAD_BATCH;
}

static bool find_present(struct loading *l, const struct load_pass *pass)
{
    struct strbuf b = {0};
    bool ok = pass->count == 0 || ask_present(l, pass, 0, batch_end(pass, 0), &b);

    for (uint32_t at = 0; ok && at < pass->count && !loading_halted(l); at = batch_end(pass, at)) {
        uint32_t next = batch_end(pass, at);

        ok = (next == pass->count || ask_present(l, pass, next, batch_end(pass, next), &b)) &&
             take_present(l, &pass->present[at / LOAD_BATCH]);
    }
    strbuf_finish(&b);
    return ok;
}

/* --- and what are they? --- */

static bool has_any(const struct load_pass *pass, uint32_t at)
{
    return pass->present == NULL || at == pass->count || pass->present[at / LOAD_BATCH];
}

/* Queues HGETALL of at .. end - 1. */
static bool ask_batch(struct loading *l, const struct load_pass *pass, uint32_t at, uint32_t end,
                      struct strbuf *b)
{
    strbuf_clear(b);
    if (!has_any(pass, at)) {
        return true;
    }
    for (; at < end; at++) {
        struct image image;
        struct redis_key key;

        if (pass->name(l->inv, at, &key, &image)) {
            RESP_LITERAL(b, "*2\r\n$7\r\nHGETALL\r\n");
            resp_key(b, &key);
        }
    }
    return b->len == 0 || (redis_link_append(&l->link, b) && redis_link_flush(&l->link));
}

static bool is_packed_whole(const struct image *image)
{
    return image->kind == IMAGE_FENCE || image->kind == IMAGE_BIKE || image->kind == IMAGE_ALERT ||
           image->kind == IMAGE_MUTE || image->kind == IMAGE_CASE || image->kind == IMAGE_STAY;
}

static bool is_fused(const struct redisReply *name)
{
    return name->len == 1 && name->str[0] == 'k';
}

/* Field k leans on `since`, so it is read last: a hash table keeps no order. */
static bool read_fields(const redisReply *reply, struct image *image)
{
    bool ok = true;

    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i + 1 < reply->elements; i += 2) {
            const redisReply *name = reply->element[i];
            const redisReply *value = reply->element[i + 1];

            if (name->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING &&
                is_fused(name) == (pass == 1)) {
                ok = fields_read(&(struct field){name->str, name->len, value->str, value->len},
                                 image) &&
                     ok;
            }
        }
    }
    return ok;
}

static bool read_hash(const redisReply *reply, struct image *image)
{
    return is_packed_whole(image) ? fleet_fields_read(reply, image) : read_fields(reply, image);
}

/* A damaged hash is left out and counted in the log: unknown, never wrong. */
bool loading_take(struct loading *l, struct image *image)
{
    redisReply *reply = redis_link_reply(&l->link);

    if (reply == NULL) {
        return false;
    }
    if (reply->type == REDIS_REPLY_ERROR && !redis_reply_is(reply, "WRONGTYPE")) {
        redis_link_blame(&l->link, reply);
        reply_arena_clear(&l->arena);
        return false;
    }
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0) {
        if (image->kind == IMAGE_CASE_ROW) { /* a history: many images */
            l->refused += !case_fields_rows(reply, l->each, l->ctx, &l->newest);
        } else if (!read_hash(reply, image) || !position_plausible(image->at)) {
            l->refused++;
        } else if (image->at.epoch != 0 || image->kind == IMAGE_ALERT ||
                   image->kind == IMAGE_CASE) {
            /* else no record was ever applied: nothing to restore; these may be time's work */
            if (position_compare(image->at, l->newest) > 0) {
                l->newest = image->at;
            }
            l->each(l->ctx, image);
        }
    } else if (reply->type == REDIS_REPLY_ERROR) {
        l->refused++;
    }
    reply_arena_clear(&l->arena);
    return true;
}

static bool take_batch(struct loading *l, const struct load_pass *pass, uint32_t at, uint32_t end)
{
    if (!has_any(pass, at)) {
        return true;
    }
    for (; at < end; at++) {
        struct image image = {0};
        struct redis_key key;

        if (pass->name(l->inv, at, &key, &image) && !loading_take(l, &image)) {
            return false;
        }
    }
    return true;
}

/* Batch n + 1 is sent before the replies of batch n are read, so that Redis never waits for us. */
static bool load_pass(struct loading *l, const struct load_pass *pass)
{
    struct strbuf b = {0};
    uint32_t at = 0;
    uint32_t sent = batch_end(pass, 0);
    bool ok = ask_batch(l, pass, 0, sent, &b);

    while (ok && at < pass->count && !loading_halted(l)) {
        uint32_t end = sent;
        uint32_t more = batch_end(pass, sent);

        ok = ask_batch(l, pass, sent, more, &b) && take_batch(l, pass, at, end);
        at = end;
        sent = more;
    }
    strbuf_finish(&b);
    return ok && at >= pass->count;
}

/* Without the memory to note which are there, all are read. */
static bool load_all(struct loading *l, struct load_pass *pass)
{
    bool ok;

    if (pass->rare) {
        pass->present = calloc(pass->count / LOAD_BATCH + 1, sizeof *pass->present);
    }
    ok = (pass->present == NULL || find_present(l, pass)) && load_pass(l, pass);
    free(pass->present);
    return ok;
}

static enum err load_meta(struct loading *l, int64_t *high_water_ms)
{
    const size_t n = redis_epoch_districts(l->inv);

    for (size_t i = 0; i < n; i++) {
        struct epoch_state state;

        if (!redis_epoch_read(&l->link, redis_epoch_district(l->inv, i), &state)) {
            return ERR_UNAVAILABLE;
        }
        if (state.schema > REDIS_SCHEMA) {
            return ERR_NEWER_SCHEMA;
        }
        if (position_compare(state.applied, l->newest) > 0) {
            l->newest = state.applied;
        }
        *high_water_ms = state.as_of_ms > *high_water_ms ? state.as_of_ms : *high_water_ms;
    }
    return ERR_OK;
}

enum err redis_load(const struct redis_params *redis, const struct inventory *inv,
                    void (*each)(void *ctx, const struct image *image), void *ctx,
                    struct position *newest, int64_t *high_water_ms)
{
    struct load_pass passes[] = {
        {inv->lot_count,       name_lot,      false, NULL},
        {inv->space_count,     name_space,    false, NULL},
        {inv->space_count,     name_override, true,  NULL},
        {inv->device_count,    name_suspect,  true,  NULL},
        {inv->fence_count,     name_fence,    false, NULL},
        {inv->fence_count + 1, name_mute,     true,  NULL},
        {inv->space_count,     name_stay,     true,  NULL},
    };
    struct loading l = {.inv = inv, .each = each, .ctx = ctx, .halt = redis->halt};
    enum err e = open_link(&l.link, redis);

    *newest = (struct position){0};
    *high_water_ms = 0;
    if (e == ERR_OK) {
        e = load_meta(&l, high_water_ms);
    }
    if (e == ERR_OK) {
        reply_arena_begin(&l.arena, l.link.context->reader);
    }
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(passes); i++) {
        if (!load_all(&l, &passes[i])) {
            log_line(LOG_WARNING, "redis", "load broken off: %s: %s",
                     loading_halted(&l) ? "stopping" : link_fault_name(l.link.fault),
                     l.link.detail);
            e = ERR_UNAVAILABLE;
        }
    }
    if (e == ERR_OK && !loading_indices(&l)) {
        log_line(LOG_WARNING, "redis", "load of bikes and alerts broken off: %s: %s",
                 loading_halted(&l) ? "stopping" : link_fault_name(l.link.fault), l.link.detail);
        e = ERR_UNAVAILABLE;
    }
    redis_link_close(&l.link);
    reply_arena_clear(&l.arena);
    if (l.refused > 0) {
        log_line(LOG_WARNING, "redis", "%llu keys were not readable and are left out",
                 (unsigned long long)l.refused);
    }
    *newest = l.newest;
    return e;
}
