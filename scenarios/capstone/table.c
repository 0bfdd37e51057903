/* SPDX-License-Identifier: MIT */
#include "scenarios/capstone/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "scenarios/capstone/common.h"
#include "scenarios/capstone/wire.h"
#include "core/base/banned.h"

uint64_t table_checksum(const struct table *t)
{
	return checksum_of(t, offsetof(struct table, checksum));
}

bool table_is_whole(const struct table *t)
{
	int64_t sum = 0;

	for (int i = 0; i < ROWS; i++)
		sum = (int64_t)((uint64_t)sum + (uint64_t)t->rows[i].value);
	return sum == t->total && t->checksum == table_checksum(t);
}

enum applied table_apply(struct table *t, uint32_t id, uint64_t sequence, int64_t amount, bool again_too)
{
	struct row *row = &t->rows[id];

	if (sequence > row->last + 1)
		return OUT_OF_TURN;
	if (sequence <= row->last && !again_too)
		return APPLIED_BEFORE;
	/* Unsigned, for nobody says that a client's sum stays within bounds. */
	row->value = (int64_t)((uint64_t)row->value + (uint64_t)amount);
	t->total = (int64_t)((uint64_t)t->total + (uint64_t)amount);
	row->last = sequence;
	t->generation++;
	t->checksum = table_checksum(t);
	return APPLIED;
}

static int open_again(int directory, const char *name, int flags)
{
	int fd;

	do
		fd = openat(directory, name, flags | O_CLOEXEC, 0666);
	while (fd < 0 && errno == EINTR);
	return fd;
}

/* Reads until n bytes are there or the file ends. The bytes read, or -1. */
static ssize_t file_read(int fd, void *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = read(fd, (char *)bytes + done, n - done);

		if (r == 0)
			break;
		if (r < 0 && errno != EINTR)
			return -1;
		if (r > 0)
			done += (size_t)r;
	}
	return (ssize_t)done;
}

static bool file_write(int fd, const void *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = write(fd, (const char *)bytes + done, n - done);

		if (r < 0 && errno != EINTR)
			return false;
		if (r > 0)
			done += (size_t)r;
	}
	return true;
}

static bool to_disk(int fd)
{
	int r;

	do
		r = fsync(fd);
	while (r < 0 && errno == EINTR);
	/* What cannot be synchronised (some file systems' directories) says EINVAL. */
	return r == 0 || errno == EINVAL;
}

int table_load(int directory, struct table *t)
{
	ssize_t n;
	int fd;

	*t = (struct table){ .generation = 0 };
	t->checksum = table_checksum(t);
	fd = open_again(directory, "table.data", O_RDONLY);
	if (fd < 0)
		return errno == ENOENT ? 0 : say_errno("table.data");
	n = file_read(fd, t, sizeof(*t));
	fd_close(fd);
	if (n < 0)
		return say_errno("table.data");
	if (n != (ssize_t)sizeof(*t) || !table_is_whole(t))
		return say("table.data: the table is not whole");
	return 0;
}

int table_store(int directory, const struct table *t, bool in_place)
{
	/* Mistake: written over the old table, the new one is for a moment half of it. Who is killed then has neither. */
	const char *name = in_place ? "table.data" : "table.new";
	int fd = open_again(directory, name, O_WRONLY | O_CREAT | O_TRUNC);
	int error = 1;

	if (fd < 0)
		return say_errno("%s", name);
	/* The content before the name: rename() may reach the disk before what was written only to memory. */
	if (!file_write(fd, t, sizeof(*t)) || !to_disk(fd))
		say_errno("%s", name);
	else if (!in_place && renameat(directory, "table.new", directory, "table.data") < 0)
		say_errno("rename %s", name);
	/* The name is on the disk when the directory is. */
	else if (!to_disk(directory))
		say_errno("the directory");
	else
		error = 0;
	fd_close(fd);
	return error;
}
