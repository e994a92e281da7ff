/* Which requests read all points of a unit: made once by the line at start, split where a device
 * answers "illegal data address" to what was read over a hole, joined again where it refuses all.
 * Also what `bowei plan` predicts from. */
#include "sensors/modbus/poll_plan.h"
#include "sensors/modbus/register_read.h"
#include <stdlib.h>
#include <string.h>

/* Modbus application protocol 1.1b3, sections 6.1-6.4. */
#define WORDS_MAX       125
#define BITS_MAX        2000
#define ADDRESS_MAX     65535

#define SEARCHES_DOUBLE 6 /* a search for holes waits 2^6 minutes at most */

static uint32_t cap_of(const struct register_map *map, uint32_t max_read)
{
    uint32_t most = map->function <= 2 ? BITS_MAX : WORDS_MAX;
    uint32_t cap = max_read != 0 ? max_read : map->max_read;

    return cap == 0 || cap > most ? most : cap;
}

static bool has_status(const struct register_map *map)
{
    return map->status_offset != -1;
}

/* Registers from the first of value and status to the last. */
static uint32_t span_of(const struct register_map *map)
{
    uint32_t words = register_words(map);
    uint32_t behind = (uint32_t)abs(map->status_offset) + (map->status_offset < 0 ? words : 1);

    return behind > words ? behind : words;
}

/* Value and status side by side, or near enough to be read in one go. */
static bool status_near(const struct register_map *map, uint32_t cap)
{
    return span_of(map) <= map->gap + 1 + register_words(map) && span_of(map) <= cap;
}

const char *poll_plan_fault(const struct register_map *map, uint32_t max_read)
{
    int64_t low;
    int64_t high;

    if (map->function < 1 || map->function > 4) {
        return "function must be 1 to 4";
    }
    if (map->base > 1 || map->first < map->base) {
        return "base must be 0 or 1 and not above the first address";
    }
    if (map->channels == 0 || map->channels > POLL_POINTS_MAX) {
        return "channels must be 1 to 2000";
    }
    if (map->stride < register_words(map) && map->channels > 1) {
        return "stride must be at least 1, of 32-bit values 2";
    }
    if (cap_of(map, max_read) < register_words(map)) {
        return "max_read must be at least 2 for 32-bit values";
    }
    if (map->first_channel + map->channels - 1 > UINT16_MAX) {
        return "channel numbers must stay below 65536";
    }
    if (max_read > (map->function <= 2 ? BITS_MAX : WORDS_MAX)) {
        return "max_read is more than the protocol allows (125 registers, 2000 bits)";
    }
    low = (int64_t)map->first - map->base;
    high = low + (int64_t)map->stride * (map->channels - 1);
    if (has_status(map)) {
        low += map->status_offset < 0 ? map->status_offset : 0;
        high += map->status_offset > 0 ? map->status_offset : 0;
    }
    high += register_words(map) - 1;
    if (low < 0 || high > ADDRESS_MAX) {
        return "an address lies outside 0 to 65535";
    }
    return NULL;
}

/* Status-only requests first: a value is not believed before its status is known. Then by address.
 */
static int item_compare(const void *a, const void *b)
{
    const struct poll_item *x = a;
    const struct poll_item *y = b;
    int x_late = x->parts != POLL_STATUS;
    int y_late = y->parts != POLL_STATUS;

    if (x_late != y_late) {
        return x_late - y_late;
    }
    if (x->start != y->start) {
        return x->start < y->start ? -1 : 1;
    }
    return x->point < y->point ? -1 : x->point > y->point;
}

static void items_fill(const struct register_map *map, uint32_t cap, struct poll_plan *plan)
{
    for (uint32_t i = 0; i < map->channels; i++) {
        uint32_t value = register_value_address(map, i);
        struct poll_item item = {.start = (uint16_t)value,
                                 .len = (uint16_t)register_words(map),
                                 .point = (uint16_t)i,
                                 .parts = POLL_VALUE};

        if (has_status(map)) {
            uint32_t status = register_status_address(map, i);

            if (status_near(map, cap)) {
                item.start = (uint16_t)(value < status ? value : status);
                item.len = (uint16_t)span_of(map);
                item.parts |= POLL_STATUS;
            } else {
                plan->items[plan->item_count++] = (struct poll_item){.start = (uint16_t)status,
                                                                     .len = 1,
                                                                     .point = (uint16_t)i,
                                                                     .parts = POLL_STATUS};
            }
        }
        plan->items[plan->item_count++] = item;
    }
    qsort(plan->items, plan->item_count, sizeof *plan->items, item_compare);
}

static uint32_t end_of(const struct poll_item *item)
{
    return (uint32_t)item->start + item->len;
}

/* Sets address and count from the request's items. */
static void request_measure(const struct poll_plan *plan, struct poll_request *request)
{
    const struct poll_item *items = &plan->items[request->first_item];
    uint32_t end = 0;

    for (uint32_t i = 0; i < request->item_count; i++) {
        end = end_of(&items[i]) > end ? end_of(&items[i]) : end;
    }
    request->address = items[0].start;
    request->count = (uint16_t)(end - items[0].start);
}

