#ifndef BOWEI_KEYS_H
#define BOWEI_KEYS_H

#include "bowei/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* API keys: 256 random bits shown once, kept as SHA-256 in a 0600 file that `bowei keys` writes
 * (rename) and the server reads again when it changes. A key is "bw_" prefix8 "_" secret; the
 * prefix finds the row, the digest is compared in constant time. */

enum role { ROLE_PUBLIC, ROLE_OPERATOR, ROLE_STAFF, ROLE_ADMIN, ROLE_COUNT };

const char *role_name(enum role role);
bool role_find(const char *name, enum role *out);

#define KEY_TEXT_MAX 80
#define KEY_NAME_MAX 32

struct key_row {
    char prefix[9];
    char name[KEY_NAME_MAX];
    enum role role;
    char operator_code[8]; /**< OP of an operator key, else "" */
    uint8_t digest[32];
    int64_t created_ms;
    bool revoked;
};

struct key_set; /**< an immutable set */

enum err key_set_load(const char *path,
                      struct key_set **out) MUST_CHECK; /**< a missing file is an empty set */
void key_set_destroy(struct key_set *set);
size_t key_set_rows(const struct key_set *set, const struct key_row **rows);
/** The row of a presented key text, or NULL. Time does not depend on the secret. */
const struct key_row *key_set_check(const struct key_set *set, const char *text, size_t len);
/** Makes a key, appends its row to the file (flock, temporary file, fsync, rename), prints the text
 * into out. */
enum err key_create(const char *path, const char *name, enum role role, const char *operator_code,
                    int64_t now_ms, char out[KEY_TEXT_MAX]) MUST_CHECK;
enum err key_revoke(const char *path, const char *prefix) MUST_CHECK;

#endif
