/* SPDX-License-Identifier: MIT */
/* tftpd - serves one read-only "file" over a TFTP-like protocol on 127.0.0.1.
 *
 *   RRQ   1 name\0
 *   DATA  3 block  up to 512 bytes; a shorter block is the last
 *   ACK   4 block
 *   ERROR 5 code   text\0
 *
 * Each transfer gets a child and a socket (its own port), as RFC 1350 has it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define BLK 512
#define RESEND 200 /* ms */
#define TRIES 8

static char file[12 * BLK + 77];

static void on_term(int sig)
{
	(void)sig;
	_exit(0);
}

static long msec(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

static void put16(unsigned char *p, unsigned v)
{
	p[0] = v >> 8;
	p[1] = v & 255;
}

static unsigned get16(const unsigned char *p)
{
	return p[0] << 8 | p[1];
}

/* 1: acknowledged, 0: time is over, -1: the peer is gone */
static int wait_ack(int s, unsigned block, long until)
{
	unsigned char pkt[BLK + 4];

	for (;;) {
		struct pollfd pf = { .fd = s, .events = POLLIN };
		long left = until - msec();
		ssize_t n;

		if (left <= 0)
			return 0;
		if (poll(&pf, 1, (int)left) <= 0)
			continue;
		n = recv(s, pkt, sizeof pkt, MSG_DONTWAIT);
		if (n < 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			return -1;
		}
		/* an old ACK is no reason to send anything (sorcerer's apprentice) */
		if (n >= 4 && get16(pkt) == 4 && get16(pkt + 2) == block)
			return 1;
		if (n >= 4 && get16(pkt) == 5)
			return -1;
	}
}

static int transfer(int s)
{
	unsigned char pkt[BLK + 4];
	size_t off = 0;
	unsigned block = 1;

	for (;; block++) {
		size_t n = sizeof file - off < BLK ? sizeof file - off : BLK;
		int tries = 0, r = 0;

		put16(pkt, 3);
		put16(pkt + 2, block);
		memcpy(pkt + 4, file + off, n);
		while (r == 0 && tries++ < TRIES) {
			if (send(s, pkt, n + 4, 0) < 0 && errno == ECONNREFUSED)
				return 1;
			r = wait_ack(s, block, msec() + RESEND);
		}
		if (r <= 0)
			return 1;
		off += n;
		if (n < BLK)
			return 0;
	}
}

static void serve(const struct sockaddr_in *peer, const char *name)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	unsigned char err[32];
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (s < 0 || bind(s, (struct sockaddr *)&any, sizeof any) < 0 ||
		connect(s, (const struct sockaddr *)peer, sizeof *peer) < 0) {
		perror("tftpd: transfer");
		_exit(1);
	}
	if (strcmp(name, "report.txt") != 0) {
		put16(err, 5);
		put16(err + 2, 1);
		strcpy((char *)err + 4, "no such file");
		send(s, err, 4 + 13, 0);
		_exit(0);
	}
	_exit(transfer(s));
}

int main(int argc, char **argv)
{
	struct sockaddr_in me = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s;

	if (argc != 2) {
		fprintf(stderr, "usage: tftpd PORT\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof file; i++)
		file[i] = i % 61 == 60 ? '\n' : 'a' + (i * 7 + i / 61) % 26;
	me.sin_port = htons(atoi(argv[1]));
	s = socket(AF_INET, SOCK_DGRAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&me, sizeof me) < 0) {
		perror("tftpd");
		return 1;
	}
	signal(SIGCHLD, SIG_IGN); /* children are not waited for */
	signal(SIGTERM, on_term);
	printf("tftpd ready\n");
	fflush(stdout);
	for (;;) {
		unsigned char pkt[BLK];
		struct sockaddr_in peer;
		socklen_t len = sizeof peer;
		ssize_t n = recvfrom(s, pkt, sizeof pkt - 1, 0, (struct sockaddr *)&peer, &len);
		pid_t me = getpid();

		if (n < 0)
			continue;
		pkt[n] = 0;
		if (n < 3 || get16(pkt) != 1)
			continue;
		switch (fork()) {
		case 0:
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			signal(SIGTERM, SIG_DFL);
			if (getppid() != me)
				_exit(1);
			close(s);
			serve(&peer, (char *)pkt + 2);
		case -1:
			perror("tftpd: fork");
		}
	}
}
