/* SPDX-License-Identifier: MIT */
/* The four formats over results made by hand: golden files, and read back by those who would read them. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/model/reporter.h"
#include "tests/unit/report_support.h"

extern char **environ;

enum { SCENARIOS = 6 };

/* Everything that a format must not let through: markup, quotes, control characters, bytes that are no UTF-8. */
static const char hostile[] = "bad \xff\xc3( <tag attr=\"1\"> & ]]> \x01\x1b[31mred\x1b[0m\ttab\r\ncut \xe2\x82";

struct world {
	struct scenario *scenarios[SCENARIOS];
	struct result *results[SCENARIOS];
	struct summary summary;
};

static void role_set(
	struct outcome *o, const char *name, enum ended ended, int status, const char *out, const char *err)
{
	struct role_outcome *r = &o->roles[o->n_roles++];

	text_copy(r->name, sizeof(r->name), name);
	r->pid = 4000 + (int)o->n_roles;
	r->ended = ended;
	r->status = status;
	r->started = ended != ENDED_NOT;
	r->out.kept = (uint32_t)strlen(out);
	r->out.length = r->out.kept;
	memcpy(r->out.text, out, r->out.kept);
	r->err.kept = (uint32_t)strlen(err);
	r->err.length = r->err.kept;
	memcpy(r->err.text, err, r->err.kept);
}

static void property_set(
	struct result *r, const char *name, enum verdict_value verdict, enum verdict_value expected, const char *why)
{
	struct property_result *p = &r->properties[r->n_properties++];

	text_copy(p->name, sizeof(p->name), name);
	p->verdict = verdict;
	p->expected = expected;
	p->as_expected = verdict == expected || verdict == VERDICT_NOT_APPLICABLE;
	text_copy(p->why, sizeof(p->why), why);
}

static void fault_set(struct result *r, const char *in, const char *at, const char *action, unsigned fired)
{
	struct fault_result *f = &r->faults[r->n_faults++];

	text_copy(f->in, sizeof(f->in), in);
	text_copy(f->at, sizeof(f->at), at);
	text_copy(f->action, sizeof(f->action), action);
	f->fired = fired;
}

static struct result *begin(struct world *w, size_t i, const char *file, const char *name, const char *title,
	enum status status, const char *why)
{
	struct result *r = w->results[i] = mem_new(sizeof(*r));
	struct scenario *s = w->scenarios[i] = mem_new(sizeof(*s));

	s->file = mem_dup(file);
	s->name = mem_dup(name);
	s->title = mem_dup(title);
	r->status = status;
	r->seed = 7 + i;
	r->outcome.duration_ns = 12500000 * ((int64_t)i + 1);
	text_copy(r->why, sizeof(r->why), why);
	return r;
}

static void bad_fill(struct result *r)
{
	fault_set(r, "server", "receive", "short: 3", 1);
	text_copy(r->faults[0].call, sizeof(r->faults[0].call), "read");
	text_copy(r->faults[0].channel, sizeof(r->faults[0].channel), "client→server#1");
	text_copy(r->faults[0].site, sizeof(r->faults[0].site), "server.c:57 (next_line)");
	property_set(r, "no-loss", VERDICT_VIOLATED, VERDICT_HOLDS,
		"client sent 9 bytes on client→server#1 that write() accepted and nobody ever read, although the "
		"server was "
		"alive and well until the end");
	property_set(r, "fifo", VERDICT_HOLDS, VERDICT_HOLDS, "");
	property_set(r, "priority", VERDICT_NOT_APPLICABLE, VERDICT_HOLDS, "the technique has no priorities");
	text_copy(r->exits_why, sizeof(r->exits_why), "client: exit 1, expected 0");
	role_set(&r->outcome, "server", ENDED_BY_STOP, SIGTERM, "", "");
	role_set(&r->outcome, "client", ENDED_EXIT, 1, "hello\n",
		"one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nclient: short answer\n");
	text_copy(r->diagram, sizeof(r->diagram), " server        client\n    │◀─ write 12 ─┤\n>   │ ⚡ short: 3\n");
	text_copy(r->notes, sizeof(r->notes), "no network namespace: runs share the host's ports");
}

