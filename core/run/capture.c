/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/run/box.h"

int capture_open(struct capture *c)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	c->read_fd = fds[0];
	c->write_fd = fds[1];
	/* Our end only: O_NONBLOCK of the other would be the role's. */
	if (fcntl(c->read_fd, F_SETFL, O_NONBLOCK))
		return -errno;
	return 0;
}

void capture_close(struct capture *c)
{
	if (c->read_fd >= 0)
		close(c->read_fd);
	if (c->write_fd >= 0)
		close(c->write_fd);
	c->read_fd = c->write_fd = -1;
	c->to = NULL;
}

void capture_begin(struct capture *c, struct output *to)
{
	to->length = 0;
	to->hash = 0;
	to->kept = 0;
	to->text[0] = '\0';
	c->to = to;
	XXH3_64bits_reset(&c->hash);
}

static void capture_take(struct capture *c, const char *bytes, size_t n)
{
	struct output *to = c->to;
	size_t room;

	if (!to)
		return;
	XXH3_64bits_update(&c->hash, bytes, n);
	to->length += n;
	room = sizeof(to->text) - 1 - to->kept;
	if (n > room)
		n = room;
	memcpy(to->text + to->kept, bytes, n);
	to->kept += (uint32_t)n;
	to->text[to->kept] = '\0';
}

bool capture_drain(struct capture *c)
{
	char buffer[16384];
	bool some = false;
	ssize_t n;

	while ((n = read(c->read_fd, buffer, sizeof(buffer))) > 0 || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		capture_take(c, buffer, (size_t)n);
		some = true;
		if ((size_t)n < sizeof(buffer))
			break;
	}
	return some;
}

void capture_end(struct capture *c)
{
	if (!c->to)
		return;
	while (capture_drain(c))
		;
	c->to->hash = XXH3_64bits_digest(&c->hash);
	c->to = NULL;
}
