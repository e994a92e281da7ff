/* What an episode says of its bike or its fence: at its opening, and a crowd also while it goes on.
 */
#include "gateway/core/fleet/fleet_state.h"

#include <string.h>

void episode_evidence(struct alert_image *image, enum evidence_kind kind, int64_t time_ms,
                      uint32_t value)
{
    if (image->evidence_count < ALERT_EVIDENCE_MAX) {
        image->evidence[image->evidence_count++] =
            (struct alert_evidence){.kind = (uint8_t)kind, .time_ms = time_ms, .value = value};
    }
}

void episode_about_bike(struct alert_image *image, const struct bike *bike)
{
    const struct bike_image *from = &bike->image;

    memcpy(image->vehicle, from->ref, sizeof image->vehicle);
    image->rule = from->rule;
    image->distance_mm = from->distance_mm;
    if (bike_position(from, &image->at)) {
        episode_evidence(image, EVIDENCE_GNSS, from->fixed_ms, from->accuracy_mm);
    }
    if (from->radio.fence != 0 && from->radio.heard_ms != 0) {
        const int median = radio_median(&from->radio);

        episode_evidence(image, from->radio.listener != 0 ? EVIDENCE_LISTENER : EVIDENCE_BEACON,
                         from->radio.heard_ms, median == RSSI_NONE ? 0 : (uint32_t)-median);
    }
}

/* Each operator's part of the surplus, by its bikes there: whole shares first, then the largest
 * remainders, the earlier operator where these are equal. */
static void shares_put(const struct fleet *fleet, struct alert_image *image, uint32_t index)
{
    const struct fence *fence = &fleet->fences[index];
    const uint32_t surplus = fence->count > image->capacity ? fence->count - image->capacity : 0;
    uint32_t remainders[OPERATORS_MAX] = {0};
    uint32_t given = 0;

    image->share_count = 0;
    for (uint32_t i = 0; i < fleet->inv->operator_count && i < OPERATORS_MAX; i++) {
        struct alert_share *share = &image->shares[image->share_count];
        const uint64_t part = (uint64_t)surplus * fence->by_operator[i];

        if (fence->by_operator[i] == 0 || fence->count == 0) {
            continue;
        }
        *share = (struct alert_share){.count = fence->by_operator[i],
                                      .surplus = (uint16_t)(part / fence->count)};
        memcpy(share->operator_code, fleet->inv->operators[i].code, sizeof share->operator_code);
        remainders[image->share_count++] = (uint32_t)(part % fence->count);
        given += share->surplus;
    }
    for (; given < surplus && image->share_count > 0; given++) {
        unsigned most = 0;

        for (unsigned i = 1; i < image->share_count; i++) {
            most = remainders[i] > remainders[most] ? i : most;
        }
        image->shares[most].surplus++;
        remainders[most] = 0;
    }
}

void episode_about_fence(const struct fleet *fleet, struct alert_image *image, uint32_t index)
{
    const struct inv_fence *is = &fleet->inv->fences[index];

    image->fence = is->key;
    if (image->vehicle[0] != '\0') {
        return;
    }
    image->at = is->centre;
    image->bikes = (uint16_t)(fleet->fences[index].count < UINT16_MAX ? fleet->fences[index].count
                                                                      : UINT16_MAX);
    image->capacity = (uint16_t)(is->capacity < UINT16_MAX ? is->capacity : UINT16_MAX);
    shares_put(fleet, image, index);
    episode_evidence(image, EVIDENCE_COUNT_OF, fleet->now.at_ms, image->bikes);
}

void episode_retell(const struct fleet *fleet, struct alert_image *image, enum alert_event event)
{
    const uint32_t index = fences_find(fleet->inv, image->fence);
    const struct alert_image former = *image;

    if (alert_kind_subject((enum alert_kind)image->kind) != SUBJECT_FENCE || index == NO_FENCE) {
        return;
    }
    image->evidence_count = 0;
    episode_about_fence(fleet, image, index);
    for (unsigned i = 0; event == ALERT_EVENT_UPDATE && i < former.share_count; i++) {
        const char *code = former.shares[i].operator_code;

        if (image->share_count < OPERATORS_MAX && !alert_visible(image, code)) {
            struct alert_share *share = &image->shares[image->share_count++];

            *share = (struct alert_share){0};
            memcpy(share->operator_code, code, sizeof share->operator_code);
        }
    }
}

static uint32_t surplus_of(const struct alert_image *image, const char *code)
{
    for (unsigned i = 0; i < image->share_count; i++) {
        if (strcmp(image->shares[i].operator_code, code) == 0) {
            return image->shares[i].surplus;
        }
    }
    return 0;
}

bool episode_is_stale(const struct fleet *fleet, const struct alert_image *image,
                      const struct alert_image *fresh)
{
    const uint32_t margin = image->capacity * (fleet->rules.pile_up_pct - 100u) / 100u;
    const uint32_t step = margin > 1 ? margin : 1;

    for (unsigned i = 0; i < fresh->share_count; i++) {
        const char *code = fresh->shares[i].operator_code;
        const uint32_t told = surplus_of(image, code);
        const uint32_t is = fresh->shares[i].surplus;

        if ((is > told ? is - told : told - is) >= step ||
            (is > 0 && !alert_visible(image, code))) {
            return true;
        }
    }
    return false;
}
