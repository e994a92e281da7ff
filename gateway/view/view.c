/* The published view. The core writes, any thread reads without a lock.
 *
 * Memory model: a record is made whole by its sequence counter, odd while it is being written.
 * Every shared word is an atomic, stored with release and loaded with acquire: whoever sees a new
 * word also sees the odd counter stored before it, and the second look at the counter comes after
 * all words. That is the fence-free form of the sequence lock (Boehm, "Can seqlocks get along with
 * programming language memory models?", 2012); on x86-64 all of these are plain moves. Records
 * stand in chunks that never move and are never freed while the view lives; a chunk's pointer is
 * published with release, so growing needs no lock either. */
#include "gateway/view/fence_records.h"
#include "gateway/view/live_judge.h"
#include <stdlib.h>

#define SPACE_CHUNK  4096u /* records: 98 KB with their bits */
#define SPACE_CHUNKS 4096u /* 16.7 million spaces */
#define LOT_CHUNK    256u
#define LOT_CHUNKS   1024u /* 262 144 lots */

/* STATES 8: a view older than 2 s answers unknown/gateway_lag. */
#define LAG_MS 2000

/* A space in three words. City times are kept in 44 bits, good until the year 2527: since and known
 * in the low bits of the words named so, seen in the three pieces that are left. The head also
 * holds the sequence counter, so that it costs no word of its own: a reader that finds the same
 * even head twice has read one whole record. 28 bits come round after 1e8 changes of one space; a
 * reader would have to sleep through exactly so many. */
struct space_record {
    _Atomic uint64_t head;  /* bits 0-31 space_live.bits, 32-59 counter, 60-63 seen from bit 40 */
    _Atomic uint64_t since; /* 44-63 seen from bit 0 */
    _Atomic uint64_t known; /* 44-63 seen from bit 20 */
};

_Static_assert(sizeof(struct space_record) == 24, "there may be a million");

#define TIME_BITS 44
#define TIME_MAX  ((INT64_C(1) << TIME_BITS) - 1)
#define SEEN_BITS 20
#define SEEN_MASK ((UINT64_C(1) << SEEN_BITS) - 1)
#define SEEN_HIGH 60 /* where its upper bits stand in the head */
#define TURN_ONE  (UINT64_C(1) << 32)
#define TURN_MASK (((UINT64_C(1) << 28) - 1) << 32)

struct lot_record {
    _Atomic uint32_t seq;
    _Atomic uint32_t version;
    _Atomic uint64_t
        counts; /* free, occupied, unknown, out of service: 16 bits each from bit 0 up */
    _Atomic uint32_t capacity;
    _Atomic uint32_t flags; /* bit 0 closed, from bit 1 reason */
    _Atomic int64_t changed_ms;
};

/* Besides the records a bit per slot and state, so that a search that wants free spaces reads two
 * bytes for 16 neighbours instead of 16 records. SPACE_UNKNOWN has none: it comes by time alone. */
#define SLOT_WORDS (SPACE_CHUNK / 64)

struct space_chunk {
    struct space_record records[SPACE_CHUNK];
    _Atomic uint64_t in_state[SPACE_STATE_COUNT][SLOT_WORDS];
};

#define CITY_WORDS 8

struct view {
    _Atomic(struct space_chunk *) spaces[SPACE_CHUNKS];
    _Atomic(struct lot_record *) lots[LOT_CHUNKS];
    struct fence_records *fences;
    _Atomic uint32_t city_seq;
    _Atomic uint64_t city[CITY_WORDS];
    _Atomic uint32_t beat_seq;
    _Atomic int64_t beat_at_ms, beat_shift_ms, beat_boot_ms; /* boot 0 = never */
};

/* --- the sequence counters --- */

static uint32_t write_begin(_Atomic uint32_t *seq)
{
    uint32_t now = atomic_load_explicit(seq, memory_order_relaxed);

    atomic_store_explicit(seq, now + 1, memory_order_relaxed);
    return now + 2;
}

static void write_end(_Atomic uint32_t *seq, uint32_t even)
{
    atomic_store_explicit(seq, even, memory_order_release);
}

static uint32_t read_begin(const _Atomic uint32_t *seq)
{
    return atomic_load_explicit(seq, memory_order_acquire);
}

/* Was what was read between whole? */
static bool read_end(const _Atomic uint32_t *seq, uint32_t begin)
{
    return (begin & 1) == 0 && atomic_load_explicit(seq, memory_order_relaxed) == begin;
}

#define GET(word)        atomic_load_explicit(&(word), memory_order_acquire)
#define PUT(word, value) atomic_store_explicit(&(word), (value), memory_order_release)

