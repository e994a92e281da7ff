/* Names of devices: checked where rows of the inventory come in and where messages do. */
#include "bowei/base/device_id.h"
#include <string.h>

#define EUI_DIGITS 16

static bool is_id_character(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("._:/-", c) != NULL);
}

bool device_id_is(const char *text, size_t len)
{
    if (len == 0 || len > DEVICE_ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_id_character(text[i]) || (i > 0 && text[i] == '.' && text[i - 1] == '.')) {
            return false;
        }
    }
    return true;
}

void device_id_fold(char *id, size_t len)
{
    char low[EUI_DIGITS];

    if (len != EUI_DIGITS) {
        return;
    }
    for (size_t i = 0; i < EUI_DIGITS; i++) {
        low[i] = (char)(id[i] >= 'A' && id[i] <= 'F' ? id[i] - 'A' + 'a' : id[i]);
        if (!((low[i] >= '0' && low[i] <= '9') || (low[i] >= 'a' && low[i] <= 'f'))) {
            return;
        }
    }
    memcpy(id, low, EUI_DIGITS);
}
