/* SPDX-License-Identifier: MIT */
/*
 * memfd: each message is written into a memory of its own, sealed, and handed over a socket pair with SCM_RIGHTS. The
 * receiver makes sure that it is sealed, maps it, and copies the message out.
 */
#include "tests/bench/loops.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

int memfd_open(struct ends *e)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		return -1;
	for (int side = 0; side < 2; side++)
		e->fd[side][0] = fds[side];
	return 0;
}

static int descriptor_pass(int socket, int fd)
{
	union control control = { .header = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
					  .cmsg_len = CMSG_LEN(sizeof(int)) } };
	char byte = 0;
	struct iovec one = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof control };

	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	return sendmsg(socket, &message, 0) == 1 ? 0 : -1;
}

int memfd_send(struct ends *e, int side, void *bytes)
{
	int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING), bad;

	bad = fd < 0 || write(fd, bytes, e->size) != (ssize_t)e->size || fcntl(fd, F_ADD_SEALS, SEALS) ||
		descriptor_pass(e->fd[side][0], fd);
	close(fd);
	return bad ? -1 : 0;
}

int memfd_receive(struct ends *e, int side, void *bytes)
{
	union control control;
	char byte;
	struct iovec one = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof control };
	void *memory = MAP_FAILED;
	int fd;

	if (recvmsg(e->fd[side][0], &message, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&message))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
	if ((fcntl(fd, F_GET_SEALS) & SEALS) == SEALS)
		memory = mmap(NULL, e->size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (memory == MAP_FAILED)
		return -1;
	memcpy(bytes, memory, e->size);
	munmap(memory, e->size);
	return 0;
}
