/* The guard of webhooks: no spelling of an inner address passes, neither in a URL nor when it is
 * connected; the city's own networks do when they are named. */
#include "bowei/base/err.h"
#include "gateway/delivery/guard.h"
#include "gateway/delivery/libcurl.h"
#include <arpa/inet.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct libcurl curl;

static int library_load(void **state)
{
    char why[LIBCURL_WHY_MAX];

    (void)state;
    return libcurl_load(&curl, why) ? 0 : -1;
}

static struct sockaddr_storage address_of(const char *text, uint16_t port)
{
    struct sockaddr_storage out = {0};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
        memcpy(&out, &four, sizeof four);
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
        memcpy(&out, &six, sizeof six);
    }
    return out;
}

static bool connects(const struct guard *guard, const char *text, uint16_t port, bool plain)
{
    const struct sockaddr_storage to = address_of(text, port);
    char why[GUARD_WHY_MAX] = "";
    const bool permits = guard_permits(guard, (const struct sockaddr *)&to, plain, why);

    assert_true(permits || why[0] != '\0');
    return permits;
}

static void urls_of_the_inside_are_refused(void **state)
{
    static const char *const refused[] = {
        "http://127.0.0.1:6379/",
        "https://127.0.0.1/",
        "http://[::1]",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[::ffff:a00:1]/",
        "http://0x7f.1",
        "https://0x7f.1/",
        "https://127.0.0.2./",
        "https://2130706433.:8443/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0/",
        "https://169.254.169.254/",
        "https://10.1.2.3/",
        "https://172.31.255.255/",
        "https://192.168.0.1/",
        "https://100.64.0.1/",
        "https://[fd00::1]/",
        "https://[fe80::1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/",
        "http://hooks.example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "dict://127.0.0.1:11211/",
        "ftp://example.com/",
        "javascript:alert(1)",
        "https://user:pass@example.com/",
        "https://user@example.com/",
        "https://example.com:22/",
        "https://example.com:6379/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com/#there",
        "https://example.com/ x",
        "https://example.com/\r\nX: y",
        "https://example.com\\@127.0.0.1/",
        "https:///x",
        "https://",
        "example.com",
        "//example.com/x",
        "",
    };
    static const char *const taken[] = {
        "https://example.com/hooks?token=abc",
        "https://example.com:8443/a/b",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/",
        "HTTPS://EXAMPLE.COM/",
    };
    const struct guard guard = {.count = 0};
    char why[GUARD_WHY_MAX];
    char longest[700];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        why[0] = '\0';
        if (guard_permits_url(&guard, &curl, refused[i], why)) {
            fail_msg("%s passed", refused[i]);
        }
        assert_true(why[0] != '\0');
    }
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        if (!guard_permits_url(&guard, &curl, taken[i], why)) {
            fail_msg("%s: %s", taken[i], why);
        }
    }
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "https://example.com/", 20);
    longest[511] = '\0';
    assert_true(guard_permits_url(&guard, &curl, longest, why));
    longest[511] = 'a';
    longest[512] = '\0';
    assert_false(guard_permits_url(&guard, &curl, longest, why));
}

