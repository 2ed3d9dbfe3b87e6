// Preloaded into a process (LD_PRELOAD), it journals what the process does to the files under one directory, in order, and can
// make the disk fail. One lock is held from before a call until its record is written, so the order of the records is the order
// of the effects, and a sync covers exactly the records before it.
//
//   DISKSHIM_ROOT     the directory; its real path, without a slash at the end
//   DISKSHIM_JOURNAL  where the records go; none without it
//   DISKSHIM_NOSYNC   when set, a sync does nothing and says that it did
//   DISKSHIM_CONTROL  while this file is there, the disk fails as its first letter says: f(ull), i(nput/output error), r(ead-only)
//
// A record: type, 3 bytes of nothing, path length (u32), data length (u64), file (u64), offset (u64), path, data. Little-endian.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 4096
#define JOURNAL_FD 900

struct record { char type; char nothing[3]; uint32_t path_length; uint64_t data_length, file, offset; };
struct known { dev_t device; ino_t inode; uint64_t file; };

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static int journal = -1;
static int sync_is_off;
static const char *control;
static struct known files[FILES];
static int file_count;
static uint64_t newest_file;

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off64_t);
static int (*real_ftruncate)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_rmdir)(const char *);
static int (*real_mkdir)(const char *, mode_t);
static int (*real_link)(const char *, const char *);
static int (*real_fallocate)(int, int, off64_t, off64_t);
static ssize_t (*real_sendfile)(int, int, off64_t *, size_t);

#define LOAD(name, symbol) real_##name = dlsym(RTLD_NEXT, symbol)

static void find_real(void) {
    LOAD(open, "open64"); LOAD(openat, "openat64");
    LOAD(write, "write"); LOAD(pwrite, "pwrite64");
    LOAD(writev, "writev"); LOAD(pwritev, "pwritev64");
    LOAD(ftruncate, "ftruncate64"); LOAD(fsync, "fsync");
    LOAD(fdatasync, "fdatasync"); LOAD(rename, "rename");
    LOAD(unlink, "unlink"); LOAD(rmdir, "rmdir");
    LOAD(mkdir, "mkdir"); LOAD(link, "link");
    LOAD(fallocate, "fallocate64"); LOAD(sendfile, "sendfile64");
}

static pthread_once_t found = PTHREAD_ONCE_INIT;

__attribute__((constructor)) static void start(void) {
    pthread_once(&found, find_real);
    const char *directory = getenv("DISKSHIM_ROOT"), *path = getenv("DISKSHIM_JOURNAL");
    if (!directory) return;
    snprintf(root, sizeof root, "%s/", directory);
    root_length = strlen(root);
    control = getenv("DISKSHIM_CONTROL");
    sync_is_off = getenv("DISKSHIM_NOSYNC") != NULL;
    if (!path) return;
    int opened = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    journal = fcntl(opened, F_DUPFD_CLOEXEC, JOURNAL_FD);
    close(opened);
}

static void lock(void) {
    pthread_once(&found, find_real);
    pthread_mutex_lock(&gate);
}

static void unlock(void) {
    int kept = errno;
    pthread_mutex_unlock(&gate);
    errno = kept;
}

static void put(const void *bytes, size_t count) {
    const char *next = bytes;
    while (count > 0) {
        ssize_t done = syscall(SYS_write, journal, next, count);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) abort();
        next += done;
        count -= (size_t)done;
    }
}

static void note(char type, uint64_t file, uint64_t offset, const char *path, const void *data, size_t length) {
    if (journal < 0) return;
    int kept = errno;
    struct record record = { type, { 0, 0, 0 }, (uint32_t)(path ? strlen(path) : 0), length, file, offset };
    put(&record, sizeof record);
    if (path) put(path, record.path_length);
    if (length > 0) put(data, length);
    errno = kept;
}

// The path below the root, or null.
static const char *below(const char *path, char *buffer) {
    if (root_length == 0 || !path) return NULL;
    if (path[0] != '/') {
        char here[PATH_MAX];
        if (!getcwd(here, sizeof here) || snprintf(buffer, PATH_MAX, "%s/%s", here, path) >= PATH_MAX) return NULL;
        path = buffer;
    }
    return strncmp(path, root, root_length) == 0 ? path + root_length : NULL;
}

static struct known *find(dev_t device, ino_t inode) {
    for (int i = 0; i < file_count; i++) if (files[i].inode == inode && files[i].device == device) return &files[i];
    return NULL;
}

// The number of an open file below the root; 0 for anything else.
static uint64_t file_of(int fd) {
    struct stat now;
    int kept = errno;
    uint64_t file = 0;
    if (root_length > 0 && file_count > 0 && fstat(fd, &now) == 0 && S_ISREG(now.st_mode)) {
        struct known *known = find(now.st_dev, now.st_ino);
        if (known) file = known->file;
    }
    errno = kept;
    return file;
}

