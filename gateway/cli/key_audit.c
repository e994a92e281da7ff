/* The audit of `bowei keys`. Who: the user of the process, and who that is behind sudo; a
 * superuser can lie in either, so the file is evidence among honest people and a hint otherwise. */
#include "gateway/cli/key_audit.h"
#include "bowei/base/json_write.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void actor_write(struct json_writer *w)
{
    const struct passwd *user = getpwuid(getuid());
    const char *behind = getenv("SUDO_USER");

    json_kv_u64(w, "uid", getuid());
    if (user != NULL) {
        json_kv_str(w, "user", user->pw_name);
    }
    if (behind != NULL) {
        json_kv_str(w, "sudo_user", behind);
    }
}

static void line_write(struct strbuf *out, const char *action, const struct key_row *row,
                       int64_t wall_ms)
{
    char districts[KEY_DISTRICTS_TEXT];
    struct json_writer w;

    json_writer_init(&w, out);
    json_object(&w);
    json_kv_time(&w, "time", wall_ms);
    actor_write(&w);
    json_kv_str(&w, "action", action);
    json_kv_str(&w, "prefix", row->prefix);
    if (row->name[0] != '\0') {
        json_kv_str(&w, "name", row->name);
        json_kv_str(&w, "role", role_name(row->role));
        json_kv_str(&w, "operator", row->operator_code);
        key_districts_write(row, districts);
        json_kv_str(&w, "districts", districts);
        if (row->expires_ms != 0) {
            json_kv_time(&w, "expires_at", row->expires_ms);
        }
    }
    json_object_end(&w);
    strbuf_putc(out, '\n');
}

enum err key_audit(const char *keys, const char *action, const struct key_row *row, int64_t wall_ms)
{
    char path[PATH_MAX];
    struct strbuf line = {0};
    enum err e = ERR_OK;
    int fd;

    if ((size_t)snprintf(path, sizeof path, "%s.audit", keys) >= sizeof path) {
        return ERR_BAD_PARAMETER;
    }
    line_write(&line, action, row, wall_ms);
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    /* one write: lines of two at a time do not mix */
    if (line.failed || fd < 0 || write(fd, line.data, line.len) != (ssize_t)line.len ||
        fdatasync(fd) != 0) {
        e = line.failed ? ERR_NO_MEMORY : errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
    }
    if (fd >= 0) {
        close(fd);
    }
    strbuf_finish(&line);
    return e;
}
