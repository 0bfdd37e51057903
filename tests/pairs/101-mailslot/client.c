/* SPDX-License-Identifier: MIT */
/* upcase -- client number 2 of upcased */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <time.h>
#include <unistd.h>

struct req { long mtype; long slot; unsigned nonce; char word[40]; };
struct rep { long mtype; unsigned nonce; char word[40]; };

#define SLOT 2

static int q;

static long ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int pick(struct rep *rp, unsigned nonce)
{
	long end = ms() + 3000;

	while (ms() < end) {
		if (msgrcv(q, rp, sizeof *rp - sizeof(long), SLOT, IPC_NOWAIT) >= 0) {
#ifdef REPAIRED
			if (rp->nonce != nonce)
				continue;
#else
			(void)nonce;
#endif
			return 0;
		}
		if (errno != ENOMSG && errno != EINTR)
			return -1;
		struct timespec nap = { 0, 1000000 };
		nanosleep(&nap, 0);
	}
	errno = ETIMEDOUT;
	return -1;
}

int main(int argc, char **argv)
{
	static const char *const words[] = { "alpha", "beta", "gamma", "delta", "omega" };
	struct timespec t;
	unsigned nonce;

	if (argc != 2) return 2;
	clock_gettime(CLOCK_REALTIME, &t);
	nonce = (unsigned)getpid() << 16 ^ (unsigned)t.tv_nsec;
	q = msgget(atoi(argv[1]), 0600);
	if (q < 0) { perror("upcase: msgget"); return 1; }
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct req rq = { .mtype = 1, .slot = SLOT, .nonce = ++nonce };
		struct rep rp;
		strcpy(rq.word, words[i]);
		while (msgsnd(q, &rq, sizeof rq - sizeof(long), 0) < 0)
			if (errno != EINTR) { perror("upcase: msgsnd"); return 1; }
		if (pick(&rp, nonce) < 0) { perror("upcase: no reply"); return 1; }
		printf("%s %s\n", words[i], rp.word);
	}
	return 0;
}
