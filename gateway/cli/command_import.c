/* `bowei import` and `bowei export`. Import checks the files as a whole, writes the next inventory
 * version into the state folder and tells a running gateway, which builds and applies it; nothing
 * is written when any row is wrong. */
#include "bowei/base/json_write.h"
#include "bowei/inventory_file.h"
#include "bowei/state_folder.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/device_names.h"
#include "gateway/cli/options.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define APPLY_WAIT_MS 30000 /* a flush is confirmed within this, or Redis is away */
#define APPLY_STEP_MS 50

struct import_call {
    struct place place;
    bool dry_run, replace, allow_removals, json, quiet;
    const char *crs_text;
    enum crs crs;
    const char *command;
    struct words words;
    char folder[600];      /* <state>/inventory */
    struct draft *draft;   /* the files, completed */
    struct draft *current; /* NULL = none yet */
    uint64_t version;      /* of current */
    struct import_report report;
};

static uint64_t changes(const struct import_report *report)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < IMPORT_KINDS; i++) {
        sum += report->added[i] + report->changed[i] + report->removed[i];
    }
    return sum;
}

/* file:line:column: field: reason, as compilers say it */
static void print_faults(const struct import_report *report, const char *kind)
{
    const uint32_t shown =
        report->fault_count < IMPORT_FAULTS_MAX ? report->fault_count : IMPORT_FAULTS_MAX;

    for (uint32_t i = 0; i < shown && report->faults != NULL; i++) {
        const struct import_fault *f = &report->faults[i];

        if (f->line == 0) {
            fprintf(stderr, "%s%s%s%s%s%s\n", f->file, f->file[0] == '\0' ? "" : ": ", kind,
                    f->field, f->field[0] == '\0' ? "" : ": ", f->reason);
        } else {
            fprintf(stderr, "%s:%u:%u: %s%s%s%s\n", f->file, f->line, f->column, kind, f->field,
                    f->field[0] == '\0' ? "" : ": ", f->reason);
        }
    }
    if (report->fault_count > shown) {
        fprintf(stderr, "and %u more\n", report->fault_count - shown);
    }
}

static void json_faults(const struct import_report *report, struct json_writer *w)
{
    json_key(w, "faults");
    json_array(w);
    for (uint32_t i = 0; i < report->fault_count && i < IMPORT_FAULTS_MAX && report->faults != NULL;
         i++) {
        const struct import_fault *f = &report->faults[i];

        json_object(w);
        json_kv_str(w, "file", f->file);
        json_kv_u64(w, "line", f->line);
        json_kv_u64(w, "column", f->column);
        json_kv_str(w, "field", f->field);
        json_kv_str(w, "reason", f->reason);
        json_object_end(w);
    }
    json_array_end(w);
}

/* The report on standard output; version 0 = nothing was stored. */
static int print_report(const struct import_call *call, uint64_t version, bool applied)
{
    const struct import_report *report = &call->report;
    struct strbuf out = {0};
    struct json_writer w;

    if (call->quiet && !call->json) {
        return CLI_OK;
    }
    if (!call->json) {
        for (unsigned i = 0; i < IMPORT_KINDS; i++) {
            strbuf_printf(
                &out, "%-16s %" PRIu64 " added, %" PRIu64 " changed, %" PRIu64 " removed\n",
                import_kind_name(i), report->added[i], report->changed[i], report->removed[i]);
        }
        return commands_print(&out);
    }
    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_bool(&w, "dry_run", call->dry_run);
    json_kv_u64(&w, "version", version);
    json_kv_bool(&w, "applied", applied);
    for (unsigned i = 0; i < IMPORT_KINDS; i++) {
        json_key(&w, import_kind_name(i));
        json_object(&w);
        json_kv_u64(&w, "added", report->added[i]);
        json_kv_u64(&w, "changed", report->changed[i]);
        json_kv_u64(&w, "removed", report->removed[i]);
        json_object_end(&w);
    }
    json_faults(report, &w);
    json_object_end(&w);
    strbuf_putc(&out, '\n');
    return commands_print(&out);
}

