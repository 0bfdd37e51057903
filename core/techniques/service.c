/* SPDX-License-Identifier: MIT */
#include "core/techniques/service.h"

#include <errno.h>
#include <fcntl.h>

#include "core/include/sabot.h"
#include "core/base/banned.h"

bool pattern_answers(enum pattern p)
{
	return p == PATTERN_ECHO || p == PATTERN_REQUEST_REPLY;
}

void path_of(const struct ref_options *o, const char *name, uint32_t client, char *out, size_t size)
{
	int n = client ? snprintf(out, size, "%s/%s-%u", o->directory, name, client) :
			 snprintf(out, size, "%s/%s", o->directory, name);

	if (n < 0 && size)
		*out = '\0';
}

int file_hash(const char *path, uint64_t *hash)
{
	unsigned char bytes[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC), result = 0;

	*hash = HASH_BASIS;
	if (fd < 0)
		return say_errno("open %s", path);
	while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n > 0) {
			*hash = hash_bytes(*hash, bytes, (size_t)n);
		} else if (errno != EINTR) {
			result = say_errno("read %s", path);
			break;
		}
	}
	close(fd);
	return result;
}

/* ---- bulk: the copy ---- */

static void copy_path(const struct ref_options *o, const struct peer *p, char *path, size_t size)
{
	path_of(o, "copy", p->id, path, size);
}

/* All of it: a regular file takes what there is room for, but a signal or a full disk may come between. */
static int file_append(int fd, const unsigned char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t written = write(fd, bytes, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return say_errno("writing the copy");
		bytes += written;
		n -= (size_t)written;
	}
	return 0;
}

static int copy_add(const struct ref_options *o, struct peer *p, const struct message *m)
{
	char path[256];

	if (p->copy == 0) {
		copy_path(o, p, path, sizeof(path));
		p->copy = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) + 1;
		if (p->copy == 0)
			return say_errno("open %s", path);
	}
	return file_append(p->copy - 1, m->payload, m->length);
}

/* The hash of the file as it can be read back, or 0. */
static uint64_t copy_hash(const struct ref_options *o, const struct peer *p)
{
	char path[256];
	uint64_t hash;

	if (p->copy == 0)
		return HASH_BASIS;
	copy_path(o, p, path, sizeof(path));
	return file_hash(path, &hash) == 0 ? hash : 0;
}

static void copy_remove(const struct ref_options *o, struct peer *p)
{
	char path[256];

	if (p->copy == 0)
		return;
	close(p->copy - 1);
	p->copy = 0;
	copy_path(o, p, path, sizeof(path));
	unlink(path);
}

/* ---- what a message is answered with ---- */

