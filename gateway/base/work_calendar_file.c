/* The days of a calendar out of their file. */
#include "bowei/base/work_calendar.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAYS_FILE_MAX (64u << 10) /* some ten lines a year */

static enum err file_read(const char *path, char *text, size_t *len, char detail[160])
{
    FILE *file = fopen(path, "rb");
    bool whole;

    if (file == NULL) {
        (void)snprintf(detail, 160, "%.100s: %s", path, strerror(errno));
        return ERR_IO;
    }
    *len = fread(text, 1, DAYS_FILE_MAX, file);
    whole = ferror(file) == 0 && fgetc(file) == EOF;
    (void)fclose(file);
    if (!whole) {
        (void)snprintf(detail, 160, "%.100s: cannot be read, or has more than 64 KiB", path);
        return ERR_IO;
    }
    return ERR_OK;
}

enum err work_calendar_load(const struct work_calendar_params *params, const char *path,
                            struct work_calendar **out, char detail[160])
{
    struct work_calendar_params with_days = *params;
    char *text;
    enum err e;

    if (path == NULL) {
        return work_calendar_create(params, out, detail);
    }
    text = malloc(DAYS_FILE_MAX);
    if (text == NULL) {
        return ERR_NO_MEMORY;
    }
    e = file_read(path, text, &with_days.days_len, detail);
    if (e == ERR_OK) {
        with_days.days = text;
        e = work_calendar_create(&with_days, out, detail);
    }
    free(text);
    return e;
}
