/* SPDX-License-Identifier: MIT */
#include "core/sys/timewait.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/sys/files.h"

enum { ANSWER_ROOM = 16384, SOCKETS_MOST = 256, ROUNDS_MOST = 16 };

struct request {
	struct nlmsghdr head;
	struct inet_diag_req_v2 what;
};

static int diag_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	return fd < 0 ? -errno : fd;
}

static int diag_ask(int fd, struct request *r, uint16_t type, uint16_t flags)
{
	r->head = (struct nlmsghdr){
		.nlmsg_len = sizeof(*r), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags
	};
	r->what.sdiag_protocol = IPPROTO_TCP;
	return send(fd, r, sizeof(*r), 0) == (ssize_t)sizeof(*r) ? 0 : -errno;
}

/* 0, or -errno as the kernel says it. */
static int diag_destroy(int fd, uint8_t family, const struct inet_diag_sockid *id)
{
	struct request r = { .what = { .sdiag_family = family, .id = *id } };
	_Alignas(struct nlmsghdr) char answer[1024];
	const struct nlmsghdr *head = (const struct nlmsghdr *)answer;
	int error = diag_ask(fd, &r, SOCK_DESTROY, NLM_F_ACK);
	ssize_t n = error ? 0 : recv(fd, answer, sizeof(answer), 0);

	if (error)
		return error;
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) || head->nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return ((const struct nlmsgerr *)NLMSG_DATA(head))->error;
}

/* The first of those in TIME-WAIT, or on the way there; SOCKETS_MOST at most. Their number, or -errno. */
static int waiting_list(int fd, uint8_t family, struct inet_diag_sockid *ids)
{
	const uint32_t states = 1u << TCP_TIME_WAIT | 1u << TCP_FIN_WAIT2;
	struct request r = { .what = { .sdiag_family = family, .idiag_states = states } };
	_Alignas(struct nlmsghdr) char answer[ANSWER_ROOM];
	int error = diag_ask(fd, &r, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP), n = 0;

	while (!error) {
		ssize_t got = recv(fd, answer, sizeof(answer), 0);
		size_t left = got > 0 ? (size_t)got : 0;

		if (got <= 0)
			return got < 0 ? -errno : -EPROTO;
		for (const struct nlmsghdr *h = (const struct nlmsghdr *)answer; NLMSG_OK(h, left);
			h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return n;
			if (h->nlmsg_type == NLMSG_ERROR)
				return ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
			if (h->nlmsg_type == SOCK_DIAG_BY_FAMILY && n < SOCKETS_MOST)
				ids[n++] = ((const struct inet_diag_msg *)NLMSG_DATA(h))->id;
		}
	}
	return error;
}

bool timewait_removable(void)
{
	const struct inet_diag_sockid nobody = { .idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } };
	int fd = diag_open(), error = fd < 0 ? fd : diag_destroy(fd, AF_INET, &nobody);

	if (fd >= 0)
		close(fd);
	/* It would have been, had there been one. */
	return error == -ENOENT;
}

int timewait_set(bool on)
{
	return file_write("/proc/sys/net/ipv4/tcp_max_tw_buckets", on ? "1024" : "0");
}

static int family_clear(int fd, uint8_t family)
{
	struct inet_diag_sockid ids[SOCKETS_MOST];

	for (int round = 0; round < ROUNDS_MOST; round++) {
		int n = waiting_list(fd, family, ids);

		if (n <= 0)
			return n;
		for (int i = 0; i < n; i++) {
			int error = diag_destroy(fd, family, &ids[i]);

			/* Its time may be over by now. */
			if (error && error != -ENOENT)
				return error;
		}
	}
	return -EBUSY;
}

int timewait_clear(void)
{
	int fd = diag_open(), error = fd < 0 ? fd : family_clear(fd, AF_INET);

	if (!error)
		error = family_clear(fd, AF_INET6);
	/* A kernel without IPv6. */
	if (error == -ENOENT)
		error = 0;
	if (fd >= 0)
		close(fd);
	return error;
}
