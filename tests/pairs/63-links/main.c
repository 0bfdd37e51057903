/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t winch;
static void on_winch(int s) { winch = s; }

static unsigned seq;

static int request(int fd, int type)
{
	struct { struct nlmsghdr h; struct rtgenmsg g; } r = {
		.h = { .nlmsg_len = NLMSG_LENGTH(sizeof r.g), .nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = ++seq },
		.g = { .rtgen_family = AF_UNSPEC } };
	struct sockaddr_nl k = { .nl_family = AF_NETLINK };

	while (sendto(fd, &r, r.h.nlmsg_len, 0, (void *)&k, sizeof k) < 0)
		if (errno != EINTR)
			return -1;
	return 0;
}

static int count(int fd, int type)
{
	char buf[32768] __attribute__((aligned(8)));
	int n = 0;

	if (request(fd, type))
		return -1;
	for (;;) {
		ssize_t k = recv(fd, buf, sizeof buf, 0);
		if (k < 0 && errno == EINTR) {
#ifndef REPAIRED
			if (request(fd, type))	/* start again */
				return -1;
			n = 0;
#endif
			continue;
		}
		if (k < 0)
			return -1;
		for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, k); h = NLMSG_NEXT(h, k)) {
#ifdef REPAIRED
			if (h->nlmsg_seq != seq)
				continue;
#endif
			if (h->nlmsg_type == NLMSG_DONE)
				return n;
			if (h->nlmsg_type == NLMSG_ERROR)
				return -1;
			n++;
		}
	}
}

int main(void)
{
	struct sockaddr_nl me = { .nl_family = AF_NETLINK };
	struct sigaction sa = { .sa_handler = on_winch };
	struct timeval tv = { 3, 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), links, again, addrs;

	sigaction(SIGWINCH, &sa, NULL);
	if (fd < 0 || bind(fd, (void *)&me, sizeof me) || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv)) {
		perror("netlink");
		return 1;
	}
	links = count(fd, RTM_GETLINK);
	addrs = links < 0 ? -1 : count(fd, RTM_GETADDR);
	again = addrs < 0 ? -1 : count(fd, RTM_GETLINK);
	if (again < 0) {
		perror("dump");
		return 1;
	}
	printf("links %s, %s\n", links > 0 ? "some" : "none", links == again ? "steady" : "changing");
	close(fd);
	return 0;
}
