/* Cross-checks of names. Lines, links and push have theirs together, since logs, metrics and the
 * inventory's sources say a name alone; maps have theirs to themselves. */
#include "gateway/config/config_check.h"
#include <stddef.h>

/* A list of the configuration whose items have names. */
struct named {
    const char *list;
    const void *items;
    uint32_t count;
    size_t size, name; /* of an item; where its name is in it */
    bool alone;        /* its names need not differ from other lists' */
};

static const void *item_of(const struct named *list, uint32_t i)
{
    return (const char *)list->items + i * list->size;
}

static char *const *name_of(const struct named *list, uint32_t i)
{
    return (const void *)((const char *)item_of(list, i) + list->name);
}

/* The i-th of `list` against all of `other`, or those before it when that is the same list. */
static void check_name(struct config_source *s, const struct named *list, uint32_t i,
                       const struct named *other)
{
    const uint32_t end = other == list ? i : other->count;

    for (uint32_t k = 0; k < end; k++) {
        if (config_check_same(*name_of(other, k), *name_of(list, i))) {
            config_source_fault_of(s, name_of(list, i), item_of(list, i),
                                   "%s[%u].name: \"%s\" is %s[%u], too", list->list, i,
                                   *name_of(list, i), other->list, k);
        }
    }
}

void config_check_names(struct config_source *s, const struct config *c)
{
#define NAMED(list, items, count) (list), (c->items), (c->count), sizeof *c->items
    const struct named lists[] = {
        {NAMED("maps",  maps,   map_count),  offsetof(struct register_map, name), true },
        {NAMED("lines", lines,  line_count), offsetof(struct line_config,  name), false},
        {NAMED("links", links,  link_count), offsetof(struct link_config,  name), false},
        {NAMED("push",  pushes, push_count), offsetof(struct push_config,  name), false},
    };
#undef NAMED

    for (size_t a = 0; a < sizeof lists / sizeof lists[0]; a++) {
        for (uint32_t i = 0; i < lists[a].count; i++) {
            for (size_t b = 0; b <= a; b++) {
                if (b == a || (!lists[a].alone && !lists[b].alone)) {
                    check_name(s, &lists[a], i, &lists[b]);
                }
            }
        }
    }
}
