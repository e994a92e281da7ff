#ifndef GATEWAY_CLI_REST_H
#define GATEWAY_CLI_REST_H

#include "gateway/cli/http_get.h"
#include "gateway/cli/options.h"

/* What the commands that speak REST share: where the server is, whose key it is, exit codes, tables
 * for people. They speak the public interface only. */

#define REST_URL_DEFAULT "http://127.0.0.1:8080" /* http.host and http.port of settings.def */
#define REST_URL_MAX     80
#define REST_WAIT_MS     10000
#define REST_COLUMNS_MAX 10
#define REST_KEY_MAX     128
#define REST_KEY_ENV     "BOWEI_KEY"

/** A command's server and manner; url and words are borrowed. */
struct rest_call {
    const char *url;
    const char *key_file; /**< --key-file; NULL: the environment's BOWEI_KEY, or none */
    bool json;
    bool csv;         /**< asked for as CSV: printed as it came */
    const char *list; /**< member of the answer that holds the rows of a table; NULL = "items" */
    struct words words;
    char key[REST_KEY_MAX]; /**< filled by rest_key */
};

struct rest_query {
    const char *name;  /**< as the option has it; a hyphen is an underscore on the wire */
    const char *value; /**< NULL = not asked */
};

/** Reads the key: of the file, else of the environment; none is no fault. Never of the command
 * line, where others would see it. CLI_OK, or CLI_BAD_INPUT with a message. */
int rest_key(struct rest_call *call);
/** Sends and receives; CLI_OK on 2xx with the body in *answer, else an exit code with a message.
 * The caller finishes answer->body in any case. body NULL = none. */
int rest_ask(const struct rest_call *call, const char *method, const char *path, const char *body,
             struct http_answer *answer);
/** GET of what need not be there: CLI_NOT_FOUND without a word, else as rest_ask. */
int rest_look(const struct rest_call *call, const char *path, struct http_answer *answer);
/** Follows an event stream: `event` gets each event's name and data until it returns false or the
 * stream ends. Reconnecting is the caller's. CLI_OK when it was open, else an exit code. */
int rest_follow(const struct rest_call *call, const char *path,
                bool (*event)(void *ctx, const char *name, const char *data), void *ctx);
/** rest_ask, then what it says as JSON or as a table of `columns` (NULL-ended). */
int rest_send(const struct rest_call *call, const char *method, const char *path, const char *body,
              const char *const *columns);
/** Prints an answer as JSON, CSV or a table. An exit code. */
int rest_show(const struct rest_call *call, struct http_answer *answer, const char *const *columns);
/** GET base + id (escaped, NULL = none) with the queries that have a value, shown as rest_send
 * does. */
int rest_get(const struct rest_call *call, const char *base, const char *id,
             const struct rest_query *queries, size_t count, const char *const *columns);
/** The address of a configuration's server, as seen from this host. 0, or an exit code. */
int rest_url_of_config(const char *path, char *argv0, char url[REST_URL_MAX]);

#endif
