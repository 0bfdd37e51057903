/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that come with a message to a process that is short of them: Linux drops them, gives the message all the
 * same, and says MSG_CTRUNC (unix(7)).
 */
#include "faults/preload/inject.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool are_rights(const struct cmsghdr *c)
{
	return c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS;
}

static void close_all(struct cmsghdr *c)
{
	for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
		int fd;

		memcpy(&fd, (char *)c + at, sizeof(fd));
		syscall(SYS_close, fd);
	}
}

/* Takes them out of the control data; false: there are none. */
static bool drop(struct msghdr *m)
{
	char *end = (char *)m->msg_control + m->msg_controllen;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		char *next = (char *)c + CMSG_ALIGN(c->cmsg_len);

		if (!are_rights(c))
			continue;
		close_all(c);
		m->msg_controllen = (size_t)((char *)c - (char *)m->msg_control);
		if (next < end) {
			memmove(c, next, (size_t)(end - next));
			m->msg_controllen += (size_t)(end - next);
		}
		return true;
	}
	return false;
}

enum refusal rights_drop(struct inv *v)
{
	struct msghdr *m = (struct msghdr *)v->a[1];

	if (v->shape != SH_MSG_IN || !m->msg_control || !m->msg_controllen || peeks(v))
		return REFUSED_ERRNO;
	v->result = call_real(v);
	v->error = v->result == -1 ? errno : 0;
	v->skip = true;
	if (v->result == -1 || !drop(m))
		return REFUSED_ERRNO;
	m->msg_flags |= MSG_CTRUNC;
	return REFUSED_NOT;
}