static void world_fill(struct world *w)
{
	struct result *r;

	*w = (struct world){ .summary = { 1, 2, 1, 1, 1 } };
	r = begin(w, 0, "scenarios/lessons/good.yaml", "good", "All is well", STATUS_AS_EXPECTED, "");
	fault_set(r, "client", "write", "interrupt", 2);
	property_set(r, "no-loss", VERDICT_HOLDS, VERDICT_HOLDS, "");
	role_set(&r->outcome, "server", ENDED_BY_STOP, SIGTERM, "", "");
	role_set(&r->outcome, "client", ENDED_EXIT, 0, "fine\n", "");
	bad_fill(begin(w, 1, "scenarios/lessons/bad.yaml", "bad", "One read is not one message", STATUS_NOT_AS_EXPECTED,
		"no-loss violated"));
	r = begin(w, 2, "it's here/vacuous.yaml", "vacuous[size=1]", NULL, STATUS_VACUOUS,
		"fault 1 never fired: server made 3 recv calls, nth was 5");
	fault_set(r, "server", "recv", "interrupt", 0);
	role_set(&r->outcome, "server", ENDED_BY_HARNESS, SIGKILL, "", "");
	r = begin(w, 3, "missing.yaml", "missing", "A program that is not there", STATUS_BROKEN,
		"role server: ./server: no such file; build it first");
	role_set(&r->outcome, "server", ENDED_NOT, 0, "", "");
	begin(w, 4, "later.yaml", "later", "Needs # a \\ kernel", STATUS_SKIPPED, "not available yet: network faults");
	r = begin(w, 5, "hostile<&\">.yaml", hostile, hostile, STATUS_NOT_AS_EXPECTED, hostile);
	r->seed = UINT64_MAX;
	property_set(r, "no-crash", VERDICT_VIOLATED, VERDICT_HOLDS, hostile);
	role_set(&r->outcome, "client", ENDED_SIGNAL, SIGSEGV, hostile, hostile);
	role_set(&r->outcome, "client/2", ENDED_BY_FAULT, SIGKILL, "", "");
	r->outcome.roles[0].out.text[3] = '\0';
}

static void world_fini(struct world *w)
{
	for (size_t i = 0; i < SCENARIOS; i++) {
		free(w->scenarios[i]->file);
		free(w->scenarios[i]->name);
		free(w->scenarios[i]->title);
		free(w->scenarios[i]);
		free(w->results[i]);
	}
}

/* What a reporter says of the first n scenarios. */
static char *reported(const char *name, size_t n, int verbose, bool color, size_t *size)
{
	const struct reporter *reporter = reporter_find(name);
	struct report_options options = {
		.color = color, .verbose = verbose, .kernel = "Linux", .command = "sabot run"
	};
	struct report report = { .options = &options, .n_planned = n };
	struct world w;
	char *out = NULL;

	cr_assert(reporter, "%s", name);
	world_fill(&w);
	report.out = open_memstream(&out, size);
	cr_assert_eq(reporter->begin(&report), 0);
	for (size_t i = 0; i < n; i++)
		cr_assert_eq(reporter->scenario(&report, w.scenarios[i], w.results[i]), 0);
	cr_assert_eq(reporter->end(&report, &w.summary), 0);
	fclose(report.out);
	world_fini(&w);
	return out;
}

static void format_is(const char *format, int verbose, bool color, const char *golden)
{
	size_t size;
	char *out = reported(format, SCENARIOS, verbose, color, &size);

	cr_expect_eq(strlen(out), size, "a NUL byte in %s", format);
	golden_is(golden, out);
	free(out);
}

Test(report_formats, tty)
{
	setenv("LC_ALL", "C.UTF-8", 1);
	format_is("tty", 0, false, "tty.txt");
	format_is("tty", -1, false, "tty-quiet.txt");
	format_is("tty", 1, false, "tty-verbose.txt");
	format_is("tty", 0, true, "tty-color.txt");
}

Test(report_formats, tty_ascii)
{
	size_t size;
	char *out;

	setenv("LC_ALL", "C", 1);
	out = reported("tty", SCENARIOS, 1, false, &size);
	for (size_t i = 0; i < size; i++)
		cr_assert((unsigned char)out[i] < 0x80 && (out[i] >= 0x20 || out[i] == '\n'), "byte %d at %zu", out[i],
			i);
	golden_is("tty-ascii.txt", out);
	free(out);
}

/* Output of a program under test never steers the terminal. */
Test(report_formats, tty_lets_no_control_character_through)
{
	size_t size;
	char *out;

	setenv("LC_ALL", "C.UTF-8", 1);
	out = reported("tty", SCENARIOS, 1, false, &size);
	cr_expect_eq(memchr(out, '\033', size), NULL);
	cr_expect_eq(memchr(out, '\r', size), NULL);
	free(out);
}