/* Slow reader: the receiver's own work. What comes meanwhile stays in the kernel, and the sender is made to wait. */
static void pace(const struct ref_options *o)
{
	struct timespec t = { .tv_sec = o->pace_ns / 1000000000, .tv_nsec = o->pace_ns % 1000000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static struct route route_to(const struct peer *p)
{
	return (struct route){ .sender = SERVER_ID, .receiver = p->id, .session = p->session };
}

/* A message that came, and what it sums up to. */
struct arrival {
	const struct message *m;
	uint64_t payload_sum, sum;
};

/* An echo, or an acknowledgement. */
static enum take data_answer(
	const struct ref_options *o, struct peer *p, bool is_new, const struct arrival *a, struct message *reply)
{
	const struct message *m = a->m;

	if (pattern_answers(o->pattern)) {
		message_echo(reply, m, route_to(p), a->payload_sum);
		if (is_new) {
			sabot_sent(SERVER_ID, p->id, m->sequence, m->length, reply->checksum);
			if (m->sequence > p->replied)
				p->replied = m->sequence;
		}
		return TAKE_REPLY;
	}
	message_control(reply, MESSAGE_ACK, route_to(p), mistake(NO_SEQUENCE_NUMBERS) ? m->sequence : p->received);
	return TAKE_REPLY;
}

/*
 * Is a datagram with this number the next one? If not, *again says that it was taken already and only its answer
 * was lost.
 */
static bool is_next(struct peer *p, uint64_t sequence, bool *again)
{
	*again = false;
	/*
	 * Mistake: every datagram is taken for the next one. The network may double them, and let one overtake the
	 * other; only the number tells that this one was taken already, or that one before it is still missing.
	 */
	if (mistake(NO_SEQUENCE_NUMBERS))
		return true;
	/* Mistake: nobody sends again what is missing, so there is no waiting for it. */
	if (mistake(NO_RETRANSMIT) && sequence > p->received)
		return true;
	*again = sequence <= p->received;
	return sequence == p->received + 1;
}

static enum take data_take(const struct ref_options *o, struct peer *p, bool lossy, const struct arrival *a,
	struct message *reply)
{
	const struct message *m = a->m;
	bool again;

	if (lossy && !is_next(p, m->sequence, &again))
		return again ? data_answer(o, p, false, a, reply) : TAKE_NOTHING;
	sabot_received(m->sender, SERVER_ID, m->sequence, m->length, a->sum);
	if (a->sum != m->checksum) {
		say("message %llu of client %u is damaged", (unsigned long long)m->sequence, m->sender);
		return TAKE_DAMAGED;
	}
	p->received = m->sequence;
	p->taken++;
	if (o->pattern == PATTERN_BULK && copy_add(o, p, m))
		return TAKE_DAMAGED;
	if (o->pattern == PATTERN_SLOW_READER)
		pace(o);
	return lossy || pattern_answers(o->pattern) ? data_answer(o, p, true, a, reply) : TAKE_NOTHING;
}

/* The client with this id has started anew: what was known of it is of no use. */
static void session_meet(const struct ref_options *o, struct peer *p, const struct message *m)
{
	bool opens = m->kind == MESSAGE_HELLO || m->kind == MESSAGE_END ||
		(m->kind == MESSAGE_DATA && m->sequence == 1);

	if (p->id != 0 && (p->session == m->session || !opens))
		return;
	service_end(o, p);
	*p = (struct peer){ .id = m->sender, .session = m->session };
}

enum take service_take(const struct ref_options *o, struct peer *p, bool lossy, const struct message *m, size_t size,
	struct message *reply)
{
	bool whole = size >= MESSAGE_HEADER && message_plausible(m) && size == message_size(m) && m->sender >= 1 &&
		m->sender <= CLIENTS_MAX;
	struct arrival a = { .m = m };

	if (whole) {
		a.payload_sum = message_payload_sum(m);
		a.sum = message_sum_with(m, a.payload_sum);
	}
	if (lossy && (!whole || a.sum != m->checksum))
		return TAKE_NOTHING;	/* as good as lost: it will be sent again */
	if (!whole) {
		say("what came is not a message (%zu bytes)", size);
		return TAKE_DAMAGED;
	}
	session_meet(o, p, m);
	if (m->session != p->session)
		return TAKE_NOTHING;	/* a late message of a client that is no more */
	if (m->kind == MESSAGE_DATA)
		return data_take(o, p, lossy, &a, reply);
	if (a.sum != m->checksum) {
		say("a message of client %u is damaged", m->sender);
		return TAKE_DAMAGED;
	}
	if (m->kind != MESSAGE_HELLO && o->pattern == PATTERN_FAN_OUT && m->sequence > p->acked &&
		m->sequence <= p->sent) {
		p->acked = m->sequence;
		p->tries = 0;
	}
	if (m->kind != MESSAGE_END)
		return TAKE_NOTHING;
	if (!p->done)
		p->copy_hash = copy_hash(o, p);
	copy_remove(o, p);
	p->done = true;
	message_control_word(reply, MESSAGE_RESULT, route_to(p), o->pattern == PATTERN_FAN_OUT ? p->acked : p->taken,
		p->copy_hash);
	return TAKE_REPLY;
}

void service_again(
	const struct ref_options *o, const struct peer *p, size_t largest, uint64_t sequence, struct message *m)
{
	message_data(m, route_to(p), sequence, payload_length(o, p->id, sequence, largest), o->seed);
}

bool service_next(const struct ref_options *o, struct peer *p, size_t largest, struct message *m)
{
	if (o->pattern != PATTERN_FAN_OUT || p->id == 0 || p->done || p->sent >= o->messages ||
		p->sent - p->acked >= o->window)
		return false;
	p->sent++;
	service_again(o, p, largest, p->sent, m);
	sabot_sent(SERVER_ID, p->id, p->sent, m->length, m->checksum);
	return true;
}

void service_end(const struct ref_options *o, struct peer *p)
{
	uint64_t confirmed = p->replied > o->window ? p->replied - o->window : 0;

	copy_remove(o, p);
	if (p->id != 0 && !p->done) {
		/* A client that sent request N + window had the answer to request N. Nobody knows of later ones. */
		for (uint64_t n = confirmed + 1; n <= p->replied; n++)
			sabot_gave_up(SERVER_ID, p->id, n);
		for (uint64_t n = p->acked + 1; n <= p->sent; n++)
			sabot_gave_up(SERVER_ID, p->id, n);
	}
	*p = (struct peer){ .id = 0 };
}
