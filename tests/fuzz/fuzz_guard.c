/* Any bytes as a webhook's URL, as networks of delivery.allow and as a schedule. A URL that passes
 * an empty guard is https without a user, and a host that a resolver would take for an address in
 * one of these inner networks is none; a refusal has its reason. */
#include "gateway/delivery/guard.h"
#include "gateway/delivery/libcurl.h"
#include "gateway/delivery/schedule.h"
#include "tests/fuzz/fuzz.h"
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define TEXT_MAX 600

static struct libcurl curl;

/* Once, before the first input. */
static void library_load(void)
{
    char why[LIBCURL_WHY_MAX];

    claim(curl.url != NULL || libcurl_load(&curl, why));
}

static void host_check(const char *url)
{
    CURLU *handle = curl.url();
    char *host = NULL;
    char *user = NULL;
    struct in_addr four;

    claim(handle != NULL && curl.url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK);
    claim(curl.url_get(handle, CURLUPART_USER, &user, 0) == CURLUE_NO_USER);
    claim(curl.url_get(handle, CURLUPART_HOST, &host, 0) == CURLUE_OK);
    if (inet_aton(host, &four) != 0) {
        const uint32_t address = ntohl(four.s_addr);

        claim(address >> 24 != 0 && address >> 24 != 10 && address >> 24 != 127);
        claim(address >> 16 != 0xA9FE && address >> 16 != 0xC0A8 && address >> 20 != 0xAC1);
    }
    claim(strcasecmp(host, "[::1]") != 0 && strncasecmp(host, "[fe80", 5) != 0);
    curl.free(host);
    curl.url_cleanup(handle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct guard none = {.count = 0};
    struct guard guard;
    struct schedule schedule;
    char text[TEXT_MAX + 1];
    char why[GUARD_WHY_MAX] = "";

    if (size > TEXT_MAX || memchr(data, '\0', size) != NULL) {
        return 0;
    }
    library_load();
    memcpy(text, data, size);
    text[size] = '\0';
    if (guard_permits_url(&none, &curl, text, why)) {
        claim(strncasecmp(text, "https://", 8) == 0);
        host_check(text);
    } else {
        claim(why[0] != '\0');
    }
    why[0] = '\0';
    claim(guard_parse(&guard, text, why) || why[0] != '\0');
    claim(guard.count <= GUARD_ALLOW_MAX);
    (void)guard_permits_url(&guard, &curl, "http://10.1.2.3:80/", why);
    if (schedule_parse(text, &schedule)) {
        claim(schedule.count > 0 && schedule.count <= SCHEDULE_MAX);
    }
    return 0;
}
