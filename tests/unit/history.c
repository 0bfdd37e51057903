/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/history/history.h"
#include "core/model/call.h"
#include "tests/support/arena_writer.h"
#include "core/base/banned.h"

#define ARROW "\xe2\x86\x92"

static struct event call(const char *name, uint64_t stamp, uint32_t object, int64_t result)
{
	int row = call_find(name);

	cr_assert(row >= 0, "%s", name);
	return (struct event){ .kind = EV_CALL,
		.call = (uint16_t)row,
		.stamp = stamp,
		.object = object,
		.result = result,
		.tid = 7,
		.asked = 100,
		.hash = 1 };
}

static void call_add(struct arena *a, uint32_t proc, const char *name, uint64_t stamp, uint32_t object, int64_t result)
{
	struct event e = call(name, stamp, object, result);

	arena_event_add(a, proc, &e);
}

Test(history, is_merged_by_time_and_each_process_keeps_its_order)
{
	struct arena *a = arena_for_test(8);
	uint32_t p = arena_proc(a, "server", 0), q = arena_proc(a, "client", 0);
	struct history h;

	for (uint64_t i = 0; i < 3000; i++) {
		struct event e = { .kind = EV_SENT, .stamp = 10 + 2 * (i / 2), .result = (int64_t)i, .tid = 1 };

		arena_event_add(a, p, &e);
		e.stamp++;
		arena_event_add(a, q, &e);
	}
	cr_assert_eq(history_read(a, &h), 0);
	cr_assert_eq(h.n_events, 6000);
	for (size_t i = 0, at[2] = { 0, 0 }; i < h.n_events; i++) {
		cr_assert(!i || h.events[i].e.stamp >= h.events[i - 1].e.stamp);
		cr_assert_eq(h.events[i].e.result, (int64_t)at[h.events[i].proc]++);
	}
	cr_expect_eq(h.n_procs, 2);
	cr_expect_str_eq(h.procs[1].name, "client");
	cr_expect_eq(h.lost, 0);
	history_fini(&h);
	history_fini(&h);
	arena_free(a);
}

Test(history, joins_texts_and_hangs_them_on_their_events)
{
	struct arena *a = arena_for_test(2);
	uint32_t p = arena_proc(a, "server", 0);
	struct event one = { .kind = EV_BECAME, .stamp = 1, .tid = 1 },
		     two = { .kind = EV_BECAME, .stamp = 2, .tid = 2 };
	const char *longer = "a text that is longer than one event, by far, and then some\n\x01";
	struct history h;

	arena_event_add(a, p, &one);
	arena_event_add(a, p, &two);
	arena_text_add(a, p, 2, "second");
	arena_text_add(a, p, 1, longer);
	cr_assert_eq(history_read(a, &h), 0);
	cr_assert_eq(h.n_events, 2, "EV_TEXT itself does not appear");
	cr_expect_str_eq(history_text(&h, &h.events[0]),
		"a text that is longer than one event, by far, and then some\\n\\x01");
	cr_expect_str_eq(history_text(&h, &h.events[1]), "second");
	h.events[1].text = 0;
	cr_expect_str_eq(history_text(&h, &h.events[1]), "");
	history_fini(&h);
	arena_free(a);
}

Test(history, takes_what_is_sealed_and_nothing_else)
{
	struct arena *a = arena_for_test(2);
	uint32_t p = arena_proc(a, "server", 0);
	struct event e = { .kind = EV_HELLO, .stamp = 1, .result = 1 };
	struct history h;

	arena_event_add(a, p, &e);
	cr_assert(arena_event_new(a, p));
	e.result = 3;
	arena_event_add(a, p, &e);
	cr_assert_eq(history_read(a, &h), 0);
	cr_expect_eq(h.n_events, 2);
	cr_expect_eq(h.procs[0].torn, 1);
	cr_expect_eq(h.lost, 0, "what was in flight is not lost");
	cr_expect(h.procs[0].hello);
	history_fini(&h);
	arena_reset(a);
	p = arena_proc(a, "server", 0);
	cr_assert(arena_event_new(a, p), "its slot still has the seal of the last run");
	cr_assert_eq(history_read(a, &h), 0);
	cr_expect(h.n_events == 0 && h.procs[0].torn == 1 && !h.procs[0].hello);
	history_fini(&h);
	arena_free(a);
}

