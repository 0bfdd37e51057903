/* SPDX-License-Identifier: MIT */
#include "frame.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

static int get_exactly(int fd, char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = recv(fd, p, n, 0);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return -1;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

int frame_get(int fd, char *buffer, size_t size)
{
	char digits[5] = "";
	long length;

#ifdef REPAIRED
	if (get_exactly(fd, digits, 4) < 0)
		return -1;
#else
	ssize_t r;

	while ((r = recv(fd, digits, 4, 0)) < 0 && errno == EINTR)
		;
	if (r <= 0)
		return -1;
#endif
	length = strtol(digits, NULL, 10);
	if (length <= 0 || (size_t)length >= size)
		return -1;
	if (get_exactly(fd, buffer, (size_t)length) < 0)
		return -1;
	buffer[length] = '\0';
	return (int)length;
}

int frame_put(int fd, const char *text, size_t length)
{
	char frame[1024];
	size_t n = 0, total = length + 4;

	if (length == 0 || total >= sizeof(frame))
		return -1;
	snprintf(frame, sizeof(frame), "%04zu", length);
	memcpy(frame + 4, text, length);
	while (n < total) {
		ssize_t r = send(fd, frame + n, total - n, MSG_NOSIGNAL);

		if (r < 0 && errno != EINTR)
			return -1;
		n += r > 0 ? (size_t)r : 0;
	}
	return 0;
}
