/* Counts the calls by which this process changes files below some folders, and kills it before a given one.

   Loaded with LD_PRELOAD. kill_at(folders, n) names the folders, separated by ':', and the change (from 1 on) before
   which the process is killed with SIGKILL; with 0 it only counts. full_at(folders, n) lets every call that needs room
   fail from that change on, as on a full disk (ENOSPC). changes() is the count so far. Of writes to one file
   in a row only the first two count: before the others the files are in no other kind of state. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char folders[4 * PATH_MAX];
static long last = -1;
static atomic_long count;
static int full;

void kill_at(const char *below, long change) {
    strncpy(folders, below, sizeof folders - 1);
    atomic_store(&count, 0);
    full = 0;
    last = change;
}

void full_at(const char *below, long change) {
    kill_at(below, change);
    full = 1;
}

long changes(void) { return atomic_load(&count); }

static int below(const char *path) {
    for (const char *one = folders; *one;) {
        size_t length = strcspn(one, ":");
        if (length && !strncmp(path, one, length) && (path[length] == '/' || !path[length])) return 1;
        one += length + (one[length] == ':');
    }
    return 0;
}

static char written[PATH_MAX];
static int in_a_row;

/* Each of these tells whether there is no room any more. */

static int changing(void) {
    in_a_row = 0;
    long now = atomic_fetch_add(&count, 1) + 1;
    if (full) return last && now >= last;
    if (now == last) kill(getpid(), SIGKILL);
    return 0;
}

static int writing(const char *path) {
    int row = in_a_row && !strcmp(path, written) ? in_a_row + 1 : 1;
    strncpy(written, path, PATH_MAX - 1);
    int no_room = row <= 2 ? changing() : full && last && atomic_load(&count) >= last;
    in_a_row = row;
    return no_room;
}

static int path_at(int folder, const char *path) {
    char whole[2 * PATH_MAX];
    if (last < 0 || !path) return 0;
    if (path[0] == '/') return below(path) && changing();
    if (folder == AT_FDCWD) { if (!getcwd(whole, PATH_MAX)) return 0; }
    else {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, whole, PATH_MAX - 1);
        if (length < 0) return 0;
        whole[length] = 0;
    }
    strcat(whole, "/");
    strncat(whole, path, PATH_MAX - 1);
    return below(whole) && changing();
}

static int file(int handle) {
    char link[64], whole[PATH_MAX];
    if (last < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t length = readlink(link, whole, sizeof whole - 1);
    if (length < 0) return 0;
    whole[length] = 0;
    return below(whole) && writing(whole);
}

#define FULL(call) if (call) { errno = ENOSPC; return -1; }
#define REAL(name) static typeof(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); mode_t mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); } \
        if ((flags & O_TRUNC) || ((flags & O_CREAT) && access(path, F_OK))) FULL(path_at(AT_FDCWD, path)) \
        return real(path, flags, mode); }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        REAL(name); mode_t mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); } \
        if ((flags & O_TRUNC) || ((flags & O_CREAT) && faccessat(folder, path, F_OK, 0))) FULL(path_at(folder, path)) \
        return real(folder, path, flags, mode); }
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int f, const void *b, size_t n) { REAL(write); FULL(file(f)) return real(f, b, n); }
ssize_t pwrite(int f, const void *b, size_t n, off_t at) { REAL(pwrite); FULL(file(f)) return real(f, b, n, at); }
ssize_t pwrite64(int f, const void *b, size_t n, off64_t at) { REAL(pwrite64); FULL(file(f)) return real(f, b, n, at); }
ssize_t writev(int f, const struct iovec *v, int n) { REAL(writev); FULL(file(f)) return real(f, v, n); }
int ftruncate(int f, off_t n) { REAL(ftruncate); file(f); return real(f, n); }
int ftruncate64(int f, off64_t n) { REAL(ftruncate64); file(f); return real(f, n); }
int truncate(const char *p, off_t n) { REAL(truncate); path_at(AT_FDCWD, p); return real(p, n); }
int rename(const char *a, const char *b) { REAL(rename); path_at(AT_FDCWD, b); return real(a, b); }
int renameat(int f, const char *a, int g, const char *b) { REAL(renameat); path_at(g, b); return real(f, a, g, b); }
int renameat2(int f, const char *a, int g, const char *b, unsigned flags) {
    REAL(renameat2); path_at(g, b); return real(f, a, g, b, flags); }
int unlink(const char *p) { REAL(unlink); path_at(AT_FDCWD, p); return real(p); }
int unlinkat(int f, const char *p, int flags) { REAL(unlinkat); path_at(f, p); return real(f, p, flags); }
int mkdir(const char *p, mode_t m) { REAL(mkdir); FULL(path_at(AT_FDCWD, p)) return real(p, m); }
int mkdirat(int f, const char *p, mode_t m) { REAL(mkdirat); FULL(path_at(f, p)) return real(f, p, m); }
int rmdir(const char *p) { REAL(rmdir); path_at(AT_FDCWD, p); return real(p); }
int link(const char *a, const char *b) { REAL(link); FULL(path_at(AT_FDCWD, b)) return real(a, b); }
int linkat(int f, const char *a, int g, const char *b, int flags) {
    REAL(linkat); path_at(g, b); return real(f, a, g, b, flags); }
int symlink(const char *a, const char *b) { REAL(symlink); path_at(AT_FDCWD, b); return real(a, b); }
int chmod(const char *p, mode_t m) { REAL(chmod); path_at(AT_FDCWD, p); return real(p, m); }
int fchmod(int f, mode_t m) { REAL(fchmod); file(f); return real(f, m); }
int fchmodat(int f, const char *p, mode_t m, int flags) { REAL(fchmodat); path_at(f, p); return real(f, p, m, flags); }
