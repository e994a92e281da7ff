/* The simulator's ground truth file; see truth.h. */
#include "sensors/sim/truth.h"
#include "bowei/base/json_write.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum err truth_open(struct truth *truth, const char *path, bool fresh)
{
    *truth = (struct truth){.fd = -1};
    if (path == NULL) {
        return ERR_OK;
    }
    truth->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (fresh ? O_TRUNC : 0), 0644);
    return truth->fd < 0 ? ERR_IO : ERR_OK;
}

void truth_close(struct truth *truth)
{
    if (truth->fd >= 0) {
        (void)close(truth->fd);
    }
    strbuf_finish(&truth->lines);
    *truth = (struct truth){.fd = -1};
}

void truth_add(struct truth *truth, int64_t at_ms, space_key space, bool occupied, bool heard)
{
    struct json_writer w;
    char id[SPACE_ID_LEN + 1];

    truth->count++;
    if (truth->fd < 0) {
        return;
    }
    space_id_format(space, id);
    json_writer_init(&w, &truth->lines);
    json_object(&w);
    json_kv_i64(&w, "t", at_ms);
    json_kv_str(&w, "space", id);
    json_kv_bool(&w, "occupied", occupied);
    json_kv_bool(&w, "heard", heard);
    json_object_end(&w);
    strbuf_putc(&truth->lines, '\n');
}

enum err truth_flush(struct truth *truth)
{
    size_t done = 0;

    if (truth->lines.failed) {
        return ERR_NO_MEMORY;
    }
    while (done < truth->lines.len) {
        const ssize_t n = write(truth->fd, truth->lines.data + done, truth->lines.len - done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return ERR_IO;
        }
        done += (size_t)n;
    }
    strbuf_clear(&truth->lines);
    return ERR_OK;
}
