/* SPDX-License-Identifier: MIT */
#include "core/report/words.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "core/model/call.h"
#include "core/model/fault.h"
#include "core/base/banned.h"

const char *words_call(uint32_t row)
{
	return row < n_calls ? call_table[row].plain : "call";
}

unsigned words_family(uint32_t row)
{
	return row < n_calls ? call_table[row].family : FAMILY_OTHER;
}

void words_errno(struct str *out, int error)
{
	const char *name = errno_name(error);

	if (name)
		str_add(out, name);
	else
		str_addf(out, "error %d", error);
}

void words_signal(struct str *out, int number)
{
	const char *name = signal_name(number);

	if (name)
		str_addf(out, "SIG%s", name);
	else
		str_addf(out, "signal %d", number);
}

/* A duration as the scenario format has it: the largest unit that keeps it whole. */
static void words_span(struct str *out, int64_t ns)
{
	static const struct {
		int64_t ns;
		const char *unit;
	} units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" }, { 1, "ns" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (ns % units[i].ns == 0) {
			str_addf(out, "%" PRId64 "%s", ns / units[i].ns, units[i].unit);
			return;
		}
}

void words_action(struct str *out, uint32_t action, int64_t value)
{
	const struct fault_info *info = fault_of_action(action);

	if (!info) {
		str_addf(out, "action %" PRIu32, action);
		return;
	}
	str_add(out, info->name);
	switch (action) {
	case ACT_SHORT:
		str_add(out, ": ");
		if (value == SHORT_HALF)
			str_add(out, "half");
		else if (value == SHORT_ALL_BUT_ONE)
			str_add(out, "all but one");
		else
			str_addf(out, "%" PRId64, value);
		break;
	case ACT_DELAY:
	case ACT_PAUSE:
		str_add(out, ": ");
		if (action == ACT_PAUSE && value == PAUSE_FOR_GOOD)
			str_add(out, "for good");
		else
			words_span(out, value);
		break;
	case ACT_FAIL:
		str_add(out, ": ");
		words_errno(out, (int)value);
		break;
	case ACT_REORDER:
	case ACT_TRUNCATE:
		str_addf(out, ": %" PRId64, value);
		break;
	case ACT_CORRUPT:
		str_addf(out, ": {byte: %" PRId64 "}", value);
		break;
	default:
		break;
	}
}

void words_duration(struct str *out, int64_t ns)
{
	double ms = (double)ns / 1e6;

	if (ms < 10)
		str_addf(out, "%.1f ms", ms);
	else if (ms < 1000)
		str_addf(out, "%.0f ms", ms);
	else
		str_addf(out, "%.1f s", ms / 1e3);
}

void words_end(struct str *out, const struct role_outcome *r)
{
	switch (r->ended) {
	case ENDED_NOT:
		str_add(out, r->started ? "never ended" : "never started");
		return;
	case ENDED_EXIT:
		str_addf(out, "exit %" PRId32, r->status);
		return;
	case ENDED_SIGNAL:
		str_add(out, "killed by ");
		words_signal(out, r->status);
		return;
	case ENDED_BY_STOP:
		str_add(out, "stopped by ");
		words_signal(out, r->status);
		return;
	case ENDED_BY_HARNESS:
		str_add(out, "still running at the end, killed by sabot");
		return;
	case ENDED_BY_FAULT:
		str_add(out, "killed by a fault");
		return;
	}
	str_add(out, "?");
}

const char *words_proc(const struct history *h, uint32_t proc)
{
	return proc < h->n_procs ? h->procs[proc].name : "?";
}

bool words_kind_is_stream(uint32_t kind)
{
	switch (kind) {
	case OBJ_UNIX_STREAM:
	case OBJ_UNIX_SEQPACKET:
	case OBJ_SOCKETPAIR:
	case OBJ_TCP:
	case OBJ_PIPE:
	case OBJ_FIFO:
	case OBJ_FILE:
		return true;
	default:
		return false;
	}
}

size_t output_kept(const struct output *o)
{
	return o->kept <= OUTCOME_CAPTURE ? o->kept : OUTCOME_CAPTURE;
}

int report_flush(FILE *out)
{
	errno = 0;
	if (!fflush(out) && !ferror(out))
		return 0;
	return errno ? -errno : -EIO;
}

void words_shell(struct str *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:=+@%";

	if (*text && text[strspn(text, plain)] == '\0') {
		str_add(out, text);
		return;
	}
	str_add(out, "'");
	for (; *text; text++)
		if (*text == '\'')
			str_add(out, "'\\''");
		else
			str_add_bytes(out, text, 1);
	str_add(out, "'");
}
