/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK_SIZE 40
static const char mark[MARK_SIZE + 1] = "5f2b0c7d9e1a4433b8c6d2e0f1a7b9c8d4e6f002";

static int writeAll(int fd, const char *p, size_t n) {
    while (n) {
	ssize_t k = write(fd, p, n);
	if (k == -1 && errno == EINTR) continue;
	if (k == -1) return -1;
	p += k;
	n -= k;
    }
    return 0;
}

static int master(int fd) {
    char buf[1000], ack[3];
    size_t have = 0;
    if (writeAll(fd, "$EOF:", 5) || writeAll(fd, mark, MARK_SIZE) || writeAll(fd, "\n", 1)) return 1;
    for (int i = 0; i < 3; i++) {
	for (size_t k = 0; k < sizeof(buf); k++) buf[k] = 'A' + (i * 7 + k * 3) % 26;
	if (writeAll(fd, buf, sizeof(buf))) return 1;
    }
    if (writeAll(fd, mark, MARK_SIZE)) return 1;
    while (have < 3) {
	ssize_t k = read(fd, ack + have, 3 - have);
	if (k == -1 && errno == EINTR) continue;
	if (k <= 0) return 1;
	have += k;
    }
    return memcmp(ack, "ACK", 3) != 0;
}

/* bytes of the payload, or -1 */
static long replica(int fd, unsigned *sum) {
    char buf[4096], eofmark[MARK_SIZE], lastbytes[MARK_SIZE], c;
    size_t n = 0;
    long total = 0;

    do {
	ssize_t k = read(fd, &c, 1);
	if (k == -1 && errno == EINTR) continue;
	if (k <= 0) return -1;
	if (n >= 5 && n < 5 + MARK_SIZE) eofmark[n - 5] = c;
	n++;
    } while (n < 5 + MARK_SIZE + 1);
    memset(lastbytes, 0, sizeof(lastbytes));
    for (;;) {
	ssize_t nread = read(fd, buf, sizeof(buf));
	if (nread == -1 && errno == EINTR) continue;
	if (nread <= 0) return -1;
	for (ssize_t i = 0; i < nread; i++) *sum += (unsigned char)buf[i];
	total += nread;
	if (nread >= MARK_SIZE) {
	    memcpy(lastbytes, buf + nread - MARK_SIZE, MARK_SIZE);
	} else {
#ifndef REPAIRED
	    memcpy(lastbytes, buf, nread);
#else
	    memmove(lastbytes, lastbytes + nread, MARK_SIZE - nread);
	    memcpy(lastbytes + MARK_SIZE - nread, buf, nread);
#endif
	}
	if (memcmp(lastbytes, eofmark, MARK_SIZE) == 0) break;
    }
    for (int i = 0; i < MARK_SIZE; i++) *sum -= (unsigned char)eofmark[i];
    return total - MARK_SIZE;
}

int main(void) {
    struct timeval tv = {1, 0};
    unsigned sum = 0;
    int sv[2], st;
    signal(SIGPIPE, SIG_IGN);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1) {
	perror("socketpair");
	return 1;
    }
    pid_t pid = fork();
    if (pid == 0) {
	close(sv[1]);
	_exit(master(sv[0]));
    }
    close(sv[0]);
    if (pid == -1) {
	perror("fork");
	return 1;
    }
    setsockopt(sv[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    long n = replica(sv[1], &sum);
    if (n >= 0) writeAll(sv[1], "ACK", 3);
    close(sv[1]);
    while (waitpid(pid, &st, 0) == -1 && errno == EINTR);
    if (n < 0 || st != 0) {
	fprintf(stderr, "sync failed\n");
	return 1;
    }
    printf("synced %ld bytes, sum %u\n", n, sum);
    return 0;
}
