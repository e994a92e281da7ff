/* Who asks. A key that was revoked or made by `bowei keys` counts at once without a restart: the
 * file is looked at with every request that brings a key, which costs one stat(2);
 * a file that cannot be read leaves the former keys in force. */
#include "api/auth.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define LOG_EVERY_MS 60000

static void file_marks(const struct auth *auth, int64_t marks[3])
{
    struct stat st;

    memset(marks, 0, 3 * sizeof *marks);
    if (auth->path != NULL && stat(auth->path, &st) == 0) {
        marks[0] = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
        marks[1] = (int64_t)st.st_size;
        marks[2] = (int64_t)st.st_ino;
    }
}

static void marks_keep(struct auth *auth, const int64_t marks[3])
{
    auth->mtime_ns = marks[0];
    auth->size = marks[1];
    auth->inode = marks[2];
}

enum err auth_init(struct auth *auth, const char *path)
{
    int64_t marks[3];

    *auth = (struct auth){.path = path};
    file_marks(auth, marks);
    marks_keep(auth, marks);
    return path == NULL ? ERR_OK : key_set_load(path, &auth->keys);
}

void auth_finish(struct auth *auth)
{
    key_set_destroy(auth->keys);
    auth->keys = NULL;
}

void auth_refresh(struct auth *auth)
{
    int64_t marks[3];
    struct key_set *fresh;
    enum err e;

    if (auth->path == NULL) {
        return;
    }
    file_marks(auth, marks);
    if (marks[0] == auth->mtime_ns && marks[1] == auth->size && marks[2] == auth->inode) {
        return;
    }
    e = key_set_load(auth->path, &fresh);
    if (e != ERR_OK) {
        char why[80];

        key_set_explain(auth->path, e, why, sizeof why);
        log_rate(LOG_ERROR, &auth->log_gate, LOG_EVERY_MS, "api",
                 "the key file cannot be taken over (%s), the former keys stay in force", why);
        return;
    }
    marks_keep(auth, marks);
    key_set_destroy(auth->keys);
    auth->keys = fresh;
}

const struct key_row *auth_check(const struct auth *auth, const char *authorization)
{
    static const char scheme[] = "Bearer ";
    size_t len = strlen(authorization);

    if (auth->keys == NULL || len <= sizeof scheme - 1 || len > sizeof scheme + KEY_TEXT_MAX ||
        strncasecmp(authorization, scheme, sizeof scheme - 1) != 0) {
        return NULL;
    }
    return key_set_check(auth->keys, authorization + sizeof scheme - 1, len - (sizeof scheme - 1),
                         host_wall_ms());
}

bool auth_lives(const struct auth *auth, const char *prefix)
{
    const struct key_row *rows = NULL;
    const size_t count = auth->keys == NULL ? 0 : key_set_rows(auth->keys, &rows);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].prefix, prefix) == 0) {
            return key_row_lives(&rows[i], host_wall_ms());
        }
    }
    return false;
}
