/* Cross-checks of the platforms that push: the secrets they show. */
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
            !config_check_same(push->envelope, "onenet")) {
            config_source_fault_of(s, &push->auth, push,
                                   "push[%u].auth: only messages of the envelope onenet are signed",
                                   i);
        }
    }
}
