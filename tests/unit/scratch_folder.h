#ifndef TESTS_UNIT_SCRATCH_FOLDER_H
#define TESTS_UNIT_SCRATCH_FOLDER_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of its own for one test, below TMPDIR, removed with what is in it. */

static inline void scratch_folder_make(char *path, size_t cap)
{
    const char *base = getenv("TMPDIR");

    snprintf(path, cap, "%s/bowei-test-XXXXXX", base != NULL && base[0] != '\0' ? base : "/tmp");
    if (mkdtemp(path) == NULL) {
        perror("mkdtemp");
        abort();
    }
}

static inline void scratch_folder_remove(const char *path)
{
    DIR *dir = opendir(path);

    for (struct dirent *entry = dir == NULL ? NULL : readdir(dir); entry != NULL;
         entry = readdir(dir)) {
        char below[4096];
        struct stat st;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (snprintf(below, sizeof below, "%s/%s", path, entry->d_name) >= (int)sizeof below) {
            continue;
        }
        if (lstat(below, &st) == 0 && S_ISDIR(st.st_mode)) {
            scratch_folder_remove(below);
        } else {
            unlink(below);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    rmdir(path);
}

#endif
