#ifndef GATEWAY_KEEP_REDIS_TXN_H
#define GATEWAY_KEEP_REDIS_TXN_H

#include "gateway/keep/redis/event_log.h"
#include "gateway/keep/redis/link.h"
#include "gateway/keep/redis/slice.h"

/* One slice as one fenced transaction: its bytes, and what its replies mean. */

/** A command of the transaction: whose key it writes. */
struct txn_command {
    uint16_t item;  /**< index of the item, or TXN_KEY + enum redis_key_kind */
    bool count;     /**< its reply is the number of free spaces */
    bool exists;    /**< its reply says whether the index is there */
    uint8_t viewer; /**< event: whose log, by alert_viewers */
};

#define TXN_KEY 0x8000u
/* A DEL before each item and an expiry behind it, and for the district: free dropped, added to,
 * left, expiry, count, changes, meta, DELs, and the indices begun, added to, left, swapped; for
 * {city} the entries of logs, each with a DEL before it. */
#define TXN_COMMANDS_MAX (3 * SLICE_IMAGES + 48 + 2 * SLICE_ENTRIES)

struct txn {
    struct strbuf bytes; /* MULTI ... EXEC */
    uint64_t number;     /* slice it was rendered from, 0 = none */
    uint32_t count;
    char ids[SLICE_IMAGES][SPACE_ID_LEN]; /* of spaces and lots, by item */
    struct txn_command commands[TXN_COMMANDS_MAX];
    struct event_log log; /* what the logs hold after it */
};

/** What is the same for all slices of a connection. */
struct txn_frame {
    uint64_t epoch;
    const char *run_id;
    uint32_t losses;             /**< events and rows of a slice from before the last loss are left
                                    out */
    int64_t keep_ms;             /**< entries of logs are kept for so long */
    const struct event_log *log; /**< what the logs hold before the slice */
};

enum txn_outcome {
    TXN_DONE,
    TXN_AGAIN,   /**< foreign types were found and marked in the slice: render and send again */
    TXN_EXAMINE, /**< EXEC was refused by WATCH: look who wrote the epoch key */
    TXN_FAILED,  /**< link->fault says why */
};

void txn_render(struct txn *txn, const struct slice *slice, const struct txn_frame *frame);
/** Reads the replies up to and with EXEC. *free_wrong: the geo set's size is not
 * slice->free_expected. */
enum txn_outcome txn_receive(const struct txn *txn, struct redis_link *link, struct slice *slice,
                             struct counters *counters, bool *free_wrong);
void txn_finish(struct txn *txn);
/** True when the slice put an entry on the change stream. */
bool txn_on_stream(const struct slice *slice);

/** Bits of the indices that members of the slice leave. */
uint32_t txn_index_left(const struct slice *slice);
/** Bit per key that is an index: only all of its members together make it again. */
uint32_t txn_index_keys(void);
/** Which enum slice_flag says that a slice has members of a kind for its next index; 0 = the kind
 * has none. */
uint32_t txn_index_flag(enum image_kind kind);

#endif
