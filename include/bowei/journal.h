#ifndef BOWEI_JOURNAL_H
#define BOWEI_JOURNAL_H

#include "bowei/base/counters.h"
#include "bowei/image.h"
#include "bowei/input.h"

/* The journal: a local append-only log of what was accepted and is not safely in Redis yet (DESIGN section 3).
 * Segment files of 8 MiB in <state>/journal/; a record is
 *   length u32 | crc32c u32 | format u8 | type u8 | reserved u16 | epoch u64 | seq u64 | at u64 (city ms) | inventory u64 | body
 * little-endian, the crc over everything behind it. Format and schema versions: docs/DATA_FORMAT.md. */

#define JOURNAL_SCHEMA 1
#define JOURNAL_SEGMENT_BYTES (8u << 20)

enum record_type { RECORD_READING = 'R', RECORD_EFFECT = 'E', RECORD_IMAGE = 'C', RECORD_INVENTORY = 'I' };

struct record {
    enum record_type type;
    struct position at;
    struct now now;
    uint64_t inventory_version;
    union {
        struct reading reading; /**< R; sensor is NO_SENSOR, root says which place it was bound to */
        struct image image;     /**< E, C */
    };
    space_key root; /**< R: the place */
};

struct journal;

/** Opens the folder for appending behind what is there (a torn tail is cut off into a file kept aside, never
 *  appended to). Takes `counters`. ERR_NEWER_SCHEMA when a newer version wrote it. */
enum err journal_open(const char *folder, struct counters *counters, uint64_t limit_bytes, struct journal **out)
    MUST_CHECK;
void journal_close(struct journal *journal);

/** Appends n records in one write(2). Intake lock held by the caller. ERR_DISK_FULL / ERR_IO: none of them is kept.
 *  Effects may use the reserve that readings may not. */
enum err journal_append(struct journal *journal, const struct record *records, size_t n) MUST_CHECK;
/** Waits until everything appended so far is on the disk (group fdatasync by the sync thread), or fails. */
typedef void (*journal_synced)(void *ctx, enum err result);
/** Asks for it without waiting: calls back from the sync thread. */
void journal_sync_then(struct journal *journal, journal_synced done, void *ctx);
/** The last position that is on disk. */
struct position journal_durable(const struct journal *journal);
/** Everything up to `confirmed` is in Redis: segments that end there and are older than 10 min go. */
void journal_trim(struct journal *journal, struct position confirmed, int64_t at_ms);
/** Bytes in all segments; over the limit the caller writes C images of all dirty roots and then calls supersede. */
uint64_t journal_bytes(const struct journal *journal);
bool journal_over_limit(const struct journal *journal);
/** All roots have images at or behind `since`: older segments without unconfirmed E go, counted. */
void journal_supersede(struct journal *journal, struct position since);

/** Reads all good records, oldest first, of every segment, also while another process appends. visit returns false to stop.
 *  ERR_NEWER_SCHEMA names the version in *schema. */
enum err journal_read(const char *folder, bool (*visit)(void *ctx, const struct record *record), void *ctx,
                      uint32_t *schema) MUST_CHECK;

/** Packs one image (journal body and Redis private fields share it); returns bytes or 0 when it does not fit. */
size_t image_pack(const struct image *image, uint8_t *out, size_t cap);
bool image_unpack(enum image_kind kind, const uint8_t *bytes, size_t len, struct image *out);

#endif