/* Says what was done, unless --quiet; failures are always said. */
static void say(const struct import_call *call, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void say(const struct import_call *call, const char *fmt, ...)
{
    va_list args;

    if (call->quiet) {
        return;
    }
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
}

static int fail(const char *what, enum err e)
{
    const char *why = e == ERR_NOT_FOUND ? "there is no such file" : err_text(e, 0);
    struct stat st;

    if (e == ERR_IO && stat(what, &st) == 0) {
        why = S_ISDIR(st.st_mode)       ? "is a directory"
              : access(what, R_OK) != 0 ? strerror(errno)
                                        : why;
    }
    fprintf(stderr, "bowei import: %s: %s\n", what, why);
    return e == ERR_NOT_FOUND ? CLI_BAD_INPUT : CLI_FAILURE;
}

static enum err load_newest(struct import_call *call)
{
    char path[700];
    const enum err e = inventory_store_newest(call->folder, &call->version, path, sizeof path);

    if (e == ERR_NOT_FOUND || (e == ERR_OK && call->version == 0)) {
        call->version = 0;
        return ERR_OK;
    }
    return e != ERR_OK ? e : draft_load(path, &call->current, &call->version);
}

/* Are no faults: what a mapping or native JSON says needs no model, and then it is a remark. */
static void names_check(const struct import_call *call)
{
    struct import_report unknown = {0};

    device_names_check(call->draft, call->place.config_option, &unknown);
    if (!call->quiet) {
        print_faults(&unknown, "warning: ");
    }
    import_report_finish(&unknown);
}

/* Reads and checks all files. CLI_OK, or CLI_BAD_INPUT with the faults printed. */
static int read_files(struct import_call *call)
{
    enum err e = load_newest(call);

    if (e != ERR_OK) {
        return fail(call->folder, e);
    }
    call->draft = draft_create();
    if (call->draft == NULL) {
        return fail("draft", ERR_NO_MEMORY);
    }
    for (size_t i = 0; i < call->words.count; i++) {
        e = draft_read(call->draft, call->words.items[i], call->crs, &call->report);
        if (e != ERR_OK) {
            const int status = fail(call->words.items[i], e);

            return e == ERR_IO || e == ERR_NOT_FOUND ? CLI_BAD_INPUT : status;
        }
    }
    names_check(call);
    /* the whole is checked only when each row is good: follow-up faults would bury the cause */
    if (call->report.fault_count == 0) {
        e = draft_complete(call->draft, call->current, call->replace, call->allow_removals,
                           &call->report);
        if (e != ERR_OK) {
            return fail("check", e);
        }
    }
    if (call->report.fault_count == 0) {
        return CLI_OK;
    }
    print_faults(&call->report, "");
    fprintf(stderr, "%u fault%s, nothing was changed\n", call->report.fault_count,
            call->report.fault_count == 1 ? "" : "s");
    if (call->json) {
        (void)print_report(call, 0, false);
    }
    return CLI_BAD_INPUT;
}

/* Makes the state folder and its inventory folder where they are not there yet. */
static bool make_folders(const struct import_call *call)
{
    return (mkdir(call->place.state, 0700) == 0 || errno == EEXIST) &&
           (mkdir(call->folder, 0700) == 0 || errno == EEXIST);
}

/* One import at a time. Returns a descriptor that holds the lock, -1 when another holds it or it
 * cannot be made. */
static int lock_imports(const struct import_call *call)
{
    char path[640];
    int fd = -1;

    snprintf(path, sizeof path, "%s/import.lock", call->folder);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Tells the gateway and waits until the version is in force. */
static int wait_applied(const struct import_call *call, pid_t owner, uint64_t version)
{
    const struct timespec step = {.tv_nsec = APPLY_STEP_MS * 1000000L};
    uint64_t applied = 0;

    if (kill(owner, SIGHUP) != 0) {
        fprintf(stderr, "bowei import: cannot signal the gateway (process %ld): %s\n", (long)owner,
                strerror(errno));
        return CLI_FAILURE;
    }
    for (int waited = 0; waited < APPLY_WAIT_MS; waited += APPLY_STEP_MS) {
        if (state_folder_applied(call->place.state, &applied) == ERR_OK && applied >= version) {
            say(call, "applied as version %" PRIu64 "\n", version);
            return CLI_OK;
        }
        if (state_folder_owner(call->place.state) != owner) {
            fprintf(stderr,
                    "stored as version %" PRIu64
                    "; the gateway has stopped, it will be applied at the "
                    "next start\n",
                    version);
            return CLI_UNREACHABLE;
        }
        nanosleep(&step, NULL);
    }
    fprintf(stderr,
            "stored as version %" PRIu64
            ", but the gateway has not applied it within 30 s: it does when Redis has confirmed a "
            "flush, or its log says why not\n",
            version);
    return CLI_UNREACHABLE;
}

/* A stored version, when nothing is new: the last import may have ended before it was applied. */
static bool is_applied(const struct import_call *call, uint64_t version)
{
    uint64_t applied = 0;

    return state_folder_applied(call->place.state, &applied) == ERR_OK && applied >= version;
}

/* A stored version into force, where a gateway runs, and the report. */
static int take_over(const struct import_call *call, uint64_t version, bool stored)
{
    const pid_t owner = state_folder_owner(call->place.state);
    int status = CLI_OK;

    if (owner > 0 && (stored || !is_applied(call, version))) {
        status = wait_applied(call, owner, version);
    } else if (owner <= 0 && stored) {
        say(call,
            "stored as version %" PRIu64
            "; no gateway is running here, it is applied at the next start\n",
            version);
    }
    if (print_report(call, version, owner > 0 && status == CLI_OK) != CLI_OK) {
        return CLI_FAILURE;
    }
    return status;
}

static int store(struct import_call *call)
{
    struct strbuf text = {0};
    const uint64_t version = call->version + 1;
    enum err e = draft_write(call->draft, version, &text);

    if (e == ERR_OK) {
        e = inventory_store_save(call->folder, version, &text);
    }
    strbuf_finish(&text);
    if (e != ERR_OK) {
        return fail(call->folder, e);
    }
    return take_over(call, version, true);
}

static int import_locked(struct import_call *call)
{
    const int status = read_files(call);

    if (status != CLI_OK) {
        return status;
    }
    if (call->dry_run) {
        say(call, "dry run: nothing was changed\n");
        return print_report(call, 0, false);
    }
    if (changes(&call->report) == 0 && call->version > 0) {
        say(call, "nothing differs from version %" PRIu64 "\n", call->version);
        return take_over(call, call->version, false);
    }
    return store(call);
}

static int import(struct import_call *call)
{
    int status = CLI_OK;
    int lock = -1;

    snprintf(call->folder, sizeof call->folder, "%s/inventory", call->place.state);
    if (!call->dry_run) {
        if (!make_folders(call)) {
            fprintf(stderr, "bowei import: %s: %s\n", call->folder, strerror(errno));
            return CLI_FAILURE;
        }
        lock = lock_imports(call);
        if (lock < 0) {
            fprintf(stderr, "bowei import: another import is under way, or %s cannot be written\n",
                    call->folder);
            return CLI_CONFLICT;
        }
    }
    status = import_locked(call);
    if (lock >= 0) {
        close(lock);
    }
    draft_destroy(call->draft);
    draft_destroy(call->current);
    import_report_finish(&call->report);
    return status;
}

int command_import(int argc, char **argv)
{
    struct import_call call = {.command = argv[0], .crs = CRS_WGS84};
    const struct option rows[] = {
        {"allow-removals", OPTION_FLAG, &call.allow_removals     },
        {"config",         OPTION_TEXT, &call.place.config_option},
        {"crs",            OPTION_TEXT, &call.crs_text           },
        {"dry-run",        OPTION_FLAG, &call.dry_run            },
        {"json",           OPTION_FLAG, &call.json               },
        {"quiet",          OPTION_FLAG, &call.quiet              },
        {"replace",        OPTION_FLAG, &call.replace            },
        {"state",          OPTION_TEXT, &call.place.state_option },
    };
    int status = CLI_OK;

    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &call.words)) {
        return CLI_USAGE;
    }
    if (call.words.count == 0) {
        return commands_usage(argv[0], "needs a file");
    }
    if (call.crs_text != NULL &&
        !crs_parse(call.crs_text, (uint32_t)strlen(call.crs_text), &call.crs)) {
        return commands_usage(argv[0], "--crs must be wgs84, gcj02 or bd09");
    }
    status = command_place_find(&call.place, argv[0]);
    return status == CLI_OK ? import(&call) : status;
}

