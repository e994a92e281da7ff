#ifndef BOWEI_AUDIT_LOG_H
#define BOWEI_AUDIT_LOG_H

#include "bowei/base/err.h"
#include "bowei/case.h"
#include "bowei/command.h"
#include "bowei/image.h"
#include "bowei/redis_store.h"

/* The audit: who read or changed what, when. Rows are written by the Redis writer into the stream
 * bowei:{city}:audit, only ever appended; here they are read, newest first. */

#define AUDIT_WORD_MAX 24

/** The word of a command in the audit, "" of one that is never there. Static. */
const char *audit_command_word(unsigned command);
/** "maintenance", ...: why staff put a space out of service. Static. */
const char *override_reason_word(enum out_reason reason);

/** One row as it is kept; unused texts "". */
struct audit_row {
    struct position at; /**< of the record: the row's ID in the stream */
    int64_t wall_ms;
    char command[AUDIT_WORD_MAX]; /**< "space_out", "cases", "case_move", ... */
    char place[SPACE_ID_LEN + 1];
    char case_number[CASE_NUMBER_LEN + 1];
    char device[DEVICE_ID_MAX + 1];
    char actor[COMMAND_ACTOR_MAX];
    char note[COMMAND_NOTE_MAX];
};

/** Which rows; "" and 0 = all. */
struct audit_filter {
    char actor[COMMAND_ACTOR_MAX];
    char command[AUDIT_WORD_MAX];
    char case_number[CASE_NUMBER_LEN + 1];
    int64_t from_ms, until_ms; /**< wall clock, from <= row < until */
};

/** A page: asked and answered. */
struct audit_asking {
    struct audit_filter filter;
    struct position before; /**< rows older than this; zeroed = from the newest */
    uint32_t room;
    /* the answer */
    uint32_t count;
    bool more;               /**< go on with before = reached; a page may be short, even empty */
    struct position reached; /**< the last row that was looked at */
    struct audit_row rows[]; /**< `room` */
};

/** Given to the API; waits for Redis, so never called from the HTTP or core thread. */
struct audit_port {
    void *ctx;
    /** ERR_UNAVAILABLE when Redis does not answer. */
    enum err (*read)(void *ctx, struct audit_asking *asking);
};

/** A reader with a connection of its own, for one thread at a time. Opens nothing yet; the texts of
 * `redis` are copied. NULL on no memory. */
struct audit_reader;
struct audit_reader *audit_reader_create(const struct redis_params *redis);
void audit_reader_destroy(struct audit_reader *reader);
/** Good while the reader is. */
struct audit_port audit_reader_port(struct audit_reader *reader);

#endif