Test(history, counts_what_found_no_room)
{
	struct arena *a = arena_for_test(1);
	uint32_t p = arena_proc(a, "server", 0);
	struct event e = { .kind = EV_EXIT };
	struct history h;

	for (int i = 0; i < CHUNK_EVENTS + 76; i++)
		arena_event_add(a, p, &e);
	cr_assert_eq(history_read(a, &h), 0);
	cr_expect_eq(h.n_events, CHUNK_EVENTS);
	cr_expect_eq(h.lost, 76);
	history_fini(&h);
	arena_free(a);
}

Test(history, tells_of_calls_that_have_not_returned)
{
	struct arena *a = arena_for_test(1);
	uint32_t p = arena_proc(a, "server", 0), o = arena_object(a, OBJ_TCP, p, 0, "");
	struct history h;

	call_add(a, p, "read", 5, o, 3);
	call_add(a, p, "write", 20, o, 3);
	a->n_threads = 10;
	a->threads[9].tid = 7;
	a->threads[9].proc = p;
	a->threads[9].call = (uint32_t)call_find("read") + 1;
	a->threads[9].object = o;
	a->threads[9].fd = 4;
	a->threads[9].asked = 64;
	a->threads[9].since = 10;
	a->threads[9].site = 0x1234;
	a->threads[3].tid = 8;	/* in no call */
	cr_assert_eq(history_read(a, &h), 0);
	cr_assert_eq(h.n_events, 3);
	cr_expect_eq(h.events[1].e.kind, EV_INVOKED);
	cr_expect_eq(h.events[1].e.call, (uint16_t)call_find("read"));
	cr_expect(h.events[1].e.stamp == 10 && h.events[1].e.site == 0x1234 && h.events[1].e.asked == 64);
	cr_expect(h.events[1].e.fd == 4 && h.events[1].e.tid == 7 && h.events[1].channel == h.events[0].channel);
	cr_expect_eq(h.events[1].position, 2, "the second read");
	cr_expect_eq(h.events[2].position, 1, "the first write");
	history_fini(&h);
	arena_free(a);
}

Test(history, counts_positions_by_process_object_and_family)
{
	struct arena *a = arena_for_test(2);
	uint32_t p = arena_proc(a, "server", 0), q = arena_proc(a, "server.1", 1);
	uint32_t x = arena_object(a, OBJ_PIPE, p, 0, "x"), y = arena_object(a, OBJ_PIPE, p, 0, "y");
	const uint32_t expected[] = { 1, 2, 1, 1, 1, 3 };
	struct history h;

	call_add(a, p, "read", 1, x, 1);
	call_add(a, p, "recvfrom", 2, x, 1);	/* one family */
	call_add(a, p, "read", 3, y, 1);
	call_add(a, p, "write", 4, x, 1);
	call_add(a, q, "read", 5, x, 1);
	call_add(a, p, "__read_chk", 6, x, 1);
	cr_assert_eq(history_read(a, &h), 0);
	for (size_t i = 0; i < 6; i++)
		cr_expect_eq(h.events[i].position, expected[i], "event %zu", i);
	history_fini(&h);
	arena_free(a);
}

static const struct channel *channel_of(const struct history *h, size_t event)
{
	cr_assert(h->events[event].channel);
	return &h->channels[h->events[event].channel - 1];
}

