/* A feed that posts in the wrong coordinate system moves a whole fleet by hundreds of metres: one
 * alert for the feed, not thousands for its bikes. Every position says, from outside the core,
 * where it would lie under each confusion; here only those are counted. The window is not kept over
 * a restart; the suspicion is, as its episode. */
#include "gateway/core/fleet/fleet_state.h"

#include <string.h>

#define RIGHT_PCT 50 /* so many right as they are: trusted again */
#define TIMES     2  /* so many times more right when shifted than as they are: it is shifted */
#define SHIFTS    3
static const uint8_t shifts[SHIFTS] = {SHIFT_INSIDE_GCJ02, SHIFT_INSIDE_BD09, SHIFT_INSIDE_TWICE};

static void tally(struct feed *feed, uint8_t shift, int change)
{
    feed->inside = (uint16_t)(feed->inside + ((shift & SHIFT_INSIDE) != 0 ? change : 0));
    for (unsigned i = 0; i < SHIFTS; i++) {
        feed->shifted[i] = (uint16_t)(feed->shifted[i] + ((shift & shifts[i]) != 0 ? change : 0));
    }
}

static void feed_begin(struct feed *feed)
{
    *feed = (struct feed){.alert = NO_ALERT};
}

void feeds_swap(struct fleet *fleet, const struct inventory *next)
{
    struct feed feeds[OPERATORS_MAX];
    struct storm storms[OPERATORS_MAX];

    for (uint32_t i = 0; fleet->alerts_on && i < fleet->inv->operator_count; i++) {
        const char *code = fleet->inv->operators[i].code;

        if (fences_operator(next, code, strlen(code)) == NO_OPERATOR) {
            episode_end(fleet, fleet->feeds[i].alert, ALERT_EVENT_SEEN_GONE); /* nobody's feed */
        }
    }
    memcpy(feeds, fleet->feeds, sizeof feeds);
    memcpy(storms, fleet->storms, sizeof storms);
    for (uint32_t i = 0; i < OPERATORS_MAX; i++) {
        const char *code = i < next->operator_count ? next->operators[i].code : "";
        const uint8_t former = fences_operator(fleet->inv, code, strlen(code));

        if (former < OPERATORS_MAX) {
            fleet->feeds[i] = feeds[former];
            fleet->storms[i] = storms[former];
        } else {
            feed_begin(&fleet->feeds[i]);
            fleet->storms[i] = (struct storm){0};
        }
    }
}

void feed_position(struct fleet *fleet, uint8_t operator_index, uint8_t shift)
{
    const unsigned window = fleet->rules.feed_window;
    struct feed *feed;
    unsigned most = 0;

    if (operator_index >= OPERATORS_MAX || window == 0) {
        return;
    }
    feed = &fleet->feeds[operator_index];
    if (feed->filled == window) {
        tally(feed, feed->shift[feed->at], -1);
    } else {
        feed->filled++;
    }
    feed->shift[feed->at] = shift;
    feed->at = (uint16_t)((feed->at + 1u) % window);
    tally(feed, shift, 1);
    if (feed->filled < window) {
        return;
    }
    for (unsigned i = 0; i < SHIFTS; i++) {
        most = feed->shifted[i] > most ? feed->shifted[i] : most;
    }
    const unsigned right_pct = feed->inside * 100u / window;
    const unsigned wrong_pct = most * 100u / window;
    const bool former = feed->suspect;

    /* where fences are dense, a shifted fleet lies in many of them by chance: a share of its own
     * proves nothing, that it is much smaller than the other does */
    if (feed->inside * TIMES < most && wrong_pct >= fleet->rules.feed_pct) {
        feed->suspect = true;
    } else if (right_pct >= RIGHT_PCT) {
        feed->suspect = false;
    }
    if (fleet->alerts_on) {
        const struct episode about = {.kind = ALERT_FEED_SUSPECT,
                                      .fence = NO_FENCE,
                                      .operator_index = operator_index,
                                      .value = wrong_pct};

        episode_set(fleet, &feed->alert, &about, feed->suspect);
    }
    if (former != feed->suspect) {
        bikes_sweep_on(fleet); /* the verdicts of its bikes change */
    }
}
