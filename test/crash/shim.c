// Faults in single system calls of a process that does not know of it (LD_PRELOAD). Wraps the calls of libc that Node 20
// makes for the engine's disk; counts those of one kind on paths of one pattern, and does something to one of them.
//
//   FIRN_SHIM_ROOT   only paths below it are looked at
//   FIRN_SHIM_TRACE  a line for each call, "kind path", and "! kind path" for the one with the fault
//   FIRN_SHIM_KIND   create write fsync fdatasync rename link unlink ftruncate mkdir
//   FIRN_SHIM_PATH   pattern of the path (fnmatch, * for slashes too), FIRN_SHIM_CALL number of the call, from 1
//   FIRN_SHIM_WAY    fail       nothing is done, EIO           enospc     nothing is done, ENOSPC
//                    done-fail  done, EIO all the same         short      half is written, and it says so
//                    kill       the process dies before it     kill-after the process dies after it
//                    torn       half is written, then it dies
//                    lost-fail  what no earlier fsync of this file covers is gone, EIO  (a disk that failed to write back)
//                    lost-kill  the same, and the process dies                          (a power loss)
//
// A rename or link is on the path that gets the name. Descriptors are known by the path that they were opened with.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FILES = 4096, PARTS = 1024 };

// Written by the thread that opens the file, read by the threads that use it: as with the descriptor itself.
static char *paths[FILES];
// Length of each file that an fsync, or its opening, vouches for.
static off64_t synced[FILES];

static const char *root, *kind, *pattern, *way;
static long wanted;
static atomic_long matched;
static int trace = -1;

#define REAL(name) \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void) {
  root = getenv("FIRN_SHIM_ROOT");
  kind = getenv("FIRN_SHIM_KIND");
  pattern = getenv("FIRN_SHIM_PATH");
  way = getenv("FIRN_SHIM_WAY");
  const char *call = getenv("FIRN_SHIM_CALL");
  wanted = call == NULL ? 0 : atol(call);
  const char *file = getenv("FIRN_SHIM_TRACE");
  // By number, so that our own descriptor is no call of the engine.
  if (file != NULL) trace = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static int below(const char *path) {
  return root != NULL && path != NULL && strncmp(path, root, strlen(root)) == 0;
}

