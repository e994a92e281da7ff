/* The names of the envelopes for those outside: the command line lists them and checks
 * configurations with them. */
#include "bowei/envelope_names.h"
#include "bowei/envelope.h"

const char *envelope_name(size_t i, const char **doc)
{
    size_t count = 0;
    const struct envelope *const *all = envelope_all(&count);

    if (i >= count) {
        return NULL;
    }
    if (doc != NULL) {
        *doc = all[i]->doc;
    }
    return all[i]->name;
}
