/* The lagging core's way back: readings out of the segments, in order, while intake goes on
 * appending. A segment is left only after a younger one exists and its end was looked at once more:
 * then nothing can come behind. */
#include "bowei/journal_cursor.h"
#include "gateway/keep/journal/journal_state.h"
#include "gateway/keep/journal/record.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES (256u << 10)
#define SEARCH_MAX   64 /* records looked at in one call, so that the core's turn stays short */

struct journal_cursor {
    int folder_fd;    /**< the journal's */
    int fd;           /**< -1: none open yet */
    int error;        /**< errno of what this call could not read, 0 = nothing failed */
    bool file_failed; /**< it was the open file that could not be read */
    struct position name, after;
    off_t offset;           /**< of the end of the buffer in the file */
    size_t begin, end;      /**< unread bytes of the buffer */
    struct position *names; /**< of the segments when the folder was listed last, sorted */
    size_t name_count, name_at;
    uint8_t buffer[BUFFER_BYTES];
};

/* Lists the folder anew. */
static bool names_read(struct journal_cursor *c)
{
    enum err e;

    free(c->names);
    c->names = NULL;
    c->name_count = c->name_at = 0;
    errno = 0;
    e = segment_list(c->folder_fd, &c->names, &c->name_count);
    if (e != ERR_OK) {
        c->error = e == ERR_NO_MEMORY ? ENOMEM : errno != 0 ? errno : EIO;
    }
    return e == ERR_OK;
}

/* Where to begin: the youngest segment not above `after`, or the oldest one. */
static bool find_first(struct journal_cursor *c, struct position *out)
{
    if (!names_read(c) || c->name_count == 0) {
        return false;
    }
    while (c->name_at + 1 < c->name_count &&
           position_compare(c->names[c->name_at + 1], c->after) <= 0) {
        c->name_at++;
    }
    *out = c->names[c->name_at++];
    return true;
}

/* The oldest segment behind this one. The folder is listed again only when all that it had was gone
 * through: there may be thousands after days without Redis. */
static bool find_next(struct journal_cursor *c, struct position *out)
{
    for (int lists = 0; lists < 2; lists++) {
        for (; c->name_at < c->name_count; c->name_at++) {
            if (position_compare(c->names[c->name_at], c->name) > 0) {
                *out = c->names[c->name_at];
                return true;
            }
        }
        if (lists == 0 && !names_read(c)) {
            return false;
        }
    }
    return false;
}

static bool enter(struct journal_cursor *c, struct position name)
{
    char text[SEGMENT_NAME_LEN + 1];
    int fd;

    segment_name(name, text);
    fd = openat(c->folder_fd, text, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        c->error = errno == ENOENT ? 0 : errno;
        c->name_count = 0; /* trimmed meanwhile: the list is no longer true */
        return false;
    }
    if (c->fd >= 0) {
        close(c->fd);
    }
    c->fd = fd;
    c->name = name;
    c->offset = SEGMENT_HEAD;
    c->begin = c->end = 0;
    return true;
}

struct journal_cursor *journal_cursor_open(const struct journal *journal, struct position after)
{
    struct journal_cursor *c = malloc(sizeof *c);

    if (c != NULL) {
        c->folder_fd = journal->folder_fd;
        c->fd = -1;
        c->error = 0;
        c->file_failed = false;
        c->after = after;
        c->begin = c->end = 0;
        c->offset = 0;
        c->names = NULL;
        c->name_count = c->name_at = 0;
    }
    return c;
}

void journal_cursor_close(struct journal_cursor *c)
{
    if (c == NULL) {
        return;
    }
    if (c->fd >= 0) {
        close(c->fd);
    }
    free(c->names);
    free(c);
}