Test(report_formats, every_failure_ends_with_its_repro)
{
	size_t size;
	char *out;

	setenv("LC_ALL", "C.UTF-8", 1);
	out = reported("tty", SCENARIOS, 0, false, &size);
	cr_expect(strstr(out, "repro: sabot run scenarios/lessons/bad.yaml --seed 8\n"));
	cr_expect(strstr(out, "repro: sabot run 'it'\\''s here/vacuous.yaml' --seed 9\n"));
	cr_expect(strstr(out, "repro: sabot run missing.yaml --seed 10\n"));
	cr_expect_eq(strstr(out, "later.yaml --seed"), NULL);
	free(out);
}

Test(report_formats, tap)
{
	format_is("tap", 0, false, "run.tap");
}

Test(report_formats, tap_stopped_early_bails_out)
{
	const struct reporter *tap = reporter_find("tap");
	struct report_options options = { .command = "sabot run" };
	struct summary none = { 0 };
	char *out = NULL;
	size_t size;
	struct report report = { .out = open_memstream(&out, &size), .options = &options, .n_planned = 3 };

	cr_assert_eq(tap->begin(&report), 0);
	cr_assert_eq(tap->end(&report, &none), 0);
	fclose(report.out);
	cr_expect_str_eq(out, "TAP version 14\n1..3\nBail out! stopped after 0 of 3 scenarios\n");
	free(out);
}

static const char *text_at(const json_t *o, const char *key)
{
	const json_t *value = json_object_get(o, key);

	cr_assert(json_is_string(value), "%s is no string", key);
	return json_string_value(value);
}

static json_t *json_read(char **out)
{
	json_error_t error;
	size_t size;
	json_t *root;

	*out = reported("json", SCENARIOS, 0, false, &size);
	root = json_loadb(*out, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	cr_assert(root, "%s in %s", error.text, *out);
	return root;
}

static void keys_are(const json_t *o, const char *keys)
{
	struct str have = STR_NONE;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)o, key, value) str_addf(&have, "%s%s", have.length ? " " : "", key);
	cr_expect_str_eq(str_get(&have), keys);
	str_fini(&have);
}

/* The exact shape of the design: these keys, in this order, and no others. */
Test(report_formats, json_has_the_shape_of_the_design)
{
	char *out;
	json_t *root = json_read(&out), *scenarios = json_object_get(root, "scenarios"), *bad;

	golden_is("run.json", out);
	keys_are(root, "sabot summary scenarios");
	cr_expect_eq(json_integer_value(json_object_get(root, "sabot")), 1);
	keys_are(json_object_get(root, "summary"), "as_expected not_as_expected vacuous broken skipped");
	cr_assert_eq(json_array_size(scenarios), SCENARIOS);
	bad = json_array_get(scenarios, 1);
	keys_are(bad, "file name status why seed duration_ms properties faults roles");
	cr_expect_str_eq(text_at(bad, "status"), "not-as-expected");
	cr_expect_float_eq(json_number_value(json_object_get(bad, "duration_ms")), 25, 1e-9);
	keys_are(json_array_get(json_object_get(bad, "properties"), 0), "name verdict expected why");
	cr_expect_str_eq(text_at(json_array_get(json_object_get(bad, "properties"), 2), "verdict"), "n/a");
	keys_are(json_array_get(json_object_get(bad, "faults"), 0), "id in at do fired");
	keys_are(json_array_get(json_object_get(bad, "roles"), 0), "role pid exit signal stdout stderr");
	json_decref(root);
	free(out);
}

Test(report_formats, json_tells_exits_from_signals)
{
	char *out;
	json_t *root = json_read(&out), *scenarios = json_object_get(root, "scenarios");
	json_t *exited = json_array_get(json_object_get(json_array_get(scenarios, 1), "roles"), 1);
	json_t *killed = json_array_get(json_object_get(json_array_get(scenarios, 5), "roles"), 0);
	json_t *never = json_array_get(json_object_get(json_array_get(scenarios, 3), "roles"), 0);

	cr_expect_eq(json_integer_value(json_object_get(exited, "exit")), 1);
	cr_expect(json_is_null(json_object_get(exited, "signal")));
	cr_expect(json_is_null(json_object_get(killed, "exit")));
	cr_expect_str_eq(text_at(killed, "signal"), "SIGSEGV");
	cr_expect_eq(json_string_length(json_object_get(killed, "stdout")), strlen(hostile) + 2 * 4,
		"four bad bytes became U+FFFD, the NUL is kept");
	cr_expect(json_is_null(json_object_get(never, "exit")));
	cr_expect(json_is_null(json_object_get(never, "signal")));
	json_decref(root);
	free(out);
}

