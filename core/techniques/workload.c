/* SPDX-License-Identifier: MIT */
/* The client's side of every conversation that is carried by a link. */
#include "core/techniques/impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "core/base/str.h"
#include "core/include/sabot.h"
#include "core/techniques/service.h"
#include "core/base/banned.h"

enum {
	TRIES = 40,		/* times RETRY_NS: PATIENCE_NS */
	TRIES_OF_THE_HASTY = 5,	/* mistake NO_RETRANSMIT: after so many silent RETRY_NS it goes on without the answer */
};

struct conversation {
	const struct ref_options *o;
	struct link *l;
	struct message *out, *in;
	size_t in_size;
	uint64_t base;		/* lowest number that is not answered (fan-out: not received) */
	uint64_t next;		/* next number to send */
	uint64_t sure;		/* so many may be under way, however long they are */
	uint64_t answered;
	int64_t resend_ns;
	unsigned tries;
	struct route route;	/* from us to the server; the session is our process id */
	int source;		/* bulk: the file that is copied, else -1 */
	uint64_t source_hash;
	bool heard;		/* the server has said something */
	bool out_of_step;	/* what came over a link that keeps order was not what was due */
};

/* ---- bulk: the file that is copied ---- */

static int source_make(struct conversation *c)
{
	char path[256];
	int fd;

	path_of(c->o, "source", c->o->client, path, sizeof(path));
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return say_errno("open %s", path);
	c->source = fd;
	for (uint64_t n = 1; n <= c->o->messages; n++) {
		uint32_t length = payload_length(c->o, c->o->client, n, c->l->largest);

		message_data(c->out, c->route, n, length, c->o->seed);
		for (uint32_t at = 0; at < length;) {
			ssize_t written = write(fd, c->out->payload + at, length - at);

			if (written < 0 && errno != EINTR)
				return say_errno("write %s", path);
			at += written > 0 ? (uint32_t)written : 0;
		}
	}
	return file_hash(path, &c->source_hash);
}

static void source_remove(struct conversation *c)
{
	char path[256];

	if (c->source < 0)
		return;
	close(c->source);
	c->source = -1;
	path_of(c->o, "source", c->o->client, path, sizeof(path));
	unlink(path);
}

/* The chunk of the file that message n carries; chunks are of one size. */
static int source_read(const struct conversation *c, struct message *m, uint64_t n, uint32_t length)
{
	for (uint32_t at = 0; at < length;) {
		ssize_t got = pread(c->source, m->payload + at, length - at, (off_t)((n - 1) * length + at));

		if (got == 0)
			return say("the file has become shorter");
		if (got < 0 && errno != EINTR)
			return say_errno("reading the file");
		at += got > 0 ? (uint32_t)got : 0;
	}
	return 0;
}

/* ---- sending ---- */

static enum link_end data_send(struct conversation *c, uint64_t n, bool first)
{
	uint32_t length = payload_length(c->o, c->o->client, n, c->l->largest);
	struct message *m = c->l->blank ? c->l->blank(c->l, SERVER_ID, MESSAGE_HEADER + length) : NULL;

	if (!m)
		m = c->out;
	message_data(m, c->route, n, length, c->o->seed);
	if (c->source >= 0) {
		if (source_read(c, m, n, length))
			return LINK_FAILED;
		message_seal(m);
	}
	if (first)
		sabot_sent(c->o->client, SERVER_ID, n, length, m->checksum);
	return c->l->send(c->l, SERVER_ID, m);
}

static size_t room_of(const struct link *l)
{
	return l->under_way ? l->under_way : 65536;
}

/* May one more be under way? Not if both sides could come to wait for the other to read. */
static bool window_open(const struct conversation *c)
{
	uint64_t n = c->next - c->base, size;

	if (c->next > c->o->messages || n >= c->o->window)
		return false;
	if (c->l->most_under_way && n >= c->l->most_under_way)
		return false;
	if (n < c->sure)
		return true;
	size = MESSAGE_HEADER + payload_length(c->o, c->o->client, c->next, c->l->largest);
	return (n + 1) * size <= room_of(c->l);
}

/* Something has moved: what is not answered is sent again only if nothing moves for RETRY_NS. */
static void resend_later(struct conversation *c)
{
	if (c->l->lossy)
		c->resend_ns = now_ns() + RETRY_NS;
}

static enum link_end window_fill(struct conversation *c, bool answers)
{
	for (bool open = window_open(c); open;) {
		uint64_t n = c->next++;
		enum link_end end;

		open = window_open(c);
		/* Without answers nobody is waited for before the last message. */
		c->l->more = open || (!answers && c->next <= c->o->messages);
		end = data_send(c, n, true);
		c->l->more = false;
		if (end != LINK_OK)
			return end;
		resend_later(c);
	}
	return LINK_OK;
}