Test(history, makes_one_channel_of_both_ends_of_a_connection)
{
	struct arena *a = arena_for_test(2);
	uint32_t s = arena_proc(a, "server", 0), c = arena_proc(a, "client/2", 0);
	uint32_t l = arena_object(a, OBJ_UNIX_STREAM, s, OBF_LISTENER, "/x");
	uint32_t c1 = arena_object(a, OBJ_UNIX_STREAM, c, OBF_CONNECTED, "/x"), s1, c2, s2;
	struct history h;

	s1 = arena_object(a, OBJ_UNIX_STREAM, s, OBF_ACCEPTED, "");
	s2 = arena_object(a, OBJ_UNIX_STREAM, s, OBF_ACCEPTED, "");
	c2 = arena_object(a, OBJ_UNIX_STREAM, c, OBF_CONNECTED, "/x");
	arena_peers(a, c1, s1);
	arena_peers(a, c2, s2);
	call_add(a, s, "accept", 1, l, 5);
	call_add(a, c, "write", 2, c1, 12);
	call_add(a, s, "read", 3, s1, 7);
	call_add(a, s, "read", 4, s1, 5);
	call_add(a, s, "write", 5, s2, 9);
	call_add(a, c, "read", 6, c2, -1);
	cr_assert_eq(history_read(a, &h), 0);
	cr_assert_eq(h.n_channels, 3);
	cr_expect_str_eq(channel_of(&h, 0)->name, "server:unix-stream#1");
	cr_expect(channel_of(&h, 0)->listener);
	cr_expect_eq(h.events[1].channel, h.events[2].channel);
	cr_expect_str_eq(channel_of(&h, 1)->name, "client/2" ARROW "server#1");
	cr_expect_str_eq(channel_of(&h, 1)->address, "/x");
	cr_expect(channel_of(&h, 1)->bytes_in == 12 && channel_of(&h, 1)->bytes_out == 12);
	cr_expect(channel_of(&h, 1)->n_sent == 1 && channel_of(&h, 1)->n_received == 2);
	cr_expect_eq(h.events[4].channel, h.events[5].channel);
	cr_expect_str_eq(channel_of(&h, 4)->name, "client/2" ARROW "server#2", "though the server's end was met first");
	cr_expect_eq(channel_of(&h, 4)->bytes_out, 0, "a failed read hands out nothing");
	history_fini(&h);
	arena_free(a);
}

Test(history, knows_the_ends_of_what_all_share)
{
	struct arena *a = arena_for_test(2);
	uint32_t m = arena_proc(a, "main", 0), k = arena_proc(a, "main.1", 1);
	uint32_t down = arena_object(a, OBJ_PIPE, m, 0, ""), up = arena_object(a, OBJ_PIPE, m, 0, "");
	uint32_t alone = arena_object(a, OBJ_FIFO, m, 0, "/f"), q = arena_object(a, OBJ_POSIX_MQ, m, 0, "/q");
	struct history h;

	call_add(a, m, "write", 1, down, 4);
	call_add(a, k, "read", 2, down, 4);
	call_add(a, k, "write", 3, up, 4);
	call_add(a, m, "read", 4, up, 4);
	call_add(a, m, "write", 5, alone, 4);
	call_add(a, m, "mq_send", 6, q, 0);
	call_add(a, k, "mq_receive", 7, q, 100);
	cr_assert_eq(history_read(a, &h), 0);
	cr_expect_str_eq(channel_of(&h, 0)->name, "main" ARROW "main.1#1");
	cr_expect_str_eq(channel_of(&h, 2)->name, "main.1" ARROW "main#1");
	cr_expect_str_eq(channel_of(&h, 4)->name, "main:fifo#1");
	cr_expect_str_eq(channel_of(&h, 4)->address, "/f");
	cr_expect_eq(channel_of(&h, 5)->bytes_in, 100, "mq_send returns 0 and moves what was asked");
	cr_expect_eq(channel_of(&h, 5)->bytes_out, 100);
	history_fini(&h);
	arena_free(a);
}

/* One client: one channel. Two: the server's socket is one of its own. */
static void datagrams_check(uint32_t n_clients)
{
	struct arena *a = arena_for_test(4);
	uint32_t s = arena_proc(a, "server", 0), u = arena_object(a, OBJ_UDP, s, 0, "127.0.0.1:9");
	struct history h;

	a->objects[u - 1].local = 99;
	for (uint32_t i = 0; i < n_clients; i++) {
		uint32_t c = arena_proc(a, i ? "client/2" : "client", 0), o = arena_object(a, OBJ_UDP, c, 0, "");

		a->objects[o - 1].peer_proc = s + 1;
		call_add(a, c, "sendto", 2 + i, o, 5);
	}
	a->objects[u - 1].peer_proc = 2;
	call_add(a, s, "recvfrom", 9, u, 5);
	cr_assert_eq(history_read(a, &h), 0);
	cr_assert_eq(h.lost, 0);
	cr_expect_str_eq(channel_of(&h, 0)->name, "client" ARROW "server#1");
	cr_expect_str_eq(channel_of(&h, n_clients)->name, n_clients == 1 ? "client" ARROW "server#1" : "server:udp#1");
	cr_expect_eq(h.n_channels, n_clients == 1 ? 1 : 3);
	history_fini(&h);
	arena_free(a);
}

