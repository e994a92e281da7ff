#ifndef GATEWAY_CLI_OPTIONS_H
#define GATEWAY_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTION_ITEMS_MAX 64

enum option_kind {
    OPTION_FLAG, /* bool */
    OPTION_TEXT, /* const char * */
    OPTION_LIST, /* struct option_list: may be given again */
    OPTION_KIND_COUNT
};

struct option_list {
    const char *items[OPTION_ITEMS_MAX];
    uint32_t count;
};

/** One option a command takes: --name, --name VALUE, --name=VALUE. */
struct option {
    const char *name; /**< without the dashes */
    enum option_kind kind;
    void *out;
};

/** The words of a command line that are no options; borrowed from argv. */
struct words {
    const char *items[OPTION_ITEMS_MAX];
    size_t count;
};

/** Reads argv[1..]; false with a message on standard error. "--" ends the options, "-" is a word.
 */
bool options_read(int argc, char **argv, const struct option *rows, size_t count,
                  struct words *words);

#endif
