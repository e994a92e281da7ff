/* Pauses and meanings; see schedule.h. The default pauses are those of Standard Webhooks. */
#include "gateway/delivery/schedule.h"
#include "bowei/base/err.h"
#include <stdlib.h>

#define PAUSE_MAX_S 604800

bool schedule_parse(const char *text, struct schedule *out)
{
    *out = (struct schedule){.count = 0};
    for (;;) {
        char *end;
        const unsigned long pause = strtoul(text, &end, 10);

        if (*text < '0' || *text > '9' || pause > PAUSE_MAX_S || out->count == SCHEDULE_MAX) {
            return false;
        }
        out->pause_s[out->count++] = (uint32_t)pause;
        if (*end == '\0') {
            return true;
        }
        if (*end != ',') {
            return false;
        }
        text = end + 1;
    }
}

int64_t schedule_wait_ms(const struct schedule *schedule, uint32_t failures, int64_t retry_after_s,
                         uint32_t random)
{
    const uint32_t step = failures < schedule->count ? failures : schedule->count - 1;
    const int64_t pause_ms = (int64_t)schedule->pause_s[step] * 1000;
    const int64_t jitter_ms = pause_ms * SCHEDULE_JITTER_PCT / 100;
    const int64_t wait_ms = pause_ms + (jitter_ms == 0 ? 0 : (int64_t)random % (jitter_ms + 1));
    const int64_t asked_s =
        retry_after_s < SCHEDULE_WAIT_MAX_S ? retry_after_s : SCHEDULE_WAIT_MAX_S;

    return wait_ms > asked_s * 1000 ? wait_ms : asked_s * 1000;
}

/* What of 4xx is about the address or the pace, not about the event. */
static const short receivers[] = {401, 402, 403, 404, 405, 407, 408, 421, 423, 425, 426, 429, 451};

enum outcome outcome_of(long status)
{
    if (status >= 200 && status < 300) {
        return OUTCOME_DELIVERED;
    }
    if (status == 410) {
        return OUTCOME_GONE;
    }
    for (size_t i = 0; i < ARRAY_LEN(receivers); i++) {
        if (receivers[i] == status) {
            return OUTCOME_RECEIVER;
        }
    }
    return status >= 400 && status < 500 ? OUTCOME_EVENT : OUTCOME_RECEIVER;
}

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[OUTCOME_COUNT] = {"delivered", "failed", "refused", "gone"};

    return (unsigned)outcome < OUTCOME_COUNT ? names[outcome] : "failed";
}
