#ifndef API_AUTH_H
#define API_AUTH_H

#include "bowei/keys.h"

/* Who asks: the key set, read again when its file changes. MHD thread only. */
struct auth {
    const char *path; /**< borrowed from the configuration */
    struct key_set *keys;
    int64_t mtime_ns, size, inode;
    int64_t log_gate;
};

enum err auth_init(struct auth *auth, const char *path) MUST_CHECK;
void auth_finish(struct auth *auth);
/** Reads the file again when it changed. */
void auth_refresh(struct auth *auth);
/** The row behind an Authorization header, NULL when it is not "Bearer <valid key>". */
const struct key_row *auth_check(const struct auth *auth, const char *authorization);
/** Is the key with this prefix still valid? */
bool auth_lives(const struct auth *auth, const char *prefix);

#endif
