/* Runs a fuzz target without libFuzzer: every file of the given folders, then 2000 seeded mutations
 * of them, for at most three seconds. What the ctest label `fuzz` runs in every build; the input
 * that breaks a target is left in the working folder as crash-<target>. */
#include "tests/fuzz/fuzz.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INPUT_MAX 65536
#define SEEDS_MAX 512
#define MUTATIONS 2000
#define LIMIT_S   3

static struct {
    uint8_t *data;
    size_t len;
} seeds[SEEDS_MAX];

static size_t seed_count;
static uint8_t input[INPUT_MAX]; /* what the target has at the moment, for the handler */
static size_t input_len;
static char crash_name[256];
static uint64_t random_state = 0x9e3779b97f4a7c15;

/* xorshift64: Marsaglia, "Xorshift RNGs", 2003 */
static size_t random_below(size_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return n == 0 ? 0 : (size_t)(random_state % n);
}

static void crashed(int signal_number)
{
    int fd = open(crash_name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd >= 0 && write(fd, input, input_len) == (ssize_t)input_len) {
        (void)!write(2, crash_name, strlen(crash_name));
        (void)!write(2, " has the input\n", 15);
    }
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

/* An exact copy, so that memory checkers see a read behind its end. */
static void run(void)
{
    uint8_t *exact = malloc(input_len > 0 ? input_len : 1);

    claim(exact != NULL);
    memcpy(exact, input, input_len);
    (void)LLVMFuzzerTestOneInput(exact, input_len);
    free(exact);
}

static void file_run(const char *folder, const char *name)
{
    char path[4096];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "rb");
    claim(f != NULL && seed_count < SEEDS_MAX);
    input_len = fread(input, 1, sizeof input, f);
    (void)fclose(f);
    seeds[seed_count].data = malloc(input_len + 1);
    claim(seeds[seed_count].data != NULL);
    memcpy(seeds[seed_count].data, input, input_len);
    seeds[seed_count++].len = input_len;
    run();
}

/* In the order of their names, so that every machine makes the same mutations. */
static void folder_run(const char *folder)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            file_run(folder, entries[i]->d_name);
        }
        free(entries[i]);
    }
    if (n >= 0) {
        free(entries);
    }
}

static const uint8_t telling[] = {0,   0xff, 0x7f, 0x80, '"', '\\', '{', '}', '[',
                                  ']', ',',  ':',  '\n', '%', '0',  '9', '-', 'e'};

/* Takes `drop` bytes out at `at` and puts `add` bytes of another input there. */
static void splice(size_t at, size_t drop, const uint8_t *from, size_t add)
{
    if (input_len - drop + add > sizeof input) {
        return;
    }
    memmove(input + at + add, input + at + drop, input_len - at - drop);
    memcpy(input + at, from, add);
    input_len += add - drop;
}

static void mutate(void)
{
    size_t at = random_below(input_len + 1);
    size_t left = input_len - at;
    size_t other = random_below(seed_count);
    size_t from = random_below(seeds[other].len);
    uint8_t byte = telling[random_below(sizeof telling)];

    switch (random_below(6)) {
    case 0: splice(at, left > 0, &byte, 1); break;
    case 1: splice(at, 0, &byte, 1); break;
    case 2: splice(at, random_below(left < 8 ? left + 1 : 9), &byte, 0); break;
    case 3:
        if (left > 0) {
            input[at] ^= (uint8_t)(1u << random_below(8));
        }
        break;
    case 4:
        splice(at, random_below(left + 1), seeds[other].data + from,
               random_below(seeds[other].len - from + 1));
        break;
    default: input_len = at; break;
    }
}

int main(int argc, char **argv)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    time_t until;
    int mutations = 0;

    claim(argc >= 2);
    (void)snprintf(crash_name, sizeof crash_name, "crash-%s", argv[1]);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        (void)signal(signals[i], crashed);
    }
    for (int i = 2; i < argc; i++) {
        folder_run(argv[i]);
    }
    if (seed_count == 0) {
        (void)fprintf(stderr, "%s: no seeds\n", argv[1]);
        return 1;
    }
    until = time(NULL) + LIMIT_S;
    for (; mutations < MUTATIONS && time(NULL) <= until; mutations++) {
        size_t seed = random_below(seed_count);

        input_len = seeds[seed].len;
        memcpy(input, seeds[seed].data, input_len);
        for (size_t n = 1 + random_below(4); n > 0; n--) {
            mutate();
        }
        run();
    }
    printf("%s: %zu files, %d mutations\n", argv[1], seed_count, mutations);
    for (size_t i = 0; i < seed_count; i++) {
        free(seeds[i].data);
    }
    return 0;
}