/* Reads more bytes; false at the present end of the file, or when they cannot be read. */
static bool refill(struct journal_cursor *c)
{
    ssize_t got;

    memmove(c->buffer, c->buffer + c->begin, c->end - c->begin);
    c->end -= c->begin;
    c->begin = 0;
    if (c->end == sizeof c->buffer) {
        return false;
    }
    do {
        got = pread(c->fd, c->buffer + c->end, sizeof c->buffer - c->end, c->offset);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        c->file_failed = got < 0;
        c->error = got < 0 ? errno : 0;
        return false;
    }
    c->end += (size_t)got;
    c->offset += got;
    return true;
}

/* The next record of this file; false at its present end. */
static bool next_record(struct journal_cursor *c, struct record *record)
{
    for (;;) {
        size_t len = record_decode(c->buffer + c->begin, c->end - c->begin, record);

        if (len > 0) {
            c->begin += len;
            return true;
        }
        if (!refill(c)) {
            return false;
        }
    }
}

static bool next_reading(struct journal_cursor *c, struct input *out)
{
    struct record record;

    while (next_record(c, &record)) {
        const bool report = record.type == RECORD_REPORT;

        if ((report || record.type == RECORD_READING) &&
            position_compare(record.at, c->after) > 0) {
            c->after = record.at;
            *out = (struct input){.at = record.at,
                                  .now = record.now,
                                  .inventory_version = record.inventory_version,
                                  .kind = report ? INPUT_REPORT : INPUT_READING};
            if (report) {
                out->report = record.report;
            } else {
                out->reading = record.reading;
            }
            return true;
        }
    }
    return false;
}

static bool begin(struct journal_cursor *c)
{
    struct position name;

    return c->fd >= 0 || (find_first(c, &name) && enter(c, name));
}

/* The next one of the folder, from where it stands. */
static bool next_of_all(struct journal_cursor *c, struct input *out)
{
    struct position name;

    if (!begin(c)) {
        return false;
    }
    for (;;) {
        if (next_reading(c, out)) {
            return true;
        }
        if (c->error != 0 || !find_next(c, &name)) {
            return false;
        }
        if (next_reading(c, out)) {
            return true;
        }
        if (c->error != 0 || !enter(c, name)) {
            return false;
        }
    }
}

bool journal_cursor_next(struct journal_cursor *c, struct input *out)
{
    bool found;

    c->error = 0;
    c->file_failed = false;
    found = next_of_all(c, out);
    if (c->file_failed) {
        close(c->fd); /* opened anew by the next call: what is read already is passed over */
        c->fd = -1;
    }
    return found;
}

int journal_cursor_error(const struct journal_cursor *c)
{
    return c->error;
}

/* False: this segment has no more now; *left = records that may still be looked at. */
static bool next_effect(struct journal_cursor *c, struct image *out, unsigned *left)
{
    struct record record;

    while (*left > 0 && next_record(c, &record)) {
        --*left;
        if (record.type == RECORD_EFFECT) {
            *out = record.image;
            return true;
        }
    }
    return false;
}

/* What ended a search: all was looked at, or something could not be. */
static enum cursor_effect ended(const struct journal_cursor *c)
{
    return c->error != 0 ? CURSOR_SEARCHING : CURSOR_END;
}

enum cursor_effect journal_cursor_effect(struct journal_cursor *c, struct image *out)
{
    unsigned left = SEARCH_MAX;
    struct position name;

    c->error = 0;
    if (c->fd < 0 && !find_first(c, &name)) {
        return ended(c);
    }
    if (c->fd < 0 && !enter(c, name)) {
        return CURSOR_SEARCHING; /* trimmed meanwhile: the next one is there */
    }
    for (;;) {
        if (next_effect(c, out, &left)) {
            return CURSOR_FOUND;
        }
        if (left == 0 || c->error != 0) {
            return CURSOR_SEARCHING;
        }
        if (!find_next(c, &name)) {
            return ended(c);
        }
        if (next_effect(c, out, &left)) {
            return CURSOR_FOUND; /* appended while the younger segment was looked for */
        }
        if (left == 0 || c->error != 0 || --left == 0 || !enter(c, name)) {
            return CURSOR_SEARCHING; /* a segment counts as a record */
        }
    }
}
