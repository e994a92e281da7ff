#ifndef BOWEI_JOURNAL_H
#define BOWEI_JOURNAL_H

#include "bowei/base/counters.h"
#include "bowei/image.h"
#include "bowei/input.h"
#include <sys/types.h>

/* The journal: a local append-only log of what was accepted and is not safely in Redis yet
 * (DATA_FORMAT, "Journal"). Segment files of 8 MiB in <state>/journal/; a record is length u32 |
 * crc32c u32 | format u8 | type u8 | more u16 | epoch u64 | seq u64 | at i64 (city ms) | shift i64
 * (ms, struct now) | inventory u64 | body little-endian; length counts the whole record, the crc is
 * over everything behind it; more = records of the same append that follow (65535: or more): they
 * count together or not at all, so that no half of a decision comes back. Format and schema
 * versions: docs/DATA_FORMAT.md. */

/* 2: V records, images of bikes, fences, episodes, mutes; 3: an episode's change has a number; 4:
 * of a space or bike that was only found, so that an older image may know since when, it is said.
 * Newer layouts only add at the end, so all older ones are read. */
#define JOURNAL_SCHEMA        4
#define JOURNAL_SEGMENT_BYTES (8u << 20)

enum record_type {
    RECORD_READING = 'R',
    RECORD_EFFECT = 'E',
    RECORD_IMAGE = 'C',
    RECORD_INVENTORY = 'I',
    RECORD_REPORT = 'V' /**< of a vehicle or a listener; a reading of another shape */
};

struct record {
    enum record_type type;
    struct position at; /**< E, C: of the input that caused it; image.at is the image's own */
    struct now now;
    uint64_t inventory_version;

    union {
        struct reading
            reading;        /**< R; sensor is NO_SENSOR, root says which place it was bound to */
        struct image image; /**< E, C */
        struct bike_report report; /**< V */
    };

    space_key root; /**< R: the place (= reading.root) */
};

/** What all records of one append share; reading i of a batch has the position at.seq + i. */
struct record_stamp {
    struct position at;
    struct now now;
    uint64_t inventory_version;
};

/** The disk calls the journal stands on; tests put faults here. As pwrite, fdatasync, ftruncate,
 * posix_fallocate. */
struct journal_disk {
    ssize_t (*write)(int fd, const void *data, size_t len, off_t offset);
    int (*sync)(int fd);
    int (*truncate)(int fd, off_t len);
    int (*reserve)(int fd, off_t offset, off_t len);
};

struct journal_params {
    const char *folder; /**< made (0700) when it is not there; copied */
    struct counters *counters;
    uint64_t limit_bytes;   /**< 0 = 256 MiB */
    uint64_t reserve_bytes; /**< kept free for effects in the file `reserve`; 0 = none */
    uint32_t sync_ms;       /**< readings are on the disk at most so much later; 0 = 1000 */
    uint32_t keep_ms;       /**< confirmed segments stay so long; 0 = 10 min */
    const struct journal_disk *disk; /**< NULL = the host's */
};

struct journal;

/** Opens the folder for appending behind what is there (a torn tail is cut off into a file kept
 * aside, never appended to). ERR_NEWER_SCHEMA when a newer version wrote it. */
enum err journal_open(const struct journal_params *params, struct journal **out) MUST_CHECK;
/** Syncs what is there, answers all who wait, stops the thread. */
void journal_close(struct journal *journal);

/** Appends n records in one write(2). Any thread (readings: in the order of their positions, so
 * under the intake lock). ERR_DISK_FULL / ERR_IO: none of them is kept. Effects may use the reserve
 * that readings may not. */
enum err journal_append(struct journal *journal, const struct record *records, size_t n) MUST_CHECK;
/** The same for readings, without those `unchanged` (which only use up their position). */
enum err journal_append_readings(struct journal *journal, const struct record_stamp *stamp,
                                 const struct reading *readings, size_t n) MUST_CHECK;
/** The same for reports of bikes and listeners. */
enum err journal_append_reports(struct journal *journal, const struct record_stamp *stamp,
                                const struct bike_report *reports, size_t n) MUST_CHECK;
/** The same for images: type RECORD_EFFECT or RECORD_IMAGE. */
enum err journal_append_images(struct journal *journal, enum record_type type,
                               const struct record_stamp *stamp, const struct image *images,
                               size_t n) MUST_CHECK;
/** Everything appended before the call is on the disk (ERR_OK), or may not be (ERR_IO). */
typedef void (*journal_synced)(void *ctx, enum err result);
/** Asks for a group fdatasync at once, without waiting: calls back exactly once from the sync
 * thread (or from the caller when no memory is left to queue it). A failed fdatasync is never tried
 * again on the same file: its whole content is checked and written to a new one that takes its
 * name; only when that fails too is the answer ERR_IO. */
void journal_sync_then(struct journal *journal, journal_synced done, void *ctx);
/** The last position that is on disk. */
struct position journal_durable(const struct journal *journal);
/** Everything up to `confirmed` is in Redis: segments that end there and are older than 10 min go.
 * Cheap; the sync thread does the work, as for supersede. */
void journal_trim(struct journal *journal, struct position confirmed, int64_t at_ms);
/** Bytes in all segments; over the limit the caller writes C images of all dirty roots and then
 * calls supersede. */
uint64_t journal_bytes(const struct journal *journal);
bool journal_over_limit(const struct journal *journal);
/** Since the last call the caller has appended C images of all roots that are not in Redis, none
 * older than its last step at `since`: once these are on the disk, readings up to `since` and older
 * C images go, counted; effects above the last confirmed position stay. */
void journal_supersede(struct journal *journal, struct position since);

/** Reads all good records, oldest first, of every segment, also while another process appends; logs
 * which segments have more than those. visit returns false to stop. ERR_NEWER_SCHEMA names the
 * version in *schema. */
enum err journal_read(const char *folder, bool (*visit)(void *ctx, const struct record *record),
                      void *ctx, uint32_t *schema) MUST_CHECK;
/** The same without a word in the log, for a start: its journal_open has told what is torn. */
enum err journal_read_at_start(const char *folder,
                               bool (*visit)(void *ctx, const struct record *record), void *ctx,
                               uint32_t *schema) MUST_CHECK;

/** True while the disk refuses: the last append failed, or the reserve had to be given to effects;
 * ends by itself when there is room. */
bool journal_full(struct journal *journal);

#define IMAGE_PACK_MAX 1024 /**< bytes that hold any image */

/** Packs one image (journal body and Redis private fields share it); returns bytes or 0 when it
 * does not fit. */
size_t image_pack(const struct image *image, uint8_t *out, size_t cap);
bool image_unpack(enum image_kind kind, const uint8_t *bytes, size_t len, struct image *out);

#define SENSORS_PACK_MAX 64 /**< a Redis hash value above 64 B would triple the key's memory */

/** Packs the private part of sensors first .. first + n - 1 (n <= 2) for Redis: self-contained,
 * times exact to the ms. Where two busy sensors do not fit, battery and rssi are left out first,
 * then a pending debounce (it begins again). Returns bytes, 0 when n is 0. */
size_t image_pack_sensors(const struct space_image *space, unsigned first, unsigned n,
                          uint8_t out[SENSORS_PACK_MAX]);
/** Fills sensors[first ...]; returns how many, -1 when the bytes are none. Does not touch
 * sensor_count. */
int image_unpack_sensors(const uint8_t *bytes, size_t len, unsigned first,
                         struct space_image *space);

#endif