// The path of an open directory at or below the root; null for anything else.
static const char *directory_of(int fd, char *buffer) {
    struct stat now;
    int kept = errno;
    const char *path = NULL;
    if (root_length > 0 && fstat(fd, &now) == 0 && S_ISDIR(now.st_mode)) {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, buffer, PATH_MAX - 2);
        if (length > 0) {
            buffer[length] = '/';
            buffer[length + 1] = 0;
            if (strncmp(buffer, root, root_length) == 0) {
                buffer[length] = 0;
                path = (size_t)length < root_length ? "" : buffer + root_length;
            }
        }
    }
    errno = kept;
    return path;
}

static char failing(void) {
    if (!control) return 0;
    int kept = errno;
    char mode = 0;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC, 0);
    if (fd >= 0) {
        if (syscall(SYS_read, fd, &mode, 1) != 1) mode = 0;
        syscall(SYS_close, fd);
    }
    errno = kept;
    return mode;
}

// What a change fails with now; 0 when it does not.
static int failure(void) {
    char mode = failing();
    return mode == 'f' ? ENOSPC : mode == 'i' ? EIO : mode == 'r' ? EROFS : 0;
}

static int opened(const char *path, int flags, int fd, int existed) {
    struct stat now;
    if (fd < 0 || fstat(fd, &now) != 0 || !S_ISREG(now.st_mode)) return fd;
    struct known *known = find(now.st_dev, now.st_ino);
    if (!existed || !known) {
        if (!known) {
            if (file_count == FILES) abort();
            known = &files[file_count++];
        }
        *known = (struct known){ now.st_dev, now.st_ino, ++newest_file };
        note(existed ? 'O' : 'C', known->file, 0, path, NULL, 0);
    }
    if (existed && (flags & O_TRUNC)) note('T', known->file, 0, NULL, NULL, 0);
    return fd;
}

static int open_below(const char *path, const char *name, int flags, mode_t mode) {
    struct stat before;
    int existed = stat(path, &before) == 0;
    int error = failing() == 'r' && (flags & O_ACCMODE) != O_RDONLY ? EROFS : (!existed && (flags & O_CREAT)) ? failure() : 0;
    if (error) { errno = error; return -1; }
    return opened(name, flags, real_open(path, flags, mode), existed);
}

// The lock is for files below the root alone: to open a named pipe, for one, can take for ever.
static int open_any(const char *path, int flags, mode_t mode) {
    char buffer[PATH_MAX];
    pthread_once(&found, find_real);
    const char *name = below(path, buffer);
    if (!name) return real_open(path, flags, mode);
    lock();
    int fd = open_below(path, name, flags, mode);
    unlock();
    return fd;
}

