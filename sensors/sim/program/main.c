/* bowei-sim: the simulated field of a city. Commands are the rows of a table; what they do is in
 * the room behind. */
#include "sensors/sim/field_file.h"
#include "sensors/sim/run.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2

static const char usage[] =
    "usage: bowei-sim COMMAND [OPTIONS]\n"
    "\n"
    "  free-port   prints a free TCP port of this host\n"
    "  make        lays out a city: inventory files and the gateway's lines and links\n"
    "      --dir DIR --spaces N --seed S --broker-port P [--lines N] [--heartbeat SECONDS]\n"
    "      [--bikes N] [--fences N]\n"
    "  run         is the field of that city: Modbus slaves and MQTT devices\n"
    "      --dir DIR [--truth FILE] [--broker-port P] [--speed X] [--faults FILE] [--duration "
    "SECONDS]\n"
    "      [--truth-bikes FILE] [--api URL --keys FILE] [--interval SECONDS] [--dwell SECONDS]\n"
    "  load        sends numbered readings as fast as told and prints what was acknowledged\n"
    "      --broker-port P --devices N --rate R --seconds S [--qos 0|1] [--prefix TEXT]\n"
    "\n"
    "docs/SIMULATOR.md says more.\n";

enum option_kind { OPTION_TEXT, OPTION_U32, OPTION_PORT, OPTION_DECIMAL, OPTION_QOS };

/** One option of a command and where its value goes. */
struct option {
    const char *name;
    enum option_kind kind;
    bool required;
    void *value;
    bool given;
};

static int misused(const char *what, const char *why)
{
    (void)fprintf(stderr, "bowei-sim: %s: %s\n%s", what, why, usage);
    return EXIT_USAGE;
}

static bool whole(const char *text, unsigned long max, unsigned long *out)
{
    char *end = NULL;

    errno = 0;
    *out = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *out <= max;
}

static bool option_set(const struct option *o, const char *text)
{
    unsigned long v = 0;
    char *end = NULL;
    double d;

    switch (o->kind) {
    case OPTION_TEXT: *(const char **)o->value = text; return text[0] != '\0';
    case OPTION_U32:
        if (!whole(text, UINT32_MAX, &v)) {
            return false;
        }
        *(uint32_t *)o->value = (uint32_t)v;
        return true;
    case OPTION_PORT:
        if (!whole(text, UINT16_MAX, &v) || v == 0) {
            return false;
        }
        *(uint16_t *)o->value = (uint16_t)v;
        return true;
    case OPTION_DECIMAL:
        d = strtod(text, &end);
        if (end == text || *end != '\0' || !(d >= 0.01 && d <= 10000)) {
            return false;
        }
        *(double *)o->value = d;
        return true;
    case OPTION_QOS:
        if (!whole(text, 1, &v)) {
            return false;
        }
        *(int *)o->value = (int)v;
        return true;
    }
    return false;
}

/* 0, or the exit status of wrong usage. */
static int options_read(struct option *options, size_t count, char *const *args)
{
    for (; *args != NULL; args++) {
        size_t i = 0;

        while (i < count && strcmp(options[i].name, *args) != 0) {
            i++;
        }
        if (i == count) {
            return misused(*args, "unknown option");
        }
        if (args[1] == NULL) {
            return misused(*args, "a value is missing");
        }
        args++;
        if (!option_set(&options[i], *args)) {
            return misused(*args, "is no value for it");
        }
        options[i].given = true;
    }
    for (size_t i = 0; i < count; i++) {
        if (options[i].required && !options[i].given) {
            return misused(options[i].name, "must be given");
        }
    }
    return 0;
}

static int free_port(char *const *args)
{
    uint16_t port;
    int status = options_read(NULL, 0, args);

    if (status != 0) {
        return status;
    }
    port = field_port_free();
    (void)printf("%u\n", (unsigned)port);
    return port == 0 ? 1 : 0;
}

