/* Pages of bikes in the order of their references, without keeping an order for what is asked
 * seldom: one look at every bike, and a heap of the least ones so far. Whatever order bikes came
 * in, a page costs the core a look at each and a few comparisons. */
#include "gateway/core/fleet/bike_page.h"

#include <stdio.h>
#include <string.h>

#define AHEAD 16 /* bikes fetched into the cache before they are looked at: they lie anywhere */

/* The least references found, by slot: a heap with the greatest on top. */
struct least {
    const struct fleet *fleet;
    uint32_t slots[FLEET_PAGE_MAX];
    uint32_t count, limit;
    bool more; /* some were passed over */
};

static bool bike_asked(const struct fleet_request *request, const struct bike_image *image)
{
    const size_t code_len = strlen(request->operator_code);

    return (image->flags & BIKE_GONE) == 0 && fleet_in_mask(request->verdicts, image->verdict) &&
           (request->fence == 0 || request->fence == image->fence) &&
           (code_len == 0 || (strncmp(image->ref, request->operator_code, code_len) == 0 &&
                              image->ref[code_len] == '-'));
}

static const char *ref_at(const struct least *least, uint32_t at)
{
    return least->fleet->bikes[least->slots[at]]->bike.image.ref;
}

static void least_swap(struct least *least, uint32_t a, uint32_t b)
{
    const uint32_t slot = least->slots[a];

    least->slots[a] = least->slots[b];
    least->slots[b] = slot;
}

static void least_rise(struct least *least, uint32_t at)
{
    while (at > 0 && strcmp(ref_at(least, (at - 1) / 2), ref_at(least, at)) < 0) {
        least_swap(least, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void least_sink(struct least *least, uint32_t at, uint32_t count)
{
    for (uint32_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && strcmp(ref_at(least, child), ref_at(least, child + 1)) < 0) {
            child++;
        }
        if (strcmp(ref_at(least, at), ref_at(least, child)) >= 0) {
            return;
        }
        least_swap(least, at, child);
        at = child;
    }
}

static void least_add(struct least *least, uint32_t slot, const char *ref)
{
    if (least->count < least->limit) {
        least->slots[least->count] = slot;
        least_rise(least, least->count++);
        return;
    }
    least->more = true;
    if (least->count > 0 && strcmp(ref, ref_at(least, 0)) < 0) {
        least->slots[0] = slot;
        least_sink(least, 0, least->count);
    }
}

/* The heap becomes the order. */
static void least_sort(struct least *least)
{
    for (uint32_t count = least->count; count > 1; count--) {
        least_swap(least, 0, count - 1);
        least_sink(least, 0, count - 1);
    }
}

static enum err bike_one(const struct fleet *fleet, struct command *command)
{
    struct fleet_request *request = command->fleet;
    const struct bike *bike = fleet_bike(fleet, request->vehicle);
    struct fleet_request mine = *request;

    mine.verdicts = 0;
    mine.fence = 0;
    if (bike == NULL || !bike_asked(&mine, &bike->image)) {
        (void)snprintf(command->detail, sizeof command->detail, "there is no such vehicle");
        return ERR_NOT_FOUND;
    }
    request->bikes[request->bike_count++] = bike->image;
    return ERR_OK;
}

enum err bikes_page(const struct fleet *fleet, struct command *command)
{
    struct fleet_request *request = command->fleet;
    struct least least = {
        .fleet = fleet, .limit = request->limit < FLEET_PAGE_MAX ? request->limit : FLEET_PAGE_MAX};

    request->bike_count = 0;
    request->more = false;
    if (request->vehicle[0] != '\0') {
        return bike_one(fleet, command);
    }
    for (uint32_t i = 0; i < fleet->bike_slots; i++) {
        const struct bike_image *image =
            fleet->bikes[i] == NULL ? NULL : &fleet->bikes[i]->bike.image;

        if (i + AHEAD < fleet->bike_slots) {
            __builtin_prefetch(fleet->bikes[i + AHEAD]);
        }
        if (image != NULL && strcmp(image->ref, request->after) > 0 && bike_asked(request, image)) {
            least_add(&least, i, image->ref);
        }
    }
    least_sort(&least);
    for (uint32_t i = 0; i < least.count; i++) {
        request->bikes[i] = fleet->bikes[least.slots[i]]->bike.image;
    }
    request->bike_count = least.count;
    request->more = least.more;
    return ERR_OK;
}