/* First and last address of each network that is refused, and their neighbours outside. */
static void addresses_by_their_networks(void **state)
{
    static const struct {
        const char *address;
        bool passes;
    } rows[] = {
        {"0.0.0.0",          false},
        {"0.255.255.255",    false},
        {"1.0.0.0",          true },
        {"9.255.255.255",    true },
        {"10.0.0.0",         false},
        {"10.255.255.255",   false},
        {"11.0.0.0",         true },
        {"100.63.255.255",   true },
        {"100.64.0.0",       false},
        {"100.127.255.255",  false},
        {"100.128.0.0",      true },
        {"127.0.0.1",        false},
        {"127.255.255.255",  false},
        {"169.253.255.255",  true },
        {"169.254.0.1",      false},
        {"172.15.255.255",   true },
        {"172.16.0.0",       false},
        {"172.31.255.255",   false},
        {"172.32.0.0",       true },
        {"192.0.0.1",        false},
        {"192.0.2.1",        false},
        {"192.88.99.1",      false},
        {"192.167.255.255",  true },
        {"192.168.0.0",      false},
        {"192.169.0.0",      true },
        {"198.17.255.255",   true },
        {"198.18.0.0",       false},
        {"198.19.255.255",   false},
        {"198.20.0.0",       true },
        {"198.51.100.7",     false},
        {"203.0.113.7",      false},
        {"223.255.255.255",  true },
        {"224.0.0.1",        false},
        {"239.255.255.255",  false},
        {"240.0.0.1",        false},
        {"255.255.255.255",  false},
        {"::",               false},
        {"::1",              false},
        {"::7f00:1",         false}, /* IPv4-compatible, deprecated */
        {"::ffff:127.0.0.1", false},
        {"::ffff:8.8.8.8",   true },
        {"64:ff9b::7f00:1",  false},
        {"64:ff9b::808:808", true }, /* NAT64 of 8.8.8.8 */
        {"64:ff9b:1::1",     false},
        {"100::1",           false},
        {"2001::1",          false},
        {"2001:1ff:ffff::1", false},
        {"2001:200::1",      true },
        {"2001:db8::1",      false},
        {"2002:7f00:1::",    false},
        {"2606:4700::1111",  true },
        {"3fff:fff:ffff::1", false},
        {"4000::1",          false},
        {"fc00::1",          false},
        {"fdff:ffff::1",     false},
        {"fe80::1",          false},
        {"fec0::1",          false},
        {"ff02::1",          false},
    };
    const struct guard guard = {.count = 0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (connects(&guard, rows[i].address, 443, false) != rows[i].passes) {
            fail_msg("%s %s", rows[i].address, rows[i].passes ? "is refused" : "passes");
        }
        assert_false(connects(&guard, rows[i].address, 443, true));
        assert_false(connects(&guard, rows[i].address, 22, false));
        assert_int_equal(connects(&guard, rows[i].address, 8443, false), rows[i].passes);
    }
}

static void networks_of_the_city_are_named(void **state)
{
    struct guard guard;
    char why[GUARD_WHY_MAX];

    (void)state;
    assert_true(guard_parse(&guard, "10.2.0.0/16, 127.0.0.1/32 8080,fd00:1::/32", why));
    assert_int_equal(guard.count, 3);
    assert_true(connects(&guard, "10.2.255.1", 80, true));
    assert_true(connects(&guard, "::ffff:10.2.0.1", 6000, true));
    assert_false(connects(&guard, "10.3.0.1", 443, false));
    assert_true(connects(&guard, "127.0.0.1", 8080, true));
    assert_false(connects(&guard, "127.0.0.1", 6379, true));
    assert_false(connects(&guard, "127.0.0.2", 8080, true));
    assert_true(connects(&guard, "fd00:1::5", 8081, true));
    assert_false(connects(&guard, "fd00:2::5", 443, false));
    assert_true(guard_permits_url(&guard, &curl, "http://10.2.3.4:9000/x", why));
    assert_true(
        guard_permits_url(&guard, &curl, "http://desk.city.example/x", why)); /* seen later */
    assert_false(guard_permits_url(&guard, &curl, "http://127.0.0.1:6379/x", why));
    assert_true(guard_parse(&guard, NULL, why));
    assert_int_equal(guard.count, 0);
}

static void wrong_networks_are_told(void **state)
{
    static const char *const wrong[] = {
        "10.0.0.0",
        "10.0.0.0/33",
        "10.0.0/8",
        "x/8",
        "10.0.0.0/8 0",
        "10.0.0.0/8x",
        "/8",
        "10.0.0.0/8 65536",
        "fd00::/129",
        "10.0.0.0/8,",
        "10.0.0.0/8,,10.1.0.0/16",
        "10.0.0.0/",
    };
    struct guard guard;
    char why[GUARD_WHY_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        why[0] = '\0';
        if (guard_parse(&guard, wrong[i], why)) {
            fail_msg("%s passed", wrong[i]);
        }
        assert_true(why[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_of_the_inside_are_refused),
        cmocka_unit_test(addresses_by_their_networks),
        cmocka_unit_test(networks_of_the_city_are_named),
        cmocka_unit_test(wrong_networks_are_told),
    };

    return cmocka_run_group_tests(tests, library_load, NULL);
}
