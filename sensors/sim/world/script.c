/* Reads and asks fault scripts; see script.h. Pure. */
#include "sensors/sim/world/script.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX   8
#define LINE_CAP    256
#define SECONDS_MAX 10000000.0

static const struct {
    const char *text;
    bool deaf;
    int32_t argument;
} kinds[FAULT_COUNT] = {

#define FAULT(name, text, deaf, argument, doc) {text, deaf, argument},
#include "sensors/sim/world/faults.def"
#undef FAULT
};

bool fault_deaf(enum fault_kind kind)
{
    return kinds[kind].deaf;
}

static bool seconds_parse(const char *word, int64_t *ms)
{
    char *end = NULL;
    const double v = strtod(word, &end);

    if (end == word || *end != '\0' || !(v >= 0 && v <= SECONDS_MAX)) {
        return false;
    }
    *ms = (int64_t)(v * 1000 + 0.5);
    return true;
}

static bool argument_parse(const char *word, int32_t *out)
{
    char *end = NULL;
    long v;

    errno = 0;
    v = strtol(word, &end, 10);
    if (end == word || *end != '\0' || errno != 0 || v < -1000000 || v > 1000000) {
        return false;
    }
    *out = (int32_t)v;
    return true;
}

static bool kind_parse(const char *word, enum fault_kind *out)
{
    for (uint32_t k = 0; k < FAULT_COUNT; k++) {
        if (strcmp(word, kinds[k].text) == 0) {
            *out = (enum fault_kind)k;
            return true;
        }
    }
    return false;
}

static bool target_parse(const char *word, struct script_fault *f)
{
    const char *hash = strchr(word, '#');
    const size_t len = hash == NULL ? strlen(word) : (size_t)(hash - word);
    int32_t channel = 0;

    if (len == 0 || len >= sizeof f->target) {
        return false;
    }
    if (hash != NULL &&
        (!argument_parse(hash + 1, &channel) || channel < 1 || channel > UINT16_MAX)) {
        return false;
    }
    memcpy(f->target, word, len);
    f->target[len] = '\0';
    f->channel = (uint16_t)channel;
    return true;
}

/* NULL, or what is wrong with the words of a line. */
static const char *words_read(char *const *words, size_t count, struct script_fault *f)
{
    int64_t for_ms;

    if (count < 6 || count > 7 || strcmp(words[0], "at") != 0 || strcmp(words[2], "for") != 0) {
        return "must be: at SECONDS for SECONDS KIND TARGET [ARGUMENT]";
    }
    if (!seconds_parse(words[1], &f->from_ms) || !seconds_parse(words[3], &for_ms)) {
        return "SECONDS must be a number of 0 to 10000000";
    }
    f->until_ms = f->from_ms + for_ms;
    if (!kind_parse(words[4], &f->kind)) {
        return "there is no such kind of fault";
    }
    f->argument = kinds[f->kind].argument;
    if (!target_parse(words[5], f)) {
        return "the target must be *, a line, a device or a device#channel";
    }
    if (count == 7 && !argument_parse(words[6], &f->argument)) {
        return "the argument must be a whole number";
    }
    return NULL;
}

static size_t split(char *line, char **words)
{
    size_t count = 0;
    char *save = NULL;

    for (char *w = strtok_r(line, " \t\r", &save); w != NULL && w[0] != '#' && count < WORDS_MAX;
         w = strtok_r(NULL, " \t\r", &save)) {
        words[count++] = w;
    }
    return count;
}

static enum err refuse(struct script *script, char why[120], uint32_t line, const char *reason)
{
    (void)snprintf(why, 120, "line %u: %s", (unsigned)line, reason);
    script_finish(script);
    return ERR_BAD_PARAMETER;
}

enum err script_parse(struct script *script, const char *text, size_t len, char why[120])
{
    const char *end = text + len;
    uint32_t number = 0;

    *script = (struct script){.faults = calloc(SCRIPT_FAULTS_MAX, sizeof *script->faults)};
    if (script->faults == NULL) {
        return ERR_NO_MEMORY;
    }
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        const size_t n = (size_t)((stop == NULL ? end : stop) - text);
        char line[LINE_CAP];
        char *words[WORDS_MAX];
        const char *reason;
        size_t count;

        number++;
        if (n >= sizeof line) {
            return refuse(script, why, number, "the line is too long");
        }
        memcpy(line, text, n);
        line[n] = '\0';
        text += n + 1;
        count = split(line, words);
        if (count == 0) {
            continue;
        }
        if (script->count == SCRIPT_FAULTS_MAX) {
            return refuse(script, why, number, "more than 1000 faults");
        }
        reason = words_read(words, count, &script->faults[script->count]);
        if (reason != NULL) {
            return refuse(script, why, number, reason);
        }
        script->count++;
    }
    return ERR_OK;
}

void script_finish(struct script *script)
{
    free(script->faults);
    *script = (struct script){0};
}

bool script_hits(const struct script_fault *fault, const char *device, const char *line)
{
    return strcmp(fault->target, "*") == 0 || strcmp(fault->target, device) == 0 ||
           (line != NULL && strcmp(fault->target, line) == 0);
}

bool script_turns(const struct script *script, int64_t before_ms, int64_t now_ms)
{
    for (uint32_t i = 0; i < script->count; i++) {
        const struct script_fault *f = &script->faults[i];

        if ((f->from_ms > before_ms && f->from_ms <= now_ms) ||
            (f->until_ms > before_ms && f->until_ms <= now_ms)) {
            return true;
        }
    }
    return false;
}
