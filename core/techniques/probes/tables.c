/* SPDX-License-Identifier: MIT */
/* What is known without measuring: which questions make no sense, and what the documentation promises. */
#include "core/techniques/probes/experiments.h"

#include <string.h>

#include "core/base/banned.h"

struct row {
	const char *techniques, *guarantees; /* words separated by spaces, with * and ? */
	const char *why;
	bool promised;
};

static bool words_match(const char *words, const char *name)
{
	char word[64];

	while (*words) {
		size_t n = strcspn(words, " ");

		text_copy(word, n + 1 < sizeof(word) ? n + 1 : sizeof(word), words);
		if (glob_match(word, name))
			return true;
		words += n;
		words += strspn(words, " ");
	}
	return false;
}

static const struct row senseless[] = {
	{ "signal",
		"boundaries no-corruption atomic-write partial-read partial-write max-message oversize-send "
		"short-buffer",
		"a standard signal carries no bytes: there is nothing to divide, to damage or to be too long", false },
	{ "rt-signal", "oversize-send", "a sigval has one size: a longer message cannot even be said", false },
	{ "rt-signal", "short-buffer", "siginfo_t has one size: a buffer that is too small cannot be given", false },
	{ "eventfd", "fifo global-order priority", "numbers that are added up have no order", false },
	{ "pipe fifo posix-mq sysv-mq posix-shm sysv-shm memfd signal rt-signal eventfd", "peer-death-reader-unread",
		"messages flow one way: the dead writer had no queue of its own to leave unread", false },
};

const char *question_senseless(const struct link *link, const char *guarantee)
{
	if (!link->accept && words_match("vanished-client backlog-full", guarantee))
		return "no connections that a server would accept";
	for (size_t i = 0; i < sizeof(senseless) / sizeof(senseless[0]); i++)
		if (words_match(senseless[i].techniques, link->name) && words_match(senseless[i].guarantees, guarantee))
			return senseless[i].why;
	return NULL;
}

/*
 * The first row that matches counts. A "yes" that was measured where the documentation refuses, or says nothing, is
 * "observed-not-guaranteed". Nothing here can turn a measured "no" into anything else.
 */
static const struct row documents[] = {
	{ "udp", "boundaries", "udp(7), RFC 768: a datagram is received whole or cut, never joined", true },
	{ "udp", "no-* fifo global-order eintr-no-loss",
		"udp(7): datagrams may be lost, doubled and reordered; the checksum is 16 bits and optional", false },
	{ "unix-dgram", "*", "unix(7): on Linux reliable, in order, with boundaries (POSIX leaves it open)", true },
	{ "unix-seqpacket", "*", "unix(7): connected, in order, with boundaries", true },
	{ "unix-stream socketpair", "fifo no-* eintr-no-loss global-order",
		"unix(7), socket(2): sequenced, reliable bytes", true },
	{ "tcp", "fifo no-* eintr-no-loss", "tcp(7), RFC 9293: ordered, reliable bytes with checksums", true },
	{ "pipe fifo", "fifo no-* eintr-no-loss global-order atomic-write",
		"pipe(7): bytes in the order of the writes; up to PIPE_BUF bytes in one piece", true },
	{ "posix-mq", "*", "mq_overview(7): kept until received, oldest of the highest priority first", true },
	{ "sysv-mq", "*", "msgop(2): kept until received, first of the type first", true },
	{ "rt-signal", "*", "signal(7): queued, same number in order, lowest number first", true },
	{ "signal", "no-loss no-duplication eintr-no-loss",
		"signal(7): pending until taken; a second one of the same number merges with it", true },
	{ "eventfd", "*", "eventfd(2): the counter is the sum of what was written and not yet read", true },
	{ "posix-shm sysv-shm memfd", "*",
		"memory keeps what is written; order needs synchronisation (sem_overview(7))", true },
};

bool documentation_promises(const struct link *link, const char *guarantee, const char **source)
{
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		if (!words_match(documents[i].techniques, link->name) ||
			!words_match(documents[i].guarantees, guarantee))
			continue;
		*source = documents[i].why;
		return documents[i].promised;
	}
	*source = "no manual page promises it";
	return false;
}
