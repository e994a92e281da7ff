/* docs/ADDING_A_SENSOR.md shows the template as it is: tests/template is what it must say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define INDENT "   " /* inside a numbered list */

static char *file_read(const char *path, size_t *len)
{
    char *text = calloc(1, 1u << 16);
    FILE *file = fopen(path, "r");

    assert_non_null(text);
    assert_non_null(file);
    *len = fread(text, 1, (1u << 16) - 1, file);
    (void)fclose(file);
    return text;
}

/* The file as a block of the document. */
static char *file_indented(const char *path)
{
    size_t len;
    char *text = file_read(path, &len);
    char *out = calloc(1, len * 4 + 1);
    size_t at = 0;

    assert_non_null(out);
    for (const char *line = text; *line != '\0';) {
        size_t n = strcspn(line, "\n");

        at += (size_t)sprintf(out + at, "%s%.*s\n", n > 0 ? INDENT : "", (int)n, line);
        line += n + (line[n] == '\n');
    }
    free(text);
    return out;
}

static void the_document_shows_the_template(void **state)
{
    static const char *const files[] = {"acme_bay1.c", "acme_bay1.json"};
    size_t len;
    char *document = file_read(TESTS_DIR "/../docs/ADDING_A_SENSOR.md", &len);

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[512];
        char *block;

        (void)snprintf(path, sizeof path, TESTS_DIR "/template/%s", files[i]);
        block = file_indented(path);
        if (strstr(document, block) == NULL) {
            fail_msg("docs/ADDING_A_SENSOR.md does not show tests/template/%s", files[i]);
        }
        free(block);
    }
    free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_shows_the_template),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