static void note(const char *mark, const char *what, const char *path) {
  char line[PATH_MAX + 32];
  int bytes = snprintf(line, sizeof line, "%s%s %s\n", mark, what, path);
  if (trace != -1 && bytes > 0) syscall(SYS_write, trace, line, (size_t)bytes);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// Notes the call. Returns the way in which it shall fail, or NULL: let it be.
static const char *fault(const char *what, const char *path) {
  if (!below(path)) return NULL;
  int hit = kind != NULL && strcmp(kind, what) == 0 && (pattern == NULL || fnmatch(pattern, path, 0) == 0) &&
            atomic_fetch_add(&matched, 1) + 1 == wanted;
  note(hit ? "! " : "", what, path);
  if (hit && strcmp(way, "kill") == 0) die();
  return hit ? way : NULL;
}

static int is(const char *how, const char *name) { return how != NULL && strcmp(how, name) == 0; }

// Whether the call shall not be done at all; errno is set.
static int refused(const char *how) {
  if (is(how, "fail")) errno = EIO;
  else if (is(how, "enospc")) errno = ENOSPC;
  else return 0;
  return 1;
}

// What the caller is told of a call that was done and returned `result`.
static long told(const char *how, long result) {
  if (is(how, "kill-after")) die();
  if (!is(how, "done-fail")) return result;
  errno = EIO;
  return -1;
}

// The path of a descriptor, or NULL for one that is not ours. libc closes some descriptors where we do not see it, and the
// number comes again for something else: the system says what it is now.
static const char *path_of(int fd) {
  if (fd < 0 || fd >= FILES || paths[fd] == NULL) return NULL;
  char name[64], now[PATH_MAX];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t bytes = readlink(name, now, sizeof now - 1);
  return bytes > 0 && strncmp(now, paths[fd], strlen(paths[fd])) == 0 ? paths[fd] : NULL;
}

static off64_t length_of(int fd) {
  struct stat64 found;
  return fstat64(fd, &found) == 0 ? found.st_size : 0;
}

int open64(const char *path, int flags, ...) {
  REAL(open64);
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  const char *how = (flags & O_CREAT) != 0 ? fault("create", path) : NULL;
  if (refused(how)) return -1;
  int fd = real(path, flags, mode);
  if (fd >= 0 && fd < FILES && below(path)) {
    free(paths[fd]);
    synced[fd] = length_of(fd);
    paths[fd] = strdup(path);
  }
  long result = told(how, fd);
  if (result == -1 && fd >= 0) close(fd);
  return (int)result;
}

int close(int fd) {
  REAL(close);
  // Before the number is free for others.
  if (fd >= 0 && fd < FILES && paths[fd] != NULL) {
    free(paths[fd]);
    paths[fd] = NULL;
  }
  return real(fd);
}

// One way for all kinds of write. `offset` −1: where the file stands.
static ssize_t put(int fd, const struct iovec *parts, int count, off64_t offset) {
  const char *path = path_of(fd);
  const char *how = path == NULL ? NULL : fault("write", path);
  if (refused(how)) return -1;
  struct iovec some[PARTS];
  if (is(how, "torn") || is(how, "short")) {
    size_t bytes = 0;
    for (int i = 0; i < count; i++) bytes += parts[i].iov_len;
    size_t left = bytes - bytes / 2;
    int used = 0;
    for (; used < count && used < PARTS && left > 0; used++) {
      some[used] = parts[used];
      if (some[used].iov_len > left) some[used].iov_len = left;
      left -= some[used].iov_len;
    }
    parts = some;
    count = used;
  }
  long written = offset == -1 ? syscall(SYS_writev, fd, parts, count)
                              : syscall(SYS_pwritev, fd, parts, count, (long)offset, 0L);
  if (is(how, "torn")) die();
  return told(how, written);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  struct iovec one = {(void *)bytes, count};
  if (path_of(fd) == NULL) return syscall(SYS_write, fd, bytes, count);
  return put(fd, &one, 1, -1);
}

ssize_t writev(int fd, const struct iovec *parts, int count) { return put(fd, parts, count, -1); }

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  struct iovec one = {(void *)bytes, count};
  return put(fd, &one, 1, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  return put(fd, parts, count, offset);
}

static int sync_with(const char *what, int fd, long number) {
  const char *path = path_of(fd);
  const char *how = path == NULL ? NULL : fault(what, path);
  if (refused(how)) return -1;
  if (is(how, "lost-fail") || is(how, "lost-kill")) {
    if (length_of(fd) > synced[fd]) syscall(SYS_ftruncate, fd, (long)synced[fd]);
    if (is(how, "lost-kill")) die();
    errno = EIO;
    return -1;
  }
  off64_t length = path == NULL ? 0 : length_of(fd);
  long result = syscall(number, fd);
  if (result == 0 && path != NULL) synced[fd] = length;
  return (int)told(how, result);
}

int fsync(int fd) { return sync_with("fsync", fd, SYS_fsync); }

int fdatasync(int fd) { return sync_with("fdatasync", fd, SYS_fdatasync); }

int ftruncate64(int fd, off64_t length) {
  const char *path = path_of(fd);
  const char *how = path == NULL ? NULL : fault("ftruncate", path);
  if (refused(how)) return -1;
  return (int)told(how, syscall(SYS_ftruncate, fd, (long)length));
}

// Calls on names: done by their number, there is nothing of libc in them.
static int name_call(const char *what, const char *path, long number, long first, long second) {
  const char *how = fault(what, path);
  if (refused(how)) return -1;
  return (int)told(how, syscall(number, first, second));
}

int rename(const char *from, const char *to) { return name_call("rename", to, SYS_rename, (long)from, (long)to); }

int link(const char *from, const char *to) { return name_call("link", to, SYS_link, (long)from, (long)to); }

int unlink(const char *path) { return name_call("unlink", path, SYS_unlink, (long)path, 0); }

int mkdir(const char *path, mode_t mode) { return name_call("mkdir", path, SYS_mkdir, (long)path, (long)mode); }
