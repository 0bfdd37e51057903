/* SPDX-License-Identifier: MIT */
/* upcased -- upper-cases words.  Requests have mtype 1, replies mtype = slot the client asked for. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>

struct req { long mtype; long slot; unsigned nonce; char word[40]; };
struct rep { long mtype; unsigned nonce; char word[40]; };

#define RQSZ (sizeof(struct req) - sizeof(long))
#define RPSZ (sizeof(struct rep) - sizeof(long))

static int q = -1;

static void quit(int s)
{
	(void)s;
	msgctl(q, IPC_RMID, 0);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct req rq;
	struct rep rp;

	if (argc != 2) { fprintf(stderr, "usage: upcased KEY\n"); return 2; }
	q = msgget(atoi(argv[1]), IPC_CREAT | IPC_EXCL | 0600);
	if (q < 0) { perror("upcased: msgget"); return 1; }
	signal(SIGTERM, quit);
	printf("up\n");
	fflush(stdout);
	for (;;) {
		if (msgrcv(q, &rq, RQSZ, 1, 0) < 0) {
			if (errno == EINTR) continue;
			perror("upcased: msgrcv");
			msgctl(q, IPC_RMID, 0);
			return 1;
		}
		memset(&rp, 0, sizeof rp);
		rp.mtype = rq.slot;
		rp.nonce = rq.nonce;
		rq.word[sizeof rq.word - 1] = 0;
		for (int i = 0; rq.word[i]; i++)
			rp.word[i] = toupper((unsigned char)rq.word[i]);
		while (msgsnd(q, &rp, RPSZ, IPC_NOWAIT) < 0) {
			if (errno == EINTR) continue;
			fprintf(stderr, "upcased: reply to %ld dropped: %s\n", rq.slot, strerror(errno));
			break;
		}
	}
}