/* --- life --- */

struct view *view_create(void)
{
    struct view *view = calloc(1, sizeof *view);

    if (view != NULL && (view->fences = calloc(1, sizeof *view->fences)) == NULL) {
        free(view);
        return NULL;
    }
    return view;
}

void view_destroy(struct view *view)
{
    if (view == NULL) {
        return;
    }
    for (uint32_t i = 0; i < SPACE_CHUNKS; i++) {
        free(GET(view->spaces[i]));
    }
    for (uint32_t i = 0; i < LOT_CHUNKS; i++) {
        free(GET(view->lots[i]));
    }
    fence_records_finish(view->fences);
    free(view->fences);
    free(view);
}

struct fence_records *view_fence_records(const struct view *view)
{
    return view->fences;
}

enum err view_reserve(struct view *view, uint32_t spaces, uint32_t lots)
{
    if (spaces > SPACE_CHUNK * SPACE_CHUNKS || lots > LOT_CHUNK * LOT_CHUNKS) {
        return ERR_TOO_LARGE;
    }
    for (uint32_t i = 0; (uint64_t)i * SPACE_CHUNK < spaces; i++) {
        if (GET(view->spaces[i]) == NULL) {
            struct space_chunk *chunk = calloc(1, sizeof *chunk);

            if (chunk == NULL) {
                return ERR_NO_MEMORY;
            }
            atomic_store_explicit(&view->spaces[i], chunk, memory_order_release);
        }
    }
    for (uint32_t i = 0; (uint64_t)i * LOT_CHUNK < lots; i++) {
        if (GET(view->lots[i]) == NULL) {
            struct lot_record *chunk = calloc(LOT_CHUNK, sizeof *chunk);

            if (chunk == NULL) {
                return ERR_NO_MEMORY;
            }
            atomic_store_explicit(&view->lots[i], chunk, memory_order_release);
        }
    }
    return ERR_OK;
}

/* NULL for a slot there is no room for (the core has not taken that inventory yet). */
static struct space_chunk *space_chunk(const struct view *view, uint32_t slot)
{
    uint32_t chunk = slot / SPACE_CHUNK;

    return chunk < SPACE_CHUNKS ? atomic_load_explicit(&view->spaces[chunk], memory_order_acquire)
                                : NULL;
}

static struct space_record *space_record(const struct view *view, uint32_t slot)
{
    struct space_chunk *chunk = space_chunk(view, slot);

    return chunk == NULL ? NULL : chunk->records + slot % SPACE_CHUNK;
}

static struct lot_record *lot_record(const struct view *view, uint32_t lot)
{
    uint32_t chunk = lot / LOT_CHUNK;
    struct lot_record *records =
        chunk < LOT_CHUNKS ? atomic_load_explicit(&view->lots[chunk], memory_order_acquire) : NULL;

    return records == NULL ? NULL : records + lot % LOT_CHUNK;
}

/* --- writing --- */

/* One writer, so no read-modify-write of the processor's. */
static void state_bit_put(struct space_chunk *chunk, uint32_t slot, enum space_state state, bool in)
{
    _Atomic uint64_t *word = &chunk->in_state[state][slot % SPACE_CHUNK / 64];
    uint64_t bit = UINT64_C(1) << slot % 64;
    uint64_t now = atomic_load_explicit(word, memory_order_relaxed);

    PUT(*word, in ? now | bit : now & ~bit);
}

/* A city time as a record holds it. */
static uint64_t time_fit(int64_t at_ms)
{
    return (uint64_t)(at_ms < 0 ? 0 : at_ms > TIME_MAX ? TIME_MAX : at_ms);
}

/* The head with its counter that many further. */
static uint64_t turned(uint64_t head, uint64_t by)
{
    return (head & ~TURN_MASK) | ((head + by * TURN_ONE) & TURN_MASK);
}

void view_expect_space(const struct view *view, uint32_t slot)
{
    const struct space_chunk *chunk = space_chunk(view, slot);

    if (chunk != NULL) {
        __builtin_prefetch(&chunk->records[slot % SPACE_CHUNK], 1);
    }
}

