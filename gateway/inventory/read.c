/* Reading a file into a draft: its bytes, its encoding, its form. The CLI's import and the start of
 * the daemon come here. */
#include "gateway/inventory/read.h"
#include "bowei/base/bytes.h"
#include "bowei/base/json_read.h"
#include "bowei/base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* json_read's offsets have 32 bits; a city of ten million spaces is below that. */
#define FILE_MAX UINT32_C(0xf0000000)

static enum err bytes_read(int fd, char *to, size_t want, size_t *got)
{
    *got = 0;
    while (*got < want) {
        ssize_t n = read(fd, to + *got, want - *got);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return ERR_IO;
        }
        if (n == 0) {
            break;
        }
        *got += (size_t)n;
    }
    return ERR_OK;
}

enum err file_load(const char *path, char **text, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    enum err e = ERR_IO;

    if (fd < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        goto undo_open;
    }
    e = ERR_TOO_LARGE;
    if (st.st_size > (off_t)FILE_MAX) {
        goto undo_open;
    }
    e = ERR_NO_MEMORY;
    *text = malloc((size_t)st.st_size + 1);
    if (*text == NULL) {
        goto undo_open;
    }
    e = bytes_read(fd, *text, (size_t)st.st_size, len);
    if (e != ERR_OK) {
        free(*text);
        goto undo_open;
    }
    (*text)[*len] = '\0';
undo_open:
    (void)close(fd);
    return e;
}

/* Do all bytes above 0x7f stand in pairs as GBK has them (lead 81-FE, trail 40-FE without 7F)? */
static bool looks_gbk(const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] < 0x80) {
            continue;
        }
        if (p[i] == 0x80 || p[i] == 0xff || i + 1 == len || p[i + 1] < 0x40 || p[i + 1] == 0x7f ||
            p[i + 1] == 0xff) {
            return false;
        }
        i++;
    }
    return true;
}

/* First byte that is no UTF-8. */
static size_t bad_byte(const char *text, size_t len)
{
    size_t at = 0;

    while (at < len) {
        size_t n = utf8_sequence(text + at, len - at);

        if (n == 0) {
            break;
        }
        at += n;
    }
    return at;
}

static bool encoding_good(struct reading_file *f)
{
    struct row_origin at = row_origin_of(f->file, 1, 1);
    uint32_t line = 1;
    uint32_t column = 1;
    bool utf16 =
        f->len >= 2 && (memcmp(f->text, "\xff\xfe", 2) == 0 || memcmp(f->text, "\xfe\xff", 2) == 0);

    if (utf16) {
        report_fault(f->report, f->name, &at, "encoding",
                     "the file is UTF-16 (\"Unicode text\"): save it as \"CSV UTF-8\"");
        return false;
    }
    if (utf8_valid(f->text, f->len)) {
        return true;
    }
    json_line_column(f->text, f->len, bad_byte(f->text, f->len), &line, &column);
    at = row_origin_of(f->file, line, column);
    if (looks_gbk((const unsigned char *)f->text, f->len)) {
        report_fault(f->report, f->name, &at, "encoding",
                     "the file is GBK, not UTF-8: save it as \"CSV UTF-8\" (CSV UTF-8 "
                     "(逗号分隔)), or run: iconv -f GBK -t UTF-8 OLD > NEW");
    } else {
        report_fault(f->report, f->name, &at, "encoding", "the file is not UTF-8");
    }
    return false;
}

static enum err form_read(struct reading_file *f)
{
    size_t at = 0;

    if (!encoding_good(f)) {
        return ERR_OK;
    }
    if (f->len >= 3 && memcmp(f->text, "\xef\xbb\xbf", 3) == 0) {
        f->text += 3;
        f->len -= 3;
    }
    while (at < f->len && strchr(" \t\r\n", f->text[at]) != NULL && f->text[at] != '\0') {
        at++;
    }
    return at < f->len && f->text[at] == '{' ? geojson_read(f) : csv_read(f);
}

enum err file_read(struct reading_file *f, const char *path)
{
    char *text = NULL;
    enum err e = draft_file_add(f->draft, path, &f->file);

    if (e != ERR_OK) {
        return e;
    }
    f->name = f->draft->files[f->file];
    e = file_load(path, &text, &f->len);
    if (e != ERR_OK) {
        return e;
    }
    f->text = text;
    e = form_read(f);
    free(text);
    return e;
}

enum err draft_read(struct draft *draft, const char *path, enum crs crs,
                    struct import_report *report)
{
    struct reading_file f = {.draft = draft, .report = report, .crs = crs};

    return file_read(&f, path);
}

enum err draft_load(const char *path, struct draft **out, uint64_t *version)
{
    struct import_report report = {0};
    struct reading_file f = {.draft = draft_create(), .report = &report};
    enum err e = ERR_NO_MEMORY;

    if (f.draft == NULL) {
        return ERR_NO_MEMORY;
    }
    f.draft->stored = true;
    e = file_read(&f, path);
    if (e == ERR_OK && report.fault_count == 0) {
        e = draft_complete(f.draft, NULL, true, true, &report);
    }
    if (e == ERR_OK && report.fault_count != 0) {
        if (report.faults != NULL) {
            log_line(LOG_ERROR, "inventory", "%s:%u:%u: %s: %s", report.faults[0].file,
                     report.faults[0].line, report.faults[0].column, report.faults[0].field,
                     report.faults[0].reason);
        }
        e = f.newer ? ERR_NEWER_SCHEMA : ERR_UNPROCESSABLE;
    }
    import_report_finish(&report);
    if (e != ERR_OK) {
        draft_destroy(f.draft);
        return e;
    }
    if (f.draft->unnamed > 0) {
        log_line(LOG_WARNING, "inventory",
                 "%s: %u rows name devices with .. in their ids, which no message may: import them "
                 "under other ids",
                 path, (unsigned)f.draft->unnamed);
    }
    *version = f.version;
    *out = f.draft;
    return ERR_OK;
}
