/* Bench: how long from a publish until the new state is in the REST answer, the gateway idle.
 *     latency BROKER_PORT HTTP_PORT
 * Takes lines "DEVICE SPACE COUNTER free|occupied" from stdin; each is published at QoS 0 as a
 * native reading, then the space is asked for over one kept connection until it says so. Prints the
 * microseconds of each, one a line. Both sockets belong to this one thread, which waits for every
 * answer, so what is measured is the path and not this program. */

#include <mosquitto.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_US = 5000000, PAUSE_NS = 5000000 };

static bool connected;

static void on_connect(struct mosquitto *client, void *ctx, int rc)
{
    (void)client;
    (void)ctx;
    connected = rc == 0;
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int http_connect(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof at) != 0) {
        perror("http");
        exit(1);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* One request, one whole answer; true when the space is in `state`. */
static bool space_is(int fd, const char *space, const char *state)
{
    char text[4096], want[32];
    int len =
        snprintf(text, sizeof text, "GET /v1/spaces/%s HTTP/1.1\r\nHost: bench\r\n\r\n", space);
    size_t got = 0;
    if (write(fd, text, (size_t)len) != len) {
        exit(1);
    }
    for (;;) {
        ssize_t n = read(fd, text + got, sizeof text - 1 - got);
        if (n <= 0) {
            exit(1);
        }
        got += (size_t)n;
        text[got] = '\0';
        const char *body = strstr(text, "\r\n\r\n");
        const char *length = strstr(text, "\r\nContent-Length:");
        if (body != NULL && length != NULL &&
            (size_t)(text + got - body - 4) >= strtoul(length + 17, NULL, 10)) {
            snprintf(want, sizeof want, ",\"state\":\"%s\"", state);
            return strstr(body, want) != NULL;
        }
    }
}

static double measure(struct mosquitto *client, int fd, const char *line)
{
    char device[64], space[32], state[16], topic[96], body[256];
    long counter;
    if (sscanf(line, "%63s %31s %ld %15s", device, space, &counter, state) != 4) {
        exit(2);
    }
    snprintf(topic, sizeof topic, "bowei/up/%s", device);
    int len = snprintf(body, sizeof body,
                       "{\"device\":\"%s\",\"channel\":0,\"occupied\":%s,\"counter\":%ld}", device,
                       strcmp(state, "occupied") == 0 ? "true" : "false", counter);
    double begin = now_us();
    if (mosquitto_publish(client, NULL, topic, len, body, 0, false) != MOSQ_ERR_SUCCESS) {
        exit(1);
    }
    while (!space_is(fd, space, state)) {
        if (now_us() - begin > LIMIT_US) {
            fprintf(stderr, "%s is not %s after 5 s\n", space, state);
            exit(1);
        }
    }
    return now_us() - begin;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: latency BROKER_PORT HTTP_PORT\n");
        return 2;
    }
    mosquitto_lib_init();
    struct mosquitto *client = mosquitto_new(NULL, true, NULL);
    if (client == NULL) {
        return 1;
    }
    mosquitto_connect_callback_set(client, on_connect);
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    if (mosquitto_connect(client, "127.0.0.1", atoi(argv[1]), 60) != MOSQ_ERR_SUCCESS) {
        return 1;
    }
    while (!connected) {
        if (mosquitto_loop(client, 100, 1) != MOSQ_ERR_SUCCESS) {
            return 1;
        }
    }
    int fd = http_connect(atoi(argv[2]));
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    char line[256];
    while (fgets(line, sizeof line, stdin) != NULL) {
        printf("%.1f\n", measure(client, fd, line));
        (void)mosquitto_loop(client, 0, 1); /* the keep-alive */
        nanosleep(&pause, NULL);
    }
    close(fd);
    mosquitto_destroy(client);
    mosquitto_lib_cleanup();
    return 0;
}
