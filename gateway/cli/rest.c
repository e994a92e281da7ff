/* What the commands that speak REST share: the key, asking, the exit code of an answer, and the
 * answer as it came or for people: a table (rest_table.c), one line (rest_problem.c). */
#include "gateway/cli/rest.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/rest_problem.h"
#include "gateway/cli/rest_table.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLLOW_IDLE_MS 130000 /* above the longest heartbeat of http.heartbeat_s */

static int exit_of_status(int status)
{
    static const struct {
        int status, code;
    } rows[] = {
        {200, CLI_OK       },
        {201, CLI_OK       },
        {202, CLI_OK       },
        {401, CLI_AUTH     },
        {403, CLI_AUTH     },
        {404, CLI_NOT_FOUND},
        {409, CLI_CONFLICT },
        {412, CLI_CONFLICT },
        {410, CLI_NOT_FOUND},
        {408, CLI_FAILURE  }, /* the line was right, the moment was not */
        {429, CLI_FAILURE  },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].status == status) {
            return rows[i].code;
        }
    }
    return status >= 400 && status < 500 ? CLI_USAGE : CLI_FAILURE;
}

int rest_key(struct rest_call *call)
{
    const char *env = getenv(REST_KEY_ENV);
    FILE *file = NULL;

    call->key[0] = '\0';
    if (call->key_file == NULL) {
        if (env != NULL && strlen(env) < sizeof call->key) {
            memcpy(call->key, env, strlen(env) + 1);
        }
        return CLI_OK;
    }
    file = fopen(call->key_file, "re");
    if (file == NULL || fgets(call->key, sizeof call->key, file) == NULL) {
        fprintf(stderr, "bowei: --key-file %s: %s\n", call->key_file,
                file == NULL ? strerror(errno) : "holds no key");
        if (file != NULL) {
            fclose(file);
        }
        return CLI_BAD_INPUT;
    }
    fclose(file);
    call->key[strcspn(call->key, " \t\r\n")] = '\0';
    return CLI_OK;
}

#define STRANGE_MAX 200 /* bytes shown of an answer that is none of ours: a proxy's, as a rule */

/* What a failed answer says, and the exit code. With --json as it came, else in one line. */
static int complain(const struct rest_call *call, const char *path, const char *body,
                    const struct http_answer *answer)
{
    struct strbuf line = {0};

    if (call->json) {
        fprintf(stderr, "%s\n", answer->body.data);
        return exit_of_status(answer->status);
    }
    strbuf_puts(&line, "bowei: ");
    if (!rest_problem_write(body, answer->body.data, answer->body.len, &line)) {
        strbuf_printf(&line, "%s%s: %d ", call->url, path, answer->status);
        rest_problem_plain(&line, answer->body.data, STRANGE_MAX);
    }
    strbuf_putc(&line, '\0');
    fprintf(stderr, "%s\n", line.failed ? "bowei: out of memory" : line.data);
    strbuf_finish(&line);
    if (answer->status == 401 && call->key[0] == '\0') {
        fprintf(stderr,
                "bowei: needs a key: --key-file FILE, or " REST_KEY_ENV " in the environment\n");
    }
    return exit_of_status(answer->status);
}

/* As rest_ask; an answer of the `quiet` status is not complained of. */
static int ask_but(const struct rest_call *call, const char *method, const char *path,
                   const char *body, int quiet, struct http_answer *answer)
{
    const struct http_ask ask = {.method = method,
                                 .path = path,
                                 .body = body,
                                 .key = call->key[0] == '\0' ? NULL : call->key};
    int code;

    if (!http_ask(call->url, &ask, REST_WAIT_MS, answer)) {
        fprintf(stderr, "bowei: %s\n", answer->why);
        return CLI_UNREACHABLE;
    }
    code = exit_of_status(answer->status);
    return code == CLI_OK || answer->status == quiet ? code : complain(call, path, body, answer);
}

int rest_ask(const struct rest_call *call, const char *method, const char *path, const char *body,
             struct http_answer *answer)
{
    return ask_but(call, method, path, body, 0, answer);
}

int rest_look(const struct rest_call *call, const char *path, struct http_answer *answer)
{
    return ask_but(call, "GET", path, NULL, 404, answer);
}