Test(history, tells_the_datagram_sockets_of_several_clients_apart)
{
	datagrams_check(1);
	datagrams_check(2);
}

Test(history, leaves_objects_of_sabot_h_alone)
{
	struct arena *a = arena_for_test(1);
	uint32_t p = arena_proc(a, "server", 0);
	struct event e = { .kind = EV_SENT, .fd = 1, .object = 1, .stamp = 1 };
	struct history h;

	arena_object(a, OBJ_PIPE, p, 0, "");
	arena_event_add(a, p, &e);
	cr_assert_eq(history_read(a, &h), 0);
	cr_expect(h.events[0].channel == 0 && h.events[0].position == 0, "the object of EV_SENT is a receiver");
	history_fini(&h);
	arena_free(a);
}

Test(history, reads_chunks_whose_linking_was_cut_short)
{
	struct arena *a = arena_for_test(3);
	uint32_t p = arena_proc(a, "server", 0);
	struct event e = { .kind = EV_EXIT };
	struct history h;

	for (int i = 0; i < 2 * CHUNK_EVENTS + 5; i++) {
		e.stamp = (uint64_t)i;
		arena_event_add(a, p, &e);
	}
	a->chunks[0].next = 0;
	cr_assert_eq(history_read(a, &h), 0);
	cr_expect_eq(h.n_events, 2 * CHUNK_EVENTS + 5);
	history_fini(&h);
	arena_free(a);
}

Test(history, is_not_led_astray_by_a_damaged_arena)
{
	struct arena *a = arena_for_test(3);
	uint32_t p = arena_proc(a, "server", 0), o = arena_object(a, OBJ_TCP, 5000, OBF_CONNECTED, "");
	struct history h;

	call_add(a, p, "read", 1, o, 1);
	call_add(a, p, "read", 2, 4000000, 1);
	a->objects[o - 1].peer = 4000000;
	a->objects[o - 1].peer_proc = 4000000;
	a->objects[o - 1].kind = 12345;
	memset(a->objects[o - 1].name, 'x', OBJECT_NAME);
	memset(a->procs[p].name, 'x', ROLE_NAME);
	a->procs[p].parent = 77;
	a->n_threads = 1000000;
	a->threads[0].tid = 5;
	a->threads[0].proc = 70000;
	a->threads[0].call = 3;
	a->n_modules = 1000000;
	cr_assert_eq(history_read(a, &h), 0);
	cr_expect_eq(h.n_events, 2);
	cr_expect_eq(strlen(h.procs[0].name), ROLE_NAME - 1);
	history_fini(&h);
	a->chunks[0].next = 1;
	cr_expect_eq(history_read(a, &h), -EPROTO, "a chain that bites its tail");
	a->chunks[0].next = 2000000;
	cr_expect_eq(history_read(a, &h), -EPROTO);
	cr_expect_null(h.events);
	arena_free(a);
}

Test(history, times_are_in_ns_since_the_start)
{
	struct history h = { .tick_hz = 2000000000, .tick_base = 1000 };

	cr_expect_eq(history_ns(&h, 1000), 0);
	cr_expect_eq(history_ns(&h, 3000), 1000);
	cr_expect_eq(history_ns(&h, 0), -500);
	cr_expect_eq(history_ns(&h, 1000 + 2000000000ull * 86400 * 365), 86400ll * 365 * 1000000000);
}

Test(history, names_every_kind)
{
	for (uint32_t k = 0; k < OBJ_N_KINDS; k++)
		cr_expect(object_kind_name(k) && *object_kind_name(k), "%u", k);
	cr_expect_str_eq(object_kind_name(OBJ_N_KINDS), "other");
}
