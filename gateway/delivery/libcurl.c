/* Finds libcurl's calls; see libcurl.h. */
#include "gateway/delivery/libcurl.h"
#include "bowei/base/err.h"
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Its ABI since 2006; Debian: libcurl4. */
static const char library[] = "libcurl.so.4";

static const struct call {
    const char *symbol;
    size_t place; /* in struct libcurl */
} calls[] = {

#define LIBCURL_CALL(name) {"curl_" #name, offsetof(struct libcurl, name)},
#include "gateway/delivery/libcurl.def"
#undef LIBCURL_CALL
};

static bool fail(char why[LIBCURL_WHY_MAX])
{
    const char *text = dlerror();

    (void)snprintf(why, LIBCURL_WHY_MAX, "%s", text != NULL ? text : library);
    return false;
}

bool libcurl_load(struct libcurl *curl, char why[LIBCURL_WHY_MAX])
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL) {
        return fail(why);
    }
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        void *found = dlsym(handle, calls[i].symbol);

        if (found == NULL) {
            (void)fail(why);
            (void)dlclose(handle); /* nothing of it has run */
            return false;
        }
        memcpy((char *)curl + calls[i].place, &found, sizeof found); /* POSIX: they are alike */
    }
    return true;
}
