/* SPDX-License-Identifier: MIT */
/* The command line of sabot-ref: what a person may type wrong, and what the harness relies on. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/model/technique.h"
#include "core/base/banned.h"

enum { TEXT = 32768 };

/* Runs it with these words; *text gets both outputs. Its exit status. */
static int run(const char *environment, const char *words, char text[TEXT])
{
	char command[512];
	size_t n;
	FILE *f;
	int status;

	cr_assert_not_null(getenv("SABOT_REF"), "SABOT_REF is not set: run the tests with ctest");
	snprintf(command, sizeof(command), "%s \"$SABOT_REF\" %s 2>&1 </dev/null", environment, words);
	f = popen(command, "r");
	cr_assert_not_null(f);
	n = fread(text, 1, TEXT - 1, f);
	text[n] = '\0';
	status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

Test(command_line, help_names_everything)
{
	char text[TEXT];

	cr_expect_eq(run("", "--help", text), 0);
	for (size_t i = 0; i < n_techniques; i++)
		cr_expect(strstr(text, technique_table[i].name), "%s is missing", technique_table[i].name);
	for (size_t i = 0; i < n_designs; i++)
		cr_expect(strstr(text, design_table[i].name), "%s is missing", design_table[i].name);
	for (size_t i = 0; i < n_mistakes; i++)
		cr_expect(strstr(text, mistake_table[i].name), "%s is missing", mistake_table[i].name);
}

Test(command_line, what_is_wrong_is_named)
{
	static const struct {
		const char *words, *say;
	} cases[] = {
		{ "", "Usage" },
		{ "carrier-pigeon server", "TECHNIQUE" },
		{ "tcp", "server|client" },
		{ "tcp waiter", "server|client" },
		{ "tcp server --colour red", "--colour" },
		{ "tcp server now", "\"now\"" },
		{ "tcp server --port 0", "--port 0" },
		{ "tcp server --port 77x", "--port 77x" },
		{ "tcp server --size 0", "--size 0" },
		{ "tcp server --size 9..3", "--size 9..3" },
		{ "tcp server --size 65537", "--size 65537" },
		{ "tcp server --window -1", "--window -1" },
		{ "tcp server --pattern shouting", "--pattern shouting" },
		{ "tcp server --design baroque", "--design baroque" },
		{ "udp server --design select", "--design select" },
		{ "tcp server --mistakes short-read,none", "\"none\"" },
		{ "socketpair client", "start only the server" },
	};
	char text[TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect_eq(run("", cases[i].words, text), 2, "\"%s\": not 2\n%s", cases[i].words, text);
		cr_expect(strstr(text, cases[i].say), "\"%s\": \"%s\" is not in\n%s", cases[i].words, cases[i].say,
			text);
	}
}

/* Nobody listens: a sentence and status 1, not a wait without end. The number comes from the runner. */
Test(command_line, client_without_server_says_so)
{
	char text[TEXT];

	cr_expect_eq(run("SABOT_INSTANCE=3", "unix-stream client --dir /nonexistent", text), 1);
	cr_expect(strstr(text, "sabot-ref unix-stream client 3: connect"), "%s", text);
	cr_expect_eq(run("SABOT_INSTANCE=3", "unix-stream client --dir /nonexistent --client 2", text), 1);
	cr_expect(strstr(text, "client 2: connect"), "%s", text);
	cr_expect_eq(run("SABOT_INSTANCE=three", "unix-stream client --dir /nonexistent", text), 2);
}

/* Every row of the tables leads somewhere. */
Test(command_line, tables_agree)
{
	char word[64];

	for (size_t i = 0; i < n_mistakes; i++)
		for (const char *p = mistake_table[i].techniques; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
			snprintf(word, sizeof(word), "%.*s", (int)strcspn(p, " "), p);
			cr_expect(technique_find(word), "mistake %s: there is no technique %s", mistake_table[i].name,
				word);
		}
	for (size_t i = 0; i < n_techniques; i++)
		for (const char *p = technique_table[i].designs; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
			bool found = false;

			for (size_t k = 0; k < n_designs; k++)
				found |= strncmp(design_table[k].name, p, strcspn(p, " ")) == 0 &&
					strlen(design_table[k].name) == strcspn(p, " ");
			cr_expect(found, "%s: there is no design %.*s", technique_table[i].name,
				(int)strcspn(p, " "), p);
		}
}
