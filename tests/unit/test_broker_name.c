/* Names of brokers, with a resolver of the test's own: a silent name server holds up neither a stop
 * nor other links, and of several addresses the one that refuses is not tried for ever. */
#include "bowei/field.h"
#include "tests/unit/field_fixture.h"
#include "tests/unit/loopback.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/time.h>
#include <unistd.h>

#define SLOW_MS 6000

static const struct device_row rows[] = {
    {"dev-1", "city", "native", 0, 1}
};

static _Atomic bool slow_asked;

/* One address of the answer; the whole list is one piece of memory. */
struct answer {
    struct addrinfo info;
    struct sockaddr_in address;
};

/* libc's, for this program and the libraries it loads. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **all)
{
    static const char *const two[] = {"127.0.0.2", "127.0.0.1"};
    const bool is_two = strcmp(node, "two.example") == 0;
    const size_t count = is_two ? ARRAY_LEN(two) : 1;
    const uint16_t port = service == NULL ? 0 : (uint16_t)strtoul(service, NULL, 10);
    struct answer *list;

    (void)hints;
    if (strcmp(node, "slow.example") == 0) {
        atomic_store(&slow_asked, true);
        pause_ms(SLOW_MS);
        return EAI_AGAIN;
    }
    list = calloc(count, sizeof *list);
    assert_non_null(list);
    for (size_t i = 0; i < count; i++) {
        list[i].address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
        list[i].info = (struct addrinfo){.ai_family = AF_INET,
                                         .ai_socktype = SOCK_STREAM,
                                         .ai_addr = (struct sockaddr *)&list[i].address,
                                         .ai_addrlen = sizeof list[i].address,
                                         .ai_next = i + 1 < count ? &list[i + 1].info : NULL};
        if (inet_pton(AF_INET, is_two ? two[i] : node, &list[i].address.sin_addr) != 1) {
            free(list);
            return EAI_NONAME;
        }
    }
    *all = &list[0].info;
    return 0;
}

void freeaddrinfo(struct addrinfo *all)
{
    free(all); /* the first member of the first answer */
}

static struct link_config link_to(char *name, char *host, uint16_t port)
{
    return (struct link_config){.name = name,
                                .host = host,
                                .port = port,
                                .client_id = name,
                                .keepalive_s = 20,
                                .max_inflight = 100};
}

static void a_silent_name_server_holds_nothing_up(void **state)
{
    static char name[] = "city", host[] = "slow.example";
    struct fixture *f = fixture_create(rows, ARRAY_LEN(rows));
    struct link_config link = link_to(name, host, 1883);
    struct field *field;
    int64_t begin_ms;

    (void)state;
    f->config.links = &link;
    f->config.link_count = 1;
    field = field_start(&f->params);
    assert_non_null(field);
    WAIT_FOR(atomic_load(&slow_asked), 3000);
    begin_ms = host_boot_ms();
    field_stop(field);
    assert_in_range(host_boot_ms() - begin_ms, 0, 1000);
    fixture_destroy(f);
}

static void the_next_address_has_its_turn(void **state)
{
    static char name[] = "city", host[] = "two.example";
    struct fixture *f = fixture_create(rows, ARRAY_LEN(rows));
    uint16_t port = 0;
    const int listener = loopback_listen(&port); /* not on 127.0.0.2, which comes first */
    const struct timeval limit = {.tv_sec = 5};
    struct link_config link;
    struct field *field;
    int64_t begin_ms;
    int met;

    (void)state;
    (void)setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    link = link_to(name, host, port);
    f->config.links = &link;
    f->config.link_count = 1;
    begin_ms = host_boot_ms();
    field = field_start(&f->params);
    assert_non_null(field);
    met = accept(listener, NULL, NULL);
    assert_true(met >= 0);
    assert_in_range(host_boot_ms() - begin_ms, 0, 3000); /* behind the first pause */
    field_stop(field);
    (void)close(met);
    (void)close(listener);
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_name_server_holds_nothing_up),
        cmocka_unit_test(the_next_address_has_its_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