void view_put_space(struct view *view, uint32_t slot, const struct space_live *live)
{
    struct space_chunk *chunk = space_chunk(view, slot);
    const uint64_t seen = time_fit(live->seen_ms);
    struct space_record *r;
    enum space_state former;
    uint64_t head;

    if (chunk == NULL) {
        return;
    }
    r = &chunk->records[slot % SPACE_CHUNK];
    head = atomic_load_explicit(&r->head, memory_order_relaxed);
    former = live_state((uint32_t)head);
    if (live_state(live->bits) != former) {
        state_bit_put(chunk, slot, live_state(live->bits), true);
        state_bit_put(chunk, slot, former, false);
    }
    atomic_store_explicit(&r->head, turned(head, 1), memory_order_relaxed);
    PUT(r->since, time_fit(live->since_ms) | (seen & SEEN_MASK) << TIME_BITS);
    PUT(r->known, time_fit(live->known_since_ms) | (seen >> SEEN_BITS & SEEN_MASK) << TIME_BITS);
    PUT(r->head, (turned(head, 2) & TURN_MASK) | live->bits | seen >> 2 * SEEN_BITS << SEEN_HIGH);
}

void view_put_lot(struct view *view, uint32_t lot, const struct lot_view *v)
{
    struct lot_record *r = lot_record(view, lot);
    uint32_t even;

    if (r == NULL) {
        return;
    }
    even = write_begin(&r->seq);
    PUT(r->version, v->version);
    PUT(r->counts, (uint64_t)v->counts.free | (uint64_t)v->counts.occupied << 16 |
                       (uint64_t)v->counts.unknown << 32 |
                       (uint64_t)v->counts.out_of_service << 48);
    PUT(r->capacity, v->capacity);
    PUT(r->flags, (uint32_t)v->closed | (uint32_t)v->reason << 1);
    PUT(r->changed_ms, v->changed_ms);
    write_end(&r->seq, even);
}

void view_put_city(struct view *view, const struct city_view *c)
{
    const uint64_t words[CITY_WORDS] = {c->capacity, c->free,           c->occupied,
                                        c->unknown,  c->out_of_service, c->single_spaces,
                                        c->lots,     c->version};
    uint32_t even = write_begin(&view->city_seq);

    for (int i = 0; i < CITY_WORDS; i++) {
        PUT(view->city[i], words[i]);
    }
    write_end(&view->city_seq, even);
}

void view_put_heartbeat(struct view *view, struct now now, int64_t boot_ms)
{
    uint32_t even = write_begin(&view->beat_seq);

    PUT(view->beat_at_ms, now.at_ms);
    PUT(view->beat_shift_ms, now.shift_ms);
    PUT(view->beat_boot_ms, boot_ms);
    write_end(&view->beat_seq, even);
}

/* --- reading --- */

struct view_now view_now(const struct view *view, int64_t boot_ms)
{
    struct view_now now;
    int64_t beat_boot_ms;
    uint32_t begin;

    do {
        begin = read_begin(&view->beat_seq);
        now.as_of_ms = GET(view->beat_at_ms);
        now.shift_ms = GET(view->beat_shift_ms);
        beat_boot_ms = GET(view->beat_boot_ms);
    } while (!read_end(&view->beat_seq, begin));
    now.lagging = beat_boot_ms == 0 || boot_ms - beat_boot_ms > LAG_MS;
    now.at_ms = now.as_of_ms + (boot_ms > beat_boot_ms ? boot_ms - beat_boot_ms : 0);
    return now;
}

static void space_copy(const struct space_record *r, struct space_live *out)
{
    uint64_t head;
    uint64_t since;
    uint64_t known;

    do {
        head = GET(r->head);
        since = GET(r->since);
        known = GET(r->known);
    } while ((head & TURN_ONE) != 0 ||
             atomic_load_explicit(&r->head, memory_order_relaxed) != head);
    out->bits = (uint32_t)head;
    out->since_ms = (int64_t)(since & (uint64_t)TIME_MAX);
    out->known_since_ms = (int64_t)(known & (uint64_t)TIME_MAX);
    out->seen_ms = (int64_t)(since >> TIME_BITS | known >> TIME_BITS << SEEN_BITS |
                             head >> SEEN_HIGH << 2 * SEEN_BITS);
}

/* The core is too late to be believed: what was known stays said, the state does not. */
static void space_lag(const struct view_now *now, struct space_view *out)
{
    if (out->state == SPACE_FREE || out->state == SPACE_OCCUPIED) {
        out->since_ms = now->as_of_ms;
    }
    if (out->state != SPACE_OUT_OF_SERVICE) {
        out->state = SPACE_UNKNOWN;
        out->reason = REASON_GATEWAY_LAG;
        out->confidence = 0;
    }
}

void view_space_soon(const struct view *view, uint32_t slot)
{
    const struct space_record *r = space_record(view, slot);

    if (r != NULL) {
        __builtin_prefetch(r);
        __builtin_prefetch(&r->known); /* one record in four is in two lines */
    }
}