/* Nothing came for RETRY_NS over a link that may lose: send what is not answered again. */
static enum link_end window_again(struct conversation *c)
{
	resend_later(c);
	c->tries++;
	/*
	 * Mistake: what was sent is believed to have arrived. A lost datagram is never sent again, and the loss goes
	 * unnoticed: there is nobody but the sender who could notice it.
	 */
	if (mistake(NO_RETRANSMIT)) {
		if (c->tries >= TRIES_OF_THE_HASTY) {
			c->tries = 0;
			c->base++;
		}
		return LINK_OK;
	}
	if (c->tries > TRIES)
		return LINK_SILENT;
	for (uint64_t n = c->base; n < c->next; n++) {
		enum link_end end = data_send(c, n, false);

		if (end != LINK_OK)
			return end;
	}
	return LINK_OK;
}

/* ---- receiving ---- */

/* Is what came a message of this conversation? LINK_SILENT: pass over it. */
static enum link_end answer_check(struct conversation *c)
{
	const struct message *m = c->in;
	bool whole = c->in_size >= MESSAGE_HEADER && message_plausible(m) && c->in_size == message_size(m) &&
		m->sender == SERVER_ID;
	uint64_t sum;

	if (whole && (m->session != c->route.session || m->receiver != c->o->client))
		return LINK_SILENT;	/* meant for a client with our id that is no more */
	sum = whole ? message_checksum(m) : 0;
	if (whole && sum == m->checksum) {
		c->heard = true;
		return LINK_OK;
	}
	if (whole && m->kind == MESSAGE_DATA && !c->l->lossy)
		sabot_received(SERVER_ID, c->o->client, m->sequence, m->length, sum);
	if (c->l->lossy)
		return LINK_SILENT;	/* as good as lost */
	say("the answer to message %" PRIu64 " is damaged", c->base);
	return LINK_FAILED;
}

/* A data message from the server: the one that is due, one that is passed over, or the end. */
static enum link_end data_take(struct conversation *c)
{
	const struct message *m = c->in;

	if (c->l->lossy && !mistake(NO_SEQUENCE_NUMBERS)) {
		if (m->sequence < c->base || m->sequence > c->base + c->o->window)
			return LINK_OK;
		if (m->sequence > c->base && !mistake(NO_RETRANSMIT))
			return LINK_OK;
		c->base = m->sequence;
	}
	sabot_received(SERVER_ID, c->o->client, m->sequence, m->length, m->checksum);
	if (!c->l->lossy && m->sequence != c->base) {
		c->out_of_step = true;
		say("message %" PRIu64 " came where %" PRIu64 " was due", m->sequence, c->base);
		return LINK_FAILED;
	}
	/* An answer while nothing is asked for: only who does not look at the numbers gets here. */
	c->base += c->o->pattern == PATTERN_FAN_OUT || c->base < c->next;
	c->answered++;
	c->tries = 0;
	resend_later(c);
	return LINK_OK;
}

static enum link_end answer_take(struct conversation *c)
{
	enum link_end end = answer_check(c);

	if (end == LINK_SILENT)
		return LINK_OK;
	if (end != LINK_OK)
		return end;
	if (c->in->kind == MESSAGE_DATA)
		return data_take(c);
	if (c->in->kind == MESSAGE_ACK && c->in->sequence >= c->base && c->in->sequence < c->next) {
		c->answered += c->in->sequence + 1 - c->base;
		c->base = c->in->sequence + 1;
		c->tries = 0;
		resend_later(c);
	}
	return LINK_OK;
}

static enum link_end answer_wait(struct conversation *c)
{
	int64_t deadline = c->l->lossy ? c->resend_ns : now_ns() + PATIENCE_NS;
	enum link_end end = c->l->receive(c->l, c->in, &c->in_size, deadline);

	if (end == LINK_OK)
		return answer_take(c);
	return end == LINK_SILENT && c->l->lossy ? window_again(c) : end;
}

/* Says how many there were, and hears how many the server has taken. */
static enum link_end result_get(struct conversation *c, uint64_t n)
{
	unsigned n_tries = c->l->lossy ? (mistake(NO_RETRANSMIT) ? TRIES_OF_THE_HASTY : TRIES) : 1;
	int64_t patience = c->l->lossy ? RETRY_NS : patience_ns(c->o);
	bool send_it = true;

	for (unsigned tries = 0; tries < n_tries;) {
		int64_t deadline = now_ns() + patience;
		enum link_end end = LINK_OK;

		message_control_word(c->out, MESSAGE_END, c->route, n, c->source_hash);
		if (send_it)
			end = c->l->send(c->l, SERVER_ID, c->out);
		send_it = false;
		while (end == LINK_OK) {
			end = c->l->receive(c->l, c->in, &c->in_size, deadline);
			if (end == LINK_OK)
				end = answer_check(c);
			if (end == LINK_OK && c->in->kind == MESSAGE_RESULT)
				return LINK_OK;
			/* Something else: late, and told, for nobody should get an answer twice. */
			if (end == LINK_OK && c->in->kind == MESSAGE_DATA && !c->l->lossy)
				end = data_take(c);
			else if (end == LINK_SILENT && now_ns() < deadline)
				end = LINK_OK;
		}
		if (end != LINK_SILENT)
			return end;
		tries++;
		send_it = !mistake(NO_RETRANSMIT);
	}
	c->in->sequence = n;	/* only the hasty get here with a link that loses, and they do not care */
	return c->l->lossy && mistake(NO_RETRANSMIT) ? LINK_OK : LINK_SILENT;
}