#define MODE(last) va_list rest; va_start(rest, last); \
    mode_t mode = (last & O_CREAT) || (last & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0; va_end(rest)

int open(const char *path, int flags, ...) { MODE(flags); return open_any(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags); return open_any(path, flags, mode); }
int creat(const char *path, mode_t mode) { return open_any(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

static int openat_any(int at, const char *path, int flags, mode_t mode) {
    if (at == AT_FDCWD || path[0] == '/') return open_any(path, flags, mode);
    pthread_once(&found, find_real);
    return real_openat(at, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...) { MODE(flags); return openat_any(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags); return openat_any(at, path, flags, mode); }

// A write whose place is the file's own position.
static ssize_t write_here(int fd, const struct iovec *parts, int count, const void *one, size_t length) {
    pthread_once(&found, find_real);
    if (root_length == 0) return one ? real_write(fd, one, length) : real_writev(fd, parts, count);
    lock();
    uint64_t file = file_of(fd);
    int error = file ? failure() : 0;
    if (!file) {
        // Not held while a pipe or a terminal takes its time.
        unlock();
        return one ? real_write(fd, one, length) : real_writev(fd, parts, count);
    }
    off64_t at = (fcntl(fd, F_GETFL) & O_APPEND) ? lseek64(fd, 0, SEEK_END) : lseek64(fd, 0, SEEK_CUR);
    ssize_t done = -1;
    if (error) errno = error;
    else done = one ? real_write(fd, one, length) : real_writev(fd, parts, count);
    size_t left = done > 0 ? (size_t)done : 0;
    for (int i = 0; left > 0; i++) {
        size_t part = one || parts[i].iov_len > left ? left : parts[i].iov_len;
        note('W', file, (uint64_t)at, NULL, one ? one : parts[i].iov_base, part);
        at += (off64_t)part;
        left -= part;
    }
    unlock();
    return done;
}

ssize_t write(int fd, const void *data, size_t length) {
    static const char nothing;
    return write_here(fd, NULL, 0, data ? data : &nothing, length);
}

ssize_t writev(int fd, const struct iovec *parts, int count) { return write_here(fd, parts, count, NULL, 0); }

static ssize_t pwrite_any(int fd, const void *data, size_t length, off64_t at) {
    lock();
    uint64_t file = file_of(fd);
    int error = file ? failure() : 0;
    ssize_t done = -1;
    if (error) errno = error;
    else done = real_pwrite(fd, data, length, at);
    if (file && done > 0) note('W', file, (uint64_t)at, NULL, data, (size_t)done);
    unlock();
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return pwrite_any(fd, data, length, at); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) { return pwrite_any(fd, data, length, at); }

static ssize_t pwritev_any(int fd, const struct iovec *parts, int count, off64_t at) {
    ssize_t total = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = pwrite_any(fd, parts[i].iov_base, parts[i].iov_len, at + total);
        if (done < 0) return total > 0 ? total : done;
        total += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return total;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev_any(fd, parts, count, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { return pwritev_any(fd, parts, count, at); }

static int ftruncate_any(int fd, off64_t length) {
    lock();
    uint64_t file = file_of(fd);
    int error = file ? failure() : 0;
    int done = -1;
    if (error) errno = error;
    else done = real_ftruncate(fd, length);
    if (file && done == 0) note('T', file, (uint64_t)length, NULL, NULL, 0);
    unlock();
    return done;
}

int ftruncate(int fd, off_t length) { return ftruncate_any(fd, length); }
int ftruncate64(int fd, off64_t length) { return ftruncate_any(fd, length); }

static int sync_any(int fd, int (*real)(int)) {
    char buffer[PATH_MAX];
    lock();
    uint64_t file = file_of(fd);
    const char *directory = file ? NULL : directory_of(fd, buffer);
    int done = 0;
    if (!file && !directory) {
        unlock();
        return real(fd);
    }
    int error = failing() == 'i' ? EIO : 0;
    if (error) { errno = error; done = -1; }
    else if (!sync_is_off) done = real(fd);
    if (done == 0 && !sync_is_off) note(file ? 'S' : 'D', file, 0, directory, NULL, 0);
    unlock();
    return done;
}

int fsync(int fd) { pthread_once(&found, find_real); return sync_any(fd, real_fsync); }
int fdatasync(int fd) { pthread_once(&found, find_real); return sync_any(fd, real_fdatasync); }

// sync_file_range promises nothing about a crash, so it is not looked at.
int rename(const char *from, const char *to) {
    char first[PATH_MAX], second[PATH_MAX];
    lock();
    const char *old = below(from, first), *new = below(to, second);
    int error = old || new ? failure() : 0;
    int done = -1;
    if (error) errno = error;
    else done = real_rename(from, to);
    if (done == 0 && (old || new)) {
        if (old && new) note('R', 0, 0, old, new, strlen(new));
        else note('X', 0, 0, "rename across the root", NULL, 0);
    }
    unlock();
    return done;
}

static int change(const char *path, char type, int (*one)(const char *), mode_t mode) {
    char buffer[PATH_MAX];
    lock();
    const char *name = below(path, buffer);
    char mode_now = name ? failing() : 0;
    int error = mode_now == 'r' ? EROFS : mode_now == 'i' ? EIO : mode_now == 'f' && type == 'M' ? ENOSPC : 0;
    int done = -1;
    if (error) errno = error;
    else done = type == 'M' ? real_mkdir(path, mode) : one(path);
    if (name && done == 0) note(type, 0, 0, name, NULL, 0);
    unlock();
    return done;
}

int unlink(const char *path) { pthread_once(&found, find_real); return change(path, 'U', real_unlink, 0); }
int rmdir(const char *path) { pthread_once(&found, find_real); return change(path, 'U', real_rmdir, 0); }
int mkdir(const char *path, mode_t mode) { return change(path, 'M', NULL, mode); }

// Not modelled: a test that meets one of these says so.
int link(const char *from, const char *to) {
    char buffer[PATH_MAX];
    lock();
    if (below(to, buffer)) note('X', 0, 0, "link", NULL, 0);
    unlock();
    return real_link(from, to);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
    lock();
    if (file_of(fd)) note('X', 0, 0, "fallocate", NULL, 0);
    unlock();
    return real_fallocate(fd, mode, offset, length);
}

ssize_t sendfile64(int out, int in, off64_t *offset, size_t length) {
    lock();
    if (file_of(out)) note('X', 0, 0, "sendfile", NULL, 0);
    unlock();
    return real_sendfile(out, in, offset, length);
}
