/* SPDX-License-Identifier: MIT */
#include "core/report/pen.h"

#include <string.h>

#include "core/report/utf8.h"
#include "core/base/banned.h"

enum { WRAP = 96 };

void pen_ink(struct pen *p, enum ink ink)
{
	static const char *const codes[] = {
		[INK_GOOD] = "32",
		[INK_BAD] = "31",
		[INK_WARN] = "33",
		[INK_DIM] = "2",
		[INK_BOLD] = "1",
	};

	if (p->color)
		str_addf(&p->out, "\033[%sm", codes[ink]);
}

void pen_dry(struct pen *p)
{
	if (p->color)
		str_add(&p->out, "\033[0m");
}

void pen_inked(struct pen *p, enum ink ink, const char *text)
{
	pen_ink(p, ink);
	str_add(&p->out, text);
	pen_dry(p);
}

void pen_show(struct pen *p, const char *text)
{
	utf8_show(&p->out, text, strlen(text), p->utf8);
}

void pen_wrap(struct pen *p, size_t at, size_t indent, const char *text)
{
	size_t x = at, spaces = 0;

	while (*text) {
		size_t n = strcspn(text, " \n");
		struct str word = STR_NONE;
		size_t width;

		utf8_show(&word, text, n, p->utf8);
		width = utf8_width(str_get(&word));
		if (n && x > indent && x + spaces + width > WRAP) {
			str_addf(&p->out, "\n%*s", (int)indent, "");
			x = indent;
		} else if (n) {
			str_addf(&p->out, "%*s", (int)spaces, "");
			x += spaces;
		}
		spaces = n ? 0 : spaces;
		str_add(&p->out, str_get(&word));
		str_fini(&word);
		x += width;
		text += n;
		if (*text == '\n' && text[1]) {
			str_addf(&p->out, "\n%*s", (int)indent, "");
			x = indent;
			spaces = 0;
		} else if (*text == ' ') {
			spaces++;
		}
		text += *text != '\0';
	}
	str_add(&p->out, "\n");
}

void pen_heading(struct pen *p, const char *text)
{
	str_add(&p->out, "\n");
	pen_inked(p, INK_BOLD, text);
	str_add(&p->out, "\n");
}

void pen_line(struct pen *p, struct str *text)
{
	str_add(&p->out, "  ");
	pen_wrap(p, 2, 6, str_get(text));
	str_clear(text);
}
