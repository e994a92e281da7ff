/* Names of the attributes of a space; the table is attributes.def. Import, queries and answers use
 * it. */
#include "bowei/inventory.h"
#include <string.h>

static const char *const names[] = {
#define ATTRIBUTE(name, text, en, zh) text,
#include "gateway/inventory/attributes.def"
#undef ATTRIBUTE
};

_Static_assert(ARRAY_LEN(names) <= 16, "attribute_set has 16 bits");

const char *attribute_name(unsigned bit)
{
    return bit < ARRAY_LEN(names) ? names[bit] : NULL;
}

bool attribute_find(const char *name, size_t len, unsigned *bit)
{
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0) {
            *bit = i;
            return true;
        }
    }
    return false;
}
