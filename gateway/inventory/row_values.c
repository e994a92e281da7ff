/* What a value of an inventory file may look like: IDs, numbers, degrees, names, texts. The setters
 * of the columns (row_fields.c, row_bikes.c) call these. */
#include "gateway/inventory/row_values.h"
#include <stdio.h>
#include <string.h>

/* Bytes an app can show in a list. */
#define TEXT_MAX 200

bool row_refuse(struct row *row, const char *reason)
{
    (void)snprintf(row->reason, sizeof row->reason, "%s", reason);
    return false;
}

void row_reason(const struct row *row, const char *text, size_t len, char *out, size_t cap)
{
    const int shown = (int)(len < 40 ? len : 40);
    char cell[41];

    (void)snprintf(cell, sizeof cell, "%.*s", shown, text);
    if (len == 0 || strstr(row->reason, cell) != NULL) {
        (void)snprintf(out, cap, "%s", row->reason);
    } else {
        (void)snprintf(out, cap, "\"%s%s\" %.150s", cell, len > 40 ? "..." : "", row->reason);
    }
}

bool row_key(struct row *row, const char *text, size_t len, space_key *key)
{
    enum id_fault fault = space_id_parse(text, len, key);
    char body[SPACE_ID_LEN - 1]; /* without the check character */

    if (fault == ID_OK) {
        return true;
    }
    if (fault != ID_CHECK) {
        id_fault_explain(fault, text, len, SPACE_ID_LEN, row->reason, sizeof row->reason);
        return false;
    }
    (void)id_plain(text, len, body, sizeof body);
    (void)snprintf(row->reason, sizeof row->reason,
                   "the check character of %.*s should be %c (or another character is wrong)",
                   (int)(len < 40 ? len : 40), text, iso7064_mod37_36(body, sizeof body));
    return false;
}

bool row_whole(struct row *row, const char *text, size_t len, uint32_t min, uint32_t max,
               uint32_t *out)
{
    uint64_t v = 0;
    bool good = len > 0 && len <= 10;

    for (size_t i = 0; good && i < len; i++) {
        good = text[i] >= '0' && text[i] <= '9';
        v = v * 10 + (uint64_t)(text[i] - '0');
    }
    if (!good || v < min || v > max) {
        (void)snprintf(row->reason, sizeof row->reason, "must be a whole number from %u to %u", min,
                       max);
        return false;
    }
    *out = (uint32_t)v;
    return true;
}

bool row_degrees(const char *text, size_t len, double *out)
{
    static const double powers[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    size_t i = len > 0 && text[0] == '-';
    size_t from = i;
    uint64_t digits = 0;
    unsigned after = 0;
    bool point = false;

    for (; i < len; i++) {
        if (text[i] == '.' && !point && i > from) {
            point = true;
        } else if (text[i] < '0' || text[i] > '9') {
            return false;
        } else if (digits < UINT64_C(100000000000000)) {
            /* below 10^15: exact in a double, far finer than the 1e-7 degree that is kept */
            digits = digits * 10 + (uint64_t)(text[i] - '0');
            after += point;
        } else if (!point) {
            return false;
        }
    }
    if (len == from || text[len - 1] == '.') {
        return false;
    }
    *out = (double)digits / powers[after];
    *out = from == 1 ? -*out : *out;
    return true;
}

bool row_text(struct row *row, const char *text, size_t len, int repeat, uint32_t *out)
{
    if (draft_text_add(row->draft, text, len, repeat, out) != ERR_OK) {
        row->no_memory = true;
        return row_refuse(row, "out of memory");
    }
    return true;
}

bool row_printable(struct row *row, const char *text, size_t len, size_t max)
{
    if (len > max) {
        (void)snprintf(row->reason, sizeof row->reason, "longer than %zu bytes", max);
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return row_refuse(row, "holds a control character");
        }
    }
    return true;
}

bool row_shown(struct row *row, const char *text, size_t len, uint32_t *out)
{
    return row_printable(row, text, len, TEXT_MAX) && row_text(row, text, len, -1, out);
}

/* Names of devices, links, models and schemes: letters and digits plus what `also` lists. */
bool row_name(struct row *row, const char *text, size_t len, size_t max, const char *also)
{
    bool good = len > 0 && len <= max;

    for (size_t i = 0; good && i < len; i++) {
        char c = text[i];

        good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c != '\0' && strchr(also, c) != NULL);
    }
    if (!good) {
        (void)snprintf(row->reason, sizeof row->reason,
                       "must be 1 to %zu characters of A-Z a-z 0-9 %s", max, also);
    }
    return good;
}

bool row_device(struct row *row, const char *text, size_t len, uint32_t *out)
{
    char id[DEVICE_ID_MAX];

    if (!row_name(row, text, len, DEVICE_ID_MAX, "._:/-")) {
        return false;
    }
    if (!device_id_is(text, len)) {
        if (!row->draft->stored) {
            return row_refuse(row, "no message may name a device with .. in it");
        }
        row->draft->unnamed++;
    }
    memcpy(id, text, len);
    device_id_fold(id, len);
    return row_text(row, id, len, -1, out);
}