/* The newest version as text: written anew from the draft, so that an unreadable file is not passed
 * on. */
static int export(const struct place *place)
{
    char folder[600];
    char path[700];
    struct draft *draft = NULL;
    struct strbuf text = {0};
    uint64_t version = 0;
    enum err e = ERR_OK;

    snprintf(folder, sizeof folder, "%s/inventory", place->state);
    e = inventory_store_newest(folder, &version, path, sizeof path);
    if (e == ERR_NOT_FOUND || (e == ERR_OK && version == 0)) {
        fprintf(stderr, "bowei export: %s has no inventory\n", folder);
        return CLI_NOT_FOUND;
    }
    if (e == ERR_OK) {
        e = draft_load(path, &draft, &version);
    }
    if (e == ERR_OK) {
        e = draft_write(draft, version, &text);
    }
    draft_destroy(draft);
    if (e != ERR_OK) {
        strbuf_finish(&text);
        fprintf(stderr, "bowei export: %s: %s\n", folder, err_text(e, 0));
        return CLI_FAILURE;
    }
    return commands_print(&text);
}

int command_export(int argc, char **argv)
{
    struct place place = {.state_option = NULL};
    const char *format = "geojson";
    const struct option rows[] = {
        {"config", OPTION_TEXT, &place.config_option},
        {"format", OPTION_TEXT, &format             },
        {"state",  OPTION_TEXT, &place.state_option },
    };
    struct words words;
    int status = CLI_OK;

    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &words)) {
        return CLI_USAGE;
    }
    if (words.count > 0 || strcmp(format, "geojson") != 0) {
        return commands_usage(argv[0],
                              words.count > 0 ? "takes no arguments" : "--format is geojson");
    }
    status = command_place_find(&place, argv[0]);
    return status == CLI_OK ? export(&place) : status;
}