/* One event under way: its name, and what to do with its data. */
struct following {
    bool (*event)(void *ctx, const char *name, const char *data);
    void *ctx;
    char name[32];
};

static bool follow_line(void *ctx, const char *text)
{
    struct following *f = ctx;

    if (strncmp(text, "event: ", 7) == 0) {
        snprintf(f->name, sizeof f->name, "%s", text + 7);
        return true;
    }
    return strncmp(text, "data: ", 6) != 0 || f->event(f->ctx, f->name, text + 6);
}

int rest_follow(const struct rest_call *call, const char *path,
                bool (*event)(void *ctx, const char *name, const char *data), void *ctx)
{
    const struct http_ask ask = {
        .method = "GET", .path = path, .key = call->key[0] == '\0' ? NULL : call->key};
    struct following following = {.event = event, .ctx = ctx};
    struct http_answer answer = {.status = 0};
    int code = CLI_OK;

    if (!http_lines(call->url, &ask, FOLLOW_IDLE_MS, follow_line, &following, &answer)) {
        fprintf(stderr, "bowei: %s\n", answer.why);
        code = CLI_UNREACHABLE;
    } else if (answer.status != 200) {
        code = complain(call, path, NULL, &answer);
    }
    strbuf_finish(&answer.body);
    return code;
}

int rest_show(const struct rest_call *call, struct http_answer *answer, const char *const *columns)
{
    int code;

    if (call->json) {
        strbuf_putc(&answer->body, '\n');
        return commands_print(&answer->body); /* its `next` says when there is more */
    }
    code =
        call->csv ? commands_print(&answer->body) : rest_table_print(answer, call->list, columns);
    if (code == CLI_OK && answer->next[0] != '\0') {
        fprintf(stderr, "bowei: there is more, go on with --cursor %s\n", answer->next);
    }
    return code;
}

int rest_send(const struct rest_call *call, const char *method, const char *path, const char *body,
              const char *const *columns)
{
    struct http_answer answer = {.status = 0};
    int code = rest_ask(call, method, path, body, &answer);

    if (code == CLI_OK) {
        code = rest_show(call, &answer, columns);
    }
    strbuf_finish(&answer.body);
    return code;
}

/* name=value behind the path, escaped; without one nothing. */
static void add_query(struct strbuf *path, const char *name, const char *value)
{
    if (value == NULL) {
        return;
    }
    strbuf_putc(path, memchr(path->data, '?', path->len) == NULL ? '?' : '&');
    for (; *name != '\0'; name++) {
        strbuf_putc(path, *name == '-' ? '_' : *name);
    }
    strbuf_putc(path, '=');
    http_get_escape(value, path);
}

int rest_get(const struct rest_call *call, const char *base, const char *id,
             const struct rest_query *queries, size_t count, const char *const *columns)
{
    struct strbuf path = {0};
    int code = CLI_FAILURE;

    strbuf_puts(&path, base);
    if (id != NULL) {
        http_get_escape(id, &path);
    }
    for (size_t i = 0; i < count && !path.failed; i++) {
        add_query(&path, queries[i].name, queries[i].value);
    }
    strbuf_putc(&path, '\0');
    if (!path.failed) {
        code = rest_send(call, "GET", path.data, NULL, columns);
    }
    strbuf_finish(&path);
    return code;
}

int rest_url_of_config(const char *path, char *argv0, char url[REST_URL_MAX])
{
    char option[] = "--config";
    char *file = strdup(path);
    char *argv[] = {argv0, option, file, NULL};
    struct config *config = NULL;
    int code = file == NULL ? CLI_FAILURE : cli_load_config(3, argv, &config);

    if (code == CLI_OK && config->http.tls.certificate_file != NULL) {
        fprintf(stderr, "bowei: %s: this command speaks plain HTTP, the gateway TLS (http.tls)\n",
                path);
        code = CLI_FAILURE;
    } else if (code == CLI_OK) {
        const bool any =
            strcmp(config->http.host, "0.0.0.0") == 0 || strcmp(config->http.host, "::") == 0;
        const bool six = !any && strchr(config->http.host, ':') != NULL;

        snprintf(url, REST_URL_MAX, "http://%s%s%s:%u", six ? "[" : "",
                 any ? "127.0.0.1" : config->http.host, six ? "]" : "", config->http.port);
    }
    config_destroy(config);
    free(file);
    return code;
}
