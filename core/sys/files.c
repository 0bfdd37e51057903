/* SPDX-License-Identifier: MIT */
#include "core/sys/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/banned.h"

enum { DEPTH_MOST = 128 };

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Takes over fd. The first error stays, but everything that can be removed is removed. */
static int clear_at(int fd, dev_t device, int depth)
{
	int error = 0;
	DIR *dir = fdopendir(fd);

	if (!dir) {
		error = -errno;
		close(fd);
		return error;
	}
	for (struct dirent *e; (e = readdir(dir));) {
		struct stat st;

		if (is_dots(e->d_name) || fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISDIR(st.st_mode) && st.st_dev == device && depth < DEPTH_MOST) {
			int below;

			fchmodat(dirfd(dir), e->d_name, 0700, 0);
			below = openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (below >= 0)
				clear_at(below, device, depth + 1);
		}
		if (unlinkat(dirfd(dir), e->d_name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) && !error)
			error = -errno;
	}
	closedir(dir);
	return error;
}

int tree_clear(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		int error = -errno;

		close(fd);
		return error;
	}
	return clear_at(fd, st.st_dev, 0);
}

int tree_remove(const char *path)
{
	int error = tree_clear(path);

	if (rmdir(path))
		return error ? error : -errno;
	return 0;
}

bool directory_empty(const char *path)
{
	bool empty = true;
	DIR *dir = opendir(path);

	if (!dir)
		return false;
	for (struct dirent *e; empty && (e = readdir(dir));)
		empty = is_dots(e->d_name);
	closedir(dir);
	return empty;
}

int file_write(const char *path, const char *text)
{
	int error = 0, fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		error = -errno;
	close(fd);
	return error;
}
