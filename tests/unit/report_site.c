/* SPDX-License-Identifier: MIT */
/* The test asks for its own source lines: in itself as built, and in copies of itself without debug information. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#undef EV_NONE /* elf.h has one too */
#include "core/report/site.h"
#include "tests/unit/report_support.h"

extern char **environ;

static void __attribute__((noinline)) * here(void)
{
	return __builtin_return_address(0);
}

static inline void __attribute__((always_inline)) * inlined_here(int *line)
{
	void *address;

	*line = __LINE__ + 1;
	address = here();
	return address;
}

static void __attribute__((noinline)) * outer(int *line)
{
	void *address = inlined_here(line);

	__asm__ volatile("" ::: "memory");
	return address;
}

static void text_at(const struct history *h, uint32_t image, uint64_t address, char *out, size_t size)
{
	struct history_event he = { .e = { .kind = EV_SENT, .site = address }, .image = image };

	site_text(h, &he, out, size);
}

static int object_add(struct dl_phdr_info *info, size_t size, void *data)
{
	struct history *h = data;

	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		struct module m = { .image = 1, .base = info->dlpi_addr, .start = info->dlpi_addr + p->p_vaddr };
		char path[PATH_MAX] = "";

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
			continue;
		m.end = m.start + p->p_memsz;
		if (info->dlpi_name[0])
			text_copy(path, sizeof(path), info->dlpi_name);
		else if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
			return 1;
		text_copy(m.path, sizeof(m.path), path);
		h->modules = mem_grow(h->modules, (h->n_modules + 1) * sizeof(m));
		h->modules[h->n_modules++] = m;
	}
	return 0;
}

static void modules_fill(struct history *h)
{
	cr_assert_eq(dl_iterate_phdr(object_add, h), 0);
}

/* Whether this build has debug information decides how much a site can say. */
static bool have_lines(const struct history *h)
{
	int line;
	struct site site;

	cr_assert_eq(site_find(h, 1, (uintptr_t)outer(&line), &site), 0);
	return site.line != 0;
}

Test(report_site, own_line)
{
	struct history h = HISTORY_NONE;
	struct site site;
	char text_of_site[SITE_TEXT], key[SITE_TEXT], want[SITE_TEXT];
	void *address;
	int line;

	modules_fill(&h);
	address = outer(&line);
	cr_assert_eq(site_find(&h, 1, (uintptr_t)address, &site), 0);
	cr_expect(site.program);
	cr_expect_str_eq(site.module, "report_site");
	if (have_lines(&h)) {
		cr_expect_str_eq(
			site.function, "inlined_here", "the innermost inlined function, not %s", site.function);
		cr_expect_eq(site.line, line);
		snprintf(want, sizeof(want), "report_site.c:%d (inlined_here)", line);
		text_at(&h, 1, (uintptr_t)address, text_of_site, sizeof(text_of_site));
		cr_expect_str_eq(text_of_site, want);
		snprintf(want, sizeof(want), "report_site.c:%d", line);
		site_key(&site, key, sizeof(key));
		cr_expect_str_eq(key, want);
		cr_expect_eq(access(site.path, R_OK), 0, "%s", site.path);
	} else {
		cr_expect_str_eq(site.function, "outer");
	}
	site_forget();
	history_fini(&h);
}

Test(report_site, library_is_named)
{
	struct history h = HISTORY_NONE;
	struct site site;
	char words[SITE_TEXT];
	uintptr_t address = (uintptr_t)getpagesize + 1;

	modules_fill(&h);
	cr_assert_eq(site_find(&h, 1, address, &site), 0);
	cr_expect(!site.program);
	text_at(&h, 1, address, words, sizeof(words));
	cr_expect(strstr(words, "libc"), "%s", words);
	site_forget();
	history_fini(&h);
}

Test(report_site, addresses_that_are_nowhere)
{
	struct history h = HISTORY_NONE;
	struct site site;
	char words[8] = "x";
	int line;

	modules_fill(&h);
	cr_expect_eq(site_find(&h, 1, 0, &site), 1);
	cr_expect_eq(site_find(&h, 1, 1, &site), 1);
	cr_expect_eq(site.offset, 1);
	cr_expect_eq(site_find(&h, 2, (uintptr_t)outer(&line), &site), 1, "another image has not this program");
	text_at(&h, 1, 1, words, sizeof(words));
	cr_expect_str_empty(words);
	text_at(&h, 1, (uintptr_t)outer(&line), words, sizeof(words));
	cr_expect_eq(strlen(words), sizeof(words) - 1, "cut, and terminated");
	site_forget();
	history_fini(&h);
}

/* Runs a program of the tool chain to its end; false if there is none. */
static bool ran(const char *const *argv)
{
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ))
		return false;
	while (waitpid(pid, &status, 0) < 0)
		cr_assert_eq(errno, EINTR);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void stripped_is(const char *option, const char *want_start)
{
	struct history h = HISTORY_NONE;
	char directory[] = "/tmp/report-site-XXXXXX", path[MODULE_PATH], words[SITE_TEXT];
	struct module *own = NULL;
	char original[MODULE_PATH];
	uintptr_t address;
	int line;

	modules_fill(&h);
	address = (uintptr_t)outer(&line);
	cr_assert(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/copy", directory);
	for (size_t i = 0; i < h.n_modules; i++)
		if (address >= h.modules[i].start && address < h.modules[i].end)
			own = &h.modules[i];
	cr_assert(own);
	text_copy(original, sizeof(original), own->path);
	if (ran((const char *[]){ "strip", option, "-o", path, original, NULL })) {
		text_copy(own->path, sizeof(own->path), path);
		text_at(&h, 1, address, words, sizeof(words));
		cr_expect(!strncmp(words, want_start, strlen(want_start)), "%s", words);
	}
	unlink(path);
	rmdir(directory);
	site_forget();
	history_fini(&h);
}

Test(report_site, without_debug_information_the_function)
{
	stripped_is("--strip-debug", "outer+0x");
}

Test(report_site, without_symbols_the_module)
{
	stripped_is("--strip-all", "copy+0x");
}

/* What is no ELF file, or gone, still gives a stable place; a file that changes is read anew. */
Test(report_site, file_that_is_no_program)
{
	struct history h = HISTORY_NONE;
	char path[] = "/tmp/report-site-XXXXXX", words[SITE_TEXT];
	int fd = mkstemp(path);
	struct module m = { .image = 1, .base = 0x1000, .start = 0x1000, .end = 0x9000 };

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, "no program", 10), 10);
	close(fd);
	text_copy(m.path, sizeof(m.path), path);
	h.modules = mem_new(sizeof(m));
	h.modules[h.n_modules++] = m;
	text_at(&h, 1, 0x1234, words, sizeof(words));
	cr_expect(strstr(words, "+0x234"), "%s", words);
	unlink(path);
	text_at(&h, 1, 0x1234, words, sizeof(words));
	cr_expect(strstr(words, "+0x234"), "%s", words);
	site_forget();
	history_fini(&h);
}