/* An XML reader's rules, as far as our own markup goes: tags nest, attributes are quoted, references are known. */
static void xml_check(const char *xml)
{
	char open[16][32];
	size_t depth = 0;

	for (const char *c = xml; *c; c++) {
		unsigned char byte = (unsigned char)*c;

		cr_assert(byte >= 0x20 || byte == '\n' || byte == '\t', "control character %d", byte);
		if (*c == '&')
			cr_assert(!strncmp(c, "&lt;", 4) || !strncmp(c, "&gt;", 4) || !strncmp(c, "&amp;", 5) ||
					  !strncmp(c, "&quot;", 6) || !strncmp(c, "&#", 2),
				"%.20s", c);
		if (*c != '<' || c[1] == '?')
			continue;
		if (c[1] == '/') {
			size_t n = strcspn(c + 2, ">");

			cr_assert(depth > 0);
			cr_assert(!strncmp(open[--depth], c + 2, n) && !open[depth][n], "</%.*s> ends %s", (int)n,
				c + 2, open[depth]);
		} else {
			size_t n = strcspn(c + 1, " >/");
			const char *end = strchr(c, '>');

			cr_assert(end && n < sizeof(open[0]) && depth < 16);
			if (end[-1] != '/') {
				memcpy(open[depth], c + 1, n);
				open[depth++][n] = '\0';
			}
			c = end;
		}
	}
	cr_assert_eq(depth, 0);
}

/* Also by libxml2's own reader where it is installed. */
static void xmllint_check(const char *xml)
{
	char path[] = "/tmp/report-junit-XXXXXX";
	char *argv[] = { (char[]){ "xmllint" }, (char[]){ "--noout" }, path, NULL };
	int fd = mkstemp(path), status;
	pid_t pid;

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, xml, strlen(xml)), (ssize_t)strlen(xml));
	close(fd);
	if (!posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ)) {
		while (waitpid(pid, &status, 0) < 0)
			cr_assert_eq(errno, EINTR);
		cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "xmllint: %d", status);
	}
	unlink(path);
}

Test(report_formats, junit)
{
	size_t size;
	char *out = reported("junit", SCENARIOS, 0, false, &size);

	golden_is("run.xml", out);
	xml_check(out);
	xmllint_check(out);
	cr_expect(
		strstr(out, "<testsuites name=\"sabot\" tests=\"6\" failures=\"3\" errors=\"1\" skipped=\"1\" time="));
	cr_expect(strstr(out, "<error type=\"broken\""));
	cr_expect(strstr(out, "<failure type=\"vacuous\""));
	cr_expect(strstr(out, "<skipped message=\"not available yet: network faults\"/>"));
	free(out);
}

Test(report_formats, nothing_was_run)
{
	static const char *const names[] = { "tty", "tap", "junit", "json" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t size;
		char *out = reported(names[i], 0, 0, false, &size);

		cr_expect(size > 0, "%s", names[i]);
		free(out);
	}
}

Test(report_formats, only_these_exist)
{
	cr_expect_eq(n_reporters, 4);
	cr_expect_eq(reporter_find("html"), NULL);
	cr_expect_eq(reporter_find(""), NULL);
	for (size_t i = 0; i < n_reporters; i++)
		cr_expect(reporter_find(reporter_table[i]->name) == reporter_table[i] && reporter_table[i]->summary[0]);
}

static ssize_t nothing_fits(void *cookie, const char *bytes, size_t n)
{
	(void)cookie;
	(void)bytes;
	(void)n;
	errno = ENOSPC;
	return 0;
}

/* A full disk is the harness's failure, told by the reporter that meets it. */
Test(report_formats, output_that_cannot_be_written)
{
	for (size_t i = 0; i < n_reporters; i++) {
		const struct reporter *reporter = reporter_table[i];
		struct report_options options = { .command = "sabot run" };
		struct report report = { .options = &options, .n_planned = 1 };
		struct world w;

		report.out = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = nothing_fits });
		cr_assert(report.out);
		world_fill(&w);
		reporter->begin(&report);
		reporter->scenario(&report, w.scenarios[1], w.results[1]);
		cr_expect_lt(reporter->end(&report, &w.summary), 0, "%s", reporter->name);
		fclose(report.out);
		world_fini(&w);
	}
}
