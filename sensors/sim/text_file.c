/* Writes the files that `bowei-sim make` leaves; see text_file.h. */
#include "sensors/sim/text_file.h"
#include <stdio.h>

#define PATH_CAP 4096

enum err text_file_write(const char *folder, const char *name, const struct strbuf *b)
{
    char path[PATH_CAP];
    char fresh[PATH_CAP + 8];
    FILE *f;
    bool good;

    if (b->failed || snprintf(path, sizeof path, "%s/%s", folder, name) >= PATH_CAP) {
        return ERR_IO;
    }
    (void)snprintf(fresh, sizeof fresh, "%s.new", path);
    f = fopen(fresh, "we");
    if (f == NULL) {
        return ERR_IO;
    }
    good = fwrite(b->data, 1, b->len, f) == b->len;
    good = fclose(f) == 0 && good;
    return good && rename(fresh, path) == 0 ? ERR_OK : ERR_IO;
}
