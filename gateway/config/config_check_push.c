/* Cross-checks of the platforms that push: the secrets they show, and what a signature covers. */
#include "bowei/base/err.h"
#include "gateway/config/config_check.h"
#include <stdio.h>

#define SECRET_MIN 16 /* bytes: nobody guesses 10^19 words over a network */

static void check_secret(struct config_source *s, const struct push_config *push,
                         char *const *secret, const char *path)
{
    if (*secret != NULL && strlen(*secret) < SECRET_MIN) {
        config_source_fault_of(s, secret, push, "%s: shorter than %d bytes", path, SECRET_MIN);
    }
}

/* Is what stands at this path inside of "msg", or said by the mapping itself? */
static bool path_is_signed(const char *path)
{
    return path == NULL || path[0] == '\0' || path[0] == '=' || config_check_same(path, "msg") ||
           strncmp(path, "msg.", 4) == 0;
}

static bool mapping_is_signed(const struct mapping *m)
{
    const char *const paths[] = {m->device,        m->occupied, m->type,    m->time,   m->battery_v,
                                 m->temperature_c, m->rssi,     m->counter, m->channel};

    if (m->items != NULL && m->items[0] != '\0') {
        return path_is_signed(m->items);
    }
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        if (!path_is_signed(paths[i])) {
            return false;
        }
    }
    return true;
}

/* OneNET signs `msg` and nothing besides: whoever can post could change the rest. */
static bool is_signed(const struct config *c, const char *envelope)
{
    for (uint32_t i = 0; i < c->mapping_count; i++) {
        if (config_check_same(c->mappings[i].name, envelope)) {
            return mapping_is_signed(&c->mappings[i]);
        }
    }
    return config_check_same(envelope, "onenet");
}

void config_check_push(struct config_source *s, const struct config *c)
{
    for (uint32_t i = 0; i < c->push_count; i++) {
        const struct push_config *push = &c->pushes[i];
        char path[40];

        if (push->secret == NULL && !s->masked && !config_source_refused(s, push) &&
            !config_source_refused(s, &push->secret)) {
            config_source_fault_of(s, &push->secret, push,
                                   "push[%u]: set either secret or secret_file", i);
        }
        snprintf(path, sizeof path, "push[%u].secret", i);
        check_secret(s, push, &push->secret, path);
        snprintf(path, sizeof path, "push[%u].former_secret", i);
        check_secret(s, push, &push->former_secret, path);
        if (config_check_same(push->auth, "onenet") && push->envelope != NULL &&
            !is_signed(c, push->envelope)) {
            config_source_fault_of(s, &push->auth, push,
                                   "push[%u].auth: only msg is signed: it takes the envelope "
                                   "onenet, or a mapping whose paths all begin with msg",
                                   i);
        }
    }
}
