/* What is wrong right now, one word of bits and a table of links: each part sets its own, readyz,
 * /v1/city and /metrics read. */
#include "bowei/status.h"
#include "bowei/base/err.h"
#include <string.h>

static const char *const codes[DEGRADED_COUNT] = {
#define DEGRADED(name, code, en) [DEGRADED_##name] = (code),
#include "bowei/degraded.def"
#undef DEGRADED
};

const char *degraded_code(enum degraded d)
{
    return (unsigned)d < DEGRADED_COUNT ? codes[d] : "unknown";
}

void status_set(struct status *status, enum degraded which, bool on)
{
    uint32_t bit = UINT32_C(1) << (unsigned)which;

    if (on) {
        atomic_fetch_or_explicit(&status->degraded, bit, memory_order_relaxed);
    } else {
        atomic_fetch_and_explicit(&status->degraded, ~bit, memory_order_relaxed);
    }
}

bool status_is(const struct status *status, enum degraded which)
{
    return atomic_load_explicit(&status->degraded, memory_order_relaxed) >> (unsigned)which & 1;
}

static void text_copy(char *out, size_t cap, const char *text)
{
    size_t len = strlen(text);

    len = len < cap ? len : cap - 1;
    memcpy(out, text, len);
    out[len] = '\0';
}

/* The entry of that name, gone or not; -1 = none. */
static int find(const struct status *status, const char *kind, const char *name)
{
    uint32_t links = atomic_load(&status->links);

    for (uint32_t i = 0; i < links; i++) {
        if (strcmp(status->link[i].kind, kind) == 0 && strcmp(status->link[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int status_find_link(const struct status *status, const char *kind, const char *name)
{
    int index = find(status, kind, name);

    return index >= 0 && atomic_load(&status->link[index].gone) ? -1 : index;
}

void status_remove_link(struct status *status, int link)
{
    atomic_store(&status->link[link].up, false);
    atomic_store(&status->link[link].polled, false);
    atomic_store(&status->link[link].gone, true);
}

int status_add_link(struct status *status, const char *kind, const char *name)
{
    uint32_t index = atomic_load(&status->links);
    int former = find(status, kind, name);

    if (former >= 0) {
        atomic_store(&status->link[former].gone, false);
        return former;
    }
    if (index >= STATUS_LINKS_MAX) {
        return -1;
    }
    text_copy(status->link[index].name, sizeof status->link[index].name, name);
    text_copy(status->link[index].kind, sizeof status->link[index].kind, kind);
    atomic_store(&status->links, index + 1);
    return (int)index;
}

void status_link_up(struct status *status, int link, bool up, int64_t boot_ms)
{
    if (link < 0 || link >= STATUS_LINKS_MAX) {
        return;
    }
    if (atomic_exchange(&status->link[link].up, up) != up) {
        atomic_store(&status->link[link].since_boot_ms, boot_ms);
    }
}
