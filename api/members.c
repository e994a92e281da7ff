/* Names of the members that an answer may be cut down to; the parameter `fields` is parsed with it
 * and the scenes look at its bits. */
#include "api/members.h"
#include <stdio.h>
#include <string.h>

const char *const member_names[MEMBER_COUNT] = {
#define MEMBER(name, text, of_space, of_lot) [MEMBER_##name] = (text),
#include "api/members.def"
#undef MEMBER
};

const member_set space_members =
#define MEMBER(name, text, of_space, of_lot) ((of_space) != 0 ? M(name) : 0u) |
#include "api/members.def"
#undef MEMBER
    0u;

const member_set lot_members =
#define MEMBER(name, text, of_space, of_lot) ((of_lot) != 0 ? M(name) : 0u) |
#include "api/members.def"
#undef MEMBER
    0u;

bool member_find(const char *name, size_t len, member_set allowed, enum member *out)
{
    static const uint8_t lengths[MEMBER_COUNT] = {
#define MEMBER(name, text, of_space, of_lot) [MEMBER_##name] = sizeof(text) - 1,
#include "api/members.def"
#undef MEMBER
    };

    for (; allowed != 0; allowed &= allowed - 1) {
        unsigned f = (unsigned)__builtin_ctz(allowed);

        if (lengths[f] == len && memcmp(member_names[f], name, len) == 0) {
            *out = (enum member)f;
            return true;
        }
    }
    return false;
}

void members_list(member_set set, char *out, size_t cap)
{
    size_t used = 0;

    out[0] = '\0';
    for (unsigned f = 0; f < MEMBER_COUNT && used < cap; f++) {
        if (set >> f & 1) {
            int n =
                snprintf(out + used, cap - used, "%s%s", used == 0 ? "" : ", ", member_names[f]);

            used += n > 0 ? (size_t)n : 0;
        }
    }
}