/* ---- the two kinds of conversation ---- */

/* The client sends; the server answers each message, or only says at the end how many it got. */
static enum link_end submit(struct conversation *c)
{
	bool answers = pattern_answers(c->o->pattern) || c->l->lossy;
	enum link_end end = LINK_OK;

	while (end == LINK_OK && c->base <= c->o->messages) {
		end = window_fill(c, answers);
		if (!answers)
			c->base = c->next;
		else if (end == LINK_OK)
			end = answer_wait(c);
	}
	return end == LINK_OK ? result_get(c, c->o->messages) : end;
}

/* The server sends; the client acknowledges, so that no more than a window is under way. */
static enum link_end subscribe(struct conversation *c)
{
	enum link_end end;

	message_control(c->out, MESSAGE_HELLO, c->route, 0);
	end = c->l->send(c->l, SERVER_ID, c->out);
	while (end == LINK_OK && c->base <= c->o->messages) {
		int64_t deadline = now_ns() + (c->l->lossy ? RETRY_NS : PATIENCE_NS);

		end = c->l->receive(c->l, c->in, &c->in_size, deadline);
		if (end == LINK_OK)
			end = answer_take(c);
		else if (end == LINK_SILENT && c->l->lossy && ++c->tries <= TRIES)
			end = LINK_OK;
		if (end != LINK_OK)
			break;
		message_control(c->out, c->base == 1 ? MESSAGE_HELLO : MESSAGE_ACK, c->route, c->base - 1);
		end = c->l->send(c->l, SERVER_ID, c->out);
	}
	return end == LINK_OK ? result_get(c, c->base - 1) : end;
}

/* ---- the end ---- */

/*
 * What was sent and never confirmed: the client says so, and vouches for none of it. Silence about one message in a
 * conversation that goes well otherwise, or an answer to a later one, is another matter: over a link that does not
 * lose, that is a loss.
 */
static bool gives_up(const struct conversation *c, enum link_end end)
{
	if (c->l->lossy || !c->heard)
		return true;
	return end != LINK_SILENT && !c->out_of_step;
}

static int conversation_fail(const struct conversation *c, enum link_end end)
{
	bool answers = pattern_answers(c->o->pattern) || c->l->lossy;
	uint64_t first = answers ? c->base : 1;

	if (end == LINK_CLOSED)
		say("the server has closed the conversation at message %" PRIu64, first);
	else if (end != LINK_FAILED)
		say("no answer to message %" PRIu64 " within 2 s", first);
	if (c->o->pattern != PATTERN_FAN_OUT && gives_up(c, end))
		for (uint64_t n = first; n < c->next; n++)
			sabot_gave_up(c->o->client, SERVER_ID, n);
	return 1;
}

static int conversation_finish(const struct conversation *c)
{
	uint64_t n = c->in->sequence;

	if (n != c->o->messages && !mistake(NO_RETRANSMIT))
		return say("the server took %" PRIu64 " of %u messages", n, c->o->messages);
	if (c->source >= 0 && message_word(c->in) != c->source_hash && !mistake(NO_RETRANSMIT))
		return say("the copy is not like the file");
	if (c->o->pattern == PATTERN_FAN_OUT)
		return client_summary(c->o, "%" PRIu64 " received", c->answered);
	if (pattern_answers(c->o->pattern))
		return client_summary(c->o, "%u sent, %" PRIu64 " answered", c->o->messages, c->answered);
	return client_summary(c->o, "%u sent, %" PRIu64 " taken", c->o->messages, n);
}

int request_link(const struct ref_options *o, struct link *l)
{
	struct conversation c = { .o = o, .l = l, .base = 1, .next = 1, .source = -1,
		.route = { .sender = o->client, .receiver = SERVER_ID, .session = (uint32_t)getpid() } };
	enum link_end end = LINK_FAILED;
	int status;

	c.sure = room_of(l) / (MESSAGE_HEADER + o->size_max);
	c.sure += c.sure == 0;	/* one may be, always */
	c.out = mem_new(sizeof(*c.out));
	c.in = mem_new(sizeof(*c.in));
	if (o->pattern != PATTERN_BULK || source_make(&c) == 0)
		end = o->pattern == PATTERN_FAN_OUT ? subscribe(&c) : submit(&c);
	status = end == LINK_OK ? conversation_finish(&c) : conversation_fail(&c, end);
	source_remove(&c);
	free(c.out);
	free(c.in);
	return status;
}
