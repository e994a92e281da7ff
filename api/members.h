#ifndef API_MEMBERS_H
#define API_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sparse answers: `fields=id,location,distance_m` shows these members of a space or lot only. An
 * app on a mobile line wants a quarter of the bytes, and so is a quarter of the work. */

enum member {

#define MEMBER(name, text, of_space, of_lot) MEMBER_##name,
#include "api/members.def"
#undef MEMBER
    MEMBER_COUNT
};

/** Bit per enum member. */
typedef uint32_t member_set;

#define ALL_MEMBERS UINT32_MAX
#define M(name)     (UINT32_C(1) << MEMBER_##name)

extern const char *const member_names[MEMBER_COUNT];
/** Members that a space, a lot has. */
extern const member_set space_members, lot_members;

/** The member of that name among `allowed`; false when there is none. */
bool member_find(const char *name, size_t len, member_set allowed, enum member *out);
/** Names of a set, by ", "; cut to cap. */
void members_list(member_set set, char *out, size_t cap);

#endif
