/* SPDX-License-Identifier: MIT */
/* A writer sends records (header and text, by writev) through a pipe to its child, which keeps the journal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

struct head {
	uint32_t magic, length;
};

#define MAGIC 0x4a4e4c21
#define MOST 20000

static int read_all(int fd, void *buf, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, (char *)buf + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return have == 0 && n == 0 ? 0 : -1;
		have += (size_t)n;
	}
	return 1;
}

static int keep_journal(int fd)
{
	struct head h;
	static char text[MOST];
	unsigned records = 0, sum = 0;
	int r;

	while ((r = read_all(fd, &h, sizeof(h))) == 1) {
		if (h.magic != MAGIC || h.length > sizeof(text) || read_all(fd, text, h.length) != 1) {
			fprintf(stderr, "journal: broken record after %u\n", records);
			return 1;
		}
		for (uint32_t i = 0; i < h.length; i++)
			sum = sum * 31 + (unsigned char)text[i];
		printf("%u: %u bytes from %.10s\n", ++records, h.length, text);
	}
	printf("%u records, sum %08x\n", records, sum);
	fflush(stdout);
	return r < 0;
}

static int append(int fd, const char *text)
{
	struct head h = { MAGIC, (uint32_t)strlen(text) };
	struct iovec v[2] = { { &h, sizeof(h) }, { (char *)text, h.length } };
	struct iovec *at = v;
	int left = 2;
	ssize_t n;

	for (;;) {
		n = writev(fd, at, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
#ifdef REPAIRED
		while (left && (size_t)n >= at->iov_len) {
			n -= (ssize_t)at->iov_len;
			at++;
			left--;
		}
		if (left) {
			at->iov_base = (char *)at->iov_base + n;
			at->iov_len -= (size_t)n;
			continue;
		}
#endif
		return 0;
	}
}

int main(void)
{
	int sv[2], status = 0, bad = 0;
	static char line[MOST];
	int length;
	pid_t child;

	signal(SIGPIPE, SIG_IGN);
	if (pipe(sv)) {
		perror("pipe");
		return 1;
	}
	child = fork();
	if (child < 0) {
		perror("fork");
		return 1;
	}
	if (child == 0) {
		close(sv[1]);
		exit(keep_journal(sv[0]));
	}
	close(sv[0]);
	for (int i = 1; i <= 4; i++) {
		length = 0;
		while (length < i * 3000)
			length += snprintf(line + length, sizeof(line) - (size_t)length,
				"entry %d: %d widgets moved to shelf %c. ", i, length % 97, 'A' + i);
		if (append(sv[1], line)) {
			perror("append");
			bad = 1;
			break;
		}
	}
	close(sv[1]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return bad || !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