void view_space(const struct view *view, const struct inventory *inv, uint32_t slot,
                const struct view_now *now, struct space_view *out)
{
    /* limit 0: a class of a later snapshot than the reader's counts as long past */
    static const struct sensor_timing unheard = {0};
    const struct space_record *r = space_record(view, slot);
    struct space_live live = {0};
    unsigned timing;

    if (r == NULL) {
        *out = (struct space_view){.state = SPACE_UNKNOWN, .reason = REASON_GATEWAY_LAG};
        return;
    }
    space_copy(r, &live);
    timing = live_timing(live.bits);
    live_judge(&live, timing < inv->timing_count ? &inv->timings[timing] : &unheard, now->at_ms,
               out);
    if (now->lagging) {
        space_lag(now, out);
    }
}

enum space_state view_space_state(const struct view *view, uint32_t slot,
                                  const struct view_now *now)
{
    const struct space_record *r = space_record(view, slot);
    enum space_state state;

    if (r == NULL) {
        return SPACE_UNKNOWN;
    }
    state = live_state((uint32_t)GET(r->head));
    return now->lagging && state != SPACE_OUT_OF_SERVICE ? SPACE_UNKNOWN : state;
}

uint64_t view_space_sieve(const struct view *view, uint32_t first, uint32_t count, unsigned states,
                          const struct view_now *now)
{
    uint64_t bits = 0;

    if (states >> SPACE_UNKNOWN & 1) {
        return ~UINT64_C(0) >> (64 - count);
    }
    if (now->lagging) {
        states &= 1u << SPACE_OUT_OF_SERVICE;
    }
    for (uint32_t i = 0; i < count;) {
        uint32_t slot = first + i;
        uint32_t here = 64 - slot % 64 < count - i ? 64 - slot % 64 : count - i; /* of one word */
        const struct space_chunk *chunk = space_chunk(view, slot);

        for (unsigned state = SPACE_FREE; chunk != NULL && states >> state != 0; state++) {
            if (states >> state & 1) {
                uint64_t word = GET(chunk->in_state[state][slot % SPACE_CHUNK / 64]);

                bits |= (word >> slot % 64 & ~UINT64_C(0) >> (64 - here)) << i;
            }
        }
        i += here;
    }
    return bits;
}

static struct lot_counts counts_of(uint64_t word)
{
    return (struct lot_counts){.free = (uint16_t)word,
                               .occupied = (uint16_t)(word >> 16),
                               .unknown = (uint16_t)(word >> 32),
                               .out_of_service = (uint16_t)(word >> 48)};
}

void view_lot(const struct view *view, uint32_t lot, const struct view_now *now,
              struct lot_view *out)
{
    const struct lot_record *r = lot_record(view, lot);
    uint32_t begin;
    uint32_t flags;

    *out = (struct lot_view){.reason = REASON_GATEWAY_LAG};
    if (r == NULL) {
        return;
    }
    do {
        begin = read_begin(&r->seq);
        out->version = GET(r->version);
        out->counts = counts_of(GET(r->counts));
        out->capacity = GET(r->capacity);
        flags = GET(r->flags);
        out->changed_ms = GET(r->changed_ms);
    } while (!read_end(&r->seq, begin));
    out->closed = (flags & 1) != 0;
    out->reason = (enum reason)(flags >> 1);
    if (now->lagging) {
        uint32_t out_of_service = out->counts.out_of_service;

        out->reason = REASON_GATEWAY_LAG;
        out->counts.free = out->counts.occupied = 0;
        out->counts.unknown = (uint16_t)(out->capacity - out_of_service);
    }
}

uint32_t view_lot_version(const struct view *view, uint32_t lot)
{
    const struct lot_record *r = lot_record(view, lot);

    return r == NULL ? 0 : GET(r->version);
}

void view_city(const struct view *view, const struct view_now *now, struct city_view *out)
{
    uint64_t w[CITY_WORDS];
    uint32_t begin;

    do {
        begin = read_begin(&view->city_seq);
        for (int i = 0; i < CITY_WORDS; i++) {
            w[i] = GET(view->city[i]);
        }
    } while (!read_end(&view->city_seq, begin));
    *out = (struct city_view){.capacity = w[0],
                              .free = w[1],
                              .occupied = w[2],
                              .unknown = w[3],
                              .out_of_service = w[4],
                              .single_spaces = w[5],
                              .lots = w[6],
                              .version = w[7]};
    if (now->lagging) {
        out->unknown = out->capacity - out->out_of_service;
        out->free = out->occupied = 0;
    }
}
