/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "core/base/banned.h"

/* by_number: what it moves, it moves by syscall(2); and what that says of nonsense. */
int main(void)
{
	char bytes[16] = "", again[] = "again";
	struct iovec iov = { .iov_base = again, .iov_len = 5 };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	int fds[2];

	if (syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds) || syscall(SYS_write, fds[0], "hello", 5) != 5)
		return 1;
	printf("read %ld", syscall(SYS_read, fds[1], bytes, sizeof(bytes)));
	if (syscall(SYS_sendmmsg, fds[0], &message, 1, 0) != 1 || syscall(SYS_getpid) != getpid())
		return 1;
	printf(", received %ld\n", syscall(SYS_recvfrom, fds[1], bytes, sizeof(bytes), 0, NULL, NULL));
	if (syscall(SYS_read, -1, bytes, 1) != -1 || errno != EBADF || syscall(INT_MAX) != -1 || errno != ENOSYS)
		return 1;
	return 0;
}