static int make(char *const *args)
{
    struct make_options o = {.heartbeat_s = 600};
    struct option options[] = {
        {"--dir",         OPTION_TEXT, true,  &o.dir,         false},
        {"--spaces",      OPTION_U32,  true,  &o.spaces,      false},
        {"--seed",        OPTION_U32,  true,  &o.seed,        false},
        {"--broker-port", OPTION_PORT, true,  &o.broker_port, false},
        {"--lines",       OPTION_U32,  false, &o.lines,       false},
        {"--heartbeat",   OPTION_U32,  false, &o.heartbeat_s, false},
        {"--bikes",       OPTION_U32,  false, &o.bikes,       false},
        {"--fences",      OPTION_U32,  false, &o.fences,      false},
    };
    int status = options_read(options, ARRAY_LEN(options), args);

    if (status == 0 && (o.heartbeat_s == 0 || o.heartbeat_s > 7 * 86400)) {
        status = misused("--heartbeat", "must be 1 s to 7 days");
    }
    return status != 0 ? status : make_command(&o);
}

static int run(char *const *args)
{
    struct run_options o = {.speed = 1, .interval_s = 60, .dwell_s = 120};
    struct option options[] = {
        {"--dir",         OPTION_TEXT,    true,  &o.dir,         false},
        {"--truth",       OPTION_TEXT,    false, &o.truth,       false},
        {"--broker-port", OPTION_PORT,    false, &o.broker_port, false},
        {"--speed",       OPTION_DECIMAL, false, &o.speed,       false},
        {"--faults",      OPTION_TEXT,    false, &o.faults,      false},
        {"--duration",    OPTION_U32,     false, &o.duration_s,  false},
        {"--truth-bikes", OPTION_TEXT,    false, &o.truth_bikes, false},
        {"--api",         OPTION_TEXT,    false, &o.api,         false},
        {"--keys",        OPTION_TEXT,    false, &o.keys,        false},
        {"--interval",    OPTION_U32,     false, &o.interval_s,  false},
        {"--dwell",       OPTION_U32,     false, &o.dwell_s,     false},
    };
    int status = options_read(options, ARRAY_LEN(options), args);

    if (status == 0 && (o.api == NULL) != (o.keys == NULL)) {
        status = misused("--api", "goes with --keys");
    }
    if (status == 0 && (o.interval_s == 0 || o.interval_s > 86400)) {
        status = misused("--interval", "must be 1 s to a day");
    }
    if (status == 0 && o.dwell_s > 86400) {
        status = misused("--dwell", "must be at most a day");
    }

    return status != 0 ? status : run_command(&o);
}

static int load(char *const *args)
{
    struct load_options o = {.qos = 1, .prefix = "dev-"};
    struct option options[] = {
        {"--broker-port", OPTION_PORT, true,  &o.broker_port, false},
        {"--devices",     OPTION_U32,  true,  &o.devices,     false},
        {"--rate",        OPTION_U32,  true,  &o.rate,        false},
        {"--seconds",     OPTION_U32,  true,  &o.seconds,     false},
        {"--qos",         OPTION_QOS,  false, &o.qos,         false},
        {"--prefix",      OPTION_TEXT, false, &o.prefix,      false},
    };
    int status = options_read(options, ARRAY_LEN(options), args);

    if (status == 0 && (o.devices == 0 || o.devices > 10000000)) {
        status = misused("--devices", "must be 1 to 10000000");
    }
    return status != 0 ? status : load_command(&o);
}

static int help(char *const *args)
{
    (void)args;
    (void)fputs(usage, stdout);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(char *const *args);
} commands[] = {
    {"--help",    help     },
    {"-h",        help     },
    {"free-port", free_port},
    {"help",      help     },
    {"load",      load     },
    {"make",      make     },
    {"run",       run      },
};

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fputs(usage, stderr);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            for (int k = 2; k < argc; k++) {
                if (strcmp(argv[k], "--help") == 0) {
                    return help(argv);
                }
            }
            return commands[i].run(argv + 2);
        }
    }
    return misused(argv[1], "unknown command");
}
