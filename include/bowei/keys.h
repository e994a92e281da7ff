#ifndef BOWEI_KEYS_H
#define BOWEI_KEYS_H

#include "bowei/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* API keys: 256 random bits shown once, kept as SHA-256 in a 0600 file that `bowei keys` writes
 * (rename) and the server reads again when it changes. A key is "bw_" prefix8 "_" secret; the
 * prefix finds the row, the digest is compared in constant time. */

struct json_writer;

enum role { ROLE_PUBLIC, ROLE_OPERATOR, ROLE_STAFF, ROLE_ADMIN, ROLE_COUNT };

const char *role_name(enum role role);
bool role_find(const char *name, enum role *out);

#define KEY_TEXT_MAX       80
#define KEY_NAME_MAX       32

#define KEY_LIVE_MAX       2 /**< live keys a holder (name, role, operator) may have: rotation */
#define KEY_DISTRICTS_MAX  8
#define KEY_DISTRICT_LEN   6 /**< digits of a district code (GB/T 2260) */
#define KEY_DISTRICTS_TEXT (KEY_DISTRICTS_MAX * (KEY_DISTRICT_LEN + 1) + 1)

struct key_row {
    char prefix[9];
    char name[KEY_NAME_MAX];
    enum role role;
    char operator_code[8]; /**< OP of an operator key, else "" */
    uint8_t digest[32];
    int64_t created_ms;
    bool revoked;
    int64_t expires_ms; /**< wall time from which it is refused; 0 = never */
    uint32_t district_count;
    /** of a staff key: the only districts in which it may change anything; none = all */
    char districts[KEY_DISTRICTS_MAX][KEY_DISTRICT_LEN + 1];
};

/** A key to be made; texts borrowed. */
struct key_order {
    const char *name;
    enum role role;
    const char *operator_code; /**< NULL or "" unless ROLE_OPERATOR */
    const char *districts;     /**< "150402,150403"; NULL or "" = all; ROLE_STAFF only */
    int64_t expires_ms;        /**< 0 = never */
};

/** A second key for a holder. */
struct key_rotation {
    const char *name;
    int64_t overlap_ms; /**< so long the first one lives on */
    int64_t expires_ms; /**< of the second; 0 = never, only when the first had none */
};

struct key_set; /**< an immutable set */

enum err key_set_load(const char *path,
                      struct key_set **out) MUST_CHECK; /**< a missing file is an empty set */
/** Why key_set_load gave e for this file, for people: whose it is, which line, which schema. Reads
 * it again; out is cut at cap. */
void key_set_explain(const char *path, enum err e, char *out, size_t cap);
void key_set_destroy(struct key_set *set);
size_t key_set_rows(const struct key_set *set, const struct key_row **rows);
/** The row of a presented key text that lives at that wall time, or NULL. Time does not depend on
 * the secret. */
const struct key_row *key_set_check(const struct key_set *set, const char *text, size_t len,
                                    int64_t wall_ms);
/** Neither revoked nor expired. */
bool key_row_lives(const struct key_row *row, int64_t wall_ms);
/** Its members in an open JSON object, as the API and the command line show it; never the secret.
 */
void key_row_json(struct json_writer *w, const struct key_row *row);
/** May it change things in the district? `district` has at least KEY_DISTRICT_LEN characters, or is
 * shorter and covered by keys of all districts only. */
bool key_row_covers(const struct key_row *row, const char *district);
/** An operator's code as the inventory has them: 2 to 6 capital letters. */
bool key_operator_good(const char *code);
/** Can each district of the row be a county's (first digit 1 to 8)? */
bool key_districts_good(const struct key_row *row);
/** "150402,150403" into the row; false when it is not that. "" = all. */
bool key_districts_read(const char *text, struct key_row *row);
void key_districts_write(const struct key_row *row, char out[KEY_DISTRICTS_TEXT]);

/** Makes a key, appends its row to the file (flock, temporary file, fsync, rename), prints its text
 * into out. ERR_BAD_PARAMETER when the order does not fit together, ERR_CONFLICT when the holder
 * has KEY_LIVE_MAX live ones. Any thread; may wait half a second for another writer. */
enum err key_issue(const char *path, const struct key_order *order, int64_t now_ms,
                   struct key_row *row, char out[KEY_TEXT_MAX]) MUST_CHECK;
/** The same, for ever and everywhere. */
enum err key_create(const char *path, const char *name, enum role role, const char *operator_code,
                    int64_t now_ms, char out[KEY_TEXT_MAX]) MUST_CHECK;
/** Makes the second key of the holder with that name; the first expires after the overlap.
 * ERR_NOT_FOUND: no live key has the name; ERR_CONFLICT: two have; ERR_BAD_PARAMETER: the first
 * expires and the second would not, or is expired from the start. */
enum err key_rotate(const char *path, const struct key_rotation *rotation, int64_t now_ms,
                    struct key_row *row, char out[KEY_TEXT_MAX]) MUST_CHECK;
enum err key_revoke(const char *path, const char *prefix) MUST_CHECK;

#endif
