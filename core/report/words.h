/* SPDX-License-Identifier: MIT */
/* Events, strikes, ends and times in words, the same in every format. Pure; no function allocates but through `out`. */
#ifndef CORE_REPORT_WORDS_H
#define CORE_REPORT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/str.h"
#include "core/history/history.h"
#include "core/model/outcome.h"
#include "core/model/plan.h"

/* Plain name of a call's row ("read" for __read_chk); "call" for a row that this build does not know. */
const char *words_call(uint32_t row);
/* enum call_family of the row, FAMILY_OTHER if unknown. */
unsigned words_family(uint32_t row);
/* Appends "EINTR" or "error 999". */
void words_errno(struct str *out, int error);
/* Appends "SIGKILL" or "signal 99". */
void words_signal(struct str *out, int number);
/* Appends a strike's action as a scenario writes it: "short: 3", "fail: ECONNRESET", "delay: 20ms". */
void words_action(struct str *out, uint32_t action, int64_t value);
/* Appends ns as "0.4 ms", "12 ms", "1.3 s". */
void words_duration(struct str *out, int64_t ns);
/* Appends how a role ended: "exit 1", "killed by SIGSEGV", "killed by a fault (SIGKILL)" … */
void words_end(struct str *out, const struct role_outcome *r);
/* Name of the process of an event; "?" if the history is damaged. */
const char *words_proc(const struct history *h, uint32_t proc);
/* Do the bytes of this kind have an end of file, so that a result of 0 means EOF? */
bool words_kind_is_stream(uint32_t kind);
/* Bytes that are in o->text, whatever a damaged result says. */
size_t output_kept(const struct output *o);
/* Writes out what a reporter has said so far. 0, or -errno, also for an error of any write before. */
int report_flush(FILE *out);
/* Appends text, in single quotes if a shell needs that. */
void words_shell(struct str *out, const char *text);

#endif