/* May the item be read by the request that ends with it? */
static bool fits(const struct register_map *map, uint32_t cap, const struct poll_plan *plan,
                 const struct poll_item *item)
{
    const struct poll_request *last = &plan->requests[plan->request_count - 1];
    bool last_status = plan->items[last->first_item].parts == POLL_STATUS;

    return last_status == (item->parts == POLL_STATUS) &&
           item->start <= (uint32_t)last->address + last->count + map->gap &&
           end_of(item) <= (uint32_t)last->address + cap;
}

static void requests_fill(const struct register_map *map, uint32_t cap, struct poll_plan *plan)
{
    for (uint32_t i = 0; i < plan->item_count; i++) {
        if (plan->request_count > 0 && fits(map, cap, plan, &plan->items[i])) {
            plan->requests[plan->request_count - 1].item_count++;
        } else {
            plan->requests[plan->request_count++] =
                (struct poll_request){.first_item = (uint16_t)i, .item_count = 1};
        }
        request_measure(plan, &plan->requests[plan->request_count - 1]);
    }
}

enum err poll_plan_make(const struct register_map *map, uint32_t max_read, struct poll_plan *out)
{
    uint32_t cap = cap_of(map, max_read);
    size_t most;

    *out = (struct poll_plan){.function = (uint8_t)map->function};
    if (poll_plan_fault(map, max_read) != NULL) {
        return ERR_CONFIG;
    }
    most = (size_t)map->channels * 2;
    out->items = calloc(most, sizeof *out->items);
    out->requests = calloc(most, sizeof *out->requests);
    if (out->items == NULL || out->requests == NULL) {
        poll_plan_finish(out);
        return ERR_NO_MEMORY;
    }
    items_fill(map, cap, out);
    requests_fill(map, cap, out);
    out->whole_count = out->request_count;
    return ERR_OK;
}

void poll_plan_finish(struct poll_plan *plan)
{
    free(plan->items);
    free(plan->requests);
    *plan = (struct poll_plan){0};
}

bool poll_plan_split(struct poll_plan *plan, uint32_t i)
{
    struct poll_request *request = &plan->requests[i];
    const struct poll_item *items = &plan->items[request->first_item];
    uint32_t at = request->item_count / 2u;
    uint32_t widest = 0;

    if (request->item_count < 2) {
        return false;
    }
    for (uint32_t k = 1; k < request->item_count; k++) {
        uint32_t end = end_of(&items[k - 1]);
        uint32_t hole = items[k].start > end ? items[k].start - end : 0;

        if (hole > widest) {
            widest = hole;
            at = k;
        }
    }
    memmove(request + 2, request + 1, (plan->request_count - i - 1) * sizeof *request);
    plan->request_count++;
    request[1] = (struct poll_request){.first_item = (uint16_t)(request->first_item + at),
                                       .item_count = (uint16_t)(request->item_count - at)};
    request->item_count = (uint16_t)at;
    request->answered_ms = 0;
    request_measure(plan, &request[0]);
    request_measure(plan, &request[1]);
    return true;
}

void poll_plan_answer(struct poll_plan *plan, uint32_t i, int64_t boot_ms)
{
    plan->requests[i].answered_ms = boot_ms;
    plan->joins = 0;
    plan->split_again_ms = 0;
}

static bool refuses_all(const struct poll_plan *plan, int64_t boot_ms)
{
    for (uint32_t i = 0; i < plan->request_count; i++) {
        if (plan->requests[i].not_before_ms <= boot_ms) {
            return false;
        }
    }
    return true;
}

/* As it was made, and asked again as a whole. */
static void join(struct poll_plan *plan, const struct register_map *map, uint32_t cap,
                 int64_t boot_ms)
{
    plan->joins += plan->joins < SEARCHES_DOUBLE;
    plan->split_again_ms = boot_ms + ((int64_t)POLL_REFUSED_MS << plan->joins);
    plan->request_count = 0;
    requests_fill(map, cap, plan);
    for (uint32_t i = 0; i < plan->request_count; i++) {
        plan->requests[i].not_before_ms = boot_ms + POLL_REFUSED_MS;
    }
}

enum poll_refusal poll_plan_refuse(struct poll_plan *plan, const struct register_map *map,
                                   uint32_t max_read, uint32_t i, bool address, int64_t boot_ms)
{
    struct poll_request *request = &plan->requests[i];

    if (request->answered_ms != 0 && boot_ms - request->answered_ms < POLL_REFUSED_MS) {
        return POLL_ASK_AGAIN;
    }
    if (address && boot_ms >= plan->split_again_ms && poll_plan_split(plan, i)) {
        return POLL_SPLIT;
    }
    request->not_before_ms = boot_ms + POLL_REFUSED_MS;
    if (plan->request_count > plan->whole_count && refuses_all(plan, boot_ms)) {
        join(plan, map, cap_of(map, max_read), boot_ms);
    }
    return POLL_LEFT;
}
